"""The operator's words reach LEAN without a dashboard: a file that is whole, an id, an answer; withdrawn when nobody takes it."""
from __future__ import annotations

import ast
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from local.__main__ import main
from local.engine.loop.commands import CommandFolder
from operations import commands
from operations.commands import STOP, Line, Sent
from operations.daily.stop import stop
from operations.documents import run_of
from operations.errors import OperationsError
from tests.operations.daily.runs import NOW, StoredRun


class Reader:
    """The engine's own reader of command files, looking each time somebody waits."""

    def __init__(self, folder: Path, success: bool = True) -> None:
        self.heard: list[dict[str, object]] = []
        folder.mkdir(exist_ok=True)
        self.success = success
        self.folder = CommandFolder(folder, self._run, lambda line: pytest.fail(line), self._typed)

    def _run(self, command: object) -> bool:
        self.heard.append(dict(command._fields))        # type: ignore[attr-defined]  # the engine's own
        return self.success

    def _typed(self, fields: dict[str, object]) -> bool:
        self.heard.append(fields)
        return self.success

    def wait(self, _seconds: float) -> None:
        self.folder.process()


def test_a_word_is_heard_once_and_answered(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "lean")
    sent = Line(tmp_path / "lean", None).send({"action": "halt", "reason": "a look's worth"}, reader.wait)
    assert sent == Sent(id=sent.id, taken=True, done=True)
    assert reader.heard == [{"action": "halt", "reason": "a look's worth", "id": sent.id}]
    assert [path.name for path in (tmp_path / "lean").iterdir()] == [f"result-command-{sent.id}.json"]


def test_a_refusal_is_told(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "lean", success=False)
    assert Line(tmp_path / "lean", None).send({"action": "halt"}, reader.wait).done is False


def test_what_nobody_takes_is_withdrawn(tmp_path: Path) -> None:
    (tmp_path / "lean").mkdir()
    sent = Line(tmp_path / "lean", None).send({"action": "liquidate"}, lambda _seconds: None)
    assert (sent.taken, sent.done) == (False, None) and list((tmp_path / "lean").iterdir()) == []


def test_what_was_taken_without_an_answer_is_not_called_withdrawn(tmp_path: Path) -> None:
    (tmp_path / "lean").mkdir()

    def take(_seconds: float) -> None:
        for path in (tmp_path / "lean").glob("command*.json"):
            path.unlink()

    assert Line(tmp_path / "lean", None).send({"action": "halt"}, take).taken is True


def test_one_way_must_be_named(tmp_path: Path) -> None:
    for ways in ((None, None), (tmp_path, "tom king")):
        with pytest.raises(OperationsError, match="name one way"):
            Line(*ways)
    with pytest.raises(OperationsError, match="is not there"):
        Line(tmp_path / "absent", None).send({"action": "halt"}, lambda _seconds: None)


@pytest.fixture
def lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lean command that keeps what it was given."""
    (tmp_path / "bin").mkdir()
    place = tmp_path / "bin/lean"
    place.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/given\n', encoding="utf-8")
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "given"


def test_a_container_is_reached_by_the_lean_command(lean: Path) -> None:
    assert Line(None, "tom king").send({"action": "halt", "reason": "a look's worth"}, lambda _seconds: None).done is True
    *words, data = lean.read_text(encoding="utf-8").splitlines()
    assert words == ["live", "command", "tom king", "--data"]
    assert ast.literal_eval(data) == {"action": "halt", "reason": "a look\u2019s worth"}
    Line(None, "tom king").send(STOP, lambda _seconds: None)
    assert lean.read_text(encoding="utf-8").splitlines() == ["live", "stop", "tom king"]


# --- the clean stop -------------------------------------------------------------------------------------------------


class Algorithm:
    """One that ends its orders after so many looks, and itself once it is asked to."""

    def __init__(self, run: StoredRun, orders_for: int, ends: bool = True) -> None:
        self.run, self.orders_for, self.ends, self.looks = run, orders_for, ends, 0
        self.reader = Reader(run.folder.parent / "lean")

    def now(self) -> datetime:
        return NOW + timedelta(seconds=2 * self.looks)

    def wait(self, seconds: float) -> None:
        self.looks += 1
        if self.looks == self.orders_for:
            self.run.works = []
            self.run.save()
        self.reader.wait(seconds)
        if self.reader.heard and self.ends:
            self.run.publish(self.now(), ended=True)


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    made = StoredRun(tmp_path / "storage")
    made.works = [{"intent": {"id": "lt112/1:ENTRY:2"}, "unknown": False}]
    made.save()
    made.publish()
    return made


def stopped(run: StoredRun, algorithm: Algorithm, *, now: bool = False) -> list[str]:
    told: list[str] = []
    stop(run_of(run.folder, None), Line(run.folder.parent / "lean", None), clock=algorithm.now, wait=algorithm.wait, now=now,
         told=told.append)
    return told


def test_a_clean_stop_waits_for_orders_and_for_the_last_word(run: StoredRun) -> None:
    algorithm = Algorithm(run, 5)
    assert stopped(run, algorithm) == ["no order is at work", "stopped: the algorithm has written its last word"]
    assert [(heard["$type"], heard["Status"]) for heard in algorithm.reader.heard] == [tuple(STOP.values())] and algorithm.looks > 5


def test_a_stop_does_not_wait_for_ever(run: StoredRun) -> None:
    told = stopped(run, Algorithm(run, 10_000))
    assert told[0] == "orders are still at work: lt112/1:ENTRY:2; the next start looks at each" and len(told) == 2


def test_a_stop_that_waits_for_nothing(run: StoredRun) -> None:
    algorithm = Algorithm(run, 10_000)
    assert stopped(run, algorithm, now=True) == ["stopped: the algorithm has written its last word"] and algorithm.looks < 5


def test_an_algorithm_that_does_not_end_is_told(run: StoredRun) -> None:
    with pytest.raises(OperationsError, match="has not said that it ended"):
        stopped(run, Algorithm(run, 1, ends=False))


def test_a_lean_that_does_not_listen_is_told(run: StoredRun) -> None:
    (run.folder.parent / "lean").mkdir()
    ticks = iter(range(10_000))
    with pytest.raises(OperationsError, match="did not take the stop .* SIGTERM"):
        stop(run_of(run.folder, None), Line(run.folder.parent / "lean", None), wait=lambda _seconds: None, now=True, told=print,
             clock=lambda: NOW + timedelta(seconds=next(ticks)))


# --- word by word ---------------------------------------------------------------------------------------------------


@pytest.fixture
def day(run: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``python -m local day``, with a reader of commands beside it."""
    reader = Reader(tmp_path / "lean")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("local.commands.day_steps.time.sleep", reader.wait)
    monkeypatch.setattr("local.commands.day_steps.utc_now", lambda: NOW)
    monkeypatch.setattr("local.commands.day_steps.workspace", lambda: tmp_path)

    def call(*words: str, commands_sent: bool = False) -> int:
        before, dashes, after = " ".join(words).partition(" -- ")
        way = ["--folder", str(tmp_path / "lean")] if commands_sent else []
        places = ["--store", str(run.folder), "--to", str(tmp_path / "backups"), *way]
        return main(["day", *before.split(), *places, *(["--", *after.split()] if dashes else [])])

    call.reader = reader        # type: ignore[attr-defined]  # what was heard
    return call


