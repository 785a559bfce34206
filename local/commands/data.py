"""``data``: writes a scenario as a data folder in LEAN's format."""
from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from config.run_parameters import ALL_STRATEGIES, parse
from local.commands.arguments import add_scenario
from local.commands.errors import CommandError
from local.commands.scenario_data import data_folder, load_scenario
from local.commands.staging import check_replaceable, staged_folder

HELP = "write a scenario's data folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser)
    parser.add_argument("--strategies", default=ALL_STRATEGIES, metavar="NAMES",
                        help="write what these strategies trade, with commas (default all)")
    parser.add_argument("--out", metavar="DIR", help="a copy of its own; otherwise the data stays in the cache")


def run(arguments: argparse.Namespace) -> int:
    """Write the data and print where it is."""
    scenario = load_scenario(arguments)
    strategies = parse({"strategies": arguments.strategies}, live=False).strategies
    out = Path(arguments.out) if arguments.out else None
    if out is not None:
        check_replaceable(out)
    folder = data_folder(scenario, arguments, strategies)
    if out is not None:
        with staged_folder(out, {"command": "data", "scenario": scenario.name, "seed": scenario.seed}) as stage:
            _copy(folder, stage)
        folder = out
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{scenario.name}: {scenario.start} to {scenario.end}, seed {scenario.seed}, {size / 1e6:.0f} MB")
    print(f"data: {folder}")
    return 0


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise CommandError(f"{target} cannot be written: {error}") from error
