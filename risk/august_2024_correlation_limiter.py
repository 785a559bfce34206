"""The August 2024 limiter. It would have stopped fourteen short-volatility positions that were really one position.

It has two guards. The counts limit the open positions in each correlation group, those that are short volatility, and
all of them. The correlation guard takes the mean pairwise correlation of 5-minute P&L, one series per underlying, over
the last 78 marks of session time, whatever nights lie between them. With too few marks the counts decide alone, and
``CORR_TOO_SHORT`` is recorded. Bought protection enters no count and no series.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, Collection, Final, Mapping, Sequence

import numpy as np

from config.constants import (CORRELATION_BLOCK, CORRELATION_GROUPS, CORRELATION_MARK_MINUTES, CORRELATION_MIN_MARKS,
                              CORRELATION_MIN_UNDERLYINGS, CORRELATION_WINDOW_MARKS, MAX_LIMITER_POSITIONS,
                              MAX_POSITIONS_PER_GROUP, MAX_SHORT_VOLATILITY_POSITIONS)
from config.instruments import INSTRUMENTS
from core.arrays import Floats
from core.codes import RefusalCode
from core.errors import CannotCompute, IntegrityError
from core.guards import OpenRisk
from core.model import Position, Refused, Snapshot
from core.protection import is_protection
from core.quotes import at_least, ticker_of, usable_mid
from core.serialization import Encoded, canonical

CORR_TOO_SHORT: Final = "CORR_TOO_SHORT"
MARK: Final = timedelta(minutes=CORRELATION_MARK_MINUTES)
# A mark later than this after the last one (a night, a pause) is not a 5-minute change. It only sets a new baseline.
MARK_TOO_LATE: Final = 2 * MARK


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationReading:
    """Mean pairwise correlation of the book; None, with ``note`` ``CORR_TOO_SHORT``, if there is too little to go by.

    ``underlyings`` is the number of underlyings the book holds, quoted or not. ``marks`` is the largest number of marks
    that any pair of them has in common.
    """

    value: float | None
    underlyings: int
    marks: int
    note: str = ""

    @property
    def for_recovery(self) -> float | None:
        """The value that decides a recovery. Fewer than two underlyings count as 0; two with too few marks give
        None."""
        return 0.0 if self.underlyings < CORRELATION_MIN_UNDERLYINGS else self.value


@dataclass(frozen=True, slots=True)
class _Mark:
    time: datetime
    pnl: Mapping[str, float]
    returns: Mapping[str, float]
    text: str = ""

    def row(self) -> list[object]:
        """The mark in its stored form."""
        return [self.time.isoformat(), dict(self.pnl), dict(self.returns)]

    def encoded(self) -> str:
        """The stored row's JSON text, written once."""
        if not self.text:
            object.__setattr__(self, "text", canonical(self.row()))
        return self.text


def correlation_group(underlying: str) -> str | None:
    """The correlation group of ``underlying``; None if it has none (a guard then refuses it)."""
    return CORRELATION_GROUPS.get(underlying)


def check_counts(candidate: OpenRisk, open_risks: Sequence[OpenRisk]) -> Refused | None:
    """Check the counts alone: at most 3 per group, 5 short-volatility and 10 in all, the candidate included."""
    group = correlation_group(candidate.underlying)
    if group is None:
        return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={"guard": "correlation groups",
                                                                     "underlying": candidate.underlying})
    in_group = sum(correlation_group(risk.underlying) == group for risk in open_risks)
    short_volatility = sum(risk.short_volatility for risk in open_risks)
    table = (
        (RefusalCode.GROUP_FULL, in_group, MAX_POSITIONS_PER_GROUP, True),
        (RefusalCode.SHORT_VOLATILITY_FULL, short_volatility, MAX_SHORT_VOLATILITY_POSITIONS,
         candidate.short_volatility),
        (RefusalCode.LIMITER_FULL, len(open_risks), MAX_LIMITER_POSITIONS, True),
    )
    for code, count, limit, applies in table:
        if applies and count >= limit:
            return Refused(code=code, facts={"open": count, "limit": limit, "group": group,
                                             "underlying": candidate.underlying})
    return None


