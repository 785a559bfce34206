"""Emergency levels: YELLOW, ORANGE, RED. A level only goes up within a day; YELLOW and ORANGE end with it, RED needs a
day's rest, a calm VIX and low correlation, or the operator."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Mapping

from config.constants import (ORANGE_BUYING_POWER_CUT, ORANGE_CLOSES, ORANGE_LOSS_SHARE, ORANGE_SPY_MOVE_MINUTES,
                              ORANGE_SPY_MOVE_SHARE, ORANGE_VIX, RED_BUYING_POWER_SHARE, RED_EXIT_CORRELATION,
                              RED_EXIT_VIX, RED_LOCK_HOURS, RED_LOSS_SHARE, YELLOW_CHECKS_RUNNING, YELLOW_LOSS_SHARE,
                              YELLOW_POSITION_CREDIT_MULTIPLE, YELLOW_POSITION_DEBIT_SHARE,
                              YELLOW_POSITION_LOSS_SHARE, YELLOW_STOP_CREDIT_MULTIPLE, YELLOW_VIX)
from core.errors import CannotCompute, IntegrityError
from core.model import EmergencyLevel, Position, Snapshot, VixReading
from core.protection import is_protection
from core.quotes import at_least, usable_mid
from core.serialization import time_from_json, time_to_json
from risk.august_2024_correlation_limiter import CorrelationReading
from risk.defence import Action, CloseAll, CloseRiskiest, CutBuyingPower, CutDelta, Halt

SPY: Final = "SPY"
MOVE_WINDOW: Final = timedelta(minutes=ORANGE_SPY_MOVE_MINUTES)
Triggers = dict[str, EmergencyLevel]
STANDING: Final[Mapping[EmergencyLevel, tuple[Action, ...]]] = MappingProxyType({
    EmergencyLevel.RED: (CloseAll(reason="RED stands"),),
    EmergencyLevel.ORANGE: (CutDelta(reason="ORANGE stands"),)})


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyReport:
    """What the protocol says.

    Attributes
    ----------
    triggers : tuple of str
        Conditions that hold now, acknowledged ones left out.
    actions : tuple of Action
        To be done at once; given when a level is reached. At every check after it :class:`CloseAll` while RED and
        :class:`CutDelta` while ORANGE: the book's delta may not have been computable at the first.
    stop_credit_multiple : float or None
        Tightened stop as a multiple of the credit while there is a level.
    blind : tuple of str
        What could not be judged for want of data.
    """

    level: EmergencyLevel
    triggers: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    since: datetime | None = None
    blind: tuple[str, ...] = ()

    @property
    def check_every_minute(self) -> bool:
        """From YELLOW on."""
        return self.level > EmergencyLevel.NONE

    @property
    def stop_credit_multiple(self) -> float | None:
        """1.5 from YELLOW on."""
        return YELLOW_STOP_CREDIT_MULTIPLE if self.level > EmergencyLevel.NONE else None


def position_loss_usd(position: Position, snapshot: Snapshot) -> float:
    """Loss since entry from mid to mid, USD (negative: a gain).

    Cash so far and the mid value of what is held, without fees and without what the entry's fill lay away from the mid
    of its moment (``entry_mid`` among the position's facts; a fill at mid is assumed without it).

    Raises
    ------
    CannotCompute
        A leg has no usable quote.
    """
    value = sum(leg.quantity * leg.contract.multiplier * usable_mid(leg.contract, snapshot.quotes)
                for leg in position.legs if leg.quantity)
    entry_mid = float(position.facts.get("entry_mid", position.entry_price))
    slippage = (position.entry_price - entry_mid) * _points_usd(position)
    return -(position.cash_flow_usd + position.fees_usd + value) - slippage


def _points_usd(position: Position) -> float:
    """Dollars of one point of one unit, times the units."""
    return position.legs[0].contract.multiplier * position.units if position.legs else 0.0


def is_losing(position: Position, snapshot: Snapshot) -> bool:
    """Whether a position has lost 0.29 % of the equity the day began with AND 150 % of its credit (25 % of its debit).

    Raises
    ------
    CannotCompute
        As :func:`position_loss_usd`.
    """
    loss = position_loss_usd(position, snapshot)
    paid = position.entry_price * _points_usd(position)
    own = YELLOW_POSITION_DEBIT_SHARE * paid if paid > 0.0 else -YELLOW_POSITION_CREDIT_MULTIPLE * paid
    limit = max(own, YELLOW_POSITION_LOSS_SHARE * snapshot.account.equity_day_start)
    return at_least(loss, limit)


class EmergencyProtocol:
    """Watches the day's loss, the VIX, SPY, each position and buying power."""

    def __init__(self) -> None:
        self._level = EmergencyLevel.NONE
        self._since: datetime | None = None
        self._day: date | None = None
        self._losing: dict[str, int] = {}
        self._acknowledged: frozenset[str] = frozenset()
        self._holding: frozenset[str] = frozenset()
        self._last_vix: float | None = None
        self._prices: deque[tuple[datetime, float]] = deque()
        self._report = EmergencyReport(level=EmergencyLevel.NONE)

    @property
    def report(self) -> EmergencyReport:
        """The last check's report without its actions; NONE before the first, the restored level after a restart."""
        return self._report

    # --- the check --------------------------------------------------------------------------------------------------

    def check(self, snapshot: Snapshot, correlation: CorrelationReading,
              failed_invariant: str | None = None) -> EmergencyReport:
        """Judge one moment.

        Parameters
        ----------
        failed_invariant : str, optional
            What the framework found wrong with itself: RED.

        Raises
        ------
        CannotCompute
            The account's figures are no numbers: nothing is changed, and the caller must not take it for calm.
        """
        _require_figures(snapshot)
        self.new_day(snapshot.time.date())
        triggers, blind = self._triggers(snapshot, failed_invariant)
        self._end_red(snapshot, correlation, triggers)
        self._holding = frozenset(triggers)
        self._acknowledged &= self._holding
        live = {name: level for name, level in triggers.items() if name not in self._acknowledged}
        reached = max(live.values(), default=EmergencyLevel.NONE)
        actions: tuple[Action, ...] = ()
        if reached > self._level:
            self._level, self._since = reached, snapshot.time
            actions = _actions(reached, ", ".join(name for name, level in live.items() if level is reached))
        else:
            actions = STANDING.get(self._level, ())
        self._report = EmergencyReport(level=self._level, triggers=tuple(live), since=self._since, blind=blind)
        return replace(self._report, actions=actions)

    def _triggers(self, snapshot: Snapshot, failed_invariant: str | None) -> tuple[Triggers, tuple[str, ...]]:
        account = snapshot.account
        blind: list[str] = []
        found: Triggers = {}
        if failed_invariant is not None:
            found[f"invariant: {failed_invariant}"] = EmergencyLevel.RED
        if account.equity <= 0.0 or account.equity_day_start <= 0.0:
            found["equity"] = EmergencyLevel.RED
        elif at_least(account.buying_power_used / account.equity, RED_BUYING_POWER_SHARE):
            found["buying power"] = EmergencyLevel.RED
        loss = -account.day_result_share
        for share, level in ((RED_LOSS_SHARE, EmergencyLevel.RED), (ORANGE_LOSS_SHARE, EmergencyLevel.ORANGE),
                             (YELLOW_LOSS_SHARE, EmergencyLevel.YELLOW)):
            if at_least(loss, share):
                found[f"day's loss {level.name}"] = level
        self._vix(snapshot.vix, found, blind)
        self._spy(snapshot, found, blind)
        self._positions(snapshot, found, blind)
        return found, tuple(blind)

    def _vix(self, vix: VixReading | None, found: Triggers, blind: list[str]) -> None:
        """YELLOW: at 30 or above after a close below. ORANGE: up through 35 since the last check, or since the last
        close at the day's first."""
        if vix is None:
            blind.append("VIX")
            return
        if vix.value >= YELLOW_VIX and vix.previous_close < YELLOW_VIX:
            found["VIX crossed 30"] = EmergencyLevel.YELLOW
        before = vix.previous_close if self._last_vix is None else self._last_vix
        if before < ORANGE_VIX <= vix.value:
            found["VIX crossed 35"] = EmergencyLevel.ORANGE
        self._last_vix = vix.value

    def _spy(self, snapshot: Snapshot, found: Triggers, blind: list[str]) -> None:
        spy = snapshot.underlyings.get(SPY)
        if spy is None or not math.isfinite(spy.price) or spy.price <= 0.0:
            blind.append(SPY)
            return
        while self._prices and self._prices[0][0] < snapshot.time - MOVE_WINDOW:
            self._prices.popleft()
        if any(at_least(abs(spy.price / price - 1.0), ORANGE_SPY_MOVE_SHARE) for _, price in self._prices):
            found["SPY moved"] = EmergencyLevel.ORANGE
        self._prices.append((snapshot.time, spy.price))

    def _positions(self, snapshot: Snapshot, found: Triggers, blind: list[str]) -> None:
        """A position losing on two checks running. A check that cannot value it neither counts nor forgives. Bought
        protection is left out: losing is its ordinary state."""
        running: dict[str, int] = {}
        for position in snapshot.positions:
            if not position.is_open or is_protection(position):
                continue
            try:
                count = self._losing.get(position.id, 0) + 1 if is_losing(position, snapshot) else 0
            except CannotCompute:
                blind.append(position.id)
                count = self._losing.get(position.id, 0)
            if count:
                running[position.id] = count
            if count >= YELLOW_CHECKS_RUNNING:
                found[f"loss of {position.id}"] = EmergencyLevel.YELLOW
        self._losing = running

    # --- ends -------------------------------------------------------------------------------------------------------

    def new_day(self, day: date) -> None:
        """A new day ends YELLOW and ORANGE; RED stays. Harmless when called again."""
        if self._day == day:
            return
        self._day = day
        self._acknowledged = frozenset()
        self._last_vix = None
        if self._level is not EmergencyLevel.RED:
            self._set_none()

    def _end_red(self, snapshot: Snapshot, correlation: CorrelationReading, triggers: Triggers) -> None:
        if self._level is not EmergencyLevel.RED or self._since is None or EmergencyLevel.RED in triggers.values():
            return
        value = correlation.for_recovery
        rested = snapshot.time - self._since >= timedelta(hours=RED_LOCK_HOURS)
        calm = snapshot.vix is not None and snapshot.vix.value < RED_EXIT_VIX
        if rested and calm and value is not None and value < RED_EXIT_CORRELATION:
            self._set_none()

    def clear(self, now: datetime) -> None:
        """The operator ends whatever level there is. Conditions that hold at this moment stay acknowledged until they
        end, or the day does; anything new raises a level again."""
        self.new_day(now.date())
        self._acknowledged |= self._holding
        self._set_none()

    def _set_none(self) -> None:
        self._level, self._since = EmergencyLevel.NONE, None
        self._report = EmergencyReport(level=EmergencyLevel.NONE)

    # --- memory -----------------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """What must survive a restart, as plain JSON. Prices of the last minutes are not kept."""
        return {"level": self._level.name, "since": time_to_json(self._since),
                "day": self._day.isoformat() if self._day else None, "losing": dict(self._losing),
                "acknowledged": sorted(self._acknowledged), "holding": sorted(self._holding)}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take facts that :meth:`facts` gave.

        Raises
        ------
        IntegrityError
            Facts of another form.
        """
        try:
            self._level = EmergencyLevel[facts["level"]]
            self._since = time_from_json(facts["since"])
            self._day = None if facts["day"] is None else date.fromisoformat(facts["day"])
            self._losing = {str(name): int(count) for name, count in facts["losing"].items()}
            self._acknowledged = frozenset(map(str, facts["acknowledged"]))
            self._holding = frozenset(map(str, facts["holding"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError("not the facts of the emergency protocol", why=str(error)) from None
        self.self_check()
        self._report = EmergencyReport(level=self._level, since=self._since)

    def self_check(self) -> None:
        """Raise when the facts contradict each other.

        Raises
        ------
        IntegrityError
        """
        if (self._level is EmergencyLevel.NONE) != (self._since is None):
            raise IntegrityError("an emergency without its time, or a time without one", level=self._level.name)
        if any(count < 1 for count in self._losing.values()):
            raise IntegrityError("impossible counts of losing checks", losing=self._losing)


def _require_figures(snapshot: Snapshot) -> None:
    account = snapshot.account
    figures = (account.equity, account.equity_day_start, account.flows_today, account.buying_power_used)
    if not all(map(math.isfinite, figures)):
        raise CannotCompute("emergency levels cannot be judged", equity=account.equity,
                            equity_day_start=account.equity_day_start, buying_power_used=account.buying_power_used)


def _actions(level: EmergencyLevel, reason: str) -> tuple[Action, ...]:
    """What reaching a level asks for. The flags of the report (no entries, tightened stops) hold from YELLOW on."""
    if level is EmergencyLevel.RED:
        return Halt(reason=reason), CloseAll(reason=reason)
    if level is EmergencyLevel.ORANGE:
        return (Halt(reason=reason), CloseRiskiest(count=ORANGE_CLOSES, reason=reason),
                CutBuyingPower(share=ORANGE_BUYING_POWER_CUT, reason=reason), CutDelta(reason=reason))
    return (Halt(reason=reason),)
