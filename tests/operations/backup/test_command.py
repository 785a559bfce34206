"""``python -m local backup``, word by word: each trouble ends in one line."""
from __future__ import annotations

from pathlib import Path

import pytest

from local.__main__ import main
from tests.operations.stores import World, files_of


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    World(tmp_path / "storage").step()
    return tmp_path


def backup(place: Path, *words: str) -> int:
    return main(["backup", *words, "--store", str(place / "storage"), "--to", str(place / "backups")])


def test_run_list_verify_restore(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup(place, "run") == 0
    said = capsys.readouterr()
    assert "read back" in said.out and "a new key" in said.err and (place / "home/.config/tom-king/backup.key").is_file()
    before = files_of(place / "storage")
    assert backup(place, "run", "--reason", "schedule") == 0 and backup(place, "list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.split()[0].isdigit()] == ["1", "2"]
    assert backup(place, "verify", "--all") == 0
    assert capsys.readouterr().out.count("whole,") == 2
    assert backup(place, "restore", "--number", "1", "--out", str(place / "out")) == 0
    assert files_of(place / "out") == before
    assert "each read back and equal" in capsys.readouterr().out
    assert (place / "storage/operations/tom-king/restores.json").is_file()


@pytest.mark.parametrize("words, told", [
    (("list",), "holds no backups"), (("restore", "--number", "1"), "name one place"),
    (("restore", "--out", "x", "--in-place"), "name one place"), (("restore", "--in-place", "--audit"), "--audit --out DIR"),
    (("restore", "--out", "x", "--at", "soon"), "'soon' is not a time"),
    (("run", "--key-file", "k", "--passphrase"), "name one of --key-file"),
    (("run", "--passphrase-file", "absent"), "cannot be read from absent")])
def test_what_cannot_be_done_is_one_line(place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str) -> None:
    if "--number" not in words and words[0] == "list":
        (place / "home/.config/tom-king").mkdir(parents=True)
        from operations.backup.keys import key_file
        key_file(place / "home/.config/tom-king/backup.key", make=True)
    assert backup(place, *words) == 2 if words[0] != "list" else backup(place, *words) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert told in line


def test_a_key_is_never_made_for_backups_that_have_one(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup(place, "run") == 0
    (place / "home/.config/tom-king/backup.key").unlink()
    assert backup(place, "run") == 1 and "without it, or a copy of it" in capsys.readouterr().err
    assert not (place / "home/.config/tom-king/backup.key").exists()


def test_a_store_that_is_not_there(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", "run", "--store", str(place / "absent"), "--to", str(place / "backups")]) == 1
    assert "--store names its folder" in capsys.readouterr().err


def test_a_document_nobody_could_start_from_ends_with_one(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for slot in (place / "storage").rglob("state-*.json"):
        slot.write_text("torn", encoding="utf-8")
    assert backup(place, "run") == 1
    assert capsys.readouterr().err.count("could not start from this") == 2
