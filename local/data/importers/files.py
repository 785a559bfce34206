"""Opens the files that were named: plain text, gzip, the members of a zip, Parquet; a folder stands for its files."""
from __future__ import annotations

import csv
import gzip
import io
import itertools
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from local.data.importers.errors import ImportRefused, at_line

ROWS_AT_ONCE = 50_000
READ = (".csv", ".txt", ".gz", ".zip", ".parquet")
UNPACKED_ELSEWHERE = {".7z": "7z x", ".zst": "zstd -d", ".xz": "xz -d", ".rar": "unrar x"}
BEYOND = "beyond the last column"


def listed(given: list[str]) -> list[Path]:
    """The files that were named, and those of folders that were, each once, in order.

    Raises
    ------
    ImportRefused
        A file is not there, is of a kind that is unpacked elsewhere, or a folder holds none that can be read.
    """
    found: list[Path] = []
    for text in given:
        path = Path(text)
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in READ and file.is_file())
            if not inside:
                raise ImportRefused(f"{path} holds no file of {', '.join(READ)}")
            found += inside
        elif not path.is_file():
            raise ImportRefused(f"{path} is not there")
        else:
            found.append(path)
    for path in found:
        suffix = path.suffix.lower()
        if suffix == ".dbn" or path.name.lower().endswith(".dbn.zst"):
            raise ImportRefused(f"{path}: a DBN file: write it as CSV first (pretty or raw prices, either is read)")
        if suffix in UNPACKED_ELSEWHERE:
            raise ImportRefused(f"{path}: unpack it first: {UNPACKED_ELSEWHERE[suffix]} {path.name}")
        if suffix not in READ:
            raise ImportRefused(f"{path}: not one of {', '.join(READ)}")
    return list(dict.fromkeys(found))


class Table:
    """One file's header (lower case, without blanks and brackets) and its rows as text, some thousands at a time."""

    def __init__(self, name: str, header: list[str], chunks: Iterator[pd.DataFrame]) -> None:
        self.name, self.header, self.chunks = name, header, chunks


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """What goes wrong while a file is read, in one line with its name."""
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ImportRefused(f"{name} is damaged: {error}") from error
    except UnicodeDecodeError as error:
        raise ImportRefused(f"{name}: byte {error.start} is no UTF-8 text") from error
    except OSError as error:
        raise ImportRefused(f"{name} cannot be read: {error}") from error


@contextmanager
def _text(binary: io.BufferedIOBase) -> Iterator[io.TextIOWrapper]:
    stream = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")
    try:
        yield stream
    finally:
        stream.detach()


def tables(path: Path) -> Iterator[Table]:
    """The tables in one file: one, or one for each member of a zip. Each must be read before the next is asked for.

    Raises
    ------
    ImportRefused
        The file is damaged, empty, no text, or has a row of more or fewer fields than its header; the line is named.
    """
    suffix = path.suffix.lower()
    with _readable(path.name):
        if suffix == ".parquet":
            yield _parquet(path)
        elif suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                members = [name for name in sorted(archive.namelist()) if not name.endswith("/")]
                if not members:
                    raise ImportRefused(f"{path.name} is an empty zip file")
                for member in members:
                    with archive.open(member) as binary, _text(binary) as stream:
                        yield _table(f"{path.name}:{member}", stream)
        else:
            with (gzip.open(path) if suffix == ".gz" else path.open("rb")) as binary, _text(binary) as stream:
                yield _table(path.name, stream)


def _names(cells: list[str]) -> list[str]:
    return [cell.strip().strip("[]").strip().lower() for cell in cells]


def _table(name: str, stream: io.TextIOWrapper) -> Table:
    first = stream.readline()
    if not first.strip():
        raise at_line(name, 1, "the file is empty" if not first else "the header is blank")
    header = _names(next(csv.reader([first])))
    twice = next((column for column in header if column and header.count(column) > 1), None)
    if twice is not None:
        raise at_line(name, 1, f"column {twice} stands twice")
    return Table(name, header, _chunks(name, stream, header))


def _chunks(name: str, stream: io.TextIOWrapper, header: list[str]) -> Iterator[pd.DataFrame]:
    """Rows whose index is their line; blank lines are left out."""
    columns = [column or f"column {number}" for number, column in enumerate(header, start=1)]
    first = 2
    while True:
        with _readable(name):
            lines = list(itertools.islice(stream, ROWS_AT_ONCE))
        if not lines:
            return
        places = [first + at for at, text in enumerate(lines) if text.strip(", \t\r\n") and _whole(name, first + at, text, len(columns))]
        kept = "".join(lines[place - first].rstrip("\r\n") + "\n" for place in places)
        first += len(lines)
        if places:
            frame = pd.read_csv(io.StringIO(kept), header=None, names=[*columns, BEYOND], index_col=False, dtype=str,
                                skipinitialspace=True, keep_default_na=False)
            frame.index = pd.Index(places)
            yield frame


def _whole(name: str, line: int, text: str, wanted: int) -> bool:
    """Refuse a row of fewer or more fields than the header; one empty field more is a comma at the line's end."""
    seen = text.count(",") + 1
    if '"' in text:
        try:
            seen = len(next(csv.reader([text], skipinitialspace=True, strict=True)))
        except csv.Error as error:
            raise at_line(name, line, "a quotation mark is not closed") from error
    if seen == wanted or (seen == wanted + 1 and text.rstrip().endswith(",")):
        return True
    raise at_line(name, line, f"{seen} fields where {wanted} belong")


def _parquet(path: Path) -> Table:
    if find_spec("pyarrow") is None:
        raise ImportRefused(f"{path.name}: Parquet needs pyarrow, which is not installed: install it, or write the file as CSV")
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import ParquetFile
    try:
        file = ParquetFile(path)
    except ArrowInvalid as error:
        raise ImportRefused(f"{path.name} is damaged: {error}") from error
    header = _names(list(file.schema_arrow.names))

    def chunks() -> Iterator[pd.DataFrame]:
        row = 1
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
            frame = batch.to_pandas()
            frame.columns = header
            frame = frame.astype(object).where(frame.notna(), "").astype(str)
            frame.index = pd.RangeIndex(row, row + len(frame))
            row += len(frame)
            yield frame

    return Table(path.name, header, chunks())
