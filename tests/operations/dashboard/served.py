"""A dashboard that runs: over a store that an algorithm on the embedded engine has published into, with a plain client."""
from __future__ import annotations

import asyncio
import http.client
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import uvicorn

from operations.dashboard.application import Parts, make_application
from operations.dashboard.channels import CommandFolder
from operations.dashboard import passwords as own_passwords
from operations.dashboard.hub import now_text
from operations.dashboard.passwords import OWNER, READER, Passwords
from operations.dashboard.server import PatientForAWhile, Place, make_parts
from tests.scenarios.order_world import FRIDAY, lives

PASSWORD, READERS = "correct horse battery", "only for looking at"
USUAL_COST, QUICK_COST = own_passwords.COST, 2 ** 8           # of the scrypt of these tests' passwords; its real cost has a test of its own
RUN = "paper/main/tom-king"


@lru_cache(maxsize=1)
def published() -> Path:
    """The store of a live Friday at noon, with a condor and an LT112 open. Copies are made of it."""
    folder = Path(mkdtemp(prefix="published-"))
    run = lives(folder, live=True, publish="yes")
    run.begin()
    assert run.run(run.engine.clock.local.replace(year=FRIDAY.year, month=FRIDAY.month, day=FRIDAY.day, hour=12, minute=1)), run.error
    shutil.rmtree(folder / "keep", ignore_errors=True)
    return folder / "storage"


class Client:
    """A browser without a screen: it keeps its cookie and the page's token."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = self.csrf = ""
        self.headers: dict[str, str] = {}

    def ask(self, method: str, path: str, body: Any = None, **headers: str | None) -> tuple[int, Any]:
        """Status and answer; headers that are None are left out."""
        sent: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}"}
        if self.cookie:
            sent["Cookie"] = self.cookie
        data = None
        if method == "POST":
            data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
            sent |= {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json", "X-CSRF-Token": self.csrf}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        if data is not None and "Content-Length" not in headers:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        answer = connection.getresponse()
        text = answer.read()
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        told = self.headers.get("set-cookie", "")
        if told:
            self.cookie = told.split(";")[0]
        return answer.status, json.loads(text) if "json" in self.headers.get("content-type", "") else text

    def get(self, path: str, **headers: str | None) -> tuple[int, Any]:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str | None) -> tuple[int, Any]:
        return self.ask("POST", path, body, **headers)

    def sign_in(self, password: str = PASSWORD) -> int:
        status, answer = self.post("/api/sign-in", {"password": password})
        if status == 200:
            self.csrf = answer["csrf"]
        return status


class Served:
    """One running dashboard."""

    def __init__(self, folder: Path, parts: Parts, port: int) -> None:
        self.folder, self.parts, self.port = folder, parts, port
        self.store, self.commands, self.home = folder / "storage", folder / "commands", folder / "home"

    def client(self, password: str | None = PASSWORD) -> Client:
        """A client, signed in unless the password is None."""
        client = Client(self.port)
        if password is not None:
            assert client.sign_in(password) == 200
        return client

    def renew(self) -> None:
        """Nobody is signed in, nothing was sent, no password was wrong, and the clocks are the machine's."""
        self.parts.sessions.end_all()
        self.parts.sessions._clock, self.parts.passwords._clock = time.monotonic, time.time
        self.parts.commands._rows, self.parts.commands._clock = [], now_text
        for name in ("commands.json", "lock.json"):
            (self.home / name).unlink(missing_ok=True)
        for path in self.commands.iterdir():
            path.unlink()

    def sent(self) -> list[dict[str, Any]]:
        """What lies in the command folder, as LEAN would take it."""
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self.commands.glob("command*.json"))]


@contextmanager
def served(folder: Path, *, requests_a_minute: int = 100, store: Path | None = None, channel: bool = True) -> Iterator[Served]:
    """A dashboard on a free port, over a copy of what is published."""
    if store is None:
        store = folder / "storage"
        shutil.copytree(published(), store)
    (folder / "commands").mkdir(parents=True, exist_ok=True)
    usual, own_passwords.COST = own_passwords.COST, QUICK_COST
    passwords = Passwords(folder / "home", time.time)
    passwords.set(OWNER, PASSWORD)
    passwords.set(READER, READERS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    parts = make_parts(store=store, home=folder / "home", place=Place(port=port), run=None, requests_a_minute=requests_a_minute,
                       channel=CommandFolder(folder / "commands") if channel else None)
    server = uvicorn.Server(uvicorn.Config(make_application(parts), host="127.0.0.1", port=port, http=PatientForAWhile, ws="auto",
                                           lifespan="off", log_level="warning", access_log=False, server_header=False,
                                           ws_max_size=4096))

    async def both() -> None:
        watching = asyncio.ensure_future(parts.hub.watch())
        await server.serve()
        watching.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(both()), daemon=True)
    thread.start()
    there = parts.reader.runs()
    while not server.started or there and "status" not in parts.hub.documents:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield Served(folder, parts, port)
    finally:
        server.should_exit = True
        thread.join(20)
        own_passwords.COST = usual
        parts.log.close()
