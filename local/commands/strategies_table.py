"""``strategies-table``: which strategy traded how often in which scenario."""
from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from config.strategy_parameters import STRATEGY_PRIORITY
from local import results
from local.bench.measure import run_measured
from local.commands.arguments import add_account, add_engine, phase, scenario, seed
from local.commands.backtest import GENERATE
from local.commands.errors import CommandError
from local.commands.execute import EMBEDDED, require_engine
from local.commands.planned import add_commands, own_file
from local.commands.progress import tell
from local.commands.project import PROJECT_FOLDER
from local.data import scenario as scenarios
from local.statistics_table import grid

HELP = "strategy by scenario: trades opened and closed"
AT_ONCE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--scenario", dest="scenarios", action="append", type=scenario, metavar="NAME",
                        help="a scenario; may be given more than once (default: all)")
    parser.add_argument("--seed", type=seed, metavar="N", help="instead of each scenario's own seed")
    parser.add_argument("--data-cache", metavar="DIR", help="keeps written data between runs (default .cache/data)")
    parser.add_argument("--out", metavar="DIR", help="keeps the runs, one folder a scenario")
    add_engine(parser)
    add_account(parser)
    add_commands(parser)
    parser.set_defaults(phase=phase("4"))


def run(arguments: argparse.Namespace) -> int:
    """Run every scenario and print the table."""
    names = arguments.scenarios or list(scenarios.names())
    for name in names:
        scenarios.load(name, seed=arguments.seed)
    require_engine(arguments.engine)
    with tempfile.TemporaryDirectory(prefix="tom-king-table-") as scratch:
        out = Path(arguments.out).absolute() if arguments.out else Path(scratch)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            reports = dict(zip(names, pool.map(lambda name: _backtest(name, arguments, out), names)))
    print(f"opened / closed in phase {arguments.phase} on the {arguments.engine} engine\n")
    print("\n".join(table_lines(reports)))
    return 0


def _backtest(name: str, arguments: argparse.Namespace, out: Path) -> dict[str, Any]:
    """One scenario as a command of its own; its report."""
    tell(f"running {name}")
    folder = out / Path(name).stem
    command = ["backtest", "--scenario", name, "--engine", arguments.engine, "--phase", str(arguments.phase),
               "--out", str(folder), *(["--data", GENERATE] if arguments.engine == EMBEDDED else [])]
    for option, value in (("--seed", arguments.seed), ("--cash", arguments.cash),
                          ("--data-cache", arguments.data_cache and Path(arguments.data_cache).absolute())):
        command += [option, str(value)] if value is not None else []
    for key, value in arguments.parameters:
        command += ["--param", f"{key}={value}"]
    if arguments.commands is not None and (arguments.commands or own_file(name).is_file()):
        command += ["--commands", *([str(Path(arguments.commands).absolute())] if arguments.commands else [])]
    try:
        run_measured(command, cwd=PROJECT_FOLDER)
    except CommandError as error:
        raise CommandError(f"{name}: {error}", error.exit_code) from error
    return results.read_report(folder)


def table_lines(reports: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One row a strategy, one column a scenario: positions opened / closed, and whether it did both somewhere."""
    rows = []
    for strategy in STRATEGY_PRIORITY:
        counts = [opened_and_closed(strategy, report) for report in reports.values()]
        opened, closed = sum(pair[0] for pair in counts), sum(pair[1] for pair in counts)
        rows.append((strategy, *(_cell(pair) for pair in counts), _cell((opened, closed)),
                     "yes" if opened and closed else "NO"))
    lines = grid(("Strategy", *reports, "All", "Opened and closed"), rows)
    done = sum(row[-1] == "yes" for row in rows)
    return [*lines, "", f"{done} of {len(rows)} strategies opened and closed at least one position"]


def _cell(pair: Sequence[int]) -> str:
    return "-" if not any(pair) else f"{pair[0]} / {pair[1]}"


def opened_and_closed(strategy: str, report: Mapping[str, Any]) -> tuple[int, int]:
    """Positions of one strategy that were opened, and that were closed, in one run."""
    closed = sum(trade["strategy"] == strategy for trade in report["trades"])
    held = sum(position["strategy"] == strategy for position in report.get("open_positions", []))
    return closed + held, closed
