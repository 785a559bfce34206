"""Buying power of futures and futures options, from the exchanges' margin files."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from local.engine.broker.margin import SecurityMarginModel
from local.engine.broker.margin_types import (GetMaximumOrderQuantityResult, InitialMargin, InitialMarginParameters,
                                              MaintenanceMargin, MaintenanceMarginParameters,
                                              MaximumOrderQuantityParameters)
from local.engine.enums import OptionRight

if TYPE_CHECKING:
    from local.engine.market.security import Security


@dataclass(frozen=True, slots=True)
class MarginEntry:
    """Margins of one contract from a date on, in USD."""

    date: date
    initial_overnight: float
    maintenance_overnight: float
    initial_intraday: float
    maintenance_intraday: float


class MarginFileError(ValueError):
    """A margin file cannot be read; names file and line."""


@lru_cache(maxsize=256)
def read_margin_file(path: Path) -> tuple[MarginEntry, ...]:
    """Return a margin file's entries by date.

    Columns: date, initial, maintenance and optionally intraday initial and maintenance (the overnight figures times
    0.4 where they are not there).

    Raises
    ------
    MarginFileError
        When the file is missing, empty or a line is malformed.
    """
    if not path.is_file():
        raise MarginFileError(f"{path}: margin file not found")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MarginFileError(f"{path}: not text: {error.reason}") from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    rows = [(number, line) for number, line in lines if line and not line.startswith("#")][1:]
    entries = [_parse_line(path, number, line) for number, line in rows]
    if not entries:
        raise MarginFileError(f"{path}: no margin entries")
    return tuple(sorted(entries, key=lambda entry: entry.date))


def _parse_line(path: Path, number: int, line: str) -> MarginEntry:
    cells = line.split(",")
    try:
        day = date(int(cells[0][:4]), int(cells[0][4:6]), int(cells[0][6:8]))
        figures = [float(cell) for cell in cells[1:5]]
    except ValueError as error:
        raise MarginFileError(f"{path}:{number}: malformed margin line: {line}") from error
    if len(figures) not in (2, 4):
        raise MarginFileError(f"{path}:{number}: expected 3 or 5 columns: {line}")
    if not all(0.0 <= figure < math.inf for figure in figures):
        raise MarginFileError(f"{path}:{number}: a margin that cannot be: {line}")
    if len(figures) == 2:
        figures += [round(figure * 0.4, 9) for figure in figures]
    return MarginEntry(day, *figures)


class FutureMarginModel(SecurityMarginModel):
    """Margin a contract as of the last bar's date; intraday margins only when switched on and the market is open."""

    data_folder: Path | None = None
    """Data folder of the running engine; set by the broker when it is attached."""

    def __init__(self, required_free_buying_power_percent: float = 0.0, security: Security | None = None) -> None:
        super().__init__(1.0, required_free_buying_power_percent)
        self._security = security
        self.enable_intraday_margins = False

    def get_leverage(self, security: Security) -> float:
        """Return 1."""
        return 1.0

    def set_leverage(self, security: Security, leverage: float) -> None:
        """Refuse: futures have no leverage to set."""
        raise ValueError("FutureMarginModel: futures are leveraged products, no leverage can be set")

    @property
    def _margined(self) -> Security:
        """The future whose margin file counts."""
        return self._security

    @property
    def initial_overnight_margin_requirement(self) -> float:
        """Initial margin of one contract overnight."""
        entry = self._entry(self._margined)
        return entry.initial_overnight if entry else 0.0

    @property
    def maintenance_overnight_margin_requirement(self) -> float:
        """Maintenance margin of one contract overnight."""
        entry = self._entry(self._margined)
        return entry.maintenance_overnight if entry else 0.0

    @property
    def initial_intraday_margin_requirement(self) -> float:
        """Initial margin of one contract during the day."""
        entry = self._entry(self._margined)
        return entry.initial_intraday if entry else 0.0

    @property
    def maintenance_intraday_margin_requirement(self) -> float:
        """Maintenance margin of one contract during the day."""
        entry = self._entry(self._margined)
        return entry.maintenance_intraday if entry else 0.0

    def _intraday(self, security: Security) -> bool:
        if not self.enable_intraday_margins:
            return False
        return security.exchange.exchange_open and not security.exchange.closing_soon

    def get_maintenance_margin(self, parameters: MaintenanceMarginParameters) -> MaintenanceMargin:
        """Return contracts × maintenance margin."""
        entry = self._entry(parameters.security) if parameters.quantity else None
        if entry is None:
            return MaintenanceMargin.ZERO
        intraday = self._intraday(parameters.security)
        each = entry.maintenance_intraday if intraday else entry.maintenance_overnight
        return MaintenanceMargin(each * parameters.absolute_quantity)

    def get_initial_margin_requirement(self, parameters: InitialMarginParameters) -> InitialMargin:
        """Return signed contracts × initial margin."""
        entry = self._entry(parameters.security) if parameters.quantity else None
        if entry is None:
            return InitialMargin.ZERO
        each = entry.initial_intraday if self._intraday(parameters.security) else entry.initial_overnight
        return InitialMargin(each * parameters.quantity)

    def get_maximum_order_quantity_for_target_buying_power(
            self, parameters: MaximumOrderQuantityParameters) -> GetMaximumOrderQuantityResult:
        """Return the quantity for a target between -1 and 1; ValueError beyond."""
        if abs(parameters.target_buying_power) > 1:
            raise ValueError("FutureMarginModel: the target buying power must be between -1 and 1, "
                             f"got {parameters.target_buying_power}")
        return super().get_maximum_order_quantity_for_target_buying_power(parameters)

    def _entry(self, security: Security) -> MarginEntry | None:
        last = security.get_last_data()
        if last is None:
            return None
        if self.data_folder is None:
            raise RuntimeError("FutureMarginModel: no data folder is set")
        identity = security.symbol.id
        path = self.data_folder / "future" / identity.market.lower() / "margins" / f"{identity.symbol}.csv"
        entries = read_margin_file(path)
        index = bisect_right([entry.date for entry in entries], last.time.date()) - 1
        return entries[max(index, 0)]


