"""The contract months of futures that the gateway follows, and which of them have a price."""

from __future__ import annotations

from datetime import date
from typing import Any


class ContractMonths:
    """Securities of contract months by ticker and expiry, in the order they were followed."""

    def __init__(self) -> None:
        self._of: dict[str, dict[date, Any]] = {}
        self._closes: dict[tuple[str, date], float] = {}
        self._priced: set[tuple[str, date]] = set()
        self._known: tuple[date, bool, dict[str, tuple[str, date]]] | None = None

    def of(self, ticker: str) -> dict[date, Any]:
        """Followed months of one product by expiry."""
        return self._of.get(ticker, {})

    def add(self, ticker: str, expiry: date, security: Any, last_close: float) -> None:
        """Follow a month."""
        self._of.setdefault(ticker, {})[expiry] = security
        self._closes[ticker, expiry] = last_close
        self._known = None

    def last_close(self, ticker: str, expiry: date) -> float:
        """Close of the session before the month was followed."""
        return self._closes[ticker, expiry]

    def with_price(self, today: date) -> dict[str, tuple[str, date]]:
        """Months that have not expired and have a price: ``/ES@240920`` to ticker and expiry. The same mapping until
        there is another answer: a month that has a price keeps one."""
        known = self._known
        if known is None or known[0] != today or not known[1]:
            listed = [(ticker, expiry, security) for ticker, months in self._of.items()
                      for expiry, security in months.items() if expiry >= today]
            found = {f"{ticker}@{expiry:%y%m%d}": (ticker, expiry) for ticker, expiry, security in listed
                     if self._has_price(ticker, expiry, security)}
            known = self._known = (today, len(found) == len(listed), found)
        return known[2]

    def _has_price(self, ticker: str, expiry: date, security: Any) -> bool:
        if (ticker, expiry) not in self._priced and security.has_data:
            self._priced.add((ticker, expiry))
        return (ticker, expiry) in self._priced
