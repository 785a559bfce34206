"""Where LEAN's data folder keeps what, and a quick reader of single zip entries."""
from __future__ import annotations

import functools
import struct
import zlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from local.engine.enums import Resolution, SecurityType, TickType
from local.engine.market.futures_expiry import contract_month
from local.engine.market.symbol import DEFAULT_DATE, Symbol

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_END_RECORD = b"PK\x05\x06"
_ENTRY = b"PK\x01\x02"
_LONGEST_COMMENT = 65_557
# Of archives in the format for large files (ZIP64), which .NET writes for small ones too.
_MARK, _FAR_FIELD, _LOCATOR, _FAR_END_RECORD = 0xFFFFFFFF, 0x0001, b"PK\x06\x07", b"PK\x06\x06"


class DataFileError(ValueError):
    """A data file that cannot be read, with its path and, where known, its entry and line."""


def _type_folder(symbol: Symbol) -> str:
    return symbol.security_type.name.replace("_", "").lower()


def _tick_name(tick_type: TickType) -> str:
    return tick_type.name.replace("_", "").lower()


def is_per_day(resolution: Resolution) -> bool:
    """Whether a resolution has one file a day (hours and days share one file)."""
    return resolution in (Resolution.SECOND, Resolution.MINUTE, Resolution.TICK)


def _ticker_folder(symbol: Symbol, ticker: str) -> str:
    if symbol.security_type == SecurityType.FUTURE_OPTION:
        return f"{symbol.id.symbol.lower()}/{_month_of(symbol.underlying)}"
    if symbol.security_type in (SecurityType.INDEX_OPTION, SecurityType.FUTURE):
        return symbol.id.symbol.lower()
    return ticker.lower()


def _month_of(future: Symbol) -> str:
    return f"{contract_month(future.id.symbol, future.id.date):%Y%m}"


@functools.lru_cache(maxsize=20_000)
def _scaled_strike(strike: float) -> str:
    return str(int(Decimal(repr(strike)) * 10_000))


def bar_file(folder: Path, symbol: Symbol, ticker: str, resolution: Resolution, tick_type: TickType,
             day: date) -> tuple[Path, str]:
    """Path of the zip and name of the entry that hold a symbol's bars of a day (of a year, of all time).

    Parameters
    ----------
    ticker
        The ticker in use on that day: the security's own, or its underlying's for options on equities.
    """
    kind, tick, name = symbol.security_type, _tick_name(tick_type), ticker.lower()
    base = folder / _type_folder(symbol) / symbol.id.market / resolution.name.lower()
    if kind.is_option():
        name = name if kind == SecurityType.OPTION else symbol.id.symbol.lower()
        style = symbol.id.option_style.name.lower()
        contract = f"{style}_{symbol.id.option_right.name.lower()}_{_scaled_strike(symbol.id.strike_price)}_{symbol.id.date:%Y%m%d}"
        if is_per_day(resolution):
            return (base / _ticker_folder(symbol, ticker) / f"{day:%Y%m%d}_{tick}_{style}.zip",
                    f"{day:%Y%m%d}_{name}_{resolution.name.lower()}_{tick}_{contract}.csv")
        directory = base / _ticker_folder(symbol, ticker) if kind == SecurityType.FUTURE_OPTION else base
        return directory / f"{name}_{day.year}_{tick}_{style}.zip", f"{name}_{tick}_{contract}.csv"
    if kind == SecurityType.FUTURE:
        month = "perp" if symbol.id.date == DEFAULT_DATE else _month_of(symbol)
        name = symbol.id.symbol.lower()
        if is_per_day(resolution):
            return (base / name / f"{day:%Y%m%d}_{tick}.zip",
                    f"{day:%Y%m%d}_{name}_{resolution.name.lower()}_{tick}_{month}.csv")
        return base / f"{name}_{tick}.zip", f"{name}_{tick}_{month}.csv"
    if is_per_day(resolution):
        return base / name / f"{day:%Y%m%d}_{tick}.zip", f"{day:%Y%m%d}_{name}_{resolution.name.lower()}_{tick}.csv"
    return base / f"{name}.zip", f"{name}.csv"


def universe_file(folder: Path, canonical: Symbol, ticker: str, day: date) -> Path:
    """Path of a chain's daily universe file."""
    base = folder / _type_folder(canonical) / canonical.id.market / "universes"
    return base / _ticker_folder(canonical, ticker) / f"{day:%Y%m%d}.csv"


