"""The one source of the VIX. Everything that depends on volatility asks here and gets a reading or a refusal. It never
gets a default, and in market hours it never gets an old value."""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import date, datetime, timedelta
from typing import Any, Iterable, Mapping

from config.constants import (VIX_COMPLACENT_CHANGE, VIX_COMPLACENT_LEVEL, VIX_ENTRY_RESUME_CLOSE, VIX_ENTRY_STOP,
                              VIX_MAX_AGE_MINUTES, VIX_PANIC_CHANGE, VIX_PERCENTILE_SESSIONS,
                              VIX_PREVIOUS_CLOSE_MAX_DAYS, VIX_REGIMES)
from core.codes import RefusalCode
from core.errors import IntegrityError
from core.model import Refused, VixReading


def vix_regime(value: float) -> str:
    """Name of the regime that ``value`` lies in: the first whose upper bound is above it.

    Raises
    ------
    IntegrityError
        If ``value`` is not a positive, finite number.
    """
    if not _usable(value):
        raise IntegrityError("no regime for this VIX", value=value)
    return next(name for below, name in VIX_REGIMES if value < below)


def _usable(value: float) -> bool:
    return math.isfinite(value) and value > 0.0


class UnifiedVixManager:
    """The last real print, the daily closes, and the stop of entries above 35.

    Daily closes come from LEAN's history at each start and are not stored. The stop is stored, because a print within a
    session leaves no trace in daily closes.
    """

    def __init__(self) -> None:
        self._closes: dict[date, float] = {}
        self._value: float | None = None
        self._time: datetime | None = None
        self._stopped_on: date | None = None
        self._window_key: tuple[date, int] | None = None
        self._window: list[float] = []
        self._ordered: list[float] = []
        self._last_close_day: date | None = None

    # --- what happened ----------------------------------------------------------------------------------------------

    def load_history(self, closes: Iterable[tuple[date, float]]) -> None:
        """Take daily closes, oldest first, and replace the history held so far.

        A close above 35 stops entries and a close below 30 resumes them, as if each had been seen on its day. A stop
        that was restored from the store ends only with a close of its own day or later.

        Raises
        ------
        IntegrityError
            If the days do not ascend, or a close is not a positive number.
        """
        history: dict[date, float] = {}
        previous: date | None = None
        for day, close in closes:
            if previous is not None and day <= previous:
                raise IntegrityError("VIX history does not ascend", day=day.isoformat(), after=previous.isoformat())
            if not _usable(close):
                raise IntegrityError("VIX history holds an unusable close", day=day.isoformat(), close=close)
            history[day] = float(close)
            previous = day
        self._closes = history
        self._window_key = None
        for day, close in history.items():
            self._apply_close(day, close)

    def update(self, value: float, time: datetime) -> Refused | None:
        """Take one real print (not a filled-forward bar).

        Parameters
        ----------
        value : float
            Index level.
        time : datetime
            End of the bar that carried it, New York.

        Returns
        -------
        Refused or None
            ``VIX_MISSING`` for a value that is not a level, ``VIX_STALE`` for a print older than the last. Neither
            changes anything.
        """
        if not _usable(value):
            return Refused(code=RefusalCode.VIX_MISSING, facts={"value": value, "time": time.isoformat()})
        if self._time is not None and time < self._time:
            return Refused(code=RefusalCode.VIX_STALE, facts={"time": time.isoformat(), "last": self._time.isoformat()})
        self._value, self._time = float(value), time
        if value > VIX_ENTRY_STOP:
            self._stopped_on = time.date()
        return None

    def _apply_close(self, day: date, close: float) -> None:
        if close > VIX_ENTRY_STOP:
            if self._stopped_on is None or day > self._stopped_on:
                self._stopped_on = day
        elif close < VIX_ENTRY_RESUME_CLOSE and self._stopped_on is not None and day >= self._stopped_on:
            self._stopped_on = None

    # --- what is known ----------------------------------------------------------------------------------------------

    @property
    def last_print(self) -> tuple[float, datetime] | None:
        """Last real print and its time, however old. For defence only; entries need :meth:`reading`."""
        if self._value is None or self._time is None:
            return None
        return self._value, self._time

    @property
    def entry_stopped(self) -> bool:
        """True from a print above 35 until a close below 30."""
        return self._stopped_on is not None

    def reading(self, now: datetime, in_session: bool) -> VixReading | Refused:
        """What the VIX says at ``now``.

        Parameters
        ----------
        now : datetime
            New York.
        in_session : bool
            Whether the stock market is open. Only then must the print be at most 5 minutes old.

        Returns
        -------
        VixReading or Refused
            ``VIX_MISSING`` without a print or a recent close, ``VIX_STALE`` for an old print, ``IV_HISTORY_MISSING``
            with fewer than 252 closes, ``GUARD_CANNOT_COMPUTE`` for a print from the future.
        """
        if self._value is None or self._time is None:
            return Refused(code=RefusalCode.VIX_MISSING, facts={"missing": "print"})
        age = now - self._time
        if age < timedelta(0):
            return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE,
                           facts={"guard": "vix", "print": self._time.isoformat(), "now": now.isoformat()})
        if in_session and age > timedelta(minutes=VIX_MAX_AGE_MINUTES):
            return Refused(code=RefusalCode.VIX_STALE, facts={
                "age_minutes": age.total_seconds() / 60.0, "limit_minutes": VIX_MAX_AGE_MINUTES})
        previous = self._previous_close(self._time.date())
        if isinstance(previous, Refused):
            return previous
        if len(self._window) < VIX_PERCENTILE_SESSIONS:
            return Refused(code=RefusalCode.IV_HISTORY_MISSING, facts={
                "index": "VIX", "closes": len(self._window), "needed": VIX_PERCENTILE_SESSIONS})
        change = self._value / previous - 1.0
        below = bisect_left(self._ordered, self._value)
        return VixReading(
            value=self._value, time=self._time, previous_close=previous, change=change,
            percentile=100.0 * below / VIX_PERCENTILE_SESSIONS, regime=vix_regime(self._value),
            panic=self._value >= previous * (1.0 + VIX_PANIC_CHANGE),
            complacent=self._value < VIX_COMPLACENT_LEVEL and change < VIX_COMPLACENT_CHANGE,
            entry_stopped=self.entry_stopped)

    def _previous_close(self, today: date) -> float | Refused:
        """Last close before ``today``. When the day has changed, it also fills the window of the percentile."""
        key = (today, len(self._closes))
        if key != self._window_key:
            earlier = [close for day, close in self._closes.items() if day < today]
            self._window = earlier[-VIX_PERCENTILE_SESSIONS:]
            self._ordered = sorted(self._window)
            self._last_close_day = max((day for day in self._closes if day < today), default=None)
            self._window_key = key
        last = self._last_close_day
        if last is None:
            return Refused(code=RefusalCode.VIX_MISSING, facts={"missing": "previous_close"})
        if (today - last).days > VIX_PREVIOUS_CLOSE_MAX_DAYS:
            return Refused(code=RefusalCode.VIX_MISSING, facts={
                "missing": "previous_close", "last_close": last.isoformat(), "limit_days": VIX_PREVIOUS_CLOSE_MAX_DAYS})
        return self._window[-1]

    # --- memory -----------------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """What must survive a restart, as plain JSON: the day of the print that stopped entries."""
        return {"stopped_on": self._stopped_on.isoformat() if self._stopped_on else None}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take facts that :meth:`facts` gave; call before :meth:`load_history`.

        Raises
        ------
        IntegrityError
            If keys are unknown or missing, or the day cannot be read.
        """
        if set(facts) != {"stopped_on"}:
            raise IntegrityError("not the facts of the VIX manager", keys=sorted(facts))
        text = facts["stopped_on"]
        try:
            self._stopped_on = None if text is None else date.fromisoformat(text)
        except (TypeError, ValueError):
            raise IntegrityError("the VIX manager's stop is no date", stopped_on=text) from None

    def self_check(self) -> None:
        """Raise unless there are 252 closes.

        Raises
        ------
        IntegrityError
        """
        if len(self._closes) < VIX_PERCENTILE_SESSIONS:
            raise IntegrityError("too few VIX closes", closes=len(self._closes), needed=VIX_PERCENTILE_SESSIONS)
