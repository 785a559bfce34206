"""What all exits share: their reasons, the 21-DTE rule, and the decision that closes a position whole."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Mapping

from config.calendars import ex_dividend_next_session
from config.constants import DEFENSIVE_DTE, YELLOW_STOP_CREDIT_MULTIPLE
from config.strategy_spec import StrategySpec
from core.errors import ConfigError
from core.intents import closing_intent
from core.model import (EMPTY, CalendarFacts, Contract, ContractKind, EmergencyLevel, Event, Exit, HeldLeg,
                        PortfolioView, Position, Purpose, Right, Snapshot, State, Urgency)

OPEN_STATES = frozenset({State.ACTIVE, State.MANAGING, State.EXITING})


class ExitReason(str, Enum):
    """Why a position is closed or changed. The reason is shown in the intent, the ledger and the report."""

    PROFIT_TARGET = "PROFIT_TARGET"
    STOP_LOSS = "STOP_LOSS"
    STRIKE_BREACHED = "STRIKE_BREACHED"
    DANGER_ZONE = "DANGER_ZONE"
    WALL = "WALL"
    FLAT_BY_MISSED = "FLAT_BY_MISSED"
    DTE_21 = "DTE_21"
    DTE_EXIT = "DTE_EXIT"
    VIX_TARGET = "VIX_TARGET"
    HARVEST = "HARVEST"
    BOOK_CLOSED = "BOOK_CLOSED"
    EX_DIVIDEND = "EX_DIVIDEND"
    NAKED_SHORT = "NAKED_SHORT"
    ROLL_WEEKLY = "ROLL_WEEKLY"
    ROLL_NEAR = "ROLL_NEAR"
    ROLL_LEAP = "ROLL_LEAP"
    ROLL_UNTESTED = "ROLL_UNTESTED"
    ROLL_RUNG = "ROLL_RUNG"
    ROLL_IMPOSSIBLE = "ROLL_IMPOSSIBLE"
    BUY_BACK = "BUY_BACK"
    SELL_WEEKLY = "SELL_WEEKLY"


def is_last_session(contract: Contract, days: int, calendar: CalendarFacts) -> bool:
    """Whether today is the last session with at least ``days`` calendar days left to the contract's expiry, or a later
    one. If day ``days`` falls on a holiday, that is the session before the holiday."""
    return contract.dte(calendar.next_session) < days


def require_declared(spec: StrategySpec, *, sells_options: bool, sells_beyond_21_days: bool,
                     sells_against_leap: bool = False) -> None:
    """Check that a specification states what its strategy sells. The flags only describe; they switch nothing.

    The 21-DTE rule itself asks the position alone. Bought protection is not short volatility and not a counted
    position.

    Raises
    ------
    ConfigError
        If a flag contradicts what the strategy sells.
    """
    right = (spec.defensive_21dte is sells_beyond_21_days and spec.counts_as_position is sells_options
             and spec.sells_against_leap is sells_against_leap and (sells_options or not spec.short_volatility))
    if not right:
        raise ConfigError("a specification contradicts what its strategy sells", strategy=spec.name,
                          sells_options=sells_options, sells_beyond_21_days=sells_beyond_21_days,
                          sells_against_leap=sells_against_leap,
                          defensive_21dte=spec.defensive_21dte, counts_as_position=spec.counts_as_position,
                          short_volatility=spec.short_volatility)


def must_close_21dte(position: Position, calendar: CalendarFacts) -> bool:
    """The rule that is never disabled. Short options that had more than 21 days left at entry are closed in the last
    session with at least 21 days left. Positions that are short-dated by design (21 days or fewer at entry) are
    exempt."""
    if position.short_dte_at_entry is None or position.short_dte_at_entry <= DEFENSIVE_DTE:
        return False
    return any(leg.quantity < 0 and is_last_session(leg.contract, DEFENSIVE_DTE, calendar) for leg in position.legs)


def assignment_threatens(leg: HeldLeg, snapshot: Snapshot) -> bool:
    """Whether a short call is in the money on the day before an ex-dividend date, and must be bought back. A day that
    the calendar does not cover counts as an ex-dividend date."""
    contract = leg.contract
    if leg.quantity >= 0 or contract.right is not Right.CALL or contract.kind is not ContractKind.EQUITY_OPTION:
        return False
    underlying = snapshot.underlyings.get(contract.underlying)
    if underlying is None or not underlying.price > contract.strike:
        return False
    return ex_dividend_next_session(contract.underlying, snapshot.calendar) is not False


def stop_multiple(own: float, view: PortfolioView) -> float:
    """The loss, as a multiple of the credit, at which a position is stopped: its own multiple, or the tighter one from
    emergency level YELLOW on."""
    return min(own, YELLOW_STOP_CREDIT_MULTIPLE) if view.emergency >= EmergencyLevel.YELLOW else own


def walking_exit(position: Position, reason: ExitReason, time: datetime, facts: Mapping[str, Any] = EMPTY) -> Exit:
    """Close the whole position, walking from the mid towards the natural price (profit targets)."""
    return Exit(intent=closing_intent(position, reason.value, time, Urgency.WALK, Purpose.EXIT, facts))


def mandatory_exit(position: Position, reason: ExitReason, time: datetime, facts: Mapping[str, Any] = EMPTY,
                   event: Event = Event.DEFEND) -> Exit:
    """Close the whole position at the natural price from the start: stops, breaches, walls, 21 DTE."""
    return Exit(intent=closing_intent(position, reason.value, time, Urgency.NATURAL, Purpose.EXIT, facts), event=event)
