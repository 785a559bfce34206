"""``backtest``: trades one scenario, or a data folder of one's own, with this project; ends with a table and a report."""
from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from config import run_parameters
from config.constants import PHASE_STARTING_CASH
from core.errors import ConfigError
from helpers.shell.exposed_secrets import WORKSPACE_FILE, exposed_secrets
from local import results
from local.broker_faults.broker import FaultyBroker
from local.broker_faults.faults import Restart
from local.broker_faults.plan import FaultPlan
from local.commands.arguments import add_account, add_engine, add_force, add_scenario, add_window, pairs, program, seed
from local.commands.errors import CommandError
from local.commands.execute import EMBEDDED, Job, execute, require_engine
from local.commands.own_data import FolderWindow, folder_window, lacks, told_of
from local.commands.planned import KEY as COMMANDS
from local.commands.planned import add_commands, commands_text
from local.commands.progress import tell
from local.commands.project import CONFIGURATION, PROJECT_FOLDER, RUNS_FOLDER, check_project, project_parameters
from local.commands.scenario_data import data_folder, load_scenario, served_data
from local.commands.staging import check_replaceable, staged_folder
from local.data.calendar import sessions
from local.data.scenario import Scenario
from local.data.served import ServedDays
from local.made_with import made_with
from local.run_report.closes import FolderUniverses
from local.run_report.page import write_report
from local.statistics_table import run_table

HELP = "trade a scenario, or data of your own, with this project"
OUTPUT_FOLDER = RUNS_FOLDER
REPORT_NAME = "report.html"
GENERATE = "generate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser, required=False)
    parser.add_argument("--data", metavar="DIR", help="instead of a scenario: a data folder in LEAN's format, imported, or filled "
                        "by lean data download; what it lacks is told first. generate: the scenario's days are made while the "
                        "run goes on, and not written (embedded engine only)")
    add_engine(parser)
    add_account(parser)
    add_commands(parser)
    add_window(parser)
    parser.add_argument("--strategies", metavar="NAMES", help="which are on, with commas; all,-hedge leaves one out")
    parser.add_argument("--faults", type=seed, metavar="SEED", help="a broker that misbehaves by this seed")
    parser.add_argument("--out", metavar="DIR", help="results folder (default runs/<time>-<scenario>)")
    add_force(parser)


def _traded(arguments: argparse.Namespace) -> Scenario | FolderWindow:
    """What is traded: the scenario, the window of bars, or the folder of --data.

    Raises
    ------
    CommandError
        None or two of them are named.
    """
    if arguments.data in (None, GENERATE):
        if arguments.data and arguments.engine != EMBEDDED:
            raise CommandError("--data generate needs the embedded engine: LEAN reads files")
        return load_scenario(arguments)
    for word in ("scenario", "bars", "seed", "data_cache"):
        if getattr(arguments, word) is not None:
            raise CommandError(f"--data and --{word.replace('_', '-')} contradict each other: a data folder is traded as it is")
    return folder_window(arguments)


def _data(traded: Scenario | FolderWindow, arguments: argparse.Namespace, parameters: Mapping[str, str]
          ) -> tuple[Path, ServedDays | None]:
    """The data folder, and what serves its days where none are written; what one of the user's own lacks is told."""
    strategies = strategies_of(parameters)
    days = date.fromisoformat(parameters["start"]), date.fromisoformat(parameters["end"])
    if not isinstance(traded, FolderWindow):
        if arguments.data == GENERATE:
            return served_data(traded, arguments, strategies)
        return data_folder(traded, arguments, strategies, days), None
    tell(told_of(traded.folder, lacks(traded.folder, strategies, *days), days))
    return traded.folder, None


def backtest_parameters(scenario: Scenario | FolderWindow, arguments: argparse.Namespace) -> dict[str, str]:
    """The algorithm's text parameters: the project's, then the scenario's window, phase and cash, then --param and
    --commands, where the command has it.

    Raises
    ------
    CommandError
        A parameter is unknown, out of bounds, given in two ways, or reaches beyond the scenario.
    """
    given = pairs(arguments.parameters)
    told = ("strategies",) if isinstance(scenario, Scenario) and arguments.scenario is None else ("start", "end", "strategies")
    own = {key: getattr(arguments, key, None) for key in told}     # a window of bars is the scenario's own
    for option, key in ((arguments.phase, "starting_phase"), (arguments.cash, "cash"),
                        *((value, name) for name, value in own.items())):
        if option is not None and key in given:
            raise CommandError(f"{key} is given twice: as an option and as --param")
    given |= {key: value for key, value in own.items() if value is not None}
    defaults = project_parameters(PROJECT_FOLDER)
    window = {"start": scenario.backtest_start.isoformat(), "end": scenario.backtest_end.isoformat()}
    parameters = defaults | window
    parameters["starting_phase"] = str(arguments.phase or given.get("starting_phase", run_parameters.DEFAULT_PHASE))
    parameters.pop("cash", None)
    parameters |= given
    if arguments.cash is not None:
        parameters["cash"] = repr(arguments.cash)
    planned = commands_text(arguments) if COMMANDS in arguments else None
    if planned is not None:
        if COMMANDS in given:
            raise CommandError(f"{COMMANDS} is given twice: as an option and as --param")
        parameters[COMMANDS] = planned
    _check(parameters, scenario, own={key for key in defaults if parameters.get(key) is defaults[key]})
    cash = PHASE_STARTING_CASH[int(parameters["starting_phase"])]
    return {"cash": repr(cash)} | parameters


