"""Writes a scenario as a data folder in LEAN's format, once: later calls with equal inputs find it in the cache.

The folder's name holds a hash of everything its bytes depend on: the scenario, its bars, the tickers, and the source
of this package. It is written beside its place and moved there when it is complete.
"""
from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from local.data import calendar
from local.data.equities import (
    write_daily,
    write_equity_minutes,
    write_factor_file,
    write_index_minutes,
    write_map_file,
)
from local.data.errors import ScenarioError
from local.data.listing import Chain, Listing
from local.data.market import Market, build_market
from local.data.options import OptionMarket, write_option_day
from local.data.rates import interest_rate
from local.data.scenario import Scenario
from local.data.static import write_static_files
from local.data.surface import EQUITY_INDEX

UNDERLYINGS = ("SPY", "VIX")
COMPLETE = ".complete"
PROCESSES = 2
HASH_LENGTH = 16
PACKAGE_FOLDER = Path(__file__).resolve().parent

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTask:
    """One session to write: its chains by ticker."""

    day: date
    chains: dict[str, tuple[Chain, ...]]


def ensure_data(scenario: Scenario, cache_root: Path, *, underlyings: tuple[str, ...] = UNDERLYINGS,
                progress: Progress | None = None) -> Path:
    """Data folder of a scenario, written unless it is there already.

    Parameters
    ----------
    scenario
        From ``scenario.load``; it holds the seed and the real bars.
    cache_root
        Folder that keeps data folders between runs; it is made if need be.
    underlyings
        Tickers to write; SPY and VIX must be among them.
    progress
        Called with (days written, days in all) as the work goes on.

    Raises
    ------
    ScenarioError
        A ticker the writer does not know, or a cache folder that cannot be written.
    """
    unknown = sorted(set(underlyings) - set(UNDERLYINGS))
    if unknown or not {"SPY", "VIX"} <= set(underlyings):
        raise ScenarioError(f"underlyings must hold SPY and VIX and may hold {', '.join(UNDERLYINGS)}; "
                            f"unknown: {', '.join(unknown) or 'none'}")
    target = cache_root / f"{scenario.name}-{content_hash(scenario, underlyings)}"
    if (target / COMPLETE).is_file():
        return target
    try:
        cache_root.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=cache_root))
    except OSError as error:
        raise ScenarioError(f"data cache {cache_root} cannot be written: {error.strerror}") from error
    try:
        _write_all(temporary, scenario, underlyings, progress)
        (temporary / COMPLETE).write_text(f"{scenario.name}\n", encoding="utf-8")
        temporary.chmod(0o755)
        _move_into_place(temporary, target)
    except OSError as error:
        raise ScenarioError(f"data cache {cache_root} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _move_into_place(temporary: Path, target: Path) -> None:
    """Rename; when another process was first, its equal folder stays."""
    if target.is_dir() and not (target / COMPLETE).is_file():
        shutil.rmtree(target)
    try:
        os.rename(temporary, target)
    except OSError:
        if not (target / COMPLETE).is_file():
            raise


def content_hash(scenario: Scenario, underlyings: Iterable[str]) -> str:
    """Hash of everything the written bytes depend on."""
    digest = hashlib.sha256(repr((scenario, sorted(underlyings))).encode())
    for path in sorted(PACKAGE_FOLDER.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:HASH_LENGTH]


def show_progress(done: int, total: int) -> None:
    """A progress bar on the standard error stream."""
    filled = 40 * done // total
    end = "\n" if done == total else ""
    print(f"\rwriting data [{'#' * filled}{'.' * (40 - filled)}] {done}/{total} days", end=end, file=sys.stderr,
          flush=True)


def _write_all(root: Path, scenario: Scenario, underlyings: tuple[str, ...], progress: Progress | None) -> None:
    market = build_market(scenario)
    write_static_files(root)
    first = scenario.history[0].day
    for ticker, series in sorted(market.daily.items()):
        write_daily(root, series, index=ticker == "VIX")
        if ticker != "VIX":
            write_map_file(root, ticker, first)
            write_factor_file(root, ticker, first)
    tasks = list(_tasks(market, calendar.sessions(scenario.first_minute_day, scenario.end)))
    for done, _ in enumerate(_run(root, market, tasks), start=1):
        if progress is not None:
            progress(done, len(tasks))


def _tasks(market: Market, days: tuple[date, ...]) -> Iterator[DayTask]:
    listing = Listing()
    for day in days:
        _, high, low, _ = market.daily["SPY"].row(day)
        yield DayTask(day=day, chains={"SPY": listing.day(day, low, high, float(market.daily["VIX"].row(day)[3]))})


def _run(root: Path, market: Market, tasks: list[DayTask]) -> Iterator[int]:
    """Write every task on a pool of processes; without fork, or for a single day, in this one."""
    _adopt(root, market)
    if len(tasks) == 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(_write_day, tasks)
        return
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        yield from pool.imap_unordered(_write_day, tasks, chunksize=2)


_shared: dict[str, object] = {}


def _adopt(root: Path, market: Market) -> None:
    """Keep what every day needs where the forked processes find it."""
    _shared.update(root=root, market=market)


def _write_day(task: DayTask) -> int:
    root, market = _shared["root"], _shared["market"]
    paths = market.paths(task.day)
    spy, vix, daily = paths["SPY"], paths["VIX"], market.daily["SPY"]
    volume = int(daily.volume[daily.days.index(task.day)])
    write_equity_minutes(root, "SPY", task.day, spy, volume, vix.close)
    write_index_minutes(root, "VIX", task.day, vix)
    options = OptionMarket(ticker="SPY", day=task.day, spot=spy.close, index=vix.close, bar=tuple(daily.row(task.day)),
                           volume=volume, rate=interest_rate(task.day), shape=EQUITY_INDEX)
    return write_option_day(root, options, task.chains["SPY"])
