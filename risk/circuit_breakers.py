"""Circuit breakers for a fast drawdown, correlation, margin, and a streak of losses. Each has three levels. At 80 % of
its threshold, sizes are halved. At the threshold, entries halt and the three riskiest positions are closed; a streak
only halts. Beyond it, everything is closed and entries are locked.

Drawdown and correlation are those of the book without bought protection. A reading that comes from quotes trips only
when two consecutive checks agree. Until the second check the reading counts as a first level, so that the next check
comes within a minute.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final, Mapping

from config.constants import (BREAKER_CORRELATION, BREAKER_CORRELATION_PHASE1, BREAKER_DRAWDOWN_HIGH_VIX,
                              BREAKER_DRAWDOWN_LOW_VIX, BREAKER_DRAWDOWN_MINUTES, BREAKER_DRAWDOWN_SHARE,
                              BREAKER_DRAWDOWN_SHARE_PHASE1, BREAKER_FIRST_LEVEL_SHARE, BREAKER_FIRST_LEVEL_SIZE,
                              BREAKER_LOCK_HOURS, BREAKER_LOSS_STREAK, BREAKER_LOSS_STREAK_PHASE1,
                              BREAKER_MARGIN_PHASE1_SHARE, BREAKER_MARGIN_VIX_SHARES, BREAKER_RECOVERY_CORRELATION,
                              BREAKER_RECOVERY_HOURS, BREAKER_SECOND_LEVEL_CLOSES, BREAKER_THIRD_CORRELATION,
                              BREAKER_THIRD_DRAWDOWN_MULTIPLE, BREAKER_THIRD_MARGIN_SHARE,
                              LEVEL_CHECKS_RUNNING, PHASES, RISK_CHECK_MINUTES)
from core.codes import RefusalCode
from core.errors import CannotCompute, IntegrityError
from core.model import Refused
from core.quotes import at_least
from core.serialization import time_from_json, time_to_json
from risk.august_2024_correlation_limiter import CorrelationReading
from risk.defence import Action, CloseAll, CloseRiskiest, Halt

FIRST, SECOND, THIRD = 1, 2, 3
WINDOW: Final = timedelta(minutes=BREAKER_DRAWDOWN_MINUTES)
# Checks further apart than this (a night, a lost feed) are not consecutive.
RUNNING: Final = timedelta(minutes=2 * RISK_CHECK_MINUTES)


class BreakerKind(str, Enum):
    """What a breaker watches."""

    DRAWDOWN = "drawdown"
    CORRELATION = "correlation"
    MARGIN = "margin"
    STREAK = "streak"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerInputs:
    """What a check looks at.

    Attributes
    ----------
    vix : float or None
        If None, the tightest threshold of every table applies.
    equity, flows_today : float
        USD. Deposits and withdrawals do not count as a drawdown or a gain.
    protection : float
        USD that bought protection has made so far. It does not count in the drawdown either.
    margin_used_share : float
        Margin in use as a share of equity.
    data_fresh : bool
        Whether the VIX and the underlyings are fresh. Recovery waits until they are.
    """

    time: datetime
    phase: int
    vix: float | None
    equity: float
    flows_today: float
    protection: float
    margin_used_share: float
    correlation: CorrelationReading
    data_fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One breaker that is at a level, with what it measured."""

    kind: BreakerKind
    level: int
    value: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerReport:
    """What the breakers say. ``trips`` are the breakers at a level now, ``measured`` what every breaker measured at
    this check, ``actions`` what must be done at once."""

    level: int
    size_multiplier: float
    one_entry_at_a_time: bool
    check_every_minute: bool
    actions: tuple[Action, ...] = ()
    trips: tuple[Trip, ...] = ()
    locked_until: datetime | None = None
    measured: tuple[Trip, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Second and third level of each breaker. The first level is 80 % of the second."""

    drawdown: float
    correlation: float
    margin: float
    streak: int

    def third(self, kind: BreakerKind) -> float:
        """The third level; infinite for a breaker that has none."""
        return {BreakerKind.DRAWDOWN: self.drawdown * BREAKER_THIRD_DRAWDOWN_MULTIPLE,
                BreakerKind.CORRELATION: BREAKER_THIRD_CORRELATION, BreakerKind.MARGIN: BREAKER_THIRD_MARGIN_SHARE,
                BreakerKind.STREAK: math.inf}[kind]

    def level(self, kind: BreakerKind, value: float) -> int:
        """Level 0 to 3 of a measured value."""
        threshold = self.second(kind)
        steps = (BREAKER_FIRST_LEVEL_SHARE * threshold, threshold, self.third(kind))
        return sum(at_least(value, step) for step in steps)

    def second(self, kind: BreakerKind) -> float:
        """Second level: the threshold itself."""
        return float(getattr(self, kind.value))


def thresholds(phase: int, vix: float | None) -> Thresholds:
    """Thresholds by phase and VIX; if there is no VIX, the tightest of each.

    Raises
    ------
    CannotCompute
        If the phase is unknown, or the VIX is not a positive number.
    """
    if phase not in PHASES:
        raise CannotCompute("phase is unknown", phase=phase)
    if vix is not None and not (math.isfinite(vix) and vix > 0.0):
        raise CannotCompute("VIX is not a positive number", vix=vix)
    first = phase == 1
    drawdown = BREAKER_DRAWDOWN_SHARE_PHASE1 if first else BREAKER_DRAWDOWN_SHARE
    if vix is None or vix < BREAKER_DRAWDOWN_LOW_VIX[0]:
        drawdown *= BREAKER_DRAWDOWN_LOW_VIX[1]
    elif vix > BREAKER_DRAWDOWN_HIGH_VIX[0]:
        drawdown *= BREAKER_DRAWDOWN_HIGH_VIX[1]
    table = [share for below, share in BREAKER_MARGIN_VIX_SHARES if vix is None or vix < below]
    margin = min(table) if vix is None else table[0]
    return Thresholds(drawdown=drawdown, correlation=BREAKER_CORRELATION_PHASE1 if first else BREAKER_CORRELATION,
                      margin=min(margin, BREAKER_MARGIN_PHASE1_SHARE) if first else margin,
                      streak=BREAKER_LOSS_STREAK_PHASE1 if first else BREAKER_LOSS_STREAK)


@dataclass(frozen=True, slots=True)
class _Value:
    """The account at one check, USD, less cash flows: first without what bought protection has made, then in full."""

    time: datetime
    unprotected: float
    equity: float


class CircuitBreakers:
    """Measures, trips and recovers. A level of 2 or 3 stays until recovery; a level of 1 only while it is measured."""

    def __init__(self) -> None:
        self._values: deque[_Value] = deque()
        self._seen: dict[BreakerKind, list[int]] = {}
        self._tripped: dict[BreakerKind, int] = {}
        self._tripped_at: datetime | None = None
        self._locked_until: datetime | None = None
        self._careful_day: date | None = None
        self._streak = 0
        self._report = self._make_report(0, date.min, ())

    @property
    def report(self) -> BreakerReport:
        """The last check's report, without its actions: those are handed out once, by the check itself."""
        return self._report

    @property
    def streak(self) -> int:
        """Losses in a row since the last win or recovery."""
        return self._streak

    def record_trade(self, pnl_usd: float, now: datetime) -> None:
        """Count one closed trade that was neither forced nor bought protection.

        Raises
        ------
        IntegrityError
            If the result is not a number.
        """
        if not math.isfinite(pnl_usd):
            raise IntegrityError("a trade's result is not a number", pnl_usd=pnl_usd, time=now.isoformat())
        self._streak = self._streak + 1 if pnl_usd < 0.0 else 0

    # --- the check --------------------------------------------------------------------------------------------------

    def check(self, inputs: BreakerInputs) -> BreakerReport:
        """Measure everything, trip what must trip, and recover what may recover.

        Raises
        ------
        CannotCompute
            If equity or margin is not a number. Nothing is then changed, and the caller must not read that as calm.
        """
        limits = thresholds(inputs.phase, inputs.vix)
        values = self._measure(inputs)
        measured = {kind: limits.level(kind, value) for kind, value in values.items()}
        levels = self._running_long_enough(measured)
        actions: list[Action] = []
        for kind, level in levels.items():
            if level >= SECOND and level > self._tripped.get(kind, 0):
                self._tripped[kind] = level
                self._tripped_at = inputs.time
                actions += self._on_trip(kind, level, inputs.time)
        if not actions and self._recovers(inputs, measured):
            self._clear(inputs.time.date())
            levels[BreakerKind.STREAK] = 0
        if self._level(levels) == THIRD and not any(isinstance(action, CloseAll) for action in actions):
            actions.append(CloseAll(reason="breaker locked"))
        shown = {kind: max(level, self._tripped.get(kind, 0)) for kind, level in levels.items()}
        trips = tuple(Trip(kind=kind, level=level, value=values[kind], threshold=limits.second(kind))
                      for kind, level in shown.items() if level)
        self._report = self._make_report(self._level(levels), inputs.time.date(), trips)
        readings = tuple(Trip(kind=kind, level=measured[kind], value=value, threshold=limits.second(kind))
                         for kind, value in values.items())
        return replace(self._report, actions=tuple(actions), measured=readings)

    def _running_long_enough(self, measured: Mapping[BreakerKind, int]) -> dict[BreakerKind, int]:
        """Apply the rule of two consecutive checks. A second or third level counts once that many consecutive checks
        have measured it; until then it counts as a first level. A streak is counted rather than measured, so it counts
        at once."""
        self._seen = {kind: [*self._seen.get(kind, []), level][-LEVEL_CHECKS_RUNNING:]
                      for kind, level in measured.items()}
        return {kind: level if level < SECOND or kind is BreakerKind.STREAK
                else max(FIRST, min(self._seen[kind])) if len(self._seen[kind]) == LEVEL_CHECKS_RUNNING else FIRST
                for kind, level in measured.items()}

    def _measure(self, inputs: BreakerInputs) -> dict[BreakerKind, float]:
        figures = (inputs.equity, inputs.flows_today, inputs.protection, inputs.margin_used_share)
        if not all(map(math.isfinite, figures)):
            raise CannotCompute("breakers cannot measure", equity=inputs.equity, flows_today=inputs.flows_today,
                                protection=inputs.protection, margin_used_share=inputs.margin_used_share)
        values = {BreakerKind.DRAWDOWN: self._drawdown(inputs), BreakerKind.MARGIN: inputs.margin_used_share,
                  BreakerKind.STREAK: float(self._streak)}
        if inputs.correlation.value is not None:
            values[BreakerKind.CORRELATION] = inputs.correlation.value
        return values

    def _drawdown(self, inputs: BreakerInputs) -> float:
        """Fall of the book without protection from its peak of the last five minutes, as a share of the account's
        equity at that peak. While a fall waits for its second check, it is measured from the same peak."""
        equity = inputs.equity - inputs.flows_today
        now = _Value(inputs.time, equity - inputs.protection, equity)
        if self._values and inputs.time - self._values[-1].time > RUNNING:
            self._seen, self._values = {}, deque()
        waits = self._seen.get(BreakerKind.DRAWDOWN, [0])[-1] >= SECOND > self._tripped.get(BreakerKind.DRAWDOWN, 0)
        while self._values and self._values[0].time < inputs.time - WINDOW and not waits:
            self._values.popleft()
        peak = max([now, *self._values], key=lambda value: value.unprotected)
        if peak.equity <= 0.0:
            raise CannotCompute("equity is not positive", equity=inputs.equity)
        self._values.append(now)
        return (peak.unprotected - now.unprotected) / peak.equity

    def _on_trip(self, kind: BreakerKind, level: int, now: datetime) -> list[Action]:
        reason = f"{kind.value} breaker, level {level}"
        if level == THIRD:
            self._locked_until = now + timedelta(hours=BREAKER_LOCK_HOURS)
            return [Halt(reason=reason), CloseAll(reason=reason)]
        if kind is BreakerKind.STREAK:
            return [Halt(reason=reason)]
        return [Halt(reason=reason), CloseRiskiest(count=BREAKER_SECOND_LEVEL_CLOSES, reason=reason)]

    def _recovers(self, inputs: BreakerInputs, levels: Mapping[BreakerKind, int]) -> bool:
        """Whether an hour has passed since the last trip, no measured breaker is at its threshold (a streak may be),
        data is fresh and correlation is below 0.70."""
        if not self._tripped or self._tripped_at is None or self._locked_until is not None:
            return False
        correlation = inputs.correlation.for_recovery
        still = any(level >= SECOND for kind, level in levels.items() if kind is not BreakerKind.STREAK)
        rested = inputs.time - self._tripped_at >= timedelta(hours=BREAKER_RECOVERY_HOURS)
        calm = correlation is not None and correlation < BREAKER_RECOVERY_CORRELATION
        return rested and calm and inputs.data_fresh and not still

    def _clear(self, day: date) -> None:
        self._tripped = {}
        self._tripped_at = None
        self._streak = 0
        self._careful_day = day

    def resume(self, now: datetime) -> Refused | None:
        """End a third level for the operator, once its 24 hours are over. The conditions of recovery still apply.

        Returns
        -------
        Refused or None
            ``BREAKER`` with ``locked_until`` while the lock lasts. None if the lock is ended or nothing is locked.
        """
        if self._locked_until is None:
            return None
        if now < self._locked_until:
            return Refused(code=RefusalCode.BREAKER, facts={"locked_until": self._locked_until.isoformat()})
        self._locked_until = None
        self._tripped = {kind: SECOND for kind in self._tripped}
        self._report = self._make_report(self._level({}), now.date(), ())
        return None

    # --- reports ----------------------------------------------------------------------------------------------------

    def _level(self, levels: Mapping[BreakerKind, int]) -> int:
        """The highest level, whether kept from a trip or measured now."""
        return max([0, *self._tripped.values(), *levels.values()])

    def _make_report(self, level: int, day: date, trips: tuple[Trip, ...]) -> BreakerReport:
        return BreakerReport(level=level, size_multiplier=BREAKER_FIRST_LEVEL_SIZE if level else 1.0,
                             one_entry_at_a_time=self._careful_day == day, check_every_minute=level > 0, trips=trips,
                             locked_until=self._locked_until)

    # --- memory -----------------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """What must survive a restart, as plain JSON. The equity of the last five minutes is not kept."""
        return {"tripped": {kind.value: level for kind, level in self._tripped.items()},
                "tripped_at": time_to_json(self._tripped_at), "locked_until": time_to_json(self._locked_until),
                "careful_day": self._careful_day.isoformat() if self._careful_day else None, "streak": self._streak}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take facts that :meth:`facts` gave. The report shows the restored levels at once.

        Raises
        ------
        IntegrityError
            If the facts have another form.
        """
        try:
            self._tripped = {BreakerKind(kind): int(level) for kind, level in facts["tripped"].items()}
            self._tripped_at = time_from_json(facts["tripped_at"])
            self._locked_until = time_from_json(facts["locked_until"])
            day = facts["careful_day"]
            self._careful_day = None if day is None else date.fromisoformat(day)
            self._streak = int(facts["streak"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError("not the facts of the circuit breakers", why=str(error)) from None
        self.self_check()
        self._report = self._make_report(self._level({}), self._careful_day or date.min, ())

    def self_check(self) -> None:
        """Raise when the facts contradict each other.

        Raises
        ------
        IntegrityError
        """
        levels = set(self._tripped.values())
        if not levels <= {SECOND, THIRD} or self._streak < 0:
            raise IntegrityError("impossible breaker levels", levels=sorted(levels), streak=self._streak)
        if bool(self._tripped) != (self._tripped_at is not None):
            raise IntegrityError("a trip without its time, or a time without a trip", trips=len(levels))
        if (THIRD in levels) != (self._locked_until is not None):
            raise IntegrityError("a third level without its lock, or a lock without it", levels=sorted(levels))
