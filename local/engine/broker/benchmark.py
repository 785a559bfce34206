"""The benchmark of a run: SPY by the hour, as LEAN's default brokerage models have it."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from local.engine.broker.clock import to_utc
from local.engine.broker.numeric import smart_round
from local.engine.data_files import DataFileError, read_zip_entry

_ZONE = "America/New_York"
_PRICE_SCALE = 10_000


class Benchmark:
    """SPY's last hourly close; 0 where the data folder has no hourly SPY, as in LEAN."""

    def __init__(self, algorithm: Any) -> None:
        self._folder = Path(algorithm._engine.data_folder)
        self._range = (algorithm.start_date.date() - timedelta(days=7), algorithm.end_date.date())
        self._ends: list[datetime] | None = None
        self._closes: list[float] = []

    def value(self, now: datetime) -> float:
        """Return the benchmark at a UTC instant."""
        if self._ends is None:
            self._read()
        index = bisect_right(self._ends, now) - 1
        return smart_round(self._closes[index]) if index >= 0 else 0.0

    def _read(self) -> None:
        self._ends = []
        path = self._folder / "equity" / "usa" / "hour" / "spy.zip"
        if not path.is_file():
            return
        content = read_zip_entry(path, "spy.csv")
        if content is None:
            raise DataFileError(f"{path}: no entry spy.csv")
        first, last = self._range
        for number, line in enumerate(content.decode("ascii").splitlines(), 1):
            cells = line.split(",")
            try:
                start = datetime.strptime(cells[0], "%Y%m%d %H:%M")
                close = float(cells[4]) / _PRICE_SCALE
            except (ValueError, IndexError) as error:
                raise DataFileError(f"{path}, line {number}: malformed hourly bar") from error
            if _within(start.date(), first, last):
                self._ends.append(to_utc(start + timedelta(hours=1), _ZONE))
                self._closes.append(close)


def _within(day: date, first: date, last: date) -> bool:
    return first <= day <= last
