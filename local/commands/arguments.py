"""What the sub-commands' arguments have in common. A bad argument ends in one line, not in a page of usage."""
from __future__ import annotations

import argparse
import math
import re
import sys
from pathlib import Path
from typing import NoReturn

from config.near_misses import meant
from local.commands.errors import CommandError
from local.data.written_dates import day_of

INSTALLED = "tomking"
PHASES = (1, 2, 3, 4)
ENGINES = ("embedded", "lean")


CHOICE = re.compile(r"invalid choice: '(?P<word>[^']*)' \(choose from (?P<known>.*)\)")
UNKNOWN = re.compile(r"unrecognized arguments: (?P<word>--[\w-]+)")


def program() -> str:
    """What the user typed: the installed command, or the module."""
    return INSTALLED if Path(sys.argv[0]).stem == INSTALLED else "python -m local"


class OneLineParser(argparse.ArgumentParser):
    """Raises instead of printing its usage and leaving; names what may have been meant, and the help that tells more."""

    asked: OneLineParser | None = None      # the sub-command's own parser, where one was named

    @property
    def has_steps(self) -> bool:
        """Whether it has sub-commands of its own, which tell their own help."""
        return any(isinstance(action, argparse._SubParsersAction) for action in self._actions)

    def error(self, message: str) -> NoReturn:
        told = self.asked or self
        near = ""
        if choice := CHOICE.search(message):
            near = meant(choice["word"], re.findall(r"[\w-]+", choice["known"]))
        elif unknown := UNKNOWN.search(message):
            near = meant(unknown["word"], told._option_string_actions)
        raise CommandError(f"{message}{near} (see {told.prog} --help)")


def key_value(text: str) -> tuple[str, str]:
    """``k=v`` as a pair; both sides must be there."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not key=value")
    return key.strip(), value.strip()


def positive_amount(text: str) -> float:
    """A finite amount of USD above zero."""
    try:
        amount = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of USD") from None
    if not math.isfinite(amount) or amount <= 0.0:
        raise argparse.ArgumentTypeError(f"must be above zero, not {text}")
    return amount


def phase(text: str) -> int:
    """1 to 4."""
    if text not in {str(number) for number in PHASES}:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(map(str, PHASES))}, not {text}")
    return int(text)


def seed(text: str) -> int:
    """A whole number from 0 up; the scenario's reader knows the upper bound."""
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def at_least_one(text: str) -> int:
    """A whole number from 1 up."""
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def scenario(text: str) -> str:
    """A name as it is; the path of a file in full, so that it holds from any folder."""
    return str(Path(text).absolute()) if text.endswith(".toml") else text


def typed_word(word: str, typed: str | None) -> None:
    """What is dangerous asks for its own word, on the command line or at the prompt.

    Raises
    ------
    CommandError
        Another word was typed.
    """
    if (typed if typed is not None else input(f"type {word} to {word}: ")) != word:
        raise CommandError(f"nothing was done: {word} was not typed")


def pairs(given: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters as a mapping; one given twice is refused.

    Raises
    ------
    CommandError
        A key stands twice.
    """
    found: dict[str, str] = {}
    for key, value in given:
        if key in found:
            raise CommandError(f"parameter {key!r} is given twice")
        found[key] = value
    return found


def add_scenario(parser: argparse.ArgumentParser, *, required: bool = True, default: str | None = None,
                 action: str = "store") -> None:
    """--scenario, --seed, --bars, --data-cache."""
    more = "; may be given more than once" if action == "append" else ""
    parser.add_argument("--scenario", required=required, default=default, action=action, type=scenario,
                        metavar="NAME",
                        help=f"name of a scenario in local/scenarios, or the path of a TOML file{more}")
    parser.add_argument("--seed", type=seed, metavar="N", help="instead of the scenario's own seed")
    parser.add_argument("--bars", metavar="DIR", help="folder of real daily bars (spy.csv, vix.csv and more) that replace the "
                        "written ones, from 300 sessions before the first day")
    parser.add_argument("--data-cache", metavar="DIR", help="keeps written data between runs (default .cache/data)")


def day(text: str) -> str:
    """A day in any of the ways that bars may have it, as YYYY-MM-DD."""
    try:
        return day_of(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_window(parser: argparse.ArgumentParser) -> None:
    """--start and --end, also called --from and --to."""
    parser.add_argument("--start", "--from", type=day, metavar="DAY",
                        help="first day, like 2024-07-01 (default: the scenario's); with --bars and --end no scenario is needed")
    parser.add_argument("--end", "--to", type=day, metavar="DAY", help="last day")


def add_account(parser: argparse.ArgumentParser) -> None:
    """--phase, --cash, --param."""
    parser.add_argument("--phase", type=phase, metavar="1-4", help="phase of the account at the start")
    parser.add_argument("--cash", type=positive_amount, metavar="USD", help="starting cash (default: by phase)")
    add_parameters(parser)


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """--param k=v, any number of times."""
    parser.add_argument("--param", dest="parameters", type=key_value, action="append", default=[], metavar="K=V",
                        help="a parameter of the algorithm; may be given more than once")


def add_force(parser: argparse.ArgumentParser) -> None:
    """--force."""
    parser.add_argument("--force", action="store_true",
                        help="replace an earlier folder of the same kind also where its files were changed or added to")


def add_engine(parser: argparse.ArgumentParser) -> None:
    """--engine embedded or lean."""
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0],
                        help="the embedded engine, or LEAN by TOMKING_LEAN or the lean command")