def pair_correlation(one: Floats, other: Floats) -> tuple[float | None, int]:
    """Pearson correlation of two series over the marks that both have (NaN: no mark), and the number of those marks.

    The correlation is None with fewer than 60 common marks, or if one of the series does not move.
    """
    both = np.isfinite(one) & np.isfinite(other)
    count = int(np.count_nonzero(both))
    if count < CORRELATION_MIN_MARKS:
        return None, count
    return _Centred.of(one[both]).correlation(_Centred.of(other[both])), count


@dataclass(frozen=True, slots=True)
class _Centred:
    """A series without gaps, less its mean, and its sum of squares: all that its pairs need of it."""

    values: Floats
    squares: float

    @classmethod
    def of(cls, series: Floats) -> _Centred:
        values = series - series.mean()
        return cls(values, float(values @ values))

    def correlation(self, other: _Centred) -> float | None:
        """Pearson correlation; None if one of the two does not move."""
        scale = math.sqrt(self.squares * other.squares)
        if not scale > 0.0:
            return None
        return max(-1.0, min(1.0, float(self.values @ other.values) / scale))


def _position_value(position: Position, snapshot: Snapshot) -> float:
    """Cash so far plus the mid value of what is held, USD."""
    held = sum(leg.quantity * leg.contract.multiplier * usable_mid(leg.contract, snapshot.quotes)
               for leg in position.legs if leg.quantity)
    return position.cash_flow_usd + held


def _moved(before: list[_Mark], marks: list[_Mark]) -> tuple[int, int]:
    """How many marks leave at the front and how many are added at the end when the window moves from ``before`` to
    ``marks``. If the two windows do not overlap, all of them leave and all are added."""
    gone = next((index for index, mark in enumerate(before) if marks and mark is marks[0]), len(before))
    kept = len(before) - gone
    if kept > len(marks) or kept and marks[kept - 1] is not before[-1]:
        return len(before), len(marks)
    return gone, len(marks) - kept


