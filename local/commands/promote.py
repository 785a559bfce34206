"""``promote``: the checklist of staging or production, computed; what is missing is named. ``review`` shows the configuration and
asks for the word, ``rollback`` brings back the last promoted tree and its state."""
from __future__ import annotations

import argparse
from importlib import import_module

from local.commands.backup import add_places

HELP = "the checklist before staging and production, and the way back"
STEPS = {"staging": "may it trade on paper", "production": "may it trade real money", "review": "look at the configuration, and say so",
         "rollback": "bring back the last promoted tree and state"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    for name, text in STEPS.items():
        step = steps.add_parser(name, help=text)
        add_places(step)
        if name in ("review", "rollback"):
            step.add_argument("--word", metavar="WORD", help=f"{name}, typed: without it you are asked")
        if name == "rollback":
            step.add_argument("--keep-state", action="store_true", help="leave the state as it is")
            step.add_argument("--running", action="store_true", help="although the store was written a moment ago")


def run(arguments: argparse.Namespace) -> int:
    """Carry out one step; 1 when a line is not kept."""
    return int(import_module("local.commands.promote_steps").carry_out(arguments))
