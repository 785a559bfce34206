"""Loads a dashboard that runs: quotes that change, pages that listen, a client that asks; how long each takes, and its memory."""
from __future__ import annotations

import asyncio
import http.client
import inspect
import json
import multiprocessing
import subprocess
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import cycle
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import websockets

from helpers.store.state_store import sealed
from local.bench.measure import KIBIBYTE, median_and_p99, verdict
from local.commands.errors import RUN_FAILED, CommandError
from local.statistics_table import grid

PUBLISHED_A_SECOND = 10
LEGS_OF_A_POSITION = 4
# Below the hundred requests a minute that one address has, the pages' own among them.
ASK_SECONDS, MEMORY_SECONDS = 0.8, 2.0
READ = ("status", "positions", "performance", "risk", "trades", "orders", "emergencies", "audit?words=lt112",
        "explain?strategy=lt112")
REFRESH_GOAL_SECONDS, API_GOAL_MS, GROWTH_GOAL = 1.0, 100.0, 0.05
PATIENCE_SECONDS = 30.0


@dataclass(slots=True, kw_only=True)
class Load:
    """What was seen of it.

    Attributes
    ----------
    refreshes : list of float
        Seconds from a document's writing until a page had its change.
    answers : list of float
        Seconds of one request.
    memory : list of int
        Bytes of the server's process.
    lost : int
        Pages that were let go because they did not keep up, and requests that were refused.
    """

    refreshes: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    lost: int = 0


