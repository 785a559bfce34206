"""Written data for a command: the scenario, checked, and its data folder out of the cache."""
from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from config.instruments import INSTRUMENTS
from config.strategy_parameters import SPECS, STRATEGY_PRIORITY
from local.commands.errors import CommandError
from local.commands.progress import Progress
from local.commands.project import CACHE_FOLDER
from local.data import scenario as scenarios
from local.data.bar_windows import scenario_of_bars
from local.data.products import ALL, CORE, VIX_OPTIONS
from local.data.scenario import Scenario
from local.data.served import ServedDays
from local.data.writer import COMPLETE, ensure_data

VIX_TICKER = "VIX"
DEFAULT_CACHE = CACHE_FOLDER / "data"


def load_scenario(arguments: argparse.Namespace) -> Scenario:
    """The scenario that --scenario, --seed and --bars name, or the window of --bars from --start to --end.

    Raises
    ------
    ScenarioError
        Anything unknown, missing or impossible, in one line.
    CommandError
        Neither is named.
    """
    if arguments.scenario is None:
        first, last = getattr(arguments, "start", None), getattr(arguments, "end", None)
        if not (arguments.bars and first and last):
            raise CommandError("nothing to trade is named: --scenario NAME is required, or --bars DIR with --start and --end"
                               f"{', or --data DIR' if hasattr(arguments, 'data') else ''} (see {arguments.command} --help)")
        return scenario_of_bars(Path(arguments.bars), date.fromisoformat(first), date.fromisoformat(last), seed=arguments.seed)
    return scenarios.load(arguments.scenario, seed=arguments.seed, bars=arguments.bars)


def underlyings_of(strategies: Iterable[str]) -> tuple[str, ...]:
    """The writer's tickers for what these strategies trade and read; SPY and VIX always."""
    wanted = set(CORE)
    for name in strategies:
        for ticker in SPECS[name].underlyings:
            wanted |= {VIX_OPTIONS} if ticker == VIX_TICKER else {ticker.removeprefix("/")}
            wanted |= {INSTRUMENTS[ticker].volatility_index} - {None}
    return tuple(ticker for ticker in ALL if ticker in wanted)


def served_data(scenario: Scenario, arguments: argparse.Namespace, strategies: Iterable[str]) -> tuple[Path, ServedDays]:
    """The scenario's data folder without minutes and chains, and what serves those while a run goes on."""
    underlyings = underlyings_of(strategies)
    folder = ensure_data(scenario, _cache(arguments), underlyings=underlyings, days=False)
    (folder / COMPLETE).touch()
    return folder, ServedDays(scenario, underlyings)


def _cache(arguments: argparse.Namespace) -> Path:
    return (Path(arguments.data_cache) if arguments.data_cache else DEFAULT_CACHE).absolute()


def data_folder(scenario: Scenario, arguments: argparse.Namespace, strategies: Iterable[str] = STRATEGY_PRIORITY,
                window: tuple[date, date] | None = None) -> Path:
    """The scenario's data folder, or that of a window of it; written on the first call, with progress on the standard error
    stream."""
    folder = ensure_data(scenario, _cache(arguments), underlyings=underlyings_of(strategies), window=window,
                         progress=Progress("writing data", "days"))
    (folder / COMPLETE).touch()     # the cache command prunes what was used longest ago
    return folder
