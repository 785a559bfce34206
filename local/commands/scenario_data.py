"""Written data for a command: the scenario, checked, and its data folder out of the cache."""
from __future__ import annotations

import argparse
from pathlib import Path

from local.commands.progress import Progress
from local.commands.project import PROJECT_FOLDER
from local.data import scenario as scenarios
from local.data.scenario import Scenario
from local.data.writer import ensure_data

DEFAULT_CACHE = PROJECT_FOLDER / ".cache" / "data"


def load_scenario(arguments: argparse.Namespace) -> Scenario:
    """The scenario that --scenario, --seed and --bars name.

    Raises
    ------
    ScenarioError
        Anything unknown, missing or impossible, in one line.
    """
    return scenarios.load(arguments.scenario, seed=arguments.seed, bars=arguments.bars)


def data_folder(scenario: Scenario, arguments: argparse.Namespace) -> Path:
    """The scenario's data folder; written on the first call, with progress on the standard error stream."""
    cache = Path(arguments.data_cache) if arguments.data_cache else DEFAULT_CACHE
    return ensure_data(scenario, cache.absolute(), progress=Progress("writing data", "days"))
