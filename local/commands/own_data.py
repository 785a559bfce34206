"""A data folder of the user's own under a backtest: its window, and what it lacks of what the strategies trade and read.

Whatever is missing is told before the run begins. A folder without the minutes of SPY or VIX cannot be traded at all; of
anything else the strategies say day by day what they could not see.
"""
from __future__ import annotations

import argparse
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from config.constants import INDICATOR_SESSIONS, IV_HISTORY_SESSIONS, VIX_PERCENTILE_SESSIONS
from config.instruments import INSTRUMENTS
from config.strategy_parameters import SPECS
from local.commands.data_folder import check_data_folder
from local.commands.errors import CommandError
from local.commands.scenario_data import underlyings_of
from local.data import calendar
from local.data.products import FUTURES, VIX_OPTIONS

SPY_MINUTES, VIX_MINUTES = "equity/usa/minute/spy", "index/usa/minute/vix"
INDICES = {instrument.volatility_index for instrument in INSTRUMENTS.values()} - {None}
LONGEST_NAME = 40
EVERYBODY = ("all",)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderWindow:
    """What a backtest needs to know of a data folder: a name for the run, first and last day."""

    name: str
    folder: Path
    start: date
    end: date

    @property
    def backtest_start(self) -> date:
        return self.start

    @property
    def backtest_end(self) -> date:
        return self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Files of one kind that are not there: for whom, how many of how many, the first of them."""

    what: str
    of: str
    missing: int
    wanted: int
    first: str
    traders: tuple[str, ...]

    def told(self) -> str:
        """One line."""
        count = "none" if self.missing == self.wanted else f"{self.wanted - self.missing} of {self.wanted}"
        return f"{self.of}: {self.what}: {count}, first missing {self.first} ({', '.join(self.traders)})"


def folder_window(arguments: argparse.Namespace) -> FolderWindow:
    """The window of ``--data``: the days that have minutes of SPY, or those of them that --start and --end name.

    Raises
    ------
    CommandError
        It is no data folder, or has no minutes of SPY or of VIX.
    """
    folder = Path(arguments.data).absolute()
    check_data_folder(folder)
    days = _days(folder / SPY_MINUTES)
    for ticker, place, found in (("SPY", SPY_MINUTES, days), ("VIX", VIX_MINUTES, _days(folder / VIX_MINUTES))):
        if not found:
            raise CommandError(f"{folder} has no minutes of {ticker} ({place}): without them nothing is traded")
    name = "".join(letter if letter.isalnum() else "_" for letter in folder.name)[:LONGEST_NAME]
    return FolderWindow(name=name, folder=folder, start=days[0], end=days[-1])


def _days(folder: Path) -> list[date]:
    found = []
    for path in folder.glob("*_trade.zip") if folder.is_dir() else ():
        stamp = path.name[:8]
        if stamp.isdecimal() and len(stamp) == 8:
            found.append(date(int(stamp[:4]), int(stamp[4:6]), int(stamp[6:])))
    return sorted(found)


def lacks(folder: Path, strategies: Iterable[str], start: date, end: date) -> list[Lack]:
    """What a data folder lacks of what the strategies trade and read from ``start`` to ``end``.

    Raises
    ------
    CommandError
        The window lies outside the exchange calendar, has no session, or has no minutes of SPY or VIX on any.
    """
    try:
        days = calendar.sessions(start, end)
    except calendar.CalendarError as error:
        raise CommandError(str(error)) from error
    if not days:
        raise CommandError(f"{start} to {end} holds no trading day")
    names = tuple(strategies)
    eves = tuple(calendar.shift_session(day, -1) for day in days)
    found: list[Lack] = []
    for ticker in underlyings_of(names):
        traders = _traders(ticker, names)
        found += [lack for lack in _lacks_of(folder, ticker, days, eves, traders) if lack is not None]
    for place in (SPY_MINUTES, VIX_MINUTES):
        if not any((folder / place / f"{day:%Y%m%d}_trade.zip").is_file() for day in days):
            raise CommandError(f"{folder} has no minutes of {place.rpartition('/')[2].upper()} from {start} to {end}: without them "
                               "nothing is traded")
    return found


def _traders(ticker: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Strategies that need a ticker's files; everybody's are nobody's in particular."""
    found = [name for name in names if ticker in underlyings_of([name]) and ticker not in ("SPY", "VIX")
             or ticker == "SPY" and "SPY" in SPECS[name].underlyings]
    return tuple(found) if found else EVERYBODY