@functools.lru_cache(maxsize=64)
def _directory(path: str) -> bytes | None:
    """The central directory of a zip, or None when there is no such file."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _LONGEST_COMMENT))
            tail = file.read()
            at = tail.rfind(_END_RECORD)
            if at < 0 or len(tail) - at < 22:
                raise DataFileError(f"{path} is not a zip file, or is cut short")
            length, offset = struct.unpack("<II", tail[at + 12:at + 20])
            if _MARK in (length, offset):
                length, offset = _far_directory(file, path, tail, at)
            file.seek(offset)
            found = file.read(length)
    except FileNotFoundError:
        return None
    if len(found) != length:
        raise DataFileError(f"{path} is cut short: its directory is incomplete")
    return found


def _far_directory(file: BinaryIO, path: str, tail: bytes, end: int) -> tuple[int, int]:
    """Length and place of the directory by the record of large archives (ZIP64), which a locator before the end names."""
    locator = tail[max(0, end - 20):end]
    if not locator.startswith(_LOCATOR):
        raise DataFileError(f"{path} is cut short: its directory is incomplete")
    file.seek(struct.unpack("<Q", locator[8:16])[0])
    record = file.read(56)
    if len(record) < 56 or not record.startswith(_FAR_END_RECORD):
        raise DataFileError(f"{path} is cut short: its directory is incomplete")
    return struct.unpack("<QQ", record[40:56])


def _sizes(directory: bytes, at: int, path: Path, name: str) -> tuple[int, int]:
    """Packed size and place of an entry; of large archives from the extra field, which holds what is marked, in order."""
    packed, unpacked = struct.unpack("<II", directory[at + 20:at + 28])
    offset, = struct.unpack("<I", directory[at + 42:at + 46])
    if _MARK not in (packed, unpacked, offset):
        return packed, offset
    label, extra = struct.unpack("<2H", directory[at + 28:at + 32])
    fields, place = directory[at + 46 + label:at + 46 + label + extra], 0
    while place + 4 <= len(fields):
        kind, size = struct.unpack("<2H", fields[place:place + 4])
        if kind == _FAR_FIELD:
            values = iter(struct.unpack(f"<{size // 8}Q", fields[place + 4:place + 4 + size // 8 * 8]))
            _, packed, offset = (next(values) if value == _MARK else value for value in (unpacked, packed, offset))
            return packed, offset
        place += 4 + size
    raise DataFileError(f"{path}: entry {name} has no size")


def read_zip_entry(path: Path, name: str) -> bytes | None:
    """Content of one entry; None when the zip or the entry is not there.

    Raises
    ------
    DataFileError
        When the file is not a zip, is cut short or its content does not match its checksum.
    """
    directory = _directory(str(path))
    if directory is None:
        return None
    wanted = name.encode("utf-8")
    at = _find_entry(directory, wanted)
    if at is None:
        return None
    method, = struct.unpack("<H", directory[at + 10:at + 12])
    checksum, = struct.unpack("<I", directory[at + 16:at + 20])
    packed, offset = _sizes(directory, at, path, name)
    with open(path, "rb") as file:
        file.seek(offset)
        header = file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
            raise DataFileError(f"{path}: entry {name} has no header where the directory says")
        fields = _LOCAL_HEADER.unpack(header)
        file.seek(fields[-2] + fields[-1], 1)
        raw = file.read(packed)
    return _unpacked(raw, method, checksum, path, name)


def _find_entry(directory: bytes, wanted: bytes) -> int | None:
    start = 0
    while True:
        found = directory.find(wanted, start)
        if found < 0:
            return None
        at = found - 46
        if at >= 0 and directory.startswith(_ENTRY, at) and directory[at + 28:at + 30] == struct.pack("<H", len(wanted)):
            return at
        start = found + 1


def _unpacked(raw: bytes, method: int, checksum: int, path: Path, name: str) -> bytes:
    try:
        data = raw if method == 0 else zlib.decompress(raw, -15)
    except zlib.error as error:
        raise DataFileError(f"{path}: entry {name} is corrupt ({error})") from error
    if zlib.crc32(data) != checksum:
        raise DataFileError(f"{path}: entry {name} does not match its checksum")
    return data
