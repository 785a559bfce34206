"""``validate``: the project's figures against what others have published or computed. Ends with 1 when a bound is passed."""
from __future__ import annotations

import argparse
from importlib import import_module
from types import ModuleType

from local.commands.errors import RUN_FAILED, CommandError

HELP = "option values and written prices against what is published; 1 when a bound is passed"
# One module a check. Each has ``add_arguments(parser)``, ``asked(arguments)`` and ``check(arguments)``, which prints what
# it found and answers whether all of its bounds are kept.
CHECKS = ("local.validation.option_table", "local.validation.price_model")


def _checks() -> list[ModuleType]:
    return [import_module(name) for name in CHECKS]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every check."""
    for module in _checks():
        module.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the checks that were asked for."""
    asked = [module for module in _checks() if module.asked(arguments)]
    if not asked:
        raise CommandError("nothing to validate was named: --help tells what can be")
    kept = [module.check(arguments) for module in asked]
    return 0 if all(kept) else RUN_FAILED
