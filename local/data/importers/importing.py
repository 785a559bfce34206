"""The whole import: files to quotes, quotes to days, days to a data folder; and the report of what was dropped and why."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from local.data.importers import checks, files, lean_days, universe
from local.data.importers.checks import MEANING, Tally
from local.data.importers.contracts import NOT_ON_SPOT, is_index, plain
from local.data.importers.definitions import is_definitions
from local.data.importers.errors import ImportRefused
from local.data.importers.layouts import VENDORS, Layout, chosen
from local.data.importers.prices import PriceTable
from local.data.importers.rows import Reading, quotes
from local.data.importers.spool import Spool
from local.data.importers.underlyings import (Split, Spots, bar_of, daily_file, map_file, minute_file, spots_of, suspected,
                                              write_days, write_map_and_factors, write_minutes)
from local.data.importers.universe import Volatilities, check_carry, universe_text

TICKER_IN_NAME = re.compile(r"\^?(?P<ticker>[A-Za-z]{1,5})_(?:eod|\d+min|intraday|30x15)", re.ASCII)
MOST_OUTSIDE = 0.1
IV_NEAR, IV_PER_CENT = 0.1, 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be imported.

    Attributes
    ----------
    source : str
        A vendor's name, or ``table`` with a ``mapping``.
    out : Path
        The data folder it is added to; it may not be there yet. Read only.
    hold_since : int or None
        Seconds since midnight from which the one quote of a day is taken to have stood.
    splits : mapping
        Splits by ticker; what looks like one and is not among them ends the import.
    yields : mapping
        Dividend yields by ticker, a fraction a year, instead of the record's.
    ours : frozenset
        Files of ``out`` that earlier imports wrote. All others there are somebody's: the underlying's stay as they are.
    replace : bool
        Days of a root that ``out`` has already are written anew.
    """

    source: str
    files: tuple[str, ...]
    out: Path
    mapping: Layout | None = None
    underlying: str | None = None
    zone: str | None = None
    prices: Mapping[str, PriceTable] = field(default_factory=dict)
    hold_since: int | None = None
    splits: Mapping[str, tuple[Split, ...]] = field(default_factory=dict)
    yields: Mapping[str, float] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    replace: bool = False


@dataclass(slots=True, kw_only=True)
class Imported:
    """What was done."""

    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    definitions: int = 0
    read: int = 0
    written: int = 0
    contracts: int = 0
    tally: Tally = field(default_factory=Tally)
    volatilities: Volatilities = field(default_factory=Volatilities)
    days: dict[str, list[date]] = field(default_factory=dict)     # by root


def import_quotes(order: Order, stage: Path, scratch: Path, progress: Callable[[int, int], None] | None = None) -> Imported:
    """Read everything, then write ``stage``, a folder that may be laid over ``order.out``.

    Raises
    ------
    ImportRefused
        A file or what is in it cannot be used; nothing is left to write.
    """
    found, reading = Imported(), Reading(underlying=order.underlying, zone=order.zone, prices=dict(order.prices))
    spool = Spool(scratch)
    _read_all(order, found, reading, spool)
    keeper = _Underlyings(order, stage)
    for done, day in enumerate(spool.days, start=1):
        for underlying, by_root in _by_underlying(spool.of_day(day), reading.underlyings):
            _write_day(order, found, reading, keeper, stage, day, underlying, by_root)
        if progress is not None:
            progress(done, len(spool.days))
    _check_result(order, found)
    keeper.finish()
    return found


