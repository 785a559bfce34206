"""Conversions between UTC and a time zone's wall clock, both as naive datetimes."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
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
