"""The contract months of futures that the gateway follows, those that have a price, and their last closes."""

from __future__ import annotations

from datetime import date
from math import nan
from typing import Generic, Iterable, Mapping

from config.constants import FOLLOWED_FUTURE_DAYS
from core.quotes import underlying_key
from helpers.lean.shapes import Month

MIN_DAYS, MAX_DAYS = FOLLOWED_FUTURE_DAYS


class ContractMonths(Generic[Month]):
    """Securities of contract months by ticker and expiry, in the order in which they were followed."""

    def __init__(self) -> None:
        self._of: dict[str, dict[date, Month]] = {}
        self._closes: dict[str, dict[date, float]] = {}
        self._priced: set[tuple[str, date]] = set()
        self._known: tuple[date, bool, dict[str, tuple[str, date]]] | None = None

    def of(self, ticker: str) -> dict[date, Month]:
        """Followed months of one product by expiry."""
        return self._of.get(ticker, {})

    def begin_day(self, closes: Mapping[str, Mapping[date, float]]) -> None:
        """Take this morning's last closes by ticker and expiry. Those of earlier mornings are dropped."""
        self._closes = {ticker: dict(of_months) for ticker, of_months in closes.items()}

    def to_follow(self, ticker: str, held: Iterable[date], today: date) -> list[date]:
        """Months of one product that are not followed yet: those whose options a strangle could sell now, and those of
        held options, however near their expiry."""
        listed = {expiry for expiry in self._closes.get(ticker, {}) if MIN_DAYS <= (expiry - today).days <= MAX_DAYS}
        return sorted((listed | set(held)) - self.of(ticker).keys())

    def add(self, ticker: str, expiry: date, security: Month) -> None:
        """Follow a month."""
        self._of.setdefault(ticker, {})[expiry] = security
        self._known = None

    def last_close(self, ticker: str, expiry: date) -> float:
        """Close of the last session as known this morning; NaN if the month was not listed then."""
        return self._closes.get(ticker, {}).get(expiry, nan)

    def with_price(self, today: date) -> dict[str, tuple[str, date]]:
        """Months that have not expired and have a price: ``/ES@240920`` to ticker and expiry. The mapping stays the
        same object until the answer changes. A month that has a price keeps one."""
        known = self._known
        if known is None or known[0] != today or not known[1]:
            listed = [(ticker, expiry, security) for ticker, months in self._of.items()
                      for expiry, security in months.items() if expiry >= today]
            found = {underlying_key(ticker, expiry): (ticker, expiry) for ticker, expiry, security in listed
                     if self._has_price(ticker, expiry, security)}
            known = self._known = (today, len(found) == len(listed), found)
        return known[2]

    def _has_price(self, ticker: str, expiry: date, security: Month) -> bool:
        if (ticker, expiry) not in self._priced and security.has_data:
            self._priced.add((ticker, expiry))
        return (ticker, expiry) in self._priced