def crowded(status: Mapping[str, Any], legs: int) -> dict[str, Any]:
    """A status with so many legs, in positions of four, made of its first position's; it counts as one that runs."""
    found = deepcopy(dict(status))
    found.pop("checksum", None)
    if not found["body"]["positions"]:
        raise CommandError("the run that was to be published holds no position", RUN_FAILED)
    first = found["body"]["positions"][0]
    found["body"]["positions"] = [
        first | {"id": f"{first['strategy']}/{number:012d}", "legs": [
            first["legs"][place % len(first["legs"])] | {"contract": f"SPY {number:06d}P{place:08d}"}
            for place in range(LEGS_OF_A_POSITION)]} for number in range(-(-legs // LEGS_OF_A_POSITION))]
    found["body"]["run"] |= {"ended": False, "in_session": True}
    return found


def changed(document: dict[str, Any], count: int) -> int:
    """Give every leg another quote; how many were changed."""
    legs = [leg for position in document["body"]["positions"] for leg in position["legs"]]
    for leg in legs:
        bid = round(1.0 + 0.01 * (count % 97), 2)
        leg |= {"bid": bid, "ask": round(bid + 0.05, 2), "mid": round(bid + 0.025, 3)}
    return len(legs)


def publish(place: str, document: dict[str, Any], seconds: float) -> None:
    """Write a status ten times a second, each quote in it a new one; a process of its own."""
    path, count, begun = Path(place), 0, time.monotonic()
    part = path.with_suffix(".part")
    while time.monotonic() - begun < seconds:
        count += 1
        changed(document, count)
        document["sequence"] += 1
        document["written"] = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        part.write_text(sealed(document), encoding="utf-8")
        part.replace(path)
        time.sleep(max(0.0, begun + count / PUBLISHED_A_SECOND - time.monotonic()))


def sign_in(port: int, password: str) -> str:
    """The session's cookie."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", "/api/sign-in", json.dumps({"password": password}),
                               {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            cookie = answer.getheader("Set-Cookie")
            if answer.status != 200 or cookie is None:
                raise CommandError(f"the dashboard did not let its owner in: {answer.status}", RUN_FAILED)
            return cookie.split(";")[0]
        except ConnectionError as problem:
            if time.monotonic() > until:
                raise CommandError(f"the dashboard does not answer: {problem}", RUN_FAILED) from problem
            time.sleep(0.1)
        finally:
            connection.close()


def ask(port: int, cookie: str, path: str) -> tuple[int, float]:
    """Status and seconds of one request on a connection of its own."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("GET", f"/api/{path}", headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, time.perf_counter() - begun


def memory_of(process: int) -> int:
    """Bytes a process holds."""
    answer = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True)
    return int(answer.stdout) * KIBIBYTE


async def _listen(port: int, cookie: str, load: Load) -> None:
    """One page: until it is told to end."""
    named = "additional_headers" if "additional_headers" in inspect.signature(websockets.connect).parameters else "extra_headers"
    given: dict[str, Any] = {named: {"Cookie": cookie}}
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws", origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
                                  max_size=None, **given) as wire:
        async for text in wire:
            heard = time.time()
            message = json.loads(text)
            if message["kind"] != "changes" or message["document"] != "status":
                continue
            written = next((value for place, value in message["set"] if place == ["written"]), None)
            if written is not None:
                load.refreshes.append(heard - datetime.fromisoformat(written).timestamp())
    load.lost += 1


def ask_on(port: int, cookie: str, told: Connection) -> None:
    """One request after the other; a process of its own, so that the pages' work here is not counted as the server's."""
    for path in cycle(READ):
        status, seconds = ask(port, cookie, path)
        told.send((status, seconds))
        time.sleep(max(0.0, ASK_SECONDS - seconds))


async def _weigh(process: int, load: Load) -> None:
    while True:
        load.memory.append(await asyncio.get_running_loop().run_in_executor(None, memory_of, process))
        await asyncio.sleep(MEMORY_SECONDS)


async def _hear(answers: Connection, load: Load) -> None:
    while True:
        while answers.poll():
            status, seconds = answers.recv()
            load.answers.append(seconds)
            load.lost += status != 200
        await asyncio.sleep(ASK_SECONDS)


async def _all(port: int, process: int, cookie: str, answers: Connection, *, pages: int, seconds: float) -> Load:
    load = Load()
    tasks = [asyncio.ensure_future(one) for one in (*(_listen(port, cookie, load) for _ in range(pages)),
                                                    _hear(answers, load), _weigh(process, load))]
    _, waiting = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in waiting:
        task.cancel()
    for found in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(found, Exception):
            raise CommandError(f"the dashboard gave up: {type(found).__name__}: {found}", RUN_FAILED)
    return load


def under_load(port: int, process: int, password: str, place: Path, document: dict[str, Any], *, pages: int,
               seconds: float) -> Load:
    """Load a dashboard that runs in ``process`` and listens on ``port``; ``place`` is the status it reads."""
    cookie, spawned = sign_in(port, password), multiprocessing.get_context("spawn")
    heard, told = spawned.Pipe(duplex=False)
    beside = [spawned.Process(target=publish, args=(str(place), document, seconds + PATIENCE_SECONDS), daemon=True),
              spawned.Process(target=ask_on, args=(port, cookie, told), daemon=True)]
    for one in beside:
        one.start()
    try:
        load = asyncio.run(_all(port, process, cookie, heard, pages=pages, seconds=seconds))
    finally:
        for one in beside:
            one.terminate()
            one.join()
    return load


def growth(memory: list[int]) -> float:
    """Memory of the last fifth over that of the second fifth, less one: the first is the start."""
    fifth = max(1, len(memory) // 5)
    early, late = memory[fifth:2 * fifth] or memory, memory[-fifth:]
    return float(np.median(late) / np.median(early) - 1.0)


def load_lines(load: Load, *, pages: int, changes_a_second: float, seconds: float) -> list[str]:
    """What was measured, each with its goal."""
    if not load.refreshes or not load.answers or not load.memory:
        raise CommandError("nothing was measured: the run was too short", RUN_FAILED)
    refresh, answer, grown = median_and_p99(load.refreshes), median_and_p99(load.answers), growth(load.memory)
    reached = len(load.refreshes) / (PUBLISHED_A_SECOND * seconds * pages)
    rows = [("Refresh of a page, ms", f"{len(load.refreshes):,}", f"{refresh[0]:.0f}", f"{refresh[1]:.0f}",
             f"p99 below {1000.0 * REFRESH_GOAL_SECONDS:g}: {verdict(refresh[1] < 1000.0 * REFRESH_GOAL_SECONDS)}"),
            ("Answer of the API, ms", f"{len(load.answers):,}", f"{answer[0]:.0f}", f"{answer[1]:.0f}",
             f"p99 below {API_GOAL_MS:g}: {verdict(answer[1] < API_GOAL_MS)}")]
    return [f"{changes_a_second:,.0f} quote changes a second, {pages} pages, {seconds / 60.0:.1f} minutes; {reached:.0%} of all "
            f"refreshes came, {load.lost} pages or requests were lost ({verdict(load.lost == 0)})",
            *grid(("Dashboard", "Count", "Median", "p99", "Goal"), rows),
            f"memory of the server {load.memory[0] / 2**20:.0f} MiB at first, {load.memory[-1] / 2**20:.0f} at last, "
            f"{100.0 * grown:+.1f} % from the second fifth to the last (at most {100.0 * GROWTH_GOAL:g} %: "
            f"{verdict(grown <= GROWTH_GOAL)})"]