def _lacks_of(folder: Path, ticker: str, days: tuple[date, ...], eves: tuple[date, ...], traders: tuple[str, ...]
              ) -> Iterable[Lack | None]:
    def over(what: str, wanted: tuple[date, ...], place: Callable[[date], str]) -> Lack | None:
        missing = [day for day in wanted if not (folder / place(day)).is_file()]
        return _lack(what, ticker, [str(day) for day in missing], len(wanted), traders)

    name = ticker.lower()
    if ticker == VIX_OPTIONS:
        yield over("universes (the session before)", eves, lambda day: f"indexoption/usa/universes/vix/{day:%Y%m%d}.csv")
        yield over("option quotes", days, lambda day: f"indexoption/usa/minute/vix/{day:%Y%m%d}_quote_european.zip")
    elif ticker in FUTURES:
        yield from _of_future(folder, ticker, days, eves, traders, over)
    elif ticker in INDICES:
        yield over("minutes", days, lambda day: f"index/usa/minute/{name}/{day:%Y%m%d}_trade.zip")
        needed = VIX_PERCENTILE_SESSIONS if ticker == "VIX" else IV_HISTORY_SESSIONS
        yield _history(folder / f"index/usa/daily/{name}.zip", ticker, days[0], needed, traders)
    else:
        yield over("minutes", days, lambda day: f"equity/usa/minute/{name}/{day:%Y%m%d}_trade.zip")
        yield _history(folder / f"equity/usa/daily/{name}.zip", ticker, days[0], max(INDICATOR_SESSIONS.values()), traders)
        if traders != EVERYBODY:
            yield over("universes (the session before)", eves, lambda day: f"option/usa/universes/{name}/{day:%Y%m%d}.csv")
            yield over("option quotes", days, lambda day: f"option/usa/minute/{name}/{day:%Y%m%d}_quote_american.zip")


def _of_future(folder: Path, ticker: str, days: tuple[date, ...], eves: tuple[date, ...], traders: tuple[str, ...],
               over: Callable[[str, tuple[date, ...], Callable[[date], str]], Lack | None]) -> Iterable[Lack | None]:
    future = FUTURES[ticker]
    base, options = f"future/{future.market}", folder / f"futureoption/{future.market}"
    yield over("minutes", days, lambda day: f"{base}/minute/{ticker.lower()}/{day:%Y%m%d}_quote.zip")
    yield over("universes (the session before)", eves, lambda day: f"{base}/universes/{ticker.lower()}/{day:%Y%m%d}.csv")
    name = future.option_ticker.lower()
    for what, wanted, pattern in (("option universes (the session before)", eves, f"universes/{name}/*/{{0:%Y%m%d}}.csv"),
                                  ("option quotes", days, f"minute/{name}/*/{{0:%Y%m%d}}_quote_american.zip")):
        missing = [str(day) for day in wanted if next(options.glob(pattern.format(day)), None) is None]
        yield _lack(what, ticker, missing, len(wanted), traders)


def _lack(what: str, of: str, missing: list[str], wanted: int, traders: tuple[str, ...]) -> Lack | None:
    return Lack(what=what, of=of, missing=len(missing), wanted=wanted, first=missing[0], traders=traders) if missing else None


def _history(path: Path, ticker: str, first: date, sessions: int, traders: tuple[str, ...]) -> Lack | None:
    """Daily bars of the sessions before the first day."""
    begin = calendar.shift_session(first, -sessions)
    wanted = calendar.sessions(begin, calendar.shift_session(first, -1))
    there: set[str] = set()
    if path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                there = {line[:8].decode() for line in archive.read(archive.namelist()[0]).splitlines()}
        except (OSError, zipfile.BadZipFile, IndexError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: corrupt zip: {error}") from error
    missing = [str(day) for day in wanted if f"{day:%Y%m%d}" not in there]
    return _lack(f"daily bars of the {sessions} sessions before", ticker, missing, sessions, traders)


def told(folder: Path, found: list[Lack], days: tuple[date, date]) -> str:
    """What is said before a run."""
    if not found:
        return f"{folder} has what the strategies trade and read, {days[0]} to {days[1]}"
    return "\n".join([f"{folder} lacks, {days[0]} to {days[1]}:", *(f"  {lack.told()}" for lack in found)])
