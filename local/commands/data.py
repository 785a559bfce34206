"""``data``: writes a scenario as a data folder in LEAN's format."""
from __future__ import annotations

import argparse
from pathlib import Path

from config.run_parameters import ALL_STRATEGIES, parse
from local.commands.arguments import add_force, add_scenario, add_window
from local.commands.data_out import KIND, PUT_ASIDE, check_out, place_data
from local.commands.progress import tell
from local.commands.scenario_data import data_folder, load_scenario

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


def run(arguments: argparse.Namespace) -> int:
    """Write the data and print where it is."""
    scenario = load_scenario(arguments)
    strategies = parse({"strategies": arguments.strategies}, live=False).strategies
    out = Path(arguments.out) if arguments.out else None
    if out is not None:
        check_out(out, force=arguments.force)
    folder = data_folder(scenario, arguments, strategies)
    if out is not None:
        about = {"command": KIND, "scenario": scenario.name, "seed": scenario.seed}
        aside = place_data(folder, out, about, force=arguments.force)
        folder = out
        if aside:
            tell(f"{aside} files that stood in the way were put aside, into {out / PUT_ASIDE}")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{scenario.name}: {scenario.start} to {scenario.end}, seed {scenario.seed}, {size / 1e6:.0f} MB")
    print(f"data: {folder}")
    return 0
