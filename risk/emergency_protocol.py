"""Emergency levels: YELLOW, ORANGE, RED. Within a day a level only goes up. YELLOW and ORANGE end with the day. RED
ends after a day's rest if the VIX is calm and correlation low, or when the operator ends it.

For YELLOW and ORANGE the day's loss is that of the book without bought protection; for RED it is the worse of the two.
Whatever is measured from option quotes, and a failed invariant, must hold at two consecutive checks. SPY and the VIX
need only one.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Mapping

from config.constants import (LEVEL_CHECKS_RUNNING, ORANGE_BUYING_POWER_CUT, ORANGE_CLOSES, ORANGE_LOSS_SHARE,
                              ORANGE_SPY_MOVE_MINUTES, ORANGE_SPY_MOVE_SHARE, ORANGE_VIX, RED_BUYING_POWER_SHARE,
                              RED_EXIT_CORRELATION, RED_EXIT_VIX, RED_LOCK_HOURS, RED_LOSS_SHARE, YELLOW_LOSS_SHARE,
                              YELLOW_POSITION_AGAIN_MULTIPLE, YELLOW_POSITION_CREDIT_MULTIPLE,
                              YELLOW_POSITION_DEBIT_SHARE, YELLOW_POSITION_LOSS_SHARE, YELLOW_STOP_CREDIT_MULTIPLE,
                              YELLOW_VIX)
from core.errors import CannotCompute, IntegrityError
from core.model import EmergencyLevel, Position, Snapshot, VixReading
from core.protection import is_protection
from core.quotes import at_least, usable_mid
from core.serialization import time_from_json, time_to_json
from risk.august_2024_correlation_limiter import CorrelationReading
from risk.defence import Action, CloseAll, CloseRiskiest, CutBuyingPower, CutDelta, Halt

SPY: Final = "SPY"
MOVE_WINDOW: Final = timedelta(minutes=ORANGE_SPY_MOVE_MINUTES)
VIX_AT_30: Final = "VIX crossed 30"
VIX_AT_35: Final = "VIX crossed 35"
SPY_MOVED: Final = "SPY moved"
AT_ONCE: Final = frozenset({VIX_AT_30, VIX_AT_35, SPY_MOVED})
LOSS_OF: Final = "loss of "
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
        Conditions that hold now and have held long enough, without those the operator acknowledged.
    pending : bool
        A condition that would raise the level holds for its first check, so the next check comes within a minute.
    actions : tuple of Action
        What must be done at once; given when a level is reached. Every later check repeats :class:`CloseAll` while RED
        and :class:`CutDelta` while ORANGE, because the book's delta may not have been computable at first.
    stop_credit_multiple : float or None
        The tightened stop, as a multiple of the credit, while there is a level.
    blind : tuple of str
        What could not be judged because data was missing.
    """

    level: EmergencyLevel
    triggers: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    since: datetime | None = None
    blind: tuple[str, ...] = ()
    pending: bool = False

    @property
    def check_every_minute(self) -> bool:
        """True from YELLOW on, and while a condition waits for its second check."""
        return self.level > EmergencyLevel.NONE or self.pending

    @property
    def stop_credit_multiple(self) -> float | None:
        """1.5 from YELLOW on."""
        return YELLOW_STOP_CREDIT_MULTIPLE if self.level > EmergencyLevel.NONE else None


def position_loss_usd(position: Position, snapshot: Snapshot) -> float:
    """Loss since entry from mid to mid, USD (negative: a gain).

    Counts the cash so far and the mid value of what is held. Leaves out fees, and the distance between the entry's fill
    and the mid at that moment (``entry_mid`` among the position's facts; without it, a fill at mid is assumed).

    Raises
    ------
    CannotCompute
        If a leg has no usable quote.
    """
    value = sum(leg.quantity * leg.contract.multiplier * usable_mid(leg.contract, snapshot.quotes)
                for leg in position.legs if leg.quantity)
    entry_mid = float(position.facts.get("entry_mid", position.entry_price))
    slippage = (position.entry_price - entry_mid) * _points_usd(position)
    return -(position.cash_flow_usd + position.fees_usd + value) - slippage


def _points_usd(position: Position) -> float:
    """Dollars of one point of one unit, times the units."""
    return position.legs[0].contract.multiplier * position.units if position.legs else 0.0


def position_limit_usd(position: Position, snapshot: Snapshot) -> float:
    """Loss in USD from which a position counts: 0.29 % of the equity at the start of the day AND 150 % of its credit
    (for a debit, 25 % of it). Both must be exceeded."""
    paid = position.entry_price * _points_usd(position)
    own = YELLOW_POSITION_DEBIT_SHARE * paid if paid > 0.0 else -YELLOW_POSITION_CREDIT_MULTIPLE * paid
    return max(own, YELLOW_POSITION_LOSS_SHARE * snapshot.account.equity_day_start)


