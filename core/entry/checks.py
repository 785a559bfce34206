"""The checks of the entry gate, one function each: a candidate goes in, a refusal or None comes out. No check acts, and
a check that cannot compute refuses. The gate sets the order in which they are asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.calendars import split_within
from config.constants import (DAILY_LOSS_SHARE, MAX_ENTRIES_PER_DAY, MAX_POSITIONS_PER_UNDERLYING,
                              MAX_SPY_EQUIVALENT_POSITIONS, PATTERN_DAY_TRADER_EQUITY_USD, PATTERN_DAY_TRADES, PHASES,
                              SPLIT_QUIET_DAYS, SPY_EQUIVALENTS, UNFILLED_PAUSE_MINUTES, UNFILLED_TRIES_A_DAY, VIX_ENTRY_STOP,
                              VIX_MAX_AGE_MINUTES)
from config.strategy_parameters import SPECS
from config.strategy_spec import OpenUnit, StrategySpec
from core.codes import RefusalCode
from core.intents import last_order_time
from core.model import Contract, EmergencyLevel, Mode, PortfolioView, Position, Refused, Snapshot, State, Underlying
from core.quotes import at_least, is_future, keys_of, underlying_of

SECOND_BREAKER_LEVEL = 2
ENTRY_STATES = (State.VALIDATION, State.ENTERING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entry being judged.

    Attributes
    ----------
    underlying : str
        The one underlying judged. A strategy with several is judged once for each, until it has chosen one.
    contracts : tuple of Contract
        Legs whose quotes must be fresh; empty until they are chosen.
    delta : float or None
        Delta of one unit in its own underlying, for the correlation check; None until it is known.
    """

    spec: StrategySpec
    snapshot: Snapshot
    view: PortfolioView
    underlying: str
    contracts: tuple[Contract, ...] = ()
    delta: float | None = None


def cannot_compute(guard: str, **facts: Any) -> Refused:
    """The refusal of a guard that has no usable input."""
    return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={"guard": guard} | facts)


def judged_underlyings(candidate: Candidate) -> tuple[Underlying | None, ...]:
    """The underlyings that the data check looks at. Once contracts are chosen, they are the contracts' own. Before
    that, the ticker's own entry, or the nearest contract month in place of the product."""
    underlyings = candidate.snapshot.underlyings
    if candidate.contracts:
        months = {contract.future_expiry: contract for contract in candidate.contracts}
        return tuple(underlying_of(contract, underlyings) for contract in months.values())
    return (next((underlyings[key] for key in keys_of(candidate.underlying, underlyings)), None),)


# --- mode, halts ----------------------------------------------------------------------------------------------------


def mode(candidate: Candidate) -> Refused | None:
    """Refuse unless the mode is ``trade`` and the strategy is switched on."""
    refused = mode_forbids(candidate.view)
    if refused is None and candidate.spec.name not in candidate.view.enabled:
        return Refused(code=RefusalCode.STRATEGY_OFF, facts={"strategy": candidate.spec.name})
    return refused


def mode_forbids(view: PortfolioView) -> Refused | None:
    """The refusal of a mode that sends no entries at all; None if the mode sends them."""
    if view.mode is Mode.OBSERVE:
        return Refused(code=RefusalCode.MODE_OBSERVE)
    if view.mode is Mode.EXITS_ONLY:
        return Refused(code=RefusalCode.MODE_EXITS_ONLY)
    return None if view.mode is Mode.TRADE else cannot_compute("mode", mode=str(view.mode))


def standing_halt(view: PortfolioView) -> Refused | None:
    """The refusal of an operator's halt, a quarantine, an emergency or a breaker. Any of these refuses every entry and
    cancels those already on their way."""
    if view.halted is not None:
        return Refused(code=RefusalCode.HALTED, facts={"reason": view.halted})
    if view.quarantined:
        return Refused(code=RefusalCode.QUARANTINE, facts={"holdings": list(view.quarantined)})
    if view.emergency > EmergencyLevel.NONE:
        return Refused(code=RefusalCode.EMERGENCY, facts={"level": view.emergency.name})
    if view.breaker_level >= SECOND_BREAKER_LEVEL:
        return Refused(code=RefusalCode.BREAKER, facts={"level": view.breaker_level})
    return None


