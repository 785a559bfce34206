"""Risk-free interest rates from `alternative/interest-rate/usa/interest-rate.csv`."""
from __future__ import annotations

import bisect
import functools
from datetime import date, datetime
from pathlib import Path

from local.engine.files.data_files import DataFileError


class InterestRates:
    """Rates by the date from which they hold, as fractions a year."""

    def __init__(self, dates: list[date], rates: list[float]) -> None:
        self._dates, self._rates = dates, rates

    @staticmethod
    @functools.lru_cache(maxsize=4)
    def of_folder(data_folder: Path) -> InterestRates:
        """Rates of a data folder.

        Raises
        ------
        DataFileError
            When the file is missing or a row is malformed.
        """
        path = Path(data_folder) / "alternative" / "interest-rate" / "usa" / "interest-rate.csv"
        if not path.is_file():
            raise DataFileError(f"{path} is not there")
        dates, rates = [], []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if number == 1 or not line.strip():
                continue
            try:
                day, rate = line.split(",")[:2]
                dates.append(datetime.strptime(day, "%Y-%m-%d").date())
                rates.append(float(rate) / 100.0)
            except ValueError as error:
                raise DataFileError(f"{path}, line {number}: {error}") from error
        return InterestRates(dates, rates)

    def on(self, day: date) -> float:
        """Rate on a day; before the first row the first rate."""
        return self._rates[max(bisect.bisect_right(self._dates, day) - 1, 0)]
