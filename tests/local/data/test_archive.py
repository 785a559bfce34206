"""Zip files of our own making, read by the standard library."""
from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from local.data import archive


def test_reads_back(tmp_path: Path) -> None:
    entries = [("a.csv", b"1,2\n" * 1000), ("empty.csv", b""), ("b.csv", bytes(range(256)))]
    archive.write_zip(tmp_path / "deep" / "x.zip", iter(entries))
    with zipfile.ZipFile(tmp_path / "deep" / "x.zip") as found:
        assert found.testzip() is None
        assert [(info.filename, found.read(info)) for info in found.infolist()] == entries
        assert {info.date_time for info in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert found.getinfo("a.csv").compress_size < 100


def test_equal_bytes_and_empty_file(tmp_path: Path) -> None:
    for name in ("x", "y"):
        archive.write_zip(tmp_path / name, [("a", b"text")])
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()
    archive.write_zip(tmp_path / "none", [])
    assert zipfile.ZipFile(tmp_path / "none").namelist() == []


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_ENTRIES", 2)
    archive.write_zip(tmp_path / "two.zip", [("a", b""), ("b", b"")])
    with pytest.raises(ValueError, match="too many"):
        archive.write_zip(tmp_path / "three.zip", [("a", b""), ("b", b""), ("c", b"")])
    assert not (tmp_path / "three.zip").exists()
