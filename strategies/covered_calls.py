"""The choices that IPMCC and the diagonal share: the LEAP, and the expiry of the weekly sold against it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Iterable, Sequence

import numpy as np

from config.calendars import earnings_within, ex_dividends_reach
from config.strategy_parameters import LeapCallSpec
from core.codes import RefusalCode
from core.model import (CalendarFacts, Chain, Contract, ContractKind, HeldLeg, IvHistory, Leg, Position, Refused, Right,
                        Snapshot, Underlying)
from core.quotes import TOLERANCE, at_least, usable_quote
from strategies.entries import fees_points, refuse
from strategies.listing import Listing, listings, nearest_strike, nearest_to


def leap_listing(chains: Iterable[Chain], today: date, spec: LeapCallSpec) -> Listing | None:
    """The nearest expiry at least ``entry_dte_min`` days away."""
    return next(iter(listings(chains, today, spec.entry_dte_min, spec.entry_dte_max)), None)


def leap_strike(listing: Listing, underlying: Underlying, spec: LeapCallSpec, now: datetime) -> float | None:
    """Of the call strikes around ``leap_strike_share`` of the price, the one whose delta is nearest
    ``leap_target_delta``. If no strike lies in the window or no delta is known, the strike nearest the share itself."""
    strikes = listing.strikes(Right.CALL)
    target, reach = spec.leap_strike_share * underlying.price, spec.leap_strike_window_share * underlying.price
    around = strikes[np.abs(strikes - target) <= reach + TOLERANCE]
    if len(around):
        distance = np.abs(listing.deltas(around, Right.CALL, underlying, now) - spec.leap_target_delta)
        if np.isfinite(distance).any():
            return float(around[int(np.nanargmin(distance))])
    return nearest_strike(strikes, target, prefer_higher=False)


def weekly_listing(chains: Iterable[Chain], calendar: CalendarFacts, spec: LeapCallSpec, leap_expiry: date,
                   after: date = date.min) -> Listing | None:
    """The expiry nearest ``weekly_target_dte``. It is more than ``weekly_roll_dte`` days and at most twice the target
    away, later than ``after`` (the weekly that is rolled), before the LEAP's own expiry, and within the known
    ex-dividend days."""
    today = calendar.today
    found = listings(chains, today, spec.weekly_roll_dte + 1, _longest_weekly(spec))
    return nearest_to([listing for listing in found if after < listing.expiry < leap_expiry
                       and ex_dividends_reach(listing.chain.underlying, listing.expiry, calendar) is None], today,
                      spec.weekly_target_dte)


def _longest_weekly(spec: LeapCallSpec) -> int:
    return 2 * spec.weekly_target_dte


def refuse_symbol(underlying: Underlying, iv: IvHistory, snapshot: Snapshot, spec: LeapCallSpec) -> Refused | None:
    """Refuse if the volatility rank is too low, earnings are too near, or a calendar ends before the longest weekly."""
    if not iv.rank > spec.min_iv_rank:
        return refuse(RefusalCode.IV_RANK_LOW, underlying=underlying.symbol, rank=iv.rank,
                      needed_above=spec.min_iv_rank)
    calendar = snapshot.calendar
    unknown = ex_dividends_reach(underlying.symbol, calendar.today + timedelta(days=_longest_weekly(spec)), calendar)
    earnings = unknown or earnings_within(underlying.symbol, calendar, spec.earnings_days)
    if isinstance(earnings, Refused):
        return earnings
    if earnings is not None:
        return refuse(RefusalCode.EARNINGS_NEAR, underlying=underlying.symbol, earnings=earnings.isoformat(),
                      days=spec.earnings_days)
    return None


def option_legs(position: Position) -> tuple[tuple[HeldLeg, ...], tuple[HeldLeg, ...]]:
    """Long and short option legs. Shares from an assignment are neither."""
    options = [leg for leg in position.legs if leg.quantity and leg.contract.kind is not ContractKind.EQUITY]
    return tuple(leg for leg in options if leg.quantity > 0), tuple(leg for leg in options if leg.quantity < 0)


def to_recover(position: Position, leaps: Sequence[HeldLeg]) -> float:
    """Net debit per share still to recover, in points: all that was paid less all that was received, fees included; 0
    if more was received than paid."""
    return max(0.0, -position.cash_flow_usd / sum(leap.quantity * leap.contract.multiplier for leap in leaps))


def first_above(listing: Listing, at_or_above: float, above: float) -> float | None:
    """The first listed call strike that is at least ``at_or_above`` and more than ``above``; None if there is none."""
    strikes = listing.strikes(Right.CALL)
    good = strikes[(strikes >= at_or_above - TOLERANCE) & (strikes > above + TOLERANCE)]
    return float(good[0]) if len(good) else None


def pays(weekly: Contract, snapshot: Snapshot, spec: LeapCallSpec) -> bool:
    """Whether a weekly has a usable quote with a bid, and a premium at mid of at least ``weekly_min_fees`` times its
    fee."""
    quote = usable_quote(weekly, snapshot)
    return quote is not None and quote.bid > 0.0 and at_least(
        quote.mid, spec.weekly_min_fees * fees_points([Leg(contract=weekly, ratio=-1)]))