def test_liquidate_asks_for_the_word(day, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert day("liquidate", "--word", "yes", commands_sent=True) == 2 and day.reader.heard == []
    assert "nothing was done: liquidate was not typed" in capsys.readouterr().err
    monkeypatch.setattr("builtins.input", lambda _prompt: "liquidate")
    assert day("liquidate", commands_sent=True) == 0
    assert [heard["action"] for heard in day.reader.heard] == ["liquidate"] and "liquidate: done" in capsys.readouterr().out


def test_halt_flatten_and_resume(day) -> None:
    assert day("halt", "--reason", "look", commands_sent=True) == 0
    assert day("flatten", "--word", "flatten", "--strategy", "lt112", commands_sent=True) == 0
    assert day("resume", commands_sent=True) == 0
    heard = [(words["action"], words.get("strategy")) for words in day.reader.heard]
    assert heard == [("halt", None), ("flatten", "lt112"), ("resume", None)]


def test_a_word_that_is_refused_or_not_taken_ends_with_one(day, capsys: pytest.CaptureFixture[str],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    day.reader.success = False
    assert day("halt", commands_sent=True) == 1 and "refused halt" in capsys.readouterr().err
    monkeypatch.setattr("local.commands.day_steps.time.sleep", lambda _seconds: None)
    monkeypatch.setattr(commands, "ANSWER_SECONDS", 1.0)
    assert day("halt", commands_sent=True) == 1 and "it was withdrawn" in capsys.readouterr().err


def test_check_and_start(day, run: StoredRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.daily.checks.LEAST_FREE_BYTES", 1)
    run.works = []
    run.save()
    assert day("check") == 1 and "The backup fails" in capsys.readouterr().out
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, words: started.append(words))
    assert day("start -- echo lean live deploy") == 1 and "it is running" in capsys.readouterr().err
    run.publish(NOW - timedelta(hours=1), ended=True)
    assert day("start -- echo lean live deploy") == 0
    assert started == [["echo", "lean", "live", "deploy"]] and "read back" in capsys.readouterr().out
    run.managers.book.quarantine(("TSLA",))
    run.save()
    run.publish(NOW - timedelta(minutes=4))       # it fell silent, holding something: what is held needs a start
    assert day("start -- echo again") == 0 and started[-1] == ["echo", "again"]
    for place in run.folder.rglob("state-?.json"):
        place.write_text("{", encoding="utf-8")
    assert day("start -- echo torn") == 1 and "docs/runbook.md: The state cannot be read" in capsys.readouterr().err
    assert day("start --anyway -- echo torn") == 0 and started[-1] == ["echo", "torn"]


def test_stop_backs_up(day, run: StoredRun, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run.works = []
    run.save()

    def wait(seconds: float) -> None:
        day.reader.wait(seconds)
        if day.reader.heard:
            run.publish(NOW, ended=True)

    monkeypatch.setattr("local.commands.day_steps.time.sleep", wait)
    assert day("stop", commands_sent=True) == 0
    said = capsys.readouterr().out
    assert "written its last word" in said and "read back" in said
    assert [path.name[-9:] for path in (tmp_path / "backups/manifests").iterdir()] == ["event.tkb"]
