"""Conversions between UTC and a time zone's wall clock, both as naive datetimes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

UTC = ZoneInfo("UTC")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone_of(zone: str | ZoneInfo) -> ZoneInfo:
    """Return the zone for a name or a zone."""
    return zone if isinstance(zone, ZoneInfo) else _zone(str(zone))


@lru_cache(maxsize=4096)
def _from_utc(utc: datetime, zone: ZoneInfo) -> datetime:
    return utc.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


@lru_cache(maxsize=4096)
def _to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def from_utc(utc: datetime, zone: str | ZoneInfo) -> datetime:
    """Return the wall clock of `zone` at a naive UTC instant."""
    return _from_utc(utc, zone_of(zone))


def to_utc(local: datetime, zone: str | ZoneInfo) -> datetime:
    """Return the naive UTC instant of a naive wall clock of `zone`."""
    return _to_utc(local, zone_of(zone))


def next_hour(instant: datetime) -> datetime:
    """Return the first full hour after `instant`."""
    return instant.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def naive(instant: datetime) -> datetime:
    """Return a UTC time without its zone."""
    return instant.replace(tzinfo=None) if instant.tzinfo is not None else instant


class Instant:
    """A UTC time that algorithms see with its zone, as LEAN's bridge hands it out.

    The engine reads and keeps it naive, under the attribute's name with `naive_` before it.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._slot = f"naive_{name}"

    def __get__(self, owner: Any, kind: type | None = None) -> datetime | None:
        if owner is None:
            return self
        value = getattr(owner, self._slot)
        return None if value is None else value.replace(tzinfo=timezone.utc)

    def __set__(self, owner: Any, value: datetime | None) -> None:
        setattr(owner, self._slot, None if value is None else naive(value))


class FirstInstant(Instant):
    """One that is set from the beginning."""

    if TYPE_CHECKING:
        def __get__(self, owner: Any, kind: type | None = None) -> datetime: ...
