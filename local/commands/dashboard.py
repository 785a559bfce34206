"""``dashboard``: shows what the algorithm publishes, on this machine's own address, and sends the owner's commands. Set a
password first: ``--set-password``; with ``--role reader`` one that may only read."""
from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
import time
from pathlib import Path

from local.commands.arguments import at_least_one
from local.commands.errors import CommandError

HELP = "show what the algorithm publishes, and send it commands"
PORT = 8443
HOME = ".config/tom-king/dashboard"
ROLES = ("owner", "reader")
LIBRARIES = ("fastapi", "starlette", "uvicorn", "websockets", "pydantic")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--store", metavar="DIR", help="the ObjectStore's folder (default: storage of the workspace)")
    parser.add_argument("--run", metavar="MODE/NAME", help="the run to show, live/main (default: the one that wrote last)")
    parser.add_argument("--port", type=at_least_one, default=PORT, metavar="N", help=f"where it listens (default {PORT})")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--commands", metavar="DIR", help="the folder LEAN's process runs in: commands are handed over there")
    way.add_argument("--lean", metavar="PROJECT", help="send commands by lean live command to this project's container")
    parser.add_argument("--home", metavar="DIR", help="the dashboard's own private folder (default: in ~/.config/tom-king)")
    parser.add_argument("--host", metavar="NAME", help="another address than this machine's own; needs a certificate")
    parser.add_argument("--certificate", metavar="FILE", help="certificate chain, PEM")
    parser.add_argument("--key", metavar="FILE", help="the certificate's key, PEM")
    parser.add_argument("--set-password", action="store_true", help="ask for a password, keep its scrypt, and end")
    parser.add_argument("--role", choices=ROLES, default=ROLES[0], help="whose password is set")


def run(arguments: argparse.Namespace) -> int:
    """Set a password, or serve until interrupted."""
    # only here: who looks at no dashboard needs none of its libraries
    from operations.errors import OperationsError
    home = Path(arguments.home).absolute() if arguments.home else Path.home() / HOME
    try:
        return _set_password(home, arguments.role) if arguments.set_password else _serve(home, arguments)
    except OperationsError as error:
        raise CommandError(str(error)) from error
    except ModuleNotFoundError as error:
        if error.name not in LIBRARIES:
            raise
        raise CommandError(f"{error.name} is not installed for {sys.executable}: make setup makes an environment that has "
                           "it") from error


def _set_password(home: Path, role: str) -> int:
    from operations.dashboard.passwords import Passwords
    passwords = Passwords(home, time.time)
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password of the {role}: ")
        if getpass.getpass("Once more: ") != password:
            raise CommandError("the two are not the same; nothing was changed")
    else:
        password = sys.stdin.readline().rstrip("\n")
    passwords.set(role, password)
    print(f"the {role}'s password is set; a running dashboard takes it from now on", file=sys.stderr)
    return 0


def _serve(home: Path, arguments: argparse.Namespace) -> int:
    from operations.dashboard.channels import Channel, CommandFolder, LeanCommand
    from operations.dashboard.server import LOCAL, Place, make_parts, serve
    from operations.places import store_folder
    place = Place(port=arguments.port, host=arguments.host or LOCAL,
                  certificate=Path(arguments.certificate) if arguments.certificate else None,
                  key=Path(arguments.key) if arguments.key else None)
    channel: Channel | None = None
    if arguments.commands:
        channel = CommandFolder(Path(arguments.commands).absolute())
    elif arguments.lean:
        channel = LeanCommand(Path(arguments.lean).absolute())
    parts = make_parts(store=store_folder(arguments.store), home=home, place=place, channel=channel, run=arguments.run)
    print(f"dashboard: {place.address.origins[0]}/", file=sys.stderr, flush=True)
    asyncio.run(serve(parts, place))
    return 0
