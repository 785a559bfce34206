"""Zip files with fixed time stamps: equal contents give equal bytes."""
from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

COMPRESSION_LEVEL = 6
TIME_STAMP = (1980, 1, 1, 0, 0, 0)


def write_zip(path: Path, entries: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip file of named contents, in the order given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name, TIME_STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, compresslevel=COMPRESSION_LEVEL)


def write_text(path: Path, text: str) -> None:
    """Write a text file with line feeds, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
