"""``parity``: the same scenario on LEAN and on the embedded engine, compared fill by fill."""
from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path

from local import parity, results
from local.commands.arguments import add_account, add_force, add_scenario, add_window
from local.commands.backtest import OUTPUT_FOLDER, backtest_parameters, run_project_folder, strategies_of
from local.commands.errors import RUN_FAILED
from local.commands.execute import EMBEDDED, LEAN, require_engine
from local.commands.planned import add_commands
from local.commands.scenario_data import data_folder, load_scenario
from local.commands.staging import check_replaceable, staged_folder
from local.made_with import made_with
from local.run_report.closes import FolderUniverses
from local.run_report.page import write_report
from operations.promotion import tree_records

HELP = "compare LEAN and the embedded engine on a scenario"
FILE_NAME = "parity.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser, required=False)
    add_window(parser)
    add_account(parser)
    add_commands(parser)
    parser.add_argument("--out", metavar="DIR", help="results folder (default runs/<time>-parity-<scenario>)")
    add_force(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run both, print the table, keep both runs and parity.json; 0 only when they are equal."""
    scenario = load_scenario(arguments)
    parameters = backtest_parameters(scenario, arguments)
    stamp = f"{datetime.now():%Y-%m-%d_%H-%M-%S}-parity-{scenario.name}"
    out = Path(arguments.out) if arguments.out else OUTPUT_FOLDER / stamp
    check_replaceable(out, "parity", force=arguments.force)
    require_engine(LEAN)
    about = {"command": "parity", "scenario": scenario.name, "seed": scenario.seed, "bars": bool(arguments.bars),
             "parameters": parameters, "made_with": made_with()}
    with staged_folder(out, about, force=arguments.force) as stage:
        data = data_folder(scenario, arguments, strategies_of(parameters))
        for engine in (EMBEDDED, LEAN):
            folder = stage / engine
            folder.mkdir()
            run_project_folder(engine, data, folder, parameters)
            if results.find_report(folder) is not None:
                write_report(folder, title=scenario.name, about=about | {"engine": engine},
                             data=FolderUniverses(data))
        answer = parity.compare(stage / LEAN, stage / EMBEDDED)
        (stage / FILE_NAME).write_text(json.dumps(answer.as_json(), indent=1, default=str) + "\n", encoding="utf-8")
    tree_records.note(tree_records.PARITY, tree_records.whole_hash(), scenario=scenario.name, equal=answer.equal,
                      trades=answer.trades, fills=answer.fills)
    print(f"{scenario.name}, seed {scenario.seed}, phase {parameters['starting_phase']}, "
          f"{float(parameters['cash']):,.0f} USD\n")
    print(parity.table(answer))
    print(f"\nboth runs: {out}")
    return 0 if answer.equal else RUN_FAILED
