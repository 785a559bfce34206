"""``scenario new``: makes a scenario file from a window of daily bars, to be changed by hand (docs/scenarios.md)."""
from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from local.commands.arguments import add_window, seed
from local.commands.errors import CommandError
from local.data import scenario as scenarios
from local.data.bar_windows import scenario_of_bars
from local.data.scenario_file import scenario_text
from local.whole_file import replace_file

HELP = "make a scenario file from daily bars"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("action", choices=("new",), help="what to do")
    parser.add_argument("name", metavar="NAME", help="letters, digits and underscores")
    parser.add_argument("--bars", required=True, metavar="DIR", help="folder of daily bars: spy.csv, vix.csv and more")
    add_window(parser)
    parser.add_argument("--seed", type=seed, metavar="N", help="of the minutes within each day (default 1)")
    parser.add_argument("--description", metavar="TEXT", help="one line")
    parser.add_argument("--out", metavar="FILE", help="default NAME.toml in this folder")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def run(arguments: argparse.Namespace) -> int:
    """Write the file, and read it back before it is in its place."""
    if not (arguments.start and arguments.end):
        raise CommandError("a scenario needs its days: --start DAY and --end DAY (see scenario --help)")
    out = Path(arguments.out or f"{arguments.name}.toml")
    if out.suffix != ".toml":
        raise CommandError(f"{out} must end in .toml")
    if out.exists() and not arguments.force:
        raise CommandError(f"{out} is there already: name another file by --out, or replace it by --force")
    found = scenario_of_bars(Path(arguments.bars), date.fromisoformat(arguments.start), date.fromisoformat(arguments.end),
                             seed=arguments.seed)
    text = scenario_text(found, arguments.name, arguments.description or found.description)
    scenarios.parse(out.name, text)
    try:
        replace_file(out, text)
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error.strerror}") from error
    print(f"{arguments.name}: {found.start} to {found.end}, {len(found.anchors)} anchors, {len(found.history)} sessions of history")
    print(f"scenario: {out}")
    return 0
