"""``lean live deploy`` as recorded: paper and Tastytrade, an order, the operator's words, a stop, and a start again on the
same storage. The embedded engine is fed from the written data; the feed waits where the operator speaks."""
from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.serialization import canonical
from helpers.store.state_store import CHECKSUM_HEAD, SCHEMA_VERSION, checksum
from tests.lean_cli.container import Container, start
from tests.lean_cli.contract import last_portfolio, recording
from tests.lean_cli.embedded import FEED, WAITS
from tests.lean_cli.projects import DAY, launcher
from tests.lean_cli.world import World

CASH = [{"currency": "USD", "amount": 65000.0}]
HALT, ANSWER, STOP, _ = (words[-1] for words in recording("d-live-tastytrade")["exec"])
STATUS = HALT.replace('"halt"', '"status"')
TOLD = ANSWER.split()[-1]
PLUGIN = "QuantConnect.Brokerages.Tastytrade.dll"
POLL_SECONDS = 0.02


class Deployed:
    """One container of ``lean live deploy``, whose feed begins at ``first`` and waits at ``waits``, New York time."""

    def __init__(self, container: Container, first: str, *waits: str) -> None:
        self.container = container
        feed: dict[str, Any] = {"from": f"{DAY} {first}", "waits": [f"{DAY} {wait}" for wait in waits]}
        if "live-cash-balance" not in container.configuration:      # the broker's own account
            feed["account"] = {"live-cash-balance": CASH}
        self.process: subprocess.Popen[bytes] = start(container, None, extra={FEED: feed})

    def send(self, words: str, when: str) -> None:
        """What the command runs in the container, once the feed waits. The file comes whole: it is written beside."""
        while f"{WAITS} {DAY} {when}" not in self.container.log():
            assert self.process.poll() is None, self.container.log()[-3000:]
            time.sleep(POLL_SECONDS)
        name = words.split()[-1]
        subprocess.run(["bash", "-c", words], cwd=self.container.root, check=True)
        (self.container.root / name).rename(self.container.work / name)

    def answer(self) -> dict[str, Any]:
        """The command's answer, waited for and taken away."""
        path = self.container.work / TOLD
        while not path.is_file():
            assert self.process.poll() is None, self.container.log()[-3000:]
            time.sleep(POLL_SECONDS)
        while not (text := path.read_text(encoding="utf-8")):
            time.sleep(POLL_SECONDS)
        path.unlink()
        return dict(json.loads(text))

    def stop(self, when: str) -> None:
        """The operator's stop: the algorithm ends its books."""
        self.send(STOP, when)
        assert self.process.wait() == 0, self.container.log()[-3000:]


Deploy = Callable[..., Deployed]


@pytest.fixture
def deploy() -> Iterator[Deploy]:
    """Makes a :class:`Deployed`; none outlives its test."""
    made: list[Deployed] = []

    def deployed(container: Container, first: str, *waits: str) -> Deployed:
        made.append(Deployed(container, first, *waits))
        return made[-1]

    yield deployed
    for one in made:
        one.process.kill()
        one.process.wait()


def store(world: World, mode: str) -> Path:
    """Where the live run of this mode keeps its documents."""
    return world.workspace / "storage" / mode / "main" / "tom-king"


def positions(world: World, mode: str) -> dict[str, str]:
    """Strategy to state of every position the store knows."""
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in store(world, mode).glob("state-?.json")]
    newest = max(documents, key=lambda document: int(document["sequence"]))
    return {row["strategy"]: row["state"] for row in newest["payload"]["states"]["positions"]}


def documents(world: World) -> dict[str, str]:
    """Everything in the workspace's storage."""
    folder = world.workspace / "storage"
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*")) if path.is_file()}


def newer(text: str) -> str:
    """A state document as a later version of the framework would write it."""
    body = {key: value for key, value in json.loads(text).items() if key != "checksum"} | {"schema": SCHEMA_VERSION + 1}
    plain = canonical(body)
    return f'{CHECKSUM_HEAD}{checksum(plain)}",{plain[1:]}'


