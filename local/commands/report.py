"""``report``: makes report.html of a finished run anew, and prints its table."""
from __future__ import annotations

import argparse
from pathlib import Path

from local import results
from local.commands.data_folder import check_data_folder
from local.commands.errors import CommandError
from local.commands.staging import read_manifest
from local.run_report.closes import FolderUniverses
from local.run_report.page import write_report
from local.statistics_table import run_table

HELP = "make the report of a finished run anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="results folder of a backtest")
    parser.add_argument("--data", metavar="DIR", help="its data folder: forced closes are then measured against holding on")


def run(arguments: argparse.Namespace) -> int:
    """Write report.html into the folder."""
    folder = Path(arguments.folder)
    if not folder.is_dir():
        raise CommandError(f"results folder {folder} is not there")
    about, data = read_manifest(folder), None if arguments.data is None else Path(arguments.data)
    if data is not None:
        check_data_folder(data)
    try:
        path = write_report(folder, title=str(about.get("scenario", folder.resolve().name)), about=about,
                            data=None if data is None else FolderUniverses(data))
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error.strerror}") from error
    print(run_table(results.read_summary(folder)["statistics"], results.read_report(folder)))
    print(f"\nreport: {path}")
    return 0