def _check(parameters: Mapping[str, str], scenario: Scenario | FolderWindow, own: set[str]) -> None:
    """``own`` are the keys that config.json alone has: where it is at fault, the line says so."""
    try:
        checked = run_parameters.parse(parameters, live=False)
    except ConfigError as error:
        asked = {key: value for key, value in parameters.items() if key not in own}
        place = f"{PROJECT_FOLDER / CONFIGURATION}: " if asked.keys() != parameters.keys() and _holds(asked) else ""
        raise CommandError(f"{place}{error} (see {program()} list parameters)") from error
    if checked.start is None or checked.end is None or not (scenario.start <= checked.start
                                                             and checked.end <= scenario.end):
        raise CommandError(f"start and end must lie within {scenario.name}'s {scenario.start} to {scenario.end}")


def _holds(parameters: Mapping[str, str]) -> bool:
    try:
        run_parameters.parse(parameters, live=False)
    except ConfigError:
        return False
    return True


def strategies_of(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The strategies that checked parameters turn on."""
    return run_parameters.parse(parameters, live=False).strategies


def output_folder(scenario: Scenario | FolderWindow, given: str | None) -> Path:
    """Where the results go: as asked, or ``runs/<time>-<scenario>``."""
    if given:
        return Path(given)
    base = OUTPUT_FOLDER / f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{scenario.name}"
    number, folder = 1, base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


def run(arguments: argparse.Namespace) -> int:
    """Run the backtest, write its report, print the table."""
    scenario = _traded(arguments)
    parameters = backtest_parameters(scenario, arguments)
    out = output_folder(scenario, arguments.out)
    check_replaceable(out, "backtest", force=arguments.force)
    check_project(PROJECT_FOLDER)
    warn_of_secrets()
    require_engine(arguments.engine)
    broker = faulty_broker(arguments.faults, parameters, arguments.engine)
    about = {"command": "backtest", "engine": arguments.engine, "scenario": scenario.name, "bars": bool(arguments.bars),
             "parameters": parameters, "faults": arguments.faults, "made_with": made_with()}
    about |= {"data": str(scenario.folder)} if isinstance(scenario, FolderWindow) else {"seed": scenario.seed}
    with staged_folder(out, about, force=arguments.force) as stage:
        data, source = _data(scenario, arguments, parameters)
        run_project_folder(arguments.engine, data, stage, parameters, broker, source)
        report = results.read_report(stage)
        summary = results.read_summary(stage)
        write_report(stage, title=scenario.name, about=about, data=source or FolderUniverses(data))
        table = run_table(summary["statistics"], report)
    print(table)
    if broker is not None:
        print("\n" + "\n".join(f"fault {fault.kind}: {fault.hits} times from {fault.start} to {fault.end}"
                               for fault in broker.brokerage.faults))
    print(f"\nreport: {out / REPORT_NAME}")
    return 0


def warn_of_secrets() -> None:
    """Say so when the clone's lean.json holds what a commit would publish."""
    secrets = exposed_secrets(PROJECT_FOLDER)
    if secrets:
        tell(f"warning: {', '.join(secrets)} in {PROJECT_FOLDER / WORKSPACE_FILE}, inside a git repository: a commit would "
             "publish it")


def faulty_broker(number: int | None, parameters: Mapping[str, str], engine: str) -> FaultyBroker | None:
    """The broker of --faults, without restarts (those are the faults command's); None where it was not asked for.

    Raises
    ------
    CommandError
        Asked for on LEAN.
    """
    if number is None:
        return None
    if engine != EMBEDDED:
        raise CommandError("--faults needs the embedded engine")
    days = sessions(date.fromisoformat(parameters["start"]), date.fromisoformat(parameters["end"]))
    plan = FaultPlan.draw(number, days, lambda _: ())
    return FaultyBroker([fault for fault in plan.faults if not isinstance(fault, Restart)],
                        fills_after=plan.fills_after)


def run_project_folder(engine: str, data: Path, out: Path, parameters: Mapping[str, str],
                       broker: FaultyBroker | None = None, source: ServedDays | None = None) -> float:
    """Run this project on ``data``, and the days that ``source`` serves; returns the engine's wall time in seconds."""
    (out / "storage").mkdir(exist_ok=True)
    return execute(Job(engine=engine, project=PROJECT_FOLDER, data=data, out=out, parameters=parameters,
                       broker=broker, source=source))
