"""Data folders in LEAN's format: is it one, can its archives be read, and what static files stand in it.

Static files (market hours, symbol properties, interest rates, margins) are laid over or under a data folder by a view:
a folder of links, so that neither is changed.
"""
from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from local.commands.errors import CommandError

SECURITY_FOLDERS = ("equity", "option", "index", "indexoption", "future", "futureoption", "forex", "crypto", "cfd")
REQUIRED_STATIC = ("market-hours/market-hours-database.json", "symbol-properties/symbol-properties-database.csv")
END_RECORD = struct.Struct("<4s4H2LH")      # of the zip format: signature, disks, entries, size, offset, comment
END_RECORD_SIGNATURE, ENTRY_SIGNATURE, LARGE_SIGNATURE = b"PK\x05\x06", b"PK\x01\x02", b"PK\x06\x06"
ZIP64_MARK = 0xFFFFFFFF
LONGEST_TAIL = END_RECORD.size + 0xFFFF
STATIC_FOLDERS = ("market-hours", "symbol-properties", "alternative/interest-rate", "future/*/margins")


def check_data_folder(folder: Path) -> None:
    """Refuse what is not a data folder in LEAN's format, and one with an archive that cannot be opened.

    Raises
    ------
    CommandError
        One line naming the folder or the archive.
    """
    if not folder.is_dir():
        raise CommandError(f"data folder {folder} is not there" if not folder.exists() else f"{folder} is not a folder")
    present = [name for name in SECURITY_FOLDERS if (folder / name).is_dir()]
    if not present:
        raise CommandError(f"{folder} is not a LEAN data folder: it holds none of {', '.join(SECURITY_FOLDERS)}")
    for name in present:
        for path in sorted((folder / name).rglob("*.zip")):
            _check_archive_opens(path)


def _check_archive_opens(path: Path) -> None:
    """The archive's directory is where its last record says, and not empty. Its members are not listed: option days
    hold thousands, and the engine reads only a few."""
    try:
        with open(path, "rb") as archive:
            size = archive.seek(0, os.SEEK_END)
            archive.seek(max(0, size - LONGEST_TAIL))
            tail = archive.read()
            place = tail.rfind(END_RECORD_SIGNATURE)
            if place < 0 or len(tail) - place < END_RECORD.size:
                raise CommandError(f"{path}: corrupt zip: it has no directory")
            _, _, _, _, count, length, offset, _ = END_RECORD.unpack_from(tail, place)
            archive.seek(offset)
            begins = archive.read(len(ENTRY_SIGNATURE))
            archive.seek(offset + length)
            after = archive.read(len(LARGE_SIGNATURE))
    except OSError as error:
        raise CommandError(f"{path}: cannot be read: {error.strerror}") from error
    at_end = offset + length == size - (len(tail) - place) or after == LARGE_SIGNATURE
    if ZIP64_MARK in (offset, length):
        return
    if not count or not at_end or begins != ENTRY_SIGNATURE:
        raise CommandError(f"{path}: corrupt zip: its directory is not where it should be")


def with_static_files(data: Path, scratch: Path, lean_data: Path | None) -> Path:
    """The data folder, or a view of it, that has every static file.

    Parameters
    ----------
    data : Path
        Data folder; what it holds is kept, but for static files that LEAN's own replace.
    scratch : Path
        Existing folder for the view and for static files written by ourselves.
    lean_data : Path or None
        LEAN's own data folder: its static files take precedence. None: static files that ``data`` lacks are written
        by the project's own writer.
    """
    if lean_data is not None:
        static = scratch / "lean-static"
        _link_static(lean_data, static)
        layers = [static, data]
        extra = _reference_files(data, lean_data, scratch)
        return _view(scratch / "data", [*layers, *extra])
    if all((data / name).is_file() for name in REQUIRED_STATIC):
        return data
    from local.data.static import write_static_files
    own = scratch / "own-static"
    own.mkdir()
    write_static_files(own)
    return _view(scratch / "data", [data, own])


def _reference_files(data: Path, lean_data: Path, scratch: Path) -> list[Path]:
    """LEAN's factor and map files where the data has none at all (dividends enter LEAN's implied volatility)."""
    static = scratch / "lean-reference"
    for name in ("equity/usa/factor_files", "equity/usa/map_files"):
        if not (data / name).exists() and (lean_data / name).is_dir():
            _link(lean_data / name, static / name)
    return [static] if static.is_dir() else []


def _link_static(lean_data: Path, static: Path) -> None:
    for pattern in STATIC_FOLDERS:
        for source in lean_data.glob(pattern):
            _link(source, static / source.relative_to(lean_data))


def _link(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(source.resolve(), target_is_directory=source.is_dir())


def _view(target: Path, layers: Sequence[Path]) -> Path:
    """Merge folders by links; where two hold the same file, the earlier layer's is seen."""
    target.mkdir()
    for name in _names(layers):
        candidates = [layer / name for layer in layers if (layer / name).exists()]
        folders = [candidate for candidate in candidates if candidate.is_dir()]
        if not candidates[0].is_dir():
            _link(candidates[0], target / name)
        elif len(folders) == 1:
            _link(folders[0], target / name)
        else:
            _view(target / name, folders)
    return target


def _names(layers: Iterable[Path]) -> list[str]:
    return sorted({path.name for layer in layers for path in layer.iterdir() if not path.name.startswith(".")})
