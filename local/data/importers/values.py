"""Columns of text as numbers, days, moments and contracts. What cannot be read names its file and line."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from local.data.importers.errors import ImportRefused, at_line
from local.data.importers.layouts import NEW_YORK
from local.data.written_dates import day_of, moment_of

NOTHING = ("", "nan", "null", "none", "n/a", "na", "undef")
NO_INTEGER, NO_MOMENT = 9223372036854775807, 18446744073709551615     # Databento's marks of an absent figure
RIGHTS = {"c": False, "call": False, "calls": False, "p": True, "put": True, "puts": True}
OSI = re.compile(r"(?:O:)?(?P<root>[A-Z0-9./^]{1,6}?) *(?P<expiry>\d{6})(?P<right>[CP])(?P<strike>\d{8})")
EPOCH_DAYS = date(1970, 1, 1).toordinal()
T = TypeVar("T")


def numbers(column: pd.Series, name: str, what: str, *, least: float | None = None) -> np.ndarray:
    """Figures of a column, NaN where it is blank.

    Parameters
    ----------
    least : float or None
        Below it a figure is refused.

    Raises
    ------
    ImportRefused
        Text that is no number, an infinite one, one below ``least``.
    """
    found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, copy=True)
    open_questions = np.flatnonzero(np.isnan(found))
    for at in open_questions:
        text = str(column.iloc[at]).strip().replace(",", "").lstrip("$")
        if text.lower() in NOTHING:
            continue
        try:
            found[at] = float(text)
        except ValueError as error:
            raise at_line(name, int(column.index[at]), f"{what} {str(column.iloc[at])!r} is not a number") from error
    wrong = np.isinf(found) if least is None else np.isinf(found) | (found < least)
    if wrong.any():
        at = int(wrong.argmax())
        raise at_line(name, int(column.index[at]), f"{what} {str(column.iloc[at])!r} is "
                      f"{'not a finite number' if np.isinf(found[at]) else f'below {least:g}'}")
    return found


def each(column: pd.Series, name: str, read: Callable[[str], T]) -> tuple[np.ndarray, list[T]]:
    """Places of each row's text among the distinct ones, and those read: a text is read once.

    Raises
    ------
    ImportRefused
        ``read`` raised ValueError: the line of the first row with that text is named, with what was said of it.
    """
    codes, distinct = pd.factorize(column)
    values: list[T] = []
    for number, text in enumerate(distinct):
        try:
            values.append(read(str(text).strip()))
        except ValueError as error:
            raise at_line(name, int(column.index[int((codes == number).argmax())]), str(error)) from error
    return codes, values


def strict_day(text: str) -> date:
    """A day as the importers read it, with the years that a market has.

    Raises
    ------
    ValueError
        No date, or one before 1990 or after 2100.
    """
    found = day_of(text)
    if not 1990 <= found.year <= 2100:
        raise ValueError(f"{text!r} is no year of a market")
    return found


def right_of(text: str) -> bool:
    """Whether a right's word means a put.

    Raises
    ------
    ValueError
        It means neither.
    """
    if text.lower() not in RIGHTS:
        raise ValueError(f"right {text!r} is neither call nor put")
    return RIGHTS[text.lower()]


def contract_of(text: str) -> tuple[str, date, bool, int]:
    """Root, expiry, whether a put, and strike in ten-thousandths of an OSI symbol, padded or not, also with ``O:``.

    Raises
    ------
    ValueError
        It is none.
    """
    match = OSI.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an option's symbol like 'SPY   240119P00340000'")
    expiry = datetime.strptime(match["expiry"], "%y%m%d").date()
    return match["root"].strip(), expiry, match["right"] == "P", int(match["strike"]) * 10


def moments(column: pd.Series, name: str, unit: str, zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Day (as an ordinal) and seconds since New York's midnight of each stamp.

    Parameters
    ----------
    unit : str
        ``text``, or what whole numbers since 1970 count.
    zone : str
        Of stamps in text that name none.

    Raises
    ------
    ImportRefused
        A stamp that cannot be read, or none.
    """
    if unit != "text":
        return _counted(column, name, unit)
    codes, found = each(column, name, moment_of)
    local = [_in_new_york(stamp, zone) for stamp in found]
    days = np.array([stamp.toordinal() for stamp in local], dtype=np.int64)
    seconds = np.array([stamp.hour * 3600 + stamp.minute * 60 + stamp.second + (stamp.microsecond > 0) for stamp in local],
                       dtype=np.int64)
    return days[codes], seconds[codes]


def _in_new_york(stamp: datetime, zone: str) -> datetime:
    if stamp.tzinfo is None:
        if zone == NEW_YORK:
            return stamp
        stamp = stamp.replace(tzinfo=ZoneInfo(zone))
    return stamp.astimezone(ZoneInfo(NEW_YORK))


def _counted(column: pd.Series, name: str, unit: str) -> tuple[np.ndarray, np.ndarray]:
    whole = column.str.fullmatch(r"\d{1,19}").to_numpy(dtype=bool)
    if not whole.all():
        at = int((~whole).argmax())
        raise at_line(name, int(column.index[at]), f"time {str(column.iloc[at])!r} is not a whole number of {unit} since 1970")
    try:
        stamps = pd.to_datetime(column.astype(np.int64).to_numpy(), unit=unit, utc=True)
    except (ValueError, OverflowError) as error:
        raise ImportRefused(f"{name}: a time is beyond all years in {unit} since 1970: is it another unit?") from error
    local = stamps.tz_convert(NEW_YORK).tz_localize(None)
    midnights = local.normalize()
    days = (midnights - pd.Timestamp(0)).days.to_numpy(dtype=np.int64) + EPOCH_DAYS
    seconds = np.ceil((local - midnights).total_seconds().to_numpy() - 1e-9).astype(np.int64)
    return days, seconds


def clock(text: str) -> int:
    """Seconds since midnight of a time of day: ``HH:MM`` with or without seconds, or milliseconds as a whole number.

    Raises
    ------
    ValueError
        It is none.
    """
    if text.isdecimal() and int(text) < 86_400_000:
        return -(-int(text) // 1000)
    try:
        found = time.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time of day") from error
    return found.hour * 3600 + found.minute * 60 + found.second + (found.microsecond > 0)
