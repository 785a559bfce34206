"""Conversions between naive UTC and naive local datetimes, cached per zone and day."""
from __future__ import annotations

import functools
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = "UTC"
NEW_YORK = "America/New_York"
CHICAGO = "America/Chicago"
EPOCH = datetime(1970, 1, 1)
ONE_DAY = timedelta(days=1)
_MIDNIGHT = time()


class TimeZones:
    """Names of the time zones algorithms use most."""

    UTC = UTC
    NEW_YORK = NEW_YORK
    EASTERN_STANDARD = "UTC-05:00"
    CHICAGO = CHICAGO
    LOS_ANGELES = "America/Los_Angeles"
    LONDON = "Europe/London"


@functools.lru_cache(maxsize=None)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@functools.lru_cache(maxsize=20_000)
def _offsets_of_utc_day(zone: str, day: date) -> tuple[timedelta, timedelta]:
    """UTC offsets at the first and the last instant of a UTC day."""
    info = _zone(zone)
    start = datetime.combine(day, _MIDNIGHT, timezone.utc)
    end = start + ONE_DAY - timedelta(microseconds=1)
    return info.utcoffset(start.astimezone(info)), info.utcoffset(end.astimezone(info))


def utc_offset(utc: datetime, zone: str) -> timedelta:
    """Offset of a zone from UTC at a naive UTC instant."""
    if zone == UTC:
        return timedelta()
    first, last = _offsets_of_utc_day(zone, utc.date())
    if first == last:
        return first
    info = _zone(zone)
    return info.utcoffset(utc.replace(tzinfo=timezone.utc).astimezone(info))


def convert_from_utc(utc: datetime, zone: str) -> datetime:
    """Naive local time of a naive UTC instant."""
    return utc + utc_offset(utc, zone)


@functools.lru_cache(maxsize=20_000)
def local_of_second(second: int, zone: str) -> datetime:
    """Naive local time of an epoch second; many bars end at the same one."""
    return convert_from_utc(EPOCH + timedelta(seconds=second), zone)


@functools.lru_cache(maxsize=20_000)
def _offsets_of_local_day(zone: str, day: date) -> tuple[timedelta, timedelta]:
    info = _zone(zone)
    start = datetime.combine(day, _MIDNIGHT)
    return info.utcoffset(start.replace(tzinfo=info)), info.utcoffset((start + timedelta(hours=23)).replace(tzinfo=info))


def convert_to_utc(local: datetime, zone: str) -> datetime:
    """Naive UTC instant of a naive local time (the first of two where the clock is set back)."""
    if zone == UTC:
        return local
    first, last = _offsets_of_local_day(zone, local.date())
    if first == last:
        return local - first
    return local - _zone(zone).utcoffset(local.replace(tzinfo=_zone(zone)))


def convert(local: datetime, source: str, target: str) -> datetime:
    """Naive time in one zone as naive time in another."""
    return local if source == target else convert_from_utc(convert_to_utc(local, source), target)


def seconds_of(utc: datetime) -> int:
    """Whole seconds from the epoch to a naive UTC instant."""
    delta = utc - EPOCH
    return delta.days * 86_400 + delta.seconds


def midnight_utc_seconds(day: date, zone: str) -> int:
    """Epoch seconds of the local midnight that starts a day, by the offset that holds at that day's noon.

    File times count from midnight; the clock changes at night, when the markets covered are shut.
    """
    noon = datetime.combine(day, time(12))
    return seconds_of(convert_to_utc(noon, zone)) - 43_200