def halted(candidate: Candidate) -> Refused | None:
    """Refuse on a standing halt. On the day of a breaker's recovery, refuse while another entry works or a position was
    opened today: only one position may be opened at a time."""
    view = candidate.view
    refused = standing_halt(view)
    if refused is not None:
        return refused
    if view.one_entry_at_a_time:
        today = candidate.snapshot.time.date()
        working = sorted(name for name in view.pending if name != candidate.spec.name)
        opened = [position.id for position in candidate.snapshot.positions
                  if position.is_open and position.opened is not None and position.opened.date() == today]
        if working or opened:
            return Refused(code=RefusalCode.BREAKER, facts={"rule": "one position at a time after a recovery",
                                                            "working": working, "opened_today": opened})
    return None


# --- clock ----------------------------------------------------------------------------------------------------------


def clock(candidate: Candidate) -> Refused | None:
    """Refuse outside a session, in its last minute, outside the strategy's window, or if a calendar does not reach
    today."""
    snapshot, spec = candidate.snapshot, candidate.spec
    calendar, now = snapshot.calendar, snapshot.time
    if calendar.today != now.date():
        return cannot_compute("clock", today=calendar.today.isoformat(), now=now.isoformat())
    if calendar.session_open is None or calendar.session_close is None:
        return Refused(code=RefusalCode.NO_SESSION, facts={"day": calendar.today.isoformat()})
    last_order = last_order_time(calendar.session_close)
    if not calendar.session_open <= now < last_order:
        return Refused(code=RefusalCode.OUTSIDE_HOURS, facts={
            "now": now.isoformat(), "open": calendar.session_open.isoformat(), "last_order": last_order.isoformat()})
    if not spec.window_open <= now.time() < spec.window_close:
        return Refused(code=RefusalCode.OUTSIDE_WINDOW, facts={
            "now": now.isoformat(), "from": spec.window_open.isoformat(), "until": spec.window_close.isoformat()})
    if calendar.uncovered:
        return Refused(code=RefusalCode.CALENDAR_UNCOVERED, facts={
            "day": calendar.today.isoformat(), "calendars": list(calendar.uncovered)})
    return None


# --- VIX ------------------------------------------------------------------------------------------------------------


def vix_data(candidate: Candidate) -> Refused | None:
    """Refuse unless the VIX has a finite value that is at most 5 minutes old."""
    snapshot = candidate.snapshot
    vix = snapshot.vix
    if vix is None:
        return snapshot.vix_refusal or Refused(code=RefusalCode.VIX_MISSING)
    if not math.isfinite(vix.value) or vix.value <= 0.0:
        return Refused(code=RefusalCode.VIX_MISSING, facts={"value": vix.value})
    age = snapshot.time - vix.time
    if age < timedelta(0):
        return cannot_compute("vix", print=vix.time.isoformat(), now=snapshot.time.isoformat())
    if age > timedelta(minutes=VIX_MAX_AGE_MINUTES):
        return Refused(code=RefusalCode.VIX_STALE, facts={"age_minutes": age.total_seconds() / 60.0,
                                                          "limit_minutes": VIX_MAX_AGE_MINUTES})
    return None


def vix_band(candidate: Candidate) -> Refused | None:
    """Refuse while the stop above 35 holds, then outside the strategy's band. The band's edges are excluded if
    ``vix_open``, otherwise included."""
    vix, spec = candidate.snapshot.vix, candidate.spec
    if vix is None or not math.isfinite(vix.value):
        return cannot_compute("vix band")
    if vix.entry_stopped or vix.value > VIX_ENTRY_STOP:
        return Refused(code=RefusalCode.VIX_ENTRY_STOP, facts={"vix": vix.value, "limit": VIX_ENTRY_STOP})
    facts = {"vix": vix.value, "min": spec.vix_min, "max": spec.vix_max, "edges_included": not spec.vix_open}
    if vix.value < spec.vix_min or (spec.vix_open and vix.value == spec.vix_min):
        return Refused(code=RefusalCode.VIX_BELOW_BAND, facts=facts)
    if vix.value > spec.vix_max or (spec.vix_open and vix.value == spec.vix_max):
        return Refused(code=RefusalCode.VIX_ABOVE_BAND, facts=facts)
    return None


# --- phase, day -----------------------------------------------------------------------------------------------------