def torn(text: str) -> str:
    return text[:len(text) // 2]


def of_another(text: str) -> str:
    return text.replace("paper/main/tom-king", "paper/other/tom-king")


def events(world: World, mode: str) -> list[str]:
    """Names of the audit trail, in order of time."""
    rows = [json.loads(line) for path in store(world, mode).glob("audit/*.jsonl")
            for line in path.read_text(encoding="utf-8").splitlines()]
    return [row["event"] for row in sorted(rows, key=lambda row: row["time"])]


def refused(deploy: Deploy, container: Container) -> str:
    """The last line of a run that did not start."""
    deployed = deploy(container, "09:40")
    assert deployed.process.wait() == 1
    return container.log().strip().splitlines()[-1]


def test_paper_trades_hears_stops_and_goes_on(tmp_path: Path, deploy: Deploy) -> None:
    world = World(tmp_path, None, "b", mode="trade", fills="worked")
    first = deploy(world.live("L-1", **{"live-cash-balance": CASH}), "09:40", "12:01", "12:10")
    first.send(HALT, "12:01")
    assert first.answer() == {"CommandName": "CallbackCommand", "Success": True}
    first.stop("12:10")
    assert positions(world, "paper") == {"lt112": "ACTIVE", "friday_0dte": "ACTIVE"}
    kept = last_portfolio(first.container.results / "L-1.json")
    assert len(kept["live-holdings"]) == 6

    second = deploy(world.live("L-2", **kept), "12:15", "12:20", "15:35")
    second.send(STATUS, "12:20")
    assert second.answer()["Success"] is True
    second.stop("15:35")
    answer = json.loads((store(world, "paper") / "answer.json").read_text(encoding="utf-8"))
    assert (answer["halted"], answer["mode"], len(answer["positions"])) == ("a test", "trade", 2)
    assert positions(world, "paper") == {"lt112": "ACTIVE"}
    found = events(world, "paper")
    assert (found.count("RESTORED"), found.count("ENTER"), found.count("QUARANTINE")) == (1, 2, 0)
    assert len(last_portfolio(second.container.results / "L-2.json")["live-holdings"]) == 2


@pytest.mark.parametrize("layout, mode", [("b", "paper"), ("d", "live")])
def test_an_unchanged_configuration_observes(tmp_path: Path, deploy: Deploy, layout: str, mode: str) -> None:
    world = World(tmp_path, None, layout)
    container = (world.live("L-1", **{"live-cash-balance": CASH}) if mode == "paper"
                 else world.live_tastytrade("L-1", "5WT00001"))
    deployed = deploy(container, "09:40", "10:20", "10:25")
    deployed.send(HALT, "10:20")
    assert deployed.answer()["Success"] is True
    deployed.stop("10:25")
    found = events(world, mode)
    assert "STARTED" in found and "SELECTED" in found and "ENTER" not in found and "FILL" not in found
    assert [path.name for path in (world.workspace / "storage").iterdir()] == [mode]


def test_another_account_is_not_taken_up(tmp_path: Path, deploy: Deploy) -> None:
    world = World(tmp_path, None, "d")
    deploy(world.live_tastytrade("L-1", "5WT00001"), "09:40", "09:45").stop("09:45")
    before = documents(world)
    line = refused(deploy, world.live_tastytrade("L-2", "5WT00002"))
    assert "the stored state is of another account: give each account a name of its own by the parameter account" in line
    assert documents(world) == before
    deploy(world.live_tastytrade("L-3", "5WT00001"), "09:50", "09:55").stop("09:55")
    assert events(world, "live").count("RESTORED") == 1


@pytest.mark.parametrize("spoil, words", [
    (newer, "the state was written by a newer version"), (torn, "no readable state: stop trading by hand if needed"),
    (of_another, "the store holds a file that is not ours")])
def test_a_store_that_cannot_be_taken_up(tmp_path: Path, deploy: Deploy, spoil: Callable[[str], str], words: str) -> None:
    world = World(tmp_path, None, "b")
    deploy(world.live("L-1", **{"live-cash-balance": CASH}), "09:40", "09:45").stop("09:45")
    for path in store(world, "paper").glob("state-?.json"):
        path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    before = documents(world)
    assert words in refused(deploy, world.live("L-2", **{"live-cash-balance": CASH}))
    assert documents(world) == before


def test_staging_sends_nothing_to_a_broker(tmp_path: Path, deploy: Deploy) -> None:
    world = World(tmp_path, None, "d", mode="trade")
    assert "at TastytradeBrokerage it may only observe" in refused(deploy, world.live_tastytrade("L-1", "5WT00001"))
    assert list((world.workspace / "storage").rglob("*")) == []


@pytest.mark.skipif(launcher() is None or not launcher().with_name(PLUGIN).is_file(),
                    reason=f"TOMKING_LEAN names no launcher with {PLUGIN} beside it")
def test_on_lean_tastytrade_goes_as_far_as_its_sign_in(tmp_path: Path) -> None:
    """The brokerage asks QuantConnect about the subscription before anything else; nobody is signed in here."""
    world = World(tmp_path, launcher(), "d")
    container = world.live_tastytrade("L-1", "5WT00001")
    assert start(container, launcher()).wait() == 1
    told = container.log()
    steps = ["main successfully imported", "Creating IAlgorithm instance", "creating brokerage 'TastytradeBrokerage'",
             "Failed during validation"]
    assert [step for step in steps if step not in told] == []
    assert sorted(steps, key=told.index) == steps
    assert list((world.workspace / "storage").rglob("*")) == []
