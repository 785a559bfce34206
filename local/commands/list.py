"""``list``: the names that other commands take: scenarios, strategies, parameters, refusal codes."""
from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import time
from enum import Enum

from config.figures import FIGURES
from config.run_parameters import ALL_STRATEGIES, KNOWN_PARAMETERS, PARAMETER_VALUES, YES_OR_NO, parse
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
    defaults = parse({}, live=False)
    own = [(name, _default(getattr(defaults, name)), PARAMETER_VALUES[name]) for name in KNOWN_PARAMETERS]
    figures = [(key, _default(place.value), place.bounds) for key, place in FIGURES.items()]
    return ("Parameter", "Default", "Values"), own + figures


def _default(value: object) -> str:
    """A parameter's text where none is given; a dash where there is no value."""
    if isinstance(value, Enum):
        return str(value.value)
    if value == STRATEGY_PRIORITY:
        return ALL_STRATEGIES
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, bool):
        return next(text for text, meaning in YES_OR_NO.items() if meaning is value)
    if isinstance(value, (int, float)):
        return f"{value:.10g}"
    return str(value) if value and not isinstance(value, Mapping) else "–"


def _codes() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    return ("Code", "Meaning"), [(code.value, meaning) for code, meaning in MEANINGS.items()]
