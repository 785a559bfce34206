"""Zip files with fixed time stamps (equal contents give equal bytes), and text files.

A day's options are thousands of small entries, for which the standard library's bookkeeping costs as much as the
compression; the format itself is three small records (PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16).
"""
from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

COMPRESSION_LEVEL = 3           # a seventh larger than 5, in three fifths of the time
RAW_DEFLATE, DEFLATED, VERSION = -15, 8, 20
DATE_1980_01_01 = 33
REGULAR_FILE = 0o100644 << 16
MOST_ENTRIES, MOST_BYTES = 0xFFFF, 0xFFFFFFFF


def write_zip(path: Path, entries: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip file of named contents (names in ASCII), in the order given.

    Raises
    ------
    ValueError
        More entries or bytes than the plain format holds.
    """
    files, directory, position, count = [], [], 0, 0
    for name, content in entries:
        label, packer = name.encode("ascii"), zlib.compressobj(COMPRESSION_LEVEL, DEFLATED, RAW_DEFLATE)
        packed = packer.compress(content) + packer.flush()
        facts = struct.pack("<4H3L2H", 0, DEFLATED, 0, DATE_1980_01_01, zlib.crc32(content), len(packed),
                            len(content), len(label), 0)
        files += (b"PK\x03\x04" + struct.pack("<H", VERSION) + facts, label, packed)
        directory += (b"PK\x01\x02" + struct.pack("<2H", VERSION, VERSION) + facts
                      + struct.pack("<3H2L", 0, 0, 0, REGULAR_FILE, position), label)
        position += 30 + len(label) + len(packed)
        count += 1
    index = b"".join(directory)
    if count > MOST_ENTRIES or position + len(index) > MOST_BYTES:
        raise ValueError(f"{path.name}: {count} entries or {position} bytes are too many for a plain zip file")
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, count, count, len(index), position, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(files) + index + end)


def write_text(path: Path, text: str) -> None:
    """Write a text file with line feeds, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
