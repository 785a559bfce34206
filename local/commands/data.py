"""``data``: writes a scenario as a data folder in LEAN's format."""
from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from config.run_parameters import ALL_STRATEGIES, parse
from local.commands.arguments import add_force, add_scenario, add_window
from local.commands.data_out import KIND, PUT_ASIDE, check_out, place_data
from local.commands.errors import CommandError
from local.commands.progress import tell
from local.commands.scenario_data import data_folder, load_scenario
from local.data.scenario import Scenario

HELP = "write a scenario's data folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser, required=False)
    add_window(parser)
    parser.add_argument("--strategies", default=ALL_STRATEGIES, metavar="NAMES",
                        help="write what these strategies trade, with commas (default all)")
    parser.add_argument("--out", metavar="DIR", help="a copy of its own, or LEAN's data folder, beside whose files "
                        "it is added; otherwise the data stays in the cache")
    add_force(parser)


def asked_window(scenario: Scenario, arguments: argparse.Namespace) -> tuple[date, date]:
    """The days of --start and --end, the scenario's where they are not named.

    Raises
    ------
    CommandError
        They reach beyond the scenario.
    """
    if arguments.scenario is None:
        return scenario.start, scenario.end
    first, last = (date.fromisoformat(told) if told else own for told, own in ((arguments.start, scenario.start),
                                                                              (arguments.end, scenario.end)))
    if not scenario.start <= first <= last <= scenario.end:
        raise CommandError(f"{first} to {last} is not inside {scenario.name}'s {scenario.start} to {scenario.end}")
    return first, last


def run(arguments: argparse.Namespace) -> int:
    """Write the data and print where it is."""
    scenario = load_scenario(arguments)
    strategies = parse({"strategies": arguments.strategies}, live=False).strategies
    out = Path(arguments.out) if arguments.out else None
    if out is not None:
        check_out(out, force=arguments.force)
    window = asked_window(scenario, arguments)
    folder = data_folder(scenario, arguments, strategies, window)
    if out is not None:
        about = {"command": KIND, "scenario": scenario.name, "seed": scenario.seed}
        aside = place_data(folder, out, about, force=arguments.force)
        folder = out
        if aside:
            tell(f"{aside} files that stood in the way were put aside, into {out / PUT_ASIDE}")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{scenario.name}: {window[0]} to {window[1]}, seed {scenario.seed}, {size / 1e6:.0f} MB")
    print(f"data: {folder}")
    return 0
