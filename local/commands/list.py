"""``list``: the names that other commands take: scenarios, strategies, parameters, refusal codes."""
from __future__ import annotations

import argparse

from config.run_parameters import KNOWN_PARAMETERS
from config.strategy_parameters import SPECS, STRATEGY_PRIORITY
from core.codes import MEANINGS
from local.data import scenario as scenarios
from local.statistics_table import grid

HELP = "tell the names of scenarios, strategies, parameters or refusal codes"
WHAT = ("scenarios", "strategies", "parameters", "codes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("what", choices=WHAT, help="what to list")


def run(arguments: argparse.Namespace) -> int:
    """Print one line a name."""
    header, rows = {"scenarios": _scenarios, "strategies": _strategies, "parameters": _parameters,
                    "codes": _codes}[arguments.what]()
    print("\n".join(grid(header, rows, left=range(len(header)))))
    return 0


def _scenarios() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    found = [scenarios.load(name, seed=None, bars=None) for name in scenarios.names()]
    return ("Scenario", "From", "To", "What"), [
        (one.name, str(one.backtest_start), str(one.backtest_end), one.description) for one in found]


def _strategies() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    return ("Strategy", "Priority", "Underlyings"), [
        (name, str(number), " ".join(SPECS[name].underlyings)) for number, name in enumerate(STRATEGY_PRIORITY, start=1)]


def _parameters() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    return ("Parameter",), [(name,) for name in KNOWN_PARAMETERS]


def _codes() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    return ("Code", "Meaning"), [(code.value, meaning) for code, meaning in MEANINGS.items()]
