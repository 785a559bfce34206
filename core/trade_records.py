"""What the ledger keeps: closed trades, flows and daily equity marks, with their plain JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from math import isfinite
from typing import Any, Mapping

from config.constants import EXCHANGE_FEE_USD, SLIPPAGE_TICKS
from config.venues import VENUES
from core.errors import IntegrityError
from core.quotes import is_future


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedTrade:
    """One position from its first fill to its last.

    Attributes
    ----------
    id : str
        The position's id.
    legs : tuple of str
        Opening legs of one unit, each with its ratio first: ``-1 SPY 241115P00500.000``.
    entry_price, exit_price : float
        Points per unit, debit positive. A credit of 1.20 that is bought back at 0.60 is -1.20 and 0.60.
    pnl_usd : float
        Of the whole position, after the fees LEAN charged.
    fees_usd : float
        Those fees, positive.
    forced : bool
        Closed by a breaker, an emergency or a repair. Such a loss does not count in the strategy's streak.
    protection : bool
        Bought protection. It does not count in the streak either.
    result_known : bool
        False for a position that was closed elsewhere at an unknown price. ``pnl_usd`` then lacks that price, and the
        trade counts for nothing until the operator supplies the result.
    multiplier : float
        Dollars per point of one contract.
    """

    id: str
    strategy: str
    underlying: str
    opened: datetime
    closed: datetime
    legs: tuple[str, ...]
    units: int
    entry_price: float
    exit_price: float
    pnl_usd: float
    fees_usd: float
    entry_reason: str
    exit_reason: str
    forced: bool
    protection: bool
    result_known: bool = True
    multiplier: float = 100.0

    def __post_init__(self) -> None:
        numbers = (self.entry_price, self.exit_price, self.pnl_usd, self.fees_usd, self.multiplier)
        if not all(isfinite(number) for number in numbers) or self.fees_usd < 0 or self.multiplier <= 0:
            raise IntegrityError("a closed trade has an impossible figure", id=self.id, pnl_usd=self.pnl_usd,
                                 fees_usd=self.fees_usd, entry_price=self.entry_price, exit_price=self.exit_price)
        if self.closed < self.opened or self.units < 1 or not self.exit_reason:
            raise IntegrityError("a closed trade contradicts itself", id=self.id, opened=self.opened.isoformat(),
                                 closed=self.closed.isoformat(), units=self.units, exit_reason=self.exit_reason)
        self.contracts_per_unit  # raises if the legs cannot be read

    @property
    def won(self) -> bool:
        return self.result_known and self.pnl_usd > 0.0

    @property
    def lost(self) -> bool:
        return self.result_known and self.pnl_usd < 0.0

    @property
    def is_judged(self) -> bool:
        """Whether the trade counts as evidence of its strategy: not forced, not bought protection, and its result
        known."""
        return self.result_known and not self.forced and not self.protection

    @property
    def is_day_trade(self) -> bool:
        """Whether it was opened and closed on one day in securities. Options on futures are exempt from the rule."""
        return self.opened.date() == self.closed.date() and not is_future(self.underlying)

    @property
    def contracts_per_unit(self) -> int:
        """Contracts of one unit, long and short counted alike."""
        try:
            return sum(abs(int(leg.split(" ", 1)[0])) for leg in self.legs)
        except ValueError as error:
            raise IntegrityError("a closed trade's leg has no ratio", id=self.id, legs=list(self.legs)) from error

    @property
    def assumed_costs_usd(self) -> float:
        """Exchange fees and slippage of opening and closing that LEAN does not charge. They are an assumption, reported
        beside the P&L and never included in it. The tick is the product's own: 0.25 points of /ES are 12.50 USD."""
        venue = VENUES[self.underlying]
        grid = venue.combo if len(self.legs) > 1 else venue.alone
        each = EXCHANGE_FEE_USD + SLIPPAGE_TICKS * grid.step(self.entry_price) * self.multiplier
        return 2 * self.units * self.contracts_per_unit * each

    def to_json(self) -> dict[str, Any]:
        """Every field, times as ISO text."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"opened": self.opened.isoformat(), "closed": self.closed.isoformat(), "legs": list(self.legs)}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> ClosedTrade:
        """Inverse of :meth:`to_json`.

        Raises
        ------
        IntegrityError
            If a field is missing, unknown or impossible.
        """
        try:
            fields_read: dict[str, Any] = dict(facts) | {"opened": datetime.fromisoformat(facts["opened"]),
                                                         "closed": datetime.fromisoformat(facts["closed"]),
                                                         "legs": tuple(facts["legs"])}
            return cls(**fields_read)
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError("a stored trade cannot be read", why=str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Money the owner added (positive) or took out, in USD. It is neither profit nor loss."""

    day: date
    amount_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The account's value at the end of a session, in USD."""

    day: date
    equity_usd: float