def phase(candidate: Candidate) -> Refused | None:
    """Refuse unless the phase allows the strategy and, for futures, the product."""
    number, spec = candidate.snapshot.phase, candidate.spec
    if number not in PHASES or number not in spec.max_open:
        return cannot_compute("phase", phase=number)
    if spec.max_open[number] <= 0:
        return Refused(code=RefusalCode.PHASE_FORBIDS, facts={"phase": number, "strategy": spec.name})
    if candidate.underlying not in spec.underlyings:
        return cannot_compute("phase", underlying=candidate.underlying, strategy=spec.name)
    if candidate.underlying not in spec.products(number):
        return Refused(code=RefusalCode.PHASE_FORBIDS, facts={
            "phase": number, "product": candidate.underlying, "allowed": list(spec.products(number))})
    return None


def daily_limits(candidate: Candidate) -> Refused | None:
    """Refuse beyond ten entries a day, counting those on their way. Refuse too once the day's loss reaches 1.43 % of
    the equity the day began with; the loss is that of the book without bought protection. The emergency protocol raises
    ORANGE at the same loss and holds it until the day ends, so a recovered loss does not reopen entries."""
    view, account = candidate.view, candidate.snapshot.account
    entries = view.entries_today + sum(name != candidate.spec.name for name in view.pending)
    if entries >= MAX_ENTRIES_PER_DAY:
        return Refused(code=RefusalCode.DAILY_ENTRIES, facts={"entries": entries, "limit": MAX_ENTRIES_PER_DAY})
    figures = (account.equity, account.equity_day_start, account.flows_today, account.protection,
               account.protection_day_start)
    if not all(map(math.isfinite, figures)) or account.equity_day_start <= 0.0 or account.equity <= 0.0:
        return cannot_compute("daily loss", equity=account.equity, equity_day_start=account.equity_day_start)
    loss = -account.unprotected_day_result_share
    if at_least(loss, DAILY_LOSS_SHARE):
        return Refused(code=RefusalCode.DAILY_LOSS, facts={"loss_share": loss, "limit_share": DAILY_LOSS_SHARE})
    return None


def unfilled_entries(candidate: Candidate) -> Refused | None:
    """After an entry has ended unfilled, refuse for a pause, and for the rest of the day once there were too many."""
    name, now = candidate.spec.name, candidate.snapshot.time
    if name not in candidate.view.unfilled:
        return None
    tries, last = candidate.view.unfilled[name]
    if tries >= UNFILLED_TRIES_A_DAY:
        return Refused(code=RefusalCode.ENTRY_TRIES, facts={"tries": tries, "limit": UNFILLED_TRIES_A_DAY})
    if now - last < timedelta(minutes=UNFILLED_PAUSE_MINUTES):
        return Refused(code=RefusalCode.ENTRY_PAUSE, facts={
            "unfilled": last.isoformat(), "pause_minutes": UNFILLED_PAUSE_MINUTES, "tries": tries})
    return None


# --- counts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Counted:
    strategy: str
    underlying: str


def counted(candidate: Candidate) -> tuple[_Counted, ...]:
    """All that counts as a position: those with short options, those whose working order may sell one, and other
    strategies' entries on their way to such a position."""
    held = [position for position in candidate.snapshot.positions
            if position.has_short_options or _may_sell(position)]
    entering = {position.strategy for position in held if position.state in ENTRY_STATES}
    pending = [_Counted(name, underlying) for name, underlying in candidate.view.pending.items()
               if name != candidate.spec.name and name not in entering and SPECS[name].counts_as_position]
    return tuple(_Counted(position.strategy, position.underlying) for position in held) + tuple(pending)


def _may_sell(position: Position) -> bool:
    """Whether a position without a short option has a working order that may sell one (a bare LEAP's weekly)."""
    return position.state is State.MANAGING and position.is_open and SPECS[position.strategy].counts_as_position


def open_units(spec: StrategySpec, positions: tuple[Position, ...], underlying: str) -> int:
    """How many of a strategy's own units are open, in the unit of its limit ``max_open``."""
    own = [position for position in positions if position.strategy == spec.name and position.is_open]
    if spec.open_unit is OpenUnit.CONTRACT:
        return sum(position.units for position in own)
    if spec.open_unit is OpenUnit.UNDERLYING:
        return len({position.underlying for position in own} - {underlying})
    if spec.open_unit is OpenUnit.PRODUCT:
        return sum(position.underlying == underlying for position in own)
    return len(own)


