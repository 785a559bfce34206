"""The seams of the gate, the sizer and the coordinator: the protocols by which they ask the managers above them.

``risk/`` and ``helpers/data_freshness_validator.py`` fulfil these by their shape; nothing here knows them. A guard
returns None to let an entry pass, or a :class:`Refused`. A guard that cannot compute refuses or raises
:class:`CannotCompute`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Iterable, Mapping, Protocol, Sequence

from config.strategy_spec import StrategySpec
from core.exposure import Exposure
from core.model import Contract, Leg, Quote, Refused, Snapshot, Underlying


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRisk:
    """One position as the limiter counts it: it is open with short options, or on its way to be."""

    strategy: str
    underlying: str
    short_volatility: bool
    bets_on_volatility: bool = False


class FreshnessGuard(Protocol):
    """Whether data is fresh enough to open a position."""

    def underlying(self, symbol: str, underlying: Underlying | None, now: datetime) -> Refused | None:
        """The refusal of an underlying that is missing, crossed or old."""
        ...

    def legs(self, contracts: Iterable[Contract], quotes: Mapping[str, Quote], now: datetime,
             spec: StrategySpec) -> Refused | None:
        """The refusal of the first leg whose quote may not be traded on."""
        ...


class CorrelationGuard(Protocol):
    """Whether a position would be the same bet as those already open."""

    def check(self, candidate: OpenRisk, open_risks: Sequence[OpenRisk], delta: float | None) -> Refused | None:
        """``delta`` is that of one unit in its own underlying; None until it is known."""
        ...


class MarginAuthority(Protocol):
    """Margin in USD, and how much of it may be used."""

    def unit_margin(self, legs: Sequence[Leg], prices: Mapping[str, float], spot: float | None, *, day: date) -> float:
        """Margin of one unit at the prices of ``day`` (points, by contract id)."""
        ...

    def room_usd(self, equity: float, used_usd: float, reserved_usd: float, phase: int, vix: float
                 ) -> Mapping[str, float]:
        """Dollars of further margin that each cap leaves, by the cap's name."""
        ...

    def check(self, equity: float, used_usd: float, reserved_usd: float, new_usd: float, phase: int,
              vix: float) -> Refused | None:
        """The refusal of a trade that exceeds the caps or uses the reserve."""
        ...


class GreeksAuthority(Protocol):
    """Greeks of legs and of the book, and the limits on them."""

    def unit(self, legs: Sequence[Leg], quotes: Mapping[str, Quote], underlyings: Mapping[str, Underlying],
             now: datetime) -> Exposure:
        """Exposure of one unit of a proposal."""
        ...

    def held(self, snapshot: Snapshot) -> Exposure:
        """Exposure of everything held."""
        ...

    def check(self, before: Exposure, after: Exposure, equity: float, spy_price: float, phase: int) -> Refused | None:
        """The refusal of a trade that takes a Greek beyond its limit and further from zero."""
        ...

    def room(self, before: Exposure, unit: Exposure, equity: float, spy_price: float, phase: int
             ) -> Mapping[str, float]:
        """The most units (not rounded) that each limit leaves room for."""
        ...
