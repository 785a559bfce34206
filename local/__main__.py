"""The command line: ``python -m local COMMAND``. A command that cannot do what it was asked ends in one line."""
from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType, ModuleType
from typing import Sequence

from local.commands.arguments import OneLineParser
from local.commands.errors import BAD_INPUT, RUN_FAILED, CommandError, one_line

COMMANDS = ("backtest", "list", "data", "report", "run", "parity", "bench", "faults", "strategies-table",
            "record", "regressions", "replay", "walk-days", "validate", "import", "backup", "dashboard", "day")
MODULES = {"import": "import_quotes"}     # commands whose name no module may have
LIBRARIES = ("numpy", "pandas", "scipy", "cryptography")
INSTALLED = "tomking"
INTERRUPTED = 130
TERMINATED = 143


def build_parser(only: str | None = None) -> OneLineParser:
    """The parser with every sub-command, or with one of them."""
    parser = OneLineParser(prog=_program(), description="Runs the Tom King Trading Framework without Docker.")
    parser.add_argument("--version", action="store_true", help="tell the version, the commit and what it runs on")
    parser.add_argument("--debug", action="store_true", help="show the whole trace of a run that failed")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS if only is None else (only,):
        module = _module(name)
        own = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(own)
        parser.asked = own if only is not None else None
    return parser


def _module(command: str) -> ModuleType:
    return import_module(f"local.commands.{MODULES.get(command, command.replace('-', '_'))}")


def _program() -> str:
    """What the user typed: the installed command, or the module."""
    return INSTALLED if Path(sys.argv[0]).stem == INSTALLED else "python -m local"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the process's exit code."""
    from core.errors import ConfigError, FrameworkError
    from local.data.errors import ScenarioError
    from local.made_with import made_with_line
    from local.results import ResultsError
    debug = False
    try:
        given = sys.argv[1:] if argv is None else list(argv)
        named = next((word for word in given if not word.startswith("-")), None)
        if "--version" in given and named is None:
            print(made_with_line())
            return 0
        arguments = build_parser(named if named in COMMANDS else None).parse_args(given)
        debug = arguments.debug
        return int(_module(arguments.command).run(arguments))
    except CommandError as error:
        if debug and error.details:
            print(error.details, file=sys.stderr)
        return _fail(str(error), error.exit_code)
    except (ScenarioError, ResultsError, ConfigError) as error:
        return _fail(str(error), BAD_INPUT)
    except FrameworkError as error:
        return _fail(str(error), RUN_FAILED)
    except ModuleNotFoundError as error:
        if error.name not in LIBRARIES:
            raise
        return _fail(f"{error.name} is not installed for {sys.executable}; make setup makes an environment that has it: "
                     ".venv/bin/python -m local", BAD_INPUT)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)


def _fail(message: str, code: int) -> int:
    print(f"error: {one_line(message)}", file=sys.stderr, flush=True)
    return code


def _clean_up_when_terminated() -> None:
    """A termination unwinds, so that temporary folders go. Worker processes inherit this and must end at once."""
    owner = os.getpid()

    def terminate(_signal: int, _frame: FrameType | None) -> None:
        if os.getpid() != owner:
            os._exit(TERMINATED)
        sys.exit(TERMINATED)

    signal.signal(signal.SIGTERM, terminate)


def command() -> int:
    """The whole process's work: ``python -m local``, or ``tomking`` where the package is installed."""
    _clean_up_when_terminated()
    exit_code = main()
    gc.freeze()  # the process ends: a run's millions of objects need no last search for cycles
    return exit_code


if __name__ == "__main__":
    sys.exit(command())