class FuturesOptionsMarginModel(FutureMarginModel):
    """Futures options: the future's margin scaled by how far the strike is, on a logistic curve."""

    @property
    def _margined(self) -> Security:
        return self._security.underlying

    def get_maintenance_margin(self, parameters: MaintenanceMarginParameters) -> MaintenanceMargin:
        """Return the scaled maintenance margin, whole dollars."""
        base = super().get_maintenance_margin(parameters.for_underlying(parameters.quantity))
        return MaintenanceMargin(self.scaled(parameters.security, base, parameters.quantity > 0))

    def get_initial_margin_requirement(self, parameters: InitialMarginParameters) -> InitialMargin:
        """Return the scaled initial margin, whole dollars, signed as the quantity."""
        base = super().get_initial_margin_requirement(parameters.for_underlying())
        return InitialMargin(self.scaled(parameters.security, base, parameters.quantity > 0))

    @staticmethod
    def scaled(option: Security, requirement: float, long: bool) -> float:
        """Scale a future's margin to an option on it."""
        price = option.underlying.price
        if price == 0:
            return 0.0
        call = option.right is OptionRight.CALL
        most, growth = requirement, -7.8
        if not long:
            if call:
                growth, price = -4.0, price * 1.5
            else:
                most, growth, price = most * 1.25, 2.4, price * 0.3
        elif call:
            most *= 1.2
        else:
            growth = 9.0
        exponent = -growth * (option.scaled_strike_price - price) / price
        if exponent > 709:
            return 0.0
        denominator = math.exp(exponent)
        return float(int(most if denominator == 0 else most / (1 + denominator)))
