"""Writes a scenario as a data folder in LEAN's format, once: later calls with equal inputs find it in the cache.

The folder's name holds a hash of everything its bytes depend on: the scenario, its bars, the tickers, and the source
of this package. It is written beside its place and moved there when it is complete.
"""
from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

from local.data import calendar
from local.data.days import DayTask, plan_days, write_day
from local.data.equities import write_daily, write_factor_file, write_map_file
from local.data.errors import ScenarioError
from local.data.future_maps import write_future_map
from local.data.margins import write_margins
from local.data.market import Market, build_market
from local.data.products import ALL, CORE, FUTURES, VOLATILITY_INDICES
from local.data.scenario import Scenario
from local.data.static import write_static_files
from local.workers import forked_pool

COMPLETE = ".complete"
PROCESSES = 2
HASH_LENGTH = 16
PACKAGE_FOLDER = Path(__file__).resolve().parent
PROJECT_FOLDER = PACKAGE_FOLDER.parents[1]
CARRY_SOURCES = ("config/carry.py", "config/calendars.py", "core/carry.py")

Progress = Callable[[int, int], None]


def ensure_data(scenario: Scenario, cache_root: Path, *, underlyings: tuple[str, ...] = CORE,
                window: tuple[date, date] | None = None, days: bool = True, progress: Progress | None = None) -> Path:
    """Data folder of a scenario, written unless it is there already.

    Parameters
    ----------
    scenario
        From ``scenario.load``; it holds the seed and the real bars.
    cache_root
        Folder that keeps data folders between runs; it is made if need be.
    underlyings
        Tickers to write; SPY and VIX must be among them. ``products.ALL`` is everything, ``VIX-OPTIONS`` the options
        on VIX; shares that have options and futures bring them along.
    window
        First and last day to write minutes and chains of, with the session before the first; the whole scenario unless given.
        The bytes of a day are the same in any window.
    days
        Whether minutes and chains are written; without them a source serves them (``served.ServedDays``).
    progress
        Called with (days written, days in all) as the work goes on.

    Raises
    ------
    ScenarioError
        A ticker the writer does not know, or a cache folder that cannot be written.
    """
    unknown = sorted(set(underlyings) - set(ALL))
    if unknown or not set(CORE) <= set(underlyings):
        raise ScenarioError(f"underlyings must hold SPY and VIX and may hold {', '.join(ALL)}; "
                            f"unknown: {', '.join(unknown) or 'none'}")
    underlyings = tuple(ticker for ticker in ALL if ticker in underlyings)
    whole = target = cache_root / f"{scenario.name}-{content_hash(scenario, underlyings)}"
    first, last = (calendar.shift_session(window[0], -1), window[1]) if window else (scenario.first_minute_day, scenario.end)
    if not days:
        target = whole.with_name(f"{whole.name}-no-days")
    elif first > scenario.first_minute_day or last < scenario.end:
        target = whole.with_name(f"{whole.name}-{first:%Y%m%d}-{last:%Y%m%d}")
    for found in (whole, target):
        if (found / COMPLETE).is_file():
            return found
    try:
        cache_root.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=cache_root))
    except OSError as error:
        raise ScenarioError(f"data cache {cache_root} cannot be written: {error.strerror}") from error
    try:
        _write_all(temporary, scenario, underlyings, (first, last) if days else None, progress)
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
    for path in (*sorted(PACKAGE_FOLDER.glob("*.py")), *(PROJECT_FOLDER / name for name in CARRY_SOURCES)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:HASH_LENGTH]


def _write_all(root: Path, scenario: Scenario, underlyings: tuple[str, ...], window: tuple[date, date] | None,
               progress: Progress | None) -> None:
    market = build_market(scenario, underlyings)
    write_static_files(root)
    write_margins(root)
    first = scenario.history[0].day
    for series in market.index_series(tuple(ticker for ticker in underlyings if ticker in VOLATILITY_INDICES)).values():
        write_daily(root, series, index=True)
    for ticker in underlyings:
        if ticker in FUTURES:
            write_future_map(root, FUTURES[ticker], scenario.first_minute_day, scenario.end)
        if ticker in market.daily:
            write_daily(root, market.daily[ticker], index=ticker == "VIX")
            if ticker != "VIX":
                write_map_file(root, ticker, first)
                write_factor_file(root, market.daily[ticker])
    if window is None:
        return
    tasks = list(plan_days(market, underlyings, calendar.sessions(scenario.first_minute_day, scenario.end)))
    tasks = [task for task in tasks if window[0] <= task.day <= window[1]]
    for done, _ in enumerate(_run(root, market, underlyings, tasks), start=1):
        if progress is not None:
            progress(done, len(tasks))


def _run(root: Path, market: Market, underlyings: tuple[str, ...], tasks: list[DayTask]) -> Iterator[int]:
    """Write every task on a pool of processes; without fork, or for a single day, in this one."""
    # the forked processes find what every day needs here
    _shared.update(root=root, market=market, underlyings=underlyings)
    if len(tasks) == 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(_write_one, tasks)
        return
    with forked_pool(PROCESSES) as pool:
        yield from pool.imap_unordered(_write_one, tasks, chunksize=2)


_shared: dict[str, object] = {}


def _write_one(task: DayTask) -> int:
    return write_day(_shared["root"], _shared["market"], _shared["underlyings"], task)
