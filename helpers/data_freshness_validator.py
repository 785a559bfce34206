"""Whether data is fresh enough to open a position on. Ages count from the last real quote, never from a bar that was
filled forward; what cannot be judged is refused."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Iterable, Mapping

from config.constants import LEG_MAX_AGE_MINUTES, UNDERLYING_MAX_AGE_MINUTES
from config.strategy_parameters import StrategySpec
from core.codes import RefusalCode
from core.model import Contract, Quote, Refused, Underlying

# Prices are written with at most four decimals: a spread may exceed its bound by rounding alone, not by more.
ROUNDING = 1e-9


def _age_refusal(code: RefusalCode, name: str, quoted: datetime, now: datetime, limit_minutes: int) -> Refused | None:
    age = now - quoted
    if age < timedelta(0):
        return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={
            "guard": "freshness", "data": name, "quote_time": quoted.isoformat(), "now": now.isoformat()})
    if age > timedelta(minutes=limit_minutes):
        return Refused(code=code, facts={"data": name, "age_minutes": age.total_seconds() / 60.0,
                                         "limit_minutes": limit_minutes})
    return None


class DataFreshnessValidator:
    """The freshness rules for underlyings and legs; holds no state."""

    def underlying(self, symbol: str, underlying: Underlying | None, now: datetime) -> Refused | None:
        """Check one underlying: a positive price, an uncrossed quote, at most 2 minutes old.

        Returns
        -------
        Refused or None
            ``UNDERLYING_MISSING``, ``UNDERLYING_STALE``, ``QUOTE_CROSSED``, or ``GUARD_CANNOT_COMPUTE`` for a quote
            from the future.
        """
        if underlying is None:
            return Refused(code=RefusalCode.UNDERLYING_MISSING, facts={"data": symbol})
        numbers = (underlying.price, underlying.bid, underlying.ask)
        if not all(map(math.isfinite, numbers)) or underlying.price <= 0.0:
            return Refused(code=RefusalCode.UNDERLYING_MISSING, facts={
                "data": symbol, "price": underlying.price, "bid": underlying.bid, "ask": underlying.ask})
        if underlying.bid > underlying.ask:
            return Refused(code=RefusalCode.QUOTE_CROSSED, facts={
                "data": symbol, "bid": underlying.bid, "ask": underlying.ask})
        return _age_refusal(RefusalCode.UNDERLYING_STALE, symbol, underlying.quote_time, now,
                            UNDERLYING_MAX_AGE_MINUTES)

    def leg(self, contract: Contract, quote: Quote | None, now: datetime, spec: StrategySpec) -> Refused | None:
        """Check one leg: at most 10 minutes old, a bid or an ask, not crossed, and not too wide.

        The width rule: a leg whose mid is below ``spec.cheap_leg_usd`` may be at most ``spec.max_spread_usd`` wide
        (points); any other at most ``spec.max_spread_share`` of its mid.

        Returns
        -------
        Refused or None
            ``QUOTE_MISSING``, ``QUOTE_STALE``, ``QUOTE_EMPTY``, ``QUOTE_CROSSED``, ``SPREAD_TOO_WIDE``, or
            ``GUARD_CANNOT_COMPUTE`` for a quote from the future.
        """
        if quote is None:
            return Refused(code=RefusalCode.QUOTE_MISSING, facts={"data": contract.id})
        stale = _age_refusal(RefusalCode.QUOTE_STALE, contract.id, quote.time, now, LEG_MAX_AGE_MINUTES)
        if stale is not None:
            return stale
        facts = {"data": contract.id, "bid": quote.bid, "ask": quote.ask}
        sides = (quote.bid, quote.ask)
        if not all(map(math.isfinite, sides)) or min(sides) < 0.0 or max(sides) <= 0.0:
            return Refused(code=RefusalCode.QUOTE_EMPTY, facts=facts)
        if quote.bid > quote.ask:
            return Refused(code=RefusalCode.QUOTE_CROSSED, facts=facts)
        cheap = quote.mid < spec.cheap_leg_usd
        limit = spec.max_spread_usd if cheap else spec.max_spread_share * quote.mid
        if quote.spread > limit + ROUNDING:
            return Refused(code=RefusalCode.SPREAD_TOO_WIDE, facts=facts | {
                "spread": quote.spread, "limit": limit, "rule": "max_spread_usd" if cheap else "max_spread_share"})
        return None

    def legs(self, contracts: Iterable[Contract], quotes: Mapping[str, Quote], now: datetime,
             spec: StrategySpec) -> Refused | None:
        """Refusal of the first leg that fails :meth:`leg`, or None. No legs at all cannot be judged."""
        checked = False
        for contract in contracts:
            checked = True
            refused = self.leg(contract, quotes.get(contract.id), now, spec)
            if refused is not None:
                return refused
        if not checked:
            return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={"guard": "freshness", "legs": 0})
        return None
