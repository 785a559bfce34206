"""Whether data is fresh enough to open a position. Age counts from the last real quote, never from a bar that was
filled forward. Data that cannot be judged is refused."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Iterable, Mapping

from config.constants import UNDERLYING_MAX_AGE_MINUTES
from config.strategy_spec import StrategySpec
from core.codes import RefusalCode
from core.model import Contract, Quote, Refused, Underlying
from core.quotes import at_most, quote_refusal


class DataFreshnessValidator:
    """The freshness rules for underlyings and legs. It holds no state."""

    def underlying(self, symbol: str, underlying: Underlying | None, now: datetime) -> Refused | None:
        """Check that one underlying has a positive price and an uncrossed quote, at most 2 minutes old.

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
        age = now - underlying.quote_time
        if age < timedelta(0):
            return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={
                "guard": "freshness", "data": symbol, "quote_time": underlying.quote_time.isoformat(),
                "now": now.isoformat()})
        if age > timedelta(minutes=UNDERLYING_MAX_AGE_MINUTES):
            return Refused(code=RefusalCode.UNDERLYING_STALE, facts={
                "data": symbol, "age_minutes": age.total_seconds() / 60.0,
                "limit_minutes": UNDERLYING_MAX_AGE_MINUTES})
        return None

    def leg(self, contract: Contract, quote: Quote | None, now: datetime, spec: StrategySpec) -> Refused | None:
        """Check one leg: a usable quote (:mod:`core.quotes`) that is not too wide.

        The width rule: a leg whose mid is below ``spec.cheap_leg_usd`` may be at most ``spec.max_spread_usd`` wide (in
        points). Any other leg may be at most ``spec.max_spread_share`` of its mid wide.

        Returns
        -------
        Refused or None
            ``QUOTE_MISSING``, ``QUOTE_EMPTY``, ``QUOTE_CROSSED``, ``QUOTE_STALE``, ``SPREAD_TOO_WIDE``, or
            ``GUARD_CANNOT_COMPUTE`` for a quote from the future.
        """
        refused = quote_refusal(contract, quote, now)
        if refused is not None or quote is None:
            return refused
        cheap = quote.mid < spec.cheap_leg_usd
        limit = spec.max_spread_usd if cheap else spec.max_spread_share * quote.mid
        if at_most(quote.spread, limit):
            return None
        return Refused(code=RefusalCode.SPREAD_TOO_WIDE, facts={
            "contract": contract.id, "bid": quote.bid, "ask": quote.ask, "spread": quote.spread, "limit": limit,
            "rule": "max_spread_usd" if cheap else "max_spread_share"})

    def legs(self, contracts: Iterable[Contract], quotes: Mapping[str, Quote], now: datetime,
             spec: StrategySpec) -> Refused | None:
        """The refusal of the first leg that fails :meth:`leg`, or None. Without any leg it refuses: there is nothing to
        judge."""
        checked = False
        for contract in contracts:
            checked = True
            refused = self.leg(contract, quotes.get(contract.id), now, spec)
            if refused is not None:
                return refused
        if not checked:
            return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={"guard": "freshness", "legs": 0})
        return None