def _by_underlying(roots: Iterator[tuple[str, np.ndarray]], underlyings: Mapping[str, str]
                   ) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Quotes of a day by underlying, one at a time where its roots come one after the other."""
    now, held = "", {}
    for root, rows in roots:
        if underlyings[root] != now and held:
            yield now, held
            held = {}
        now = underlyings[root]
        held[root] = rows
    if held:
        yield now, held


def _read_all(order: Order, found: Imported, reading: Reading, spool: Spool) -> None:
    paths = files.listed(list(order.files))
    if order.source == "databento":
        for path in paths:
            for table in files.tables(path):
                if is_definitions(table.header):
                    found.definitions += reading.definitions.add(table)
    layouts = VENDORS[order.source] if order.mapping is None else (order.mapping,)
    for path in paths:
        for table in files.tables(path):
            if order.source == "databento" and is_definitions(table.header):
                continue
            layout = chosen(order.source, layouts, table.header, table.name)
            found.notes += [note for note in layout.notes if note not in found.notes]
            reading.volumes_add_up = layout.volume == "interval"
            if order.underlying is None and order.source == "optionsdx":
                named = TICKER_IN_NAME.search(table.name.rpartition(":")[2])
                reading.underlying = plain(named["ticker"]) if named else None
            found.names.append(table.name)
            for chunk in table.chunks:
                for root, day, rows in quotes(chunk, layout, table.name, len(found.names) - 1, reading):
                    found.read += len(rows)
                    spool.add(root, day, rows)
    if not found.names:
        raise ImportRefused("only definitions were named, and no quotes")
    if not found.read:
        raise ImportRefused(f"{found.names[0]} holds no row")
    for underlying in sorted(set(reading.underlyings.values())):
        if not any(checks.is_adjusted(root) for root, of in reading.underlyings.items() if of == underlying):
            check_carry(underlying, order.yields)


def _write_day(order: Order, found: Imported, reading: Reading, keeper: _Underlyings, stage: Path, day: date,
               underlying: str, by_root: dict[str, np.ndarray]) -> None:
    kept = {}
    for root in list(by_root):
        rows = checks.usable(by_root.pop(root), root, underlying, day, found.tally)
        if len(rows):
            kept[root] = lean_days.held(rows, order.hold_since)
            found.written += len(kept[root])
    if not kept:
        return
    spots: Spots = {}
    for rows in kept.values():
        spots |= spots_of(rows)
    keeper.add(underlying, day, spots)
    for root, rows in kept.items():
        _check_free(order, root, underlying, day)
        found.days.setdefault(root, []).append(day)
        found.contracts += len(universe.starts_of_contracts(rows))
        lean_days.write_quotes(stage, root, underlying, day, rows)
        lean_days.write_universe(stage, root, underlying, day, universe_text(
            rows, underlying, day, bar_of(spots), order.yields, reading.volumes_add_up, found.volatilities))


def _check_free(order: Order, root: str, underlying: str, day: date) -> None:
    kind = "indexoption" if is_index(underlying) else "option"
    there = order.out / kind / "usa/universes" / root.lower() / f"{day:%Y%m%d}.csv"
    if there.is_file() and not order.replace:
        raise ImportRefused(f"{order.out} already has {root} of {day}: name all files of a day at once, or replace it by --force")


class _Underlyings:
    """What is kept of each underlying from day to day."""

    def __init__(self, order: Order, stage: Path) -> None:
        self._order, self._stage = order, stage
        self._bars: dict[str, dict[date, tuple[float, float, float, float]]] = {}

    def add(self, ticker: str, day: date, spots: Spots) -> None:
        """Write a day's minutes and keep its bar.

        Raises
        ------
        ImportRefused
            Its first price looks like that of a split nobody told.
        """
        bars, bar = self._bars.setdefault(ticker, {}), bar_of(spots)
        if bars and ticker not in NOT_ON_SPOT:
            before = max(bars)
            ratio = suspected(bars[before][3], bar[0])
            told = [split for split in self._order.splits.get(ticker, ()) if before < split.day <= day]
            if ratio is not None and not told:
                raise ImportRefused(f"{ticker} went from {bars[before][3]:g} on {before} to {bar[0]:g} on {day}, like a split of "
                                    f"{ratio:g} for 1: --split {ticker}={day}:{ratio:g}, or --split {ticker}={day}:1 if it is none")
        bars[day] = bar
        if not self._is_theirs(minute_file(ticker, day)):
            write_minutes(self._stage, ticker, day, spots)

    def _is_theirs(self, place: Path) -> bool:
        return (self._order.out / place).is_file() and place.as_posix() not in self._order.ours

    def finish(self) -> None:
        """Write what stands for all days."""
        for ticker, bars in self._bars.items():
            write_days(self._stage, self._order.out, ticker, bars, keep=self._is_theirs(daily_file(ticker)))
            if not is_index(ticker) and not self._is_theirs(map_file(ticker)):
                splits = tuple(split for split in self._order.splits.get(ticker, ()) if split.ratio != 1.0)
                write_map_and_factors(self._stage, self._order.out, ticker, min(bars), splits,
                                      {day: bar[3] for day, bar in bars.items()})


def _check_result(order: Order, found: Imported) -> None:
    outside = found.tally.dropped[checks.OUTSIDE]
    if order.zone is None and outside > MOST_OUTSIDE * found.read:
        file, line = found.tally.first[checks.OUTSIDE]
        raise ImportRefused(f"{found.names[file]} line {line}: {outside:,} of {found.read:,} quotes lie outside the session: are the "
                            "stamps of another zone? --zone UTC or America/Chicago; --zone America/New_York if not")
    if not found.written:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in found.tally.dropped.most_common())
        raise ImportRefused(f"nothing is left to write: {found.read:,} quotes read, dropped: {reasons}")


def report_lines(order: Order, found: Imported) -> list[str]:
    """The report: what was read, written, dropped and why, kept and told, assumed."""
    lines = [f"import of {order.source}: {len(found.names)} files, {found.read:,} quotes read"
             + (f", {found.definitions:,} definitions" if found.definitions else "")]
    for root, days in sorted(found.days.items()):
        lines.append(f"  {root}: {len(days)} days, {min(days)} to {max(days)}")
    lines.append(f"written: {found.written:,} quotes of {found.contracts:,} contract days")
    lines.append("dropped:" + ("" if found.tally.dropped else " nothing"))
    lines += [f"  {count:,} {reason} ({MEANING[reason]}); first: {_place(found, reason)}"
              for reason, count in found.tally.dropped.most_common()]
    lines += ["kept, and to be known:"] if found.tally.told else []
    lines += [f"  {count:,} {reason}; first: {_place(found, reason)}" for reason, count in found.tally.told.most_common()]
    told = found.volatilities
    lines.append(f"volatilities: the project's own of {told.valued - told.unsolved:,} contract days; {told.unsolved:,} have none "
                 "(a side is absent, or no volatility gives the price)")
    lines += _vendors_volatility(told)
    lines.append("assumed:")
    assumed = [*found.notes, "a quote's minute has no movement: open, high, low and close are one",
               "the underlying's bars are its prices beside the quotes, without volume"]
    if order.hold_since is not None:
        assumed.append("a contract's one quote of a day stood since "
                       f"{order.hold_since // 3600:02}:{order.hold_since % 3600 // 60:02}")
    if order.zone is not None:
        assumed.append(f"stamps that name no zone are of {order.zone}")
    assumed += [f"{ticker}'s dividend yield is {share:g} a year, as told" for ticker, share in sorted(order.yields.items())]
    return lines + [f"  {text}" for text in assumed]


def _place(found: Imported, reason: str) -> str:
    file, line = found.tally.first[reason]
    return f"{found.names[file]} line {line}"


def _vendors_volatility(told: Volatilities) -> list[str]:
    """What the vendor's volatilities are beside ours, near the money."""
    if not told.ratios:
        return []
    ratio = float(np.median(told.ratios))
    word = "a fraction a year, as ours" if abs(ratio - 1.0) < IV_NEAR else "per cent a year" if ratio > IV_PER_CENT \
        else "NOT of our unit or of another price"
    return [f"  the vendor's own, near the money, is {ratio:.3f} times ours: {word}"]