class August2024CorrelationLimiter:
    """The last 78 marks, the book's correlation, and the check before an entry."""

    def __init__(self) -> None:
        self._marks: deque[_Mark] = deque(maxlen=CORRELATION_WINDOW_MARKS)
        self._held: frozenset[str] | None = None
        self._series_key: tuple[datetime, datetime, frozenset[str] | None] | None = None
        self._pnl: dict[str, Floats] = {}
        self._centred: dict[str, _Centred] = {}
        self._returns: dict[str, Floats | None] = {}
        self._laid_out: list[_Mark] = []
        self._baseline: tuple[datetime, dict[str, tuple[str, float | None]], dict[str, float]] | None = None

    # --- marks ------------------------------------------------------------------------------------------------------

    def record_marks(self, time: datetime, pnl_by_underlying: Mapping[str, float],
                     returns: Mapping[str, float]) -> None:
        """Take one 5-minute mark.

        Parameters
        ----------
        time : datetime
            End of the five minutes, New York; later than the last mark's.
        pnl_by_underlying : mapping of str to float
            Change in the book's value over the five minutes, USD, for each underlying held. Bought protection is left
            out. The keys are the book.
        returns : mapping of str to float
            Simple return of every watched underlying and volatility index over the same five minutes.

        Raises
        ------
        IntegrityError
            If the mark is not later than the last, or a number is not finite.
        """
        if self._marks and time <= self._marks[-1].time:
            raise IntegrityError("mark is not later than the last", time=time.isoformat(),
                                 last=self._marks[-1].time.isoformat())
        for name, value in [*pnl_by_underlying.items(), *returns.items()]:
            if not math.isfinite(value):
                raise IntegrityError("mark is not finite", underlying=name, value=value)
        self._marks.append(_Mark(time, dict(pnl_by_underlying), dict(returns)))

    def observe(self, snapshot: Snapshot) -> bool:
        """Compute a mark from two snapshots five minutes apart. Call it at every risk check.

        If a position cannot be valued (a leg has no usable quote), its underlying is left out of the mark. A call
        sooner than five minutes after the last mark does nothing. A call more than ten minutes after it only starts
        anew.

        Returns
        -------
        bool
            Whether a mark was recorded.
        """
        book = [position for position in snapshot.positions if position.is_open and not is_protection(position)]
        self._held = frozenset(position.underlying for position in book)
        elapsed = None if self._baseline is None else snapshot.time - self._baseline[0]
        if elapsed is not None and timedelta(0) <= elapsed < MARK:
            return False
        values: dict[str, tuple[str, float | None]] = {}
        for position in book:
            try:
                values[position.id] = (position.underlying, _position_value(position, snapshot))
            except CannotCompute:
                values[position.id] = (position.underlying, None)
        prices = _prices(snapshot)
        earlier, self._baseline = self._baseline, (snapshot.time, values, prices)
        if earlier is None or elapsed is None or not timedelta(0) < elapsed <= MARK_TOO_LATE:
            return False
        self.record_marks(snapshot.time, _changes(earlier[1], values), {
            symbol: price / earlier[2][symbol] - 1.0 for symbol, price in prices.items() if symbol in earlier[2]})
        return True

    # --- readings ---------------------------------------------------------------------------------------------------

    def reading(self) -> CorrelationReading:
        """Mean pairwise correlation of the book over the last 78 marks."""
        self._arrange()
        book = self._book()
        pairs = [self._pair(one, other) for one, other in combinations(book, 2)]
        marks = max((count for _, count in pairs), default=len(self._marks))
        values = [value for value, _ in pairs if value is not None]
        if len(book) < CORRELATION_MIN_UNDERLYINGS or not values:
            return CorrelationReading(value=None, underlyings=len(book), marks=marks, note=CORR_TOO_SHORT)
        return CorrelationReading(value=sum(values) / len(values), underlyings=len(book), marks=marks)

    def _book(self) -> list[str]:
        return sorted(self._pnl)

    def _arrange(self) -> None:
        """Lay the window's marks out as one array per underlying of the book, if either has changed. The book is what
        was held when last observed. After a restart, until the first observation, it is what the last mark holds."""
        marks = list(self._marks)
        key = (marks[0].time, marks[-1].time, self._held) if marks else None
        if key is not None and key == self._series_key:
            return
        self._series_key = key
        last: Collection[str] = marks[-1].pnl if marks else ()
        book = last if self._held is None else self._held
        gone, new = _moved(self._laid_out, marks)
        self._pnl = {name: self._pnl_of(name, marks, gone, new) for name in book}
        self._centred = {name: _Centred.of(series) for name, series in self._pnl.items()
                         if len(series) and np.isfinite(series).all()}
        self._laid_out, self._returns = marks, {}

    def _pair(self, one: str, other: str) -> tuple[float | None, int]:
        """:func:`pair_correlation` of two underlyings of the book. A series without gaps is centred once for all its
        pairs."""
        first, second = self._centred.get(one), self._centred.get(other)
        if first is None or second is None or len(first.values) < CORRELATION_MIN_MARKS:
            return pair_correlation(self._pnl[one], self._pnl[other])
        return first.correlation(second), len(first.values)

    def _pnl_of(self, name: str, marks: list[_Mark], gone: int, new: int) -> Floats:
        """One underlying's P&L over ``marks``: its earlier array, less the first ``gone`` marks, plus the last
        ``new``."""
        known = self._pnl.get(name)
        if known is None:
            return np.array([mark.pnl.get(name, math.nan) for mark in marks])
        fresh = np.array([mark.pnl.get(name, math.nan) for mark in marks[len(marks) - new:]], dtype=float)
        return np.concatenate((known[gone:], fresh))

    def _returns_of(self, underlying: str) -> Floats | None:
        """Returns of one underlying over the marks laid out; None where no mark has one."""
        if underlying not in self._returns:
            watched = any(underlying in mark.returns for mark in self._laid_out)
            self._returns[underlying] = np.array([mark.returns.get(underlying, math.nan) for mark in self._laid_out]
                                                 ) if watched else None
        return self._returns[underlying]

    # --- the check --------------------------------------------------------------------------------------------------

    def check(self, candidate: OpenRisk, open_risks: Sequence[OpenRisk], delta: float | None) -> Refused | None:
        """Refuse an entry for which the counts have no room, or which adds to a correlation of 0.70 or more.

        A candidate adds to the correlation if its own mean correlation with the book is above zero. It is then blocked
        if the book's mean pairwise correlation, with the candidate in it, is at least 0.70. There is one series per
        underlying, so a candidate on an underlying that the book already holds adds no new series.

        Parameters
        ----------
        delta : float or None
            Delta of the candidate in its own underlying; None or 0 if it has none. A candidate that bets on volatility
            is judged without it.
        """
        refused = check_counts(candidate, open_risks)
        if refused is not None:
            return refused
        if delta is not None and not math.isfinite(delta):
            return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={"guard": "correlation", "delta": delta})
        self._arrange()
        book, series = self._book(), self._series_of(candidate, delta)
        if series is None or len({*book, candidate.underlying}) < CORRELATION_MIN_UNDERLYINGS:
            return None
        own = [value for name in book if (value := pair_correlation(self._pnl[name], series)[0]) is not None]
        pairs = [value for one, other in combinations(book, 2)
                 if (value := self._pair(one, other)[0]) is not None]
        mixed = pairs if candidate.underlying in book else pairs + own
        if not own or not mixed:
            return None
        with_candidate, added = sum(mixed) / len(mixed), sum(own) / len(own)
        if at_least(with_candidate, CORRELATION_BLOCK) and added > 0.0:
            return Refused(code=RefusalCode.CORRELATION_HIGH, facts={
                "correlation_with_candidate": with_candidate, "candidate_with_book": added, "limit": CORRELATION_BLOCK,
                "underlying": candidate.underlying})
        return None

    def _series_of(self, candidate: OpenRisk, delta: float | None) -> Floats | None:
        """The P&L series the candidate would make, up to its size. For a bet on volatility it is minus the change of
        the underlying's volatility index; otherwise the underlying's return times the sign of ``delta``. None if
        unknown."""
        if candidate.bets_on_volatility:
            instrument = INSTRUMENTS.get(candidate.underlying)
            index = None if instrument is None else instrument.volatility_index
            changes = None if index is None else self._returns_of(index)
            return None if changes is None else -changes
        returns = self._returns_of(candidate.underlying)
        return None if returns is None or not delta else math.copysign(1.0, delta) * returns

    # --- memory -----------------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """The account's own P&L marks as plain JSON. They are stored nowhere else; without them the correlation breaker
        would be blind for five hours after a restart."""
        return {"marks": [mark.row() for mark in self._marks]}

    def encoded_facts(self) -> dict[str, Encoded]:
        """:meth:`facts` with the marks' text, each written once."""
        return {"marks": Encoded.rows(mark.encoded() for mark in self._marks)}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take facts that :meth:`facts` gave.

        Raises
        ------
        IntegrityError
            If the facts have another form, or hold marks that :meth:`record_marks` would refuse.
        """
        if set(facts) != {"marks"}:
            raise IntegrityError("not the facts of the correlation limiter", keys=sorted(facts))
        self._marks.clear()
        self._series_key = None
        for row in facts["marks"]:
            try:
                text, pnl, returns = row
                time = datetime.fromisoformat(text)
            except (TypeError, ValueError):
                raise IntegrityError("a stored mark cannot be read", mark=repr(row)[:80]) from None
            self.record_marks(time, {str(name): float(value) for name, value in pnl.items()},
                              {str(name): float(value) for name, value in returns.items()})

    def self_check(self) -> None:
        """Raise when marks are out of order.

        Raises
        ------
        IntegrityError
        """
        times = [mark.time for mark in self._marks]
        if times != sorted(set(times)):
            raise IntegrityError("correlation marks out of order", marks=len(times))


def _prices(snapshot: Snapshot) -> dict[str, float]:
    """Usable price of every underlying. A future held by contract months has its first month's, under its ticker."""
    prices: dict[str, float] = {}
    for key in sorted(snapshot.underlyings):
        ticker = ticker_of(key)
        if ticker in prices:
            continue
        price = snapshot.price(key)
        if math.isfinite(price) and price > 0.0:
            prices[ticker] = price
    return prices


def _changes(earlier: Mapping[str, tuple[str, float | None]],
             later: Mapping[str, tuple[str, float | None]]) -> dict[str, float]:
    """P&L by underlying between two valuations, over the positions that both hold."""
    changes: dict[str, float] = {}
    unknown: set[str] = set()
    for name, (underlying, value) in later.items():
        if name not in earlier:
            continue
        before = earlier[name][1]
        if value is None or before is None:
            unknown.add(underlying)
        else:
            changes[underlying] = changes.get(underlying, 0.0) + value - before
    return {underlying: change for underlying, change in changes.items() if underlying not in unknown}
