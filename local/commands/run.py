"""``run``: any LEAN Python project folder, on either engine; its ObjectStore is left under OUT/storage."""
from __future__ import annotations

import argparse
from pathlib import Path

from local import results
from local.commands.arguments import add_engine, add_force, add_parameters, pairs
from local.commands.data_folder import check_data_folder
from local.commands.execute import Job, execute, require_engine
from local.commands.project import check_project, project_parameters
from local.commands.staging import check_replaceable, staged_folder
from local.made_with import made_with
from local.statistics_table import statistics_lines

HELP = "run any LEAN Python project folder on a data folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="project folder with a main.py")
    parser.add_argument("--data", required=True, metavar="DIR", help="data folder in LEAN's format")
    parser.add_argument("--out", required=True, metavar="DIR", help="gets the results and storage/")
    add_force(parser)
    add_engine(parser)
    add_parameters(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the folder and print LEAN's statistics."""
    folder, data, out = Path(arguments.folder), Path(arguments.data), Path(arguments.out)
    check_project(folder)
    check_data_folder(data)
    check_replaceable(out, "run", force=arguments.force)
    require_engine(arguments.engine)
    parameters = project_parameters(folder) | pairs(arguments.parameters)
    about = {"command": "run", "engine": arguments.engine, "project": folder.resolve().name, "parameters": parameters,
             "made_with": made_with()}
    with staged_folder(out, about, force=arguments.force) as stage:
        (stage / "storage").mkdir()
        execute(Job(engine=arguments.engine, project=folder.resolve(), data=data.resolve(), out=stage,
                    parameters=parameters))
        table = statistics_lines(results.read_summary(stage)["statistics"])
    print("\n".join(table))
    print(f"\nresults: {out}")
    return 0
