"""Cash and the cash book. The account currency is USD and no other currency can be converted."""

from __future__ import annotations

from collections.abc import Iterator

from local.engine.broker.events import CashAmount
from local.engine.broker.numeric import exact, text
from local.engine.broker.unsupported import UnsupportedMembers

ACCOUNT_CURRENCY = "USD"


class Cash:
    """Balance of one currency."""

    def __init__(self, symbol: str, amount: float = 0.0, conversion_rate: float = 1.0) -> None:
        self.symbol = symbol
        self.amount = float(amount)
        self.conversion_rate = float(conversion_rate)

    @property
    def value_in_account_currency(self) -> float:
        """Balance in account currency."""
        return self.amount * self.conversion_rate

    @property
    def currency_symbol(self) -> str:
        """Sign printed before amounts."""
        return "$" if self.symbol == ACCOUNT_CURRENCY else self.symbol

    def set_amount(self, amount: float) -> None:
        """Replace the balance."""
        self.amount = float(amount)

    def add_amount(self, amount: float) -> float:
        """Add to the balance and return it."""
        self.amount = exact(self.amount + amount)
        return self.amount

    def __str__(self) -> str:
        return f"{self.symbol}: {text(self.amount)}"


class CashBook(UnsupportedMembers):
    """Balances by currency."""

    def __init__(self) -> None:
        self.account_currency = ACCOUNT_CURRENCY
        self._items: dict[str, Cash] = {ACCOUNT_CURRENCY: Cash(ACCOUNT_CURRENCY)}

    def __getitem__(self, currency: str) -> Cash:
        if currency not in self._items:
            raise KeyError(f"CashBook: no cash of currency {currency}")
        return self._items[currency]

    def __contains__(self, currency: object) -> bool:
        return currency in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def keys(self) -> list[str]:
        """Currencies in the book."""
        return list(self._items)

    @property
    def values(self) -> list[Cash]:
        """Balances in the book."""
        return list(self._items.values())

    def items(self) -> list[tuple[str, Cash]]:
        """Return pairs of currency and balance."""
        return list(self._items.items())

    def contains_key(self, currency: str) -> bool:
        """Tell whether the book holds a currency."""
        return currency in self._items

    def add(self, currency: str, amount: float = 0.0, conversion_rate: float = 0.0) -> Cash:
        """Add a currency with its balance and return it."""
        self._items[currency] = Cash(currency, amount, conversion_rate)
        return self._items[currency]

    @property
    def total_value_in_account_currency(self) -> float:
        """Sum of the balances in account currency."""
        if len(self._items) == 1:
            return self._items[ACCOUNT_CURRENCY].amount
        return exact(sum(cash.value_in_account_currency for cash in self._items.values()))

    def convert_to_account_currency(self, amount: CashAmount | float, currency: str | None = None) -> float:
        """Return an amount in account currency.

        Raises
        ------
        KeyError
            When the currency is not in the book.
        """
        if isinstance(amount, CashAmount):
            amount, currency = amount.amount, amount.currency
        if currency == ACCOUNT_CURRENCY or amount == 0:
            return float(amount)
        return float(amount) * self[currency].conversion_rate