class EmergencyProtocol:
    """Watches the day's loss, the VIX, SPY, each position and buying power."""

    def __init__(self) -> None:
        self._level = EmergencyLevel.NONE
        self._since: datetime | None = None
        self._day: date | None = None
        self._running: dict[str, int] = {}
        self._counted: dict[str, float] = {}
        self._acknowledged: frozenset[str] = frozenset()
        self._holding: frozenset[str] = frozenset()
        self._last_vix: float | None = None
        self._prices: deque[tuple[datetime, float]] = deque()
        self._report = EmergencyReport(level=EmergencyLevel.NONE)

    @property
    def report(self) -> EmergencyReport:
        """The last check's report without its actions. Before the first check it is NONE; after a restart, the restored
        level."""
        return self._report

    # --- the check --------------------------------------------------------------------------------------------------

    def check(self, snapshot: Snapshot, correlation: CorrelationReading,
              failed_invariant: str | None = None) -> EmergencyReport:
        """Judge one moment.

        Parameters
        ----------
        failed_invariant : str, optional
            An invariant of the framework itself that does not hold. It means RED.

        Raises
        ------
        CannotCompute
            If the account's figures are not numbers. Nothing is then changed, and the caller must not read that as
            calm.
        """
        _require_figures(snapshot)
        self.new_day(snapshot.time.date())
        losses: dict[str, float] = {}
        found, blind = self._triggers(snapshot, failed_invariant, losses)
        triggers = self._running_long_enough(found, blind)
        self._counted |= {name: loss for name, loss in losses.items() if LOSS_OF + name in triggers}
        self._end_red(snapshot, correlation, found)
        self._holding = frozenset(found)
        self._acknowledged &= self._holding
        live = {name: level for name, level in triggers.items() if name not in self._acknowledged}
        reached = max(live.values(), default=EmergencyLevel.NONE)
        actions: tuple[Action, ...] = ()
        if reached > self._level:
            self._level, self._since = reached, snapshot.time
            actions = _actions(reached, ", ".join(name for name, level in live.items() if level is reached))
        else:
            actions = STANDING.get(self._level, ())
        pending = any(level > self._level for name, level in found.items() if name not in self._acknowledged)
        self._report = EmergencyReport(level=self._level, triggers=tuple(live), since=self._since, blind=blind,
                                       pending=pending)
        return replace(self._report, actions=actions)

    def _running_long_enough(self, found: Triggers, blind: tuple[str, ...]) -> Triggers:
        """Those conditions of this check that count: they need only one check, or this is their second. A check that
        cannot value a position neither adds to its count nor resets it. Once a position has counted, its count starts
        anew."""
        kept = {name: count for name, count in self._running.items() if name.removeprefix(LOSS_OF) in blind}
        self._running = kept | {name: self._running.get(name, 0) + 1 for name in found if name not in AT_ONCE}
        enough = {name: level for name, level in found.items()
                  if name in AT_ONCE or self._running[name] >= LEVEL_CHECKS_RUNNING}
        self._running = {name: count for name, count in self._running.items()
                         if not (name in enough and name.startswith(LOSS_OF))}
        return enough

    def _triggers(self, snapshot: Snapshot, failed_invariant: str | None, losses: dict[str, float]
                  ) -> tuple[Triggers, tuple[str, ...]]:
        """Every condition that holds at this check, and what could not be judged. The losses of positions among them
        are added to ``losses``."""
        account = snapshot.account
        blind: list[str] = []
        found: Triggers = {}
        if failed_invariant is not None:
            found[f"invariant: {failed_invariant}"] = EmergencyLevel.RED
        if account.equity <= 0.0 or account.equity_day_start <= 0.0:
            found["equity"] = EmergencyLevel.RED
        elif at_least(account.buying_power_used / account.equity, RED_BUYING_POWER_SHARE):
            found["buying power"] = EmergencyLevel.RED
        for share, level in ((RED_LOSS_SHARE, EmergencyLevel.RED), (ORANGE_LOSS_SHARE, EmergencyLevel.ORANGE),
                             (YELLOW_LOSS_SHARE, EmergencyLevel.YELLOW)):
            if at_least(-account.unprotected_day_result_share, share):
                found[f"day's loss {level.name}"] = level
        if at_least(-account.day_result_share, RED_LOSS_SHARE):
            found["day's loss RED, protection included"] = EmergencyLevel.RED
        self._vix(snapshot.vix, found, blind)
        self._spy(snapshot, found, blind)
        self._positions(snapshot, found, blind, losses)
        return found, tuple(blind)

    def _vix(self, vix: VixReading | None, found: Triggers, blind: list[str]) -> None:
        """YELLOW: the VIX is at 30 or above after a close below 30. ORANGE: the VIX has crossed 35 upwards since the
        last check; at the day's first check, since the last close."""
        if vix is None:
            blind.append("VIX")
            return
        if vix.value >= YELLOW_VIX and vix.previous_close < YELLOW_VIX:
            found[VIX_AT_30] = EmergencyLevel.YELLOW
        before = vix.previous_close if self._last_vix is None else self._last_vix
        if before < ORANGE_VIX <= vix.value:
            found[VIX_AT_35] = EmergencyLevel.ORANGE
        self._last_vix = vix.value

    def _spy(self, snapshot: Snapshot, found: Triggers, blind: list[str]) -> None:
        spy = snapshot.underlyings.get(SPY)
        if spy is None or not math.isfinite(spy.price) or spy.price <= 0.0:
            blind.append(SPY)
            return
        while self._prices and self._prices[0][0] < snapshot.time - MOVE_WINDOW:
            self._prices.popleft()
        if any(at_least(abs(spy.price / price - 1.0), ORANGE_SPY_MOVE_SHARE) for _, price in self._prices):
            found[SPY_MOVED] = EmergencyLevel.ORANGE
        self._prices.append((snapshot.time, spy.price))

    def _positions(self, snapshot: Snapshot, found: Triggers, blind: list[str], losses: dict[str, float]) -> None:
        """Find positions whose loss reaches their limit. One that has counted already must lose twice what it had lost
        then. Bought protection is left out, because it normally loses."""
        judged = [position for position in snapshot.positions if position.is_open and not is_protection(position)]
        self._counted = {position.id: self._counted[position.id] for position in judged if position.id in self._counted}
        for position in judged:
            try:
                loss = position_loss_usd(position, snapshot)
            except CannotCompute:
                blind.append(position.id)
                continue
            limit = max(position_limit_usd(position, snapshot),
                        YELLOW_POSITION_AGAIN_MULTIPLE * self._counted.get(position.id, 0.0))
            if loss > 0.0 and at_least(loss, limit):
                losses[position.id] = loss
                found[LOSS_OF + position.id] = EmergencyLevel.YELLOW

    # --- ends -------------------------------------------------------------------------------------------------------

    def new_day(self, day: date) -> None:
        """Begin a day. This ends YELLOW and ORANGE; RED stays. Two consecutive checks must fall on one day, so counts
        start anew. A second call on the same day does nothing."""
        if self._day == day:
            return
        self._day = day
        self._running = {}
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
        """End whatever level there is, on the operator's behalf. Conditions that hold at this moment stay acknowledged
        until they end or the day does. Anything new raises a level again."""
        self.new_day(now.date())
        self._acknowledged |= self._holding
        self._set_none()

    def _set_none(self) -> None:
        self._level, self._since = EmergencyLevel.NONE, None
        self._report = EmergencyReport(level=EmergencyLevel.NONE)

    # --- memory -----------------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """What must survive a restart, as plain JSON. The prices of the last minutes are not kept."""
        return {"level": self._level.name, "since": time_to_json(self._since),
                "day": self._day.isoformat() if self._day else None, "running": dict(self._running),
                "counted": dict(self._counted), "acknowledged": sorted(self._acknowledged), "holding": sorted(self._holding)}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take facts that :meth:`facts` gave.

        Raises
        ------
        IntegrityError
            If the facts have another form.
        """
        try:
            self._level = EmergencyLevel[facts["level"]]
            self._since = time_from_json(facts["since"])
            self._day = None if facts["day"] is None else date.fromisoformat(facts["day"])
            self._running = {str(name): int(count) for name, count in facts["running"].items()}
            self._counted = {str(name): float(loss) for name, loss in facts["counted"].items()}
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
        if any(count < 1 for count in self._running.values()):
            raise IntegrityError("impossible counts of checks running", running=self._running)
        if not all(math.isfinite(loss) and loss > 0.0 for loss in self._counted.values()):
            raise IntegrityError("impossible losses that have counted", counted=self._counted)


def _require_figures(snapshot: Snapshot) -> None:
    account = snapshot.account
    figures = (account.equity, account.equity_day_start, account.flows_today, account.buying_power_used,
               account.protection, account.protection_day_start)
    if not all(map(math.isfinite, figures)):
        raise CannotCompute("emergency levels cannot be judged", equity=account.equity,
                            equity_day_start=account.equity_day_start, buying_power_used=account.buying_power_used)


def _actions(level: EmergencyLevel, reason: str) -> tuple[Action, ...]:
    """The actions on reaching a level. The flags of the report (no entries, tightened stops) hold from YELLOW on."""
    if level is EmergencyLevel.RED:
        return Halt(reason=reason), CloseAll(reason=reason)
    if level is EmergencyLevel.ORANGE:
        return (Halt(reason=reason), CloseRiskiest(count=ORANGE_CLOSES, reason=reason, short_volatility_only=True),
                CutBuyingPower(share=ORANGE_BUYING_POWER_CUT, reason=reason), CutDelta(reason=reason))
    return (Halt(reason=reason),)
