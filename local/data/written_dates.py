"""Days and moments as people and vendors write them."""
from __future__ import annotations

from datetime import date, datetime

STAMPS = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%m/%d/%Y", "%m/%d/%y", "%Y/%m/%d %H:%M:%S",
          "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%b %d %Y")


def moment_of(text: str) -> datetime:
    """A moment, or a day's midnight; aware where the text names its zone. Where slashes stand, the month comes first.

    Raises
    ------
    ValueError
        It is none; the message is for a reader.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in STAMPS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    month_first = " (the month comes first: MM/DD/YYYY)" if "/" in text else ""
    raise ValueError(f"{text!r} is not a date or time{month_first}" if text else "the date is blank")


def day_of(text: str) -> date:
    """The day of a moment as :func:`moment_of` reads it: the one that is written, in whatever zone.

    Raises
    ------
    ValueError
        It is none.
    """
    return moment_of(text.strip()).date()
