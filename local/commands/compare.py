"""``compare``: lays finished runs side by side, as a page and a table."""
from __future__ import annotations

import argparse
import re
from datetime import datetime
from pathlib import Path

from local import results
from local.commands.errors import CommandError
from local.commands.project import RUNS_FOLDER
from local.commands.staging import read_manifest
from local.run_report.comparison import MOST_RUNS, Run, compare_page, differing, figure_rows, strategy_rows
from local.statistics_table import grid
from local.whole_file import replace_file

HELP = "lay finished runs side by side"
MARKUP = re.compile("<[^>]+>")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("folders", metavar="RUN", nargs="+", help="results folders of backtests, two or more")
    parser.add_argument("--out", metavar="FILE", help="where the page goes (default runs/<time>-compare.html)")


def run(arguments: argparse.Namespace) -> int:
    """Write the page and print the tables."""
    runs = read_runs([Path(folder) for folder in arguments.folders])
    path = Path(arguments.out) if arguments.out else RUNS_FOLDER / f"{datetime.now():%Y-%m-%d_%H-%M-%S}-compare.html"
    if path.exists() and (path.is_dir() or "<title>Runs compared" not in path.read_text(encoding="utf-8", errors="replace")):
        raise CommandError(f"{path} is there and is no page of this command; name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, compare_page(runs))
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error
    print(compare_text(runs))
    print(f"\npage: {path}")
    return 0


def read_runs(folders: list[Path]) -> list[Run]:
    """The runs by the names of their folders, longer where two are alike.

    Raises
    ------
    CommandError
        Fewer than two, too many, or a folder that is not there or is named twice.
    ResultsError
        One is not the folder of a finished run.
    """
    if not 2 <= len(folders) <= MOST_RUNS:
        raise CommandError(f"name two to {MOST_RUNS} runs; {len(folders)} given")
    for folder in folders:
        if not folder.is_dir():
            raise CommandError(f"results folder {folder} is not there")
    places = [folder.resolve() for folder in folders]
    if len(set(places)) < len(places):
        raise CommandError("a run is named twice")
    short = [place.name for place in places]
    names = [name if short.count(name) == 1 else f"{place.parent.name}/{name}" for name, place in zip(short, places)]
    runs = [Run(name=name, report=results.read_report(folder), about=read_manifest(folder)) for name, folder in zip(names, folders)]
    for one in runs:
        if not one.report["marks"]:
            raise CommandError(f"{one.name} holds no marks: the run saw no session")
    return runs


def compare_text(runs: list[Run]) -> str:
    """The tables as text."""
    names = [one.name for one in runs]
    lines = grid(("Figure", *names), [[MARKUP.sub("", str(cell)) for cell in row] for row in figure_rows(runs)])
    made = [[name, *("-" if value is None else f"{value:,.2f}" for value in values)] for name, values in strategy_rows(runs)]
    lines += ["", *grid(("P&L $", *names), made)] if made else []
    rows = [[key, *values] for key, values in differing(runs)]
    lines += ["", *grid(("Differing", *names), rows, left=range(len(names) + 1))] if rows else []
    return "\n".join(lines)
