"""The run's time: the algorithm's instant, and the last instant whose data has been seen."""
from __future__ import annotations

from datetime import datetime, timedelta

from local.engine.time_zones import EPOCH, NEW_YORK, convert_from_utc

ONE_TICK = timedelta(microseconds=1)


class Clock:
    """Naive UTC time of the algorithm and `second`, the epoch second up to which prices are known.

    Extra slices that LEAN emits one tick (100 ns) after another are one microsecond after it here; `local` hides that
    microsecond, as Python sees LEAN's times without it.
    """

    __slots__ = ("utc", "second", "time_zone", "has_volatility_models", "_local_of", "_local")

    def __init__(self) -> None:
        self.utc, self.second, self.time_zone = EPOCH, 0, NEW_YORK
        self.has_volatility_models = False
        self._local_of: datetime | None = None
        self._local = EPOCH

    @property
    def local(self) -> datetime:
        """The algorithm's time in its own zone."""
        if self._local_of is not self.utc:
            self._local_of = self.utc
            local = convert_from_utc(self.utc, self.time_zone)
            self._local = local.replace(microsecond=0) if local.microsecond == 1 else local
        return self._local

    def in_zone(self, zone: str) -> datetime:
        """The algorithm's time in a zone."""
        if zone == self.time_zone:
            return self.local
        local = convert_from_utc(self.utc, zone)
        return local.replace(microsecond=0) if local.microsecond == 1 else local

    def set_time_zone(self, zone: str) -> None:
        """Changes the algorithm's zone."""
        self.time_zone, self._local_of = zone, None
