"""``day``: the day of who runs it. ``check`` looks at everything, ``start`` checks, backs up and then starts what stands behind
``--``, ``stop`` ends the algorithm cleanly and backs up. ``halt``, ``resume``, ``flatten`` and ``liquidate`` reach it without
a dashboard. ``report`` is the week in one page."""
from __future__ import annotations

import argparse
from importlib import import_module

from local.commands.backup import add_places

HELP = "checks, start, stop, emergencies, the week's report"
STEPS = {"check": "look at everything", "start": "check, back up, then start what stands behind --",
         "stop": "end the algorithm, then back up",
         "halt": "no new positions until resume", "resume": "entries again", "flatten": "close positions, of all but protection",
         "liquidate": "close everything, protection too, and halt", "report": "the week in one page", "logs": "compress logs that are over"}
TYPED = ("flatten", "liquidate")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    for name, text in STEPS.items():
        step = steps.add_parser(name, help=text)
        add_places(step)
        step.add_argument("--account", metavar="NAME", help="the run's account, where the store holds more than one")
        if name in ("stop", "halt", "resume", "flatten", "liquidate"):
            step.add_argument("--folder", metavar="DIR", help="the launcher's working folder: LEAN reads command files there")
            step.add_argument("--project", metavar="NAME", help="the project's name, where it runs in a container: by lean live command")
        if name in ("halt", "resume", "flatten", "liquidate"):
            step.add_argument("--reason", default="operator", help="kept in the audit trail")
        if name in ("flatten", "resume"):
            step.add_argument("--strategy", metavar="NAME", help="this one alone")
        if name in TYPED:
            step.add_argument("--word", metavar="WORD", help=f"{name}, typed: without it you are asked")
        if name == "stop":
            step.add_argument("--now", action="store_true", help="do not wait for orders at work")
        if name == "start":
            step.add_argument("--anyway", action="store_true", help="although a check found trouble")
            step.add_argument("words", nargs="*", metavar="COMMAND", help="what starts LEAN, behind --")
        if name == "report":
            step.add_argument("--week", metavar="YYYY-WNN", help="default: the week before this one")
            step.add_argument("--out", metavar="FILE", help="write it there too")


def run(arguments: argparse.Namespace) -> int:
    """Carry out one step; 1 when something is in trouble."""
    return int(import_module("local.commands.day_steps").carry_out(arguments))