def counts(candidate: Candidate) -> Refused | None:
    """Refuse at the limit on positions of the phase, of the strategy, per underlying, on SPY and its equivalents, or of
    the strategy on SPY and its equivalents.

    Bought protection is held only to its strategy's own limits.
    """
    snapshot, spec, underlying = candidate.snapshot, candidate.spec, candidate.underlying
    if snapshot.phase not in PHASES:
        return cannot_compute("counts", phase=snapshot.phase)
    others = counted(candidate)
    on_spy = [other for other in others if other.underlying in SPY_EQUIVALENTS]
    same = sum(other.underlying == underlying and SPECS[other.strategy].counts_on_underlying for other in others)
    protection, spy = not spec.counts_as_position, underlying in SPY_EQUIVALENTS
    table = (
        (RefusalCode.COUNT_PHASE, len(others), PHASES[snapshot.phase].max_positions, not protection),
        (RefusalCode.COUNT_STRATEGY, open_units(spec, snapshot.positions, underlying), spec.max_open[snapshot.phase],
         True),
        (RefusalCode.COUNT_UNDERLYING, same, MAX_POSITIONS_PER_UNDERLYING,
         not protection and spec.counts_on_underlying),
        (RefusalCode.COUNT_SPY_EQUIVALENT, len(on_spy), MAX_SPY_EQUIVALENT_POSITIONS, not protection and spy),
        (RefusalCode.COUNT_STRATEGY_SPY, sum(other.strategy == spec.name for other in on_spy), spec.max_spy_slots or 0,
         spec.max_spy_slots is not None and spy),
    )
    for code, count, limit, applies in table:
        if applies and count >= limit:
            return Refused(code=code, facts={"open": count, "limit": limit, "underlying": underlying,
                                             "strategy": spec.name, "phase": snapshot.phase})
    return None


# --- the strategy's own, the account --------------------------------------------------------------------------------


def suspension(candidate: Candidate) -> Refused | None:
    """Refuse a suspended strategy (lost edge, repeated errors) until the operator resumes it."""
    code = candidate.view.suspended.get(candidate.spec.name)
    return None if code is None else Refused(code=code, facts={"strategy": candidate.spec.name})


def split(candidate: Candidate) -> Refused | None:
    """Refuse if the underlying splits within a month, because every position is closed in the session before a
    split."""
    day = split_within(candidate.underlying, candidate.snapshot.calendar, SPLIT_QUIET_DAYS)
    return None if day is None else Refused(code=RefusalCode.SPLIT_NEAR, facts={
        "underlying": candidate.underlying, "split": day.isoformat(), "days": SPLIT_QUIET_DAYS})


def pattern_day_trader(candidate: Candidate) -> Refused | None:
    """Below 25,000 of equity, refuse if three day trades stand in five sessions or may come to stand. Whatever was
    opened today or is on its way counts as a possible day trade, because it may have to be closed today. Options on
    futures are exempt from the rule."""
    equity, view, today = candidate.snapshot.account.equity, candidate.view, candidate.snapshot.time.date()
    if not math.isfinite(equity) or view.day_trades < 0:
        return cannot_compute("pattern day trader", equity=equity, day_trades=view.day_trades)
    if is_future(candidate.underlying) or equity >= PATTERN_DAY_TRADER_EQUITY_USD:
        return None
    opened = [position.underlying for position in candidate.snapshot.positions
              if position.is_open and position.opened is not None and position.opened.date() == today]
    possible = sum(not is_future(underlying) for underlying in (*opened, *view.pending.values()))
    if view.day_trades + possible >= PATTERN_DAY_TRADES:
        return Refused(code=RefusalCode.PATTERN_DAY_TRADER, facts={
            "equity": equity, "day_trades": view.day_trades, "possible": possible, "limit": PATTERN_DAY_TRADES})
    return None


def minutes_since(earlier: datetime | None, now: datetime) -> float:
    """Minutes from ``earlier`` to ``now``; infinite if ``earlier`` is None."""
    return math.inf if earlier is None else (now - earlier).total_seconds() / 60.0
