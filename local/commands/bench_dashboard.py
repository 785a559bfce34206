"""``bench-dashboard``: a dashboard under load: quotes that change, pages that listen, a client that asks, memory."""
from __future__ import annotations

import argparse
import json
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from local.bench.measure import run_measured
from local.commands.arguments import at_least_one
from local.commands.progress import tell
from local.commands.project import PROJECT_FOLDER

HELP = "the dashboard under load: refresh, answers, memory"
PAGES, CHANGES, MINUTES = 20, 1_000, 10.0
# Two sessions after which a position is held: what is published of it is what is multiplied.
RUN = ("backtest", "--scenario", "august_2024", "--phase", "3", "--param", "publish=yes", "--from", "2024-07-15", "--to",
       "2024-07-16")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--minutes", type=float, default=MINUTES, metavar="N", help=f"how long (default {MINUTES:g})")
    parser.add_argument("--pages", type=at_least_one, default=PAGES, metavar="N", help=f"pages that listen (default {PAGES})")
    parser.add_argument("--changes", type=at_least_one, default=CHANGES, metavar="N",
                        help=f"quote changes a second (default {CHANGES})")


def run(arguments: argparse.Namespace) -> int:
    """Publish, serve, load, print."""
    # only here: who looks at no dashboard needs none of its libraries
    from local.bench.dashboard import PUBLISHED_A_SECOND, changed, crowded, load_lines, under_load
    from operations.dashboard.passwords import OWNER, Passwords
    with tempfile.TemporaryDirectory(prefix="tom-king-bench-") as scratch:
        folder, password = Path(scratch), secrets.token_urlsafe(12)
        tell("bench-dashboard: two sessions that publish")
        run_measured([*RUN, "--out", str(folder / "run")], cwd=PROJECT_FOLDER)
        place = next((folder / "run" / "storage").rglob("published/status.json"))
        document = crowded(json.loads(place.read_text(encoding="utf-8")), -(-arguments.changes // PUBLISHED_A_SECOND))
        Passwords(folder / "home", time.time).set(OWNER, password)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        tell(f"bench-dashboard: {arguments.minutes:g} minutes of load")
        server = subprocess.Popen([sys.executable, "-m", "local", "dashboard", "--store", str(folder / "run" / "storage"), "--port",
                                   str(port), "--home", str(folder / "home")], cwd=PROJECT_FOLDER, stdin=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            load = under_load(port, server.pid, password, place, document, pages=arguments.pages, seconds=60.0 * arguments.minutes)
        finally:
            server.terminate()
            server.wait()
        print("\n".join(load_lines(load, pages=arguments.pages, seconds=60.0 * arguments.minutes,
                                   changes_a_second=changed(document, 0) * PUBLISHED_A_SECOND)))
    return 0
