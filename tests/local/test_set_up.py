"""The set-up explains itself: each way it can fail ends in one line with its reason and the way round."""
from __future__ import annotations

import os
import queue
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local import set_up

NEEDED = [("numpy", "1.24"), ("pytest-xdist", "3.1")]


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is all there is on the PATH, but for the shell's own tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    which = set_up.shutil.which
    monkeypatch.setattr(set_up.shutil, "which", lambda name: which(name, path=str(folder)))
    monkeypatch.setattr(set_up, "LOCK_STEP_SECONDS", 0)
    return folder


@pytest.fixture
def without_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_up, "_from_index", lambda *_: "no package index answers (ERROR: refused)")


def command(folder: Path, name: str, text: str) -> None:
    place = folder / name
    place.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)


def refused(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    """A set-up that must fail: exit code 1, its last line, nothing left."""
    assert set_up.main([str(folder)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines and all(line.startswith("set-up: ") for line in lines)
    assert not (folder / set_up.READY).exists()
    return lines[-1]


def test_everything_that_is_needed_is_read_from_the_project_file() -> None:
    needed = dict(set_up.requirements())
    assert {"numpy", "pandas", "scipy", "pytest", "hypothesis", "pytest-xdist", "flake8"} <= set(needed)
    assert needed["numpy"] == "1.24"


def test_what_fits_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "env"
    (folder / "kept").mkdir(parents=True)
    monkeypatch.setattr(set_up, "lacking", lambda *_: [])
    assert set_up.main([str(folder)]) == 0
    assert (folder / "kept").is_dir() and (folder / set_up.READY).is_file()
    assert "has everything" in capsys.readouterr().err


def test_what_an_interpreter_lacks() -> None:
    asked = [("pytest", "7.2"), ("pytest", "999"), ("no-such-thing", "1")]
    assert set_up.lacking(sys.executable, asked) == ["pytest>=999", "no-such-thing"]
    assert set_up.lacking("no/such/python", asked) is None


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(set_up, "OLDEST", (99, 0))
    assert "99.0 or later is needed" in refused(capsys, tmp_path / "env")


def test_an_index_that_refuses_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        if "venv" in words:
            (tmp_path / "env").mkdir()
            return subprocess.CompletedProcess(words, 0, "", "")
        return subprocess.CompletedProcess(words, 1, "", "WARNING: retry\nERROR: No matching distribution for numpy>=1.24\n")

    monkeypatch.setattr(set_up.subprocess, "run", run)
    assert "No matching distribution" in str(set_up._from_index(tmp_path / "env", NEEDED))
    assert not (tmp_path / "env").exists()


@pytest.mark.usefixtures("without_index")
class TestDistribution:
    """Without an index, on the distribution's packages."""

    def test_no_apt(self, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                    capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(set_up, "lacking", lambda python, _: ["numpy"] if python == set_up.DEBIAN_PYTHON else None)
        line = refused(capsys, tmp_path / "env")
        assert "no apt-get" in line and "python -m pip install 'numpy>=1.24'" in line and "ERROR: refused" in line

    def test_no_python_of_the_distribution(self, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                           capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(set_up, "lacking", lambda *_: None)
        assert "python -m pip install" in refused(capsys, tmp_path / "env")

    def test_no_sudo(self, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                     capsys: pytest.CaptureFixture[str]) -> None:
        command(path, "apt-get", "exit 0")
        monkeypatch.setattr(set_up.os, "geteuid", lambda: 1000)
        monkeypatch.setattr(set_up, "lacking", lambda python, _: ["numpy", "pytest-xdist"]
                            if python == set_up.DEBIAN_PYTHON else None)
        line = refused(capsys, tmp_path / "env")
        assert "no sudo" in line and "apt-get install python3-numpy python3-pytest-xdist" in line

    def test_a_lock_is_waited_for(self, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                  capsys: pytest.CaptureFixture[str]) -> None:
        count = tmp_path / "count"
        command(path, "apt-get", f'echo x >> {count}\n[ "$(wc -l < {count})" -gt 3 ] && exit 0\n'
                                 'echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7" >&2; exit 100')
        monkeypatch.setattr(set_up.os, "geteuid", lambda: 0)
        set_up._install(["python3-numpy"], "no index", "pip")
        assert capsys.readouterr().err.count("waiting for it") == 1
        assert len(count.read_text(encoding="utf-8").splitlines()) == 5

    def test_a_lock_that_is_never_freed_ends_it(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        command(path, "apt-get", 'echo "E: Could not get lock /var/lib/dpkg/lock-frontend" >&2; exit 100')
        monkeypatch.setattr(set_up, "LOCK_WAIT_SECONDS", -1)
        monkeypatch.setattr(set_up.os, "geteuid", lambda: 0)
        with pytest.raises(set_up.SetUpFailed, match="Could not get lock.*when the other process is done"):
            set_up._install(["python3-numpy"], "no index", "pip")

    def test_a_failed_step_stops_with_apts_reason(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        command(path, "apt-get", 'echo "W: old list" >&2\necho "E: Unable to locate package python3-numpy" >&2\nexit 100')
        monkeypatch.setattr(set_up.os, "geteuid", lambda: 0)
        with pytest.raises(set_up.SetUpFailed, match="E: Unable to locate package python3-numpy; mend it, then apt-get"):
            set_up._install(["python3-numpy"], "no index", "pip")

    def test_what_is_still_lacking_at_the_end_is_named(self, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                       capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(set_up, "_from_distribution", lambda *_: "the distribution's packages")
        monkeypatch.setattr(set_up, "lacking", lambda *_: ["pandas>=1.5"])
        assert "still lacks pandas>=1.5" in refused(capsys, tmp_path / "env")


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written" in refused(capsys, tmp_path / "file" / "env")


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "env").symlink_to(tmp_path / "shared")
    set_up._remove(tmp_path / "env")
    assert (tmp_path / "shared").is_dir() and not (tmp_path / "env").exists()


def test_the_second_of_two_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(set_up, "tell", told.put)
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with set_up.alone(tmp_path / "env"):
            entered.set()
            leave.wait()
            order.append("first")

    def second() -> None:
        with set_up.alone(tmp_path / "env"):
            order.append("second")

    threads = [threading.Thread(target=one, daemon=True) for one in (first, second)]
    threads[0].start()
    entered.wait()
    threads[1].start()
    assert "waiting for it" in told.get(timeout=60)
    assert order == []
    leave.set()
    for thread in threads:
        thread.join()
    assert order == ["first", "second"]
