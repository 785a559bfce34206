"""What an import drops and why, and what it keeps and tells. Nothing is mended."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from local.data import calendar
from local.data.importers.contracts import NOT_ON_SPOT, closing_minute, is_adjusted, is_index
from local.data.importers.rows import SCALE

NO_SESSION, OUTSIDE, ADJUSTED, EXPIRED = "not a trading day", "outside the session", "adjusted contract", "expired contract"
NO_QUOTE, CROSSED, NO_SPOT, STALE = "no bid and no ask", "crossed", "no price of the underlying", "stale"
DUPLICATE, CONFLICT = "duplicate row", "second quote of the same moment"
MEANING = {
    NO_SESSION: "the exchange was closed", OUTSIDE: "before the open or after the close",
    ADJUSTED: "does not deliver 100 shares: its root ends in a digit, or the file says so",
    EXPIRED: "its expiry lies before the quote", NO_QUOTE: "both sides zero or blank", CROSSED: "bid above ask",
    NO_SPOT: "none at or before the quote that day",
    STALE: "its ask lies below what exercise would bring, or its bid above what the option can be worth: quote and price of "
           "the underlying are not of one moment",
    DUPLICATE: "the same contract, moment and prices again", CONFLICT: "the same contract and moment with other prices; the "
                                                                       "first is kept"}
LOCKED, NO_BID, NO_ASK, SAMPLED = "locked: bid equals ask", "no bid", "no ask", "an earlier quote of the same minute"
# Exercise of a European option is days away: interest and dividends may be worth that share of the strike.
AMERICAN_TOLERANCE, EUROPEAN_TOLERANCE = 0.002, 0.05


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts by reason, and the place (file, line) of the first of each."""

    dropped: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[int, int]] = field(default_factory=dict)

    def note(self, reason: str, rows: np.ndarray, *, kept: bool = False) -> None:
        """Count rows of a reason."""
        if not len(rows):
            return
        (self.told if kept else self.dropped)[reason] += len(rows)
        self.first.setdefault(reason, (int(rows["file"][0]), int(rows["line"][0])))


def usable(rows: np.ndarray, root: str, underlying: str, day: date, tally: Tally) -> np.ndarray:
    """Quotes of one root and day that can be written: by contract and time, the last of each minute. ``second`` becomes
    the end of its minute."""
    if not calendar.is_session(day):
        tally.note(NO_SESSION, rows)
        return rows[:0]
    if is_adjusted(root):
        tally.note(ADJUSTED, rows)
        return rows[:0]
    rows = rows.copy()
    opening, closing = calendar.OPEN_MINUTE_OF_DAY * 60, closing_minute(day, underlying) * 60
    minute_end = -(-rows["second"] // 60) * 60
    for reason, wrong in (
            (ADJUSTED, rows["adjusted"]),
            (OUTSIDE, (minute_end <= opening) | (minute_end > closing)),
            (EXPIRED, rows["expiry"] < day.toordinal()),
            (NO_QUOTE, (rows["bid"] <= 0) & (rows["ask"] <= 0)),
            (CROSSED, (rows["ask"] > 0) & (rows["bid"] > rows["ask"])),
            (NO_SPOT, ~(rows["spot"] > 0.0)),
            (STALE, _stale(rows, underlying))):
        rows = _without(rows, wrong, reason, tally)
    rows = _without_doubles(rows, tally)
    for reason, seen in ((LOCKED, rows["bid"] == rows["ask"]), (NO_BID, rows["bid"] == 0), (NO_ASK, rows["ask"] == 0)):
        tally.note(reason, rows[seen], kept=True)
    return rows


def _without(rows: np.ndarray, wrong: np.ndarray, reason: str, tally: Tally) -> np.ndarray:
    """The rows that are not wrong. ``wrong`` was judged on all rows: those that went before are no longer there."""
    alive = rows["line"] >= 0
    tally.note(reason, rows[wrong & alive])
    rows["line"] = np.where(wrong, -1, rows["line"])
    return rows


def _stale(rows: np.ndarray, underlying: str) -> np.ndarray:
    if underlying in NOT_ON_SPOT:
        return np.zeros(len(rows), dtype=bool)
    spot, strike = rows["spot"] * SCALE, rows["strike"].astype(float)
    exercise = np.maximum(np.where(rows["put"], strike - spot, spot - strike), 0.0)
    most = np.where(rows["put"], strike, spot)
    tolerance = (EUROPEAN_TOLERANCE if is_index(underlying) else AMERICAN_TOLERANCE) * np.maximum(strike, spot)
    return ((rows["ask"] > 0) & (rows["ask"] < exercise - tolerance)) | (rows["bid"] > most + tolerance)


def _without_doubles(rows: np.ndarray, tally: Tally) -> np.ndarray:
    rows = rows[rows["line"] >= 0]
    rows = rows[np.lexsort((np.arange(len(rows)), rows["second"], rows["put"], rows["strike"], rows["expiry"]))]
    same = _equal_to_before(rows, ("expiry", "strike", "put", "second"))
    equal = same & _equal_to_before(rows, ("bid", "ask", "bid_size", "ask_size"))
    tally.note(DUPLICATE, rows[equal])
    tally.note(CONFLICT, rows[same & ~equal])
    rows = rows[~same]
    rows["second"] = -(-rows["second"] // 60) * 60
    superseded = np.append(_equal_to_before(rows, ("expiry", "strike", "put", "second"))[1:], False) if len(rows) else same[:0]
    tally.note(SAMPLED, rows[superseded], kept=True)
    return rows[~superseded]


def _equal_to_before(rows: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    found = np.zeros(len(rows), dtype=bool)
    if len(rows) > 1:
        found[1:] = np.all([rows[name][1:] == rows[name][:-1] for name in names], axis=0)
    return found
