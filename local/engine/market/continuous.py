"""Continuous futures: which contract stands for the chain on a day, and its bars joined end to end."""
from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np

from local.engine.enums import DataMappingMode, DataNormalizationMode, Resolution, TickType
from local.engine.files.bar_columns import BarColumns
from local.engine.files.data_files import DataFileError, is_per_day
from local.engine.market.series import ALL_TIME, BarLoader
from local.engine.market.symbol import SecurityIdentifier, Symbol
from local.engine.time_zones import local_of_second

_SCALES = {DataNormalizationMode.BACKWARDS_RATIO: "BackwardsRatioScale",
           DataNormalizationMode.BACKWARDS_PANAMA_CANAL: "BackwardsPanamaCanalScale",
           DataNormalizationMode.FORWARD_PANAMA_CANAL: "ForwardPanamaCanalScale"}
_PRICES = ("open", "high", "low", "close")
Rows = tuple[list[date], list[str]]


class ContinuousFutures:
    """Map and factor files of futures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: dict[tuple[Symbol, DataMappingMode], Rows] = {}
        self._factors: dict[Symbol, list[tuple[date, dict[str, object]]]] = {}
        self._contracts: dict[str, Symbol] = {}

    def _file(self, canonical: Symbol, kind: str) -> Path:
        return self._folder / "future" / canonical.id.market / kind / f"{canonical.id.symbol.lower()}.csv"

    def mapped_on(self, canonical: Symbol, day: date, mapping: DataMappingMode) -> Symbol | None:
        """The contract a continuous future stands for on a day, None without a map file that reaches the day."""
        until, contracts = self._map(canonical, mapping)
        index = bisect_left(until, day)
        if index >= len(until):
            return None
        text = contracts[index]
        if text not in self._contracts:
            self._contracts[text] = Symbol(SecurityIdentifier.parse(text), "")
        return self._contracts[text]

    def _map(self, canonical: Symbol, mapping: DataMappingMode) -> Rows:
        key = (canonical, mapping)
        if key not in self._maps:
            self._maps[key] = self._read_map(self._file(canonical, "map_files"), mapping)
        return self._maps[key]

    @staticmethod
    def _read_map(path: Path, mapping: DataMappingMode) -> Rows:
        found: list[tuple[date, str]] = []
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for number, line in enumerate(lines, start=1):
            fields = line.split(",")
            if len(fields) < 4:
                continue
            try:
                if int(fields[3]) == int(mapping):
                    contract = str(SecurityIdentifier.parse(fields[1].upper()))
                    found.append((datetime.strptime(fields[0], "%Y%m%d").date(), contract))
            except ValueError as error:
                raise DataFileError(f"{path}, line {number}: malformed map file row ({error})") from error
        found.sort(key=lambda row: row[0])
        return [day for day, _ in found], [text for _, text in found]

    def factor_on(self, canonical: Symbol, day: date, mapping: DataMappingMode, mode: DataNormalizationMode,
                  depth: int = 0) -> float | None:
        """What prices of a day are multiplied by (ratio) or raised by (canal); None where they stay as they are."""
        if mode not in _SCALES:
            return None
        for until, row in self._factor_rows(canonical):
            if until >= day and row.get("DataMappingMode") == int(mapping):
                scales = row.get(_SCALES[mode]) or []
                return float(scales[depth]) if len(scales) > depth else None
        return None

    def _factor_rows(self, canonical: Symbol) -> list[tuple[date, dict[str, object]]]:
        if canonical not in self._factors:
            self._factors[canonical] = self._read_factors(self._file(canonical, "factor_files"))
        return self._factors[canonical]

    @staticmethod
    def _read_factors(path: Path) -> list[tuple[date, dict[str, object]]]:
        found: list[tuple[date, dict[str, object]]] = []
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                found.append((datetime.fromisoformat(row["Date"]).date(), row))
            except (ValueError, KeyError) as error:
                raise DataFileError(f"{path}, line {number}: malformed factor row ({error})") from error
        return sorted(found, key=lambda row: row[0])


class ContinuousLoader(BarLoader):
    """Bars of a continuous future: each day those of the contract it stands for, scaled as asked for."""

    def __init__(self, folder: Path, symbol: Symbol, tick_type: TickType, resolution: Resolution, hours: object,
                 extended: bool, futures: ContinuousFutures, mapping: DataMappingMode, mode: DataNormalizationMode,
                 loader_of: Callable[[Symbol], BarLoader]) -> None:
        super().__init__(folder, symbol, tick_type, resolution, hours, extended, lambda day: symbol.value)
        self._futures, self._mapping, self._mode, self._loader_of = futures, mapping, mode, loader_of

    def _read(self, chunk: date) -> BarColumns | None:
        return self._day(chunk) if is_per_day(self.resolution) else self._all()

    def _day(self, day: date) -> BarColumns | None:
        contract = self._futures.mapped_on(self.symbol, day, self._mapping)
        bars = None if contract is None else self._loader_of(contract).load(day)
        if bars is None:
            return None
        return BarColumns(day, bars.kind, np.array(bars.starts), np.array(bars.ends), self._scaled(bars.columns, day))

    def _scaled(self, columns: dict[str, np.ndarray], day: date) -> dict[str, np.ndarray]:
        factor = self._futures.factor_on(self.symbol, day, self._mapping, self._mode)
        if factor is None:
            return dict(columns)
        is_ratio = self._mode == DataNormalizationMode.BACKWARDS_RATIO
        scaled = {}
        for name, values in columns.items():
            if name.rsplit("_", 1)[-1] in _PRICES:
                values = values * factor if is_ratio else np.where(values != 0, values + factor, 0.0)
            scaled[name] = values
        return scaled

    def _all(self) -> BarColumns | None:
        """All hourly or daily bars: of each contract the part of the days it stands for."""
        until, contracts = self._futures._map(self.symbol, self._mapping)
        parts, first = [], date.min
        zone = self._hours.exchange_hours.time_zone
        for last, text in zip(until, contracts):
            contract = self._futures.mapped_on(self.symbol, last, self._mapping)
            bars = self._loader_of(contract).load(ALL_TIME)
            if bars is not None and text:
                parts += self._part(bars, first, last, zone)
            first = last
        if not parts:
            return None
        names = parts[0][2]
        return BarColumns(ALL_TIME, self.kind, np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]),
                          {name: np.concatenate([p[2][name] for p in parts]) for name in names})

    def _part(self, bars: BarColumns, after: date, last: date, zone: str) -> list[tuple[np.ndarray, np.ndarray, dict]]:
        starts, ends, found = np.array(bars.starts), np.array(bars.ends), []
        days = [local_of_second(int(s), zone).date() for s in starts]
        for day in sorted({day for day in days if after < day <= last}):
            rows = np.array([d == day for d in days])
            columns = {name: values[rows] for name, values in bars.columns.items()}
            found.append((starts[rows], ends[rows], self._scaled(columns, day)))
        return found
