"""Planned commands of the operator: a file of lines, or the scenario's own, as the algorithm's ``commands``."""
from __future__ import annotations

import argparse
from pathlib import Path

from config.planned_commands import DIVIDER
from local.commands.errors import CommandError
from local.data.scenario import SCENARIO_FOLDER

KEY = "commands"
OWN = ""
SUFFIX = ".commands"
COMMENT = "#"


def add_commands(parser: argparse.ArgumentParser) -> None:
    """--commands, with a file or alone."""
    parser.add_argument("--commands", nargs="?", const=OWN, metavar="FILE",
                        help="the operator's commands, a line each: DATE TIME ACTION [STRATEGY]; without a "
                             "file those of the scenario")


def own_file(scenario: str) -> Path:
    """Where a scenario keeps its commands: beside its file."""
    given = Path(scenario)
    return given.with_suffix(SUFFIX) if given.suffix == ".toml" else SCENARIO_FOLDER / f"{scenario}{SUFFIX}"


def commands_text(arguments: argparse.Namespace) -> str | None:
    """The algorithm's parameter, None where none are planned.

    Raises
    ------
    CommandError
        The file is not there or holds no command; none is named, and there is no scenario.
    """
    if arguments.commands is None:
        return None
    if arguments.commands == OWN and arguments.scenario is None:
        raise CommandError("--commands needs a file here: only a scenario has commands of its own")
    path = own_file(arguments.scenario) if arguments.commands == OWN else Path(arguments.commands)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"commands {path} cannot be read: {getattr(error, 'strerror', error)}") from error
    found = [line for line in (line.partition(COMMENT)[0].strip() for line in lines) if line]
    if not found:
        raise CommandError(f"commands {path} holds no command")
    return f"{DIVIDER} ".join(found)
