"""Data folders: what is one, whole archives, and the view with static files."""
from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from local.commands.data_folder import REQUIRED_STATIC, check_data_folder, with_static_files
from local.commands.errors import CommandError
from local.engine.files.data_files import read_zip_entry


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def archive(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("20240805_spy_minute_trade.csv", "34200000,5000000,5000000,5000000,5000000,100\n" * 390)
    return path


@pytest.mark.parametrize("damage", [
    lambda content: content[:-30], lambda content: content[40:], lambda content: content[:20], lambda content: b"",
    lambda content: content[:-22],
])
def test_an_archive_that_was_cut(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = archive(tmp_path / "equity" / "usa" / "minute" / "spy" / "20240805_trade.zip")
    check_data_folder(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CommandError, match="20240805_trade.zip: corrupt zip"):
        check_data_folder(tmp_path)


def test_archives_in_the_format_for_large_files_are_whole_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """.NET writes small archives so, too: many of LEAN's own sample files are of that kind."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    path = archive(tmp_path / "equity" / "usa" / "minute" / "spy" / "20240805_trade.zip")
    assert b"PK\x06\x06" in path.read_bytes()
    check_data_folder(tmp_path)
    content = read_zip_entry(path, "20240805_spy_minute_trade.csv")
    assert content is not None and content.count(b"\n") == 390
    assert read_zip_entry(path, "20240805_spy_minute_quote.csv") is None


def test_an_archive_without_members(tmp_path: Path) -> None:
    path = tmp_path / "equity" / "20240805_trade.zip"
    path.parent.mkdir()
    zipfile.ZipFile(path, "w").close()
    with pytest.raises(CommandError, match="corrupt zip"):
        check_data_folder(tmp_path)


def test_a_folder_with_everything_is_used_as_it_is(tmp_path: Path) -> None:
    data, scratch = tmp_path / "data", tmp_path / "scratch"
    scratch.mkdir()
    for name in REQUIRED_STATIC:
        write(data / name, "own")
    assert with_static_files(data, scratch, None) == data


def test_missing_static_files_come_from_our_writer(tmp_path: Path) -> None:
    data, scratch = tmp_path / "data", tmp_path / "scratch"
    scratch.mkdir()
    write(data / "equity" / "usa" / "daily" / "spy.txt", "bars")
    view = with_static_files(data, scratch, None)
    assert (view / "equity" / "usa" / "daily" / "spy.txt").read_text(encoding="utf-8") == "bars"
    assert all((view / name).is_file() for name in REQUIRED_STATIC)
    assert not (data / "market-hours").exists()


def test_leans_static_files_take_precedence_and_its_prices_do_not(tmp_path: Path) -> None:
    data, lean, scratch = tmp_path / "data", tmp_path / "lean", tmp_path / "scratch"
    scratch.mkdir()
    write(data / REQUIRED_STATIC[0], "ours")
    write(data / "future" / "cme" / "margins" / "ES.csv", "ours")
    write(data / "future" / "cme" / "minute" / "es.txt", "ours")
    write(data / "equity" / "usa" / "factor_files" / "spy.csv", "ours")
    write(lean / REQUIRED_STATIC[0], "theirs")
    write(lean / "future" / "cme" / "margins" / "ES.csv", "theirs")
    write(lean / "future" / "cme" / "minute" / "es.txt", "theirs")
    write(lean / "equity" / "usa" / "factor_files" / "spy.csv", "theirs")
    write(lean / "equity" / "usa" / "map_files" / "spy.csv", "theirs")
    view = with_static_files(data, scratch, lean)

    def read(name: str) -> str:
        return (view / name).read_text(encoding="utf-8")

    assert read(REQUIRED_STATIC[0]) == read("future/cme/margins/ES.csv") == "theirs"
    assert read("future/cme/minute/es.txt") == read("equity/usa/factor_files/spy.csv") == "ours"
    assert read("equity/usa/map_files/spy.csv") == "theirs"      # ours has none at all
    assert (data / "future/cme/margins/ES.csv").read_text(encoding="utf-8") == "ours"
