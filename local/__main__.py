"""The command line: ``python -m local COMMAND``. A command that cannot do what it was asked ends in one line."""
from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from importlib import import_module
from types import FrameType, ModuleType
from typing import Sequence

from local.commands.arguments import OneLineParser, program
from local.commands.errors import BAD_INPUT, RUN_FAILED, CommandError, one_line

USERS = ("backtest", "scenario", "list", "data", "import", "report", "compare", "run", "day", "backup", "dashboard", "promote", "cache",
         "explain", "replay")
DEVELOPERS = ("parity", "bench", "bench-dashboard", "faults", "strategies-table", "walk-days", "validate", "record", "regressions")
COMMANDS = USERS + DEVELOPERS
MODULES = {"import": "import_quotes"}     # commands whose name no module may have
HELP = ("-h", "--help")
LIBRARIES = ("numpy", "pandas", "scipy", "cryptography")
INTERRUPTED = 130
TERMINATED = 143


def build_parser(only: str | None = None) -> OneLineParser:
    """The parser with every sub-command, or with one of them."""
    parser = OneLineParser(prog=program(), description="Runs the Tom King Trading Framework without Docker.",
                           formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="store_true", help="tell the version, the commit and what it runs on")
    parser.add_argument("--debug", action="store_true", help="show the whole trace of a run that failed")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = {name: _module(name) for name in (COMMANDS if only is None else (only,))}
    for name, module in modules.items():
        own = commands.add_parser(name, description=module.__doc__)
        module.add_arguments(own)
        parser.asked = own if only is not None else None
    if only is None:
        parser.epilog = "\n\n".join(
            "\n".join([f"{heading}:", *(f"  {name:18}{modules[name].HELP}" for name in names)])
            for heading, names in (("commands", USERS), ("for work on the framework itself", DEVELOPERS)))
    return parser


def _module(command: str) -> ModuleType:
    return import_module(f"local.commands.{MODULES.get(command, command.replace('-', '_'))}")


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
        parser = build_parser(named if named in COMMANDS else None)
        own = parser.asked or parser
        if any(word in HELP for word in given) and (named is None or parser.asked is not None and not own.has_steps):
            own.print_help()       # whatever else was typed
            return 0
        arguments = parser.parse_args(given)
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
