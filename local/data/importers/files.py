"""Opens the files that were named: plain text, gzip, the members of a zip, Parquet; a folder stands for its files."""
from __future__ import annotations

import csv
import gzip
import io
import re
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
LINE_IN_MESSAGE = re.compile(r"(?:in line|at row|starting at row) (?P<line>\d+)")
FIELDS_IN_MESSAGE = re.compile(r"Expected (?P<expected>\d+) fields in line \d+, saw (?P<seen>\d+)")


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
    try:
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
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ImportRefused(f"{path.name} is damaged: {error}") from error
    except UnicodeDecodeError as error:
        raise ImportRefused(f"{path.name}: byte {error.start} is no UTF-8 text") from error
    except OSError as error:
        raise ImportRefused(f"{path.name} cannot be read: {error}") from error


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
    try:
        reader = pd.read_csv(stream, header=None, names=[*columns, BEYOND], index_col=False, dtype=str, chunksize=ROWS_AT_ONCE,
                             skipinitialspace=True, keep_default_na=False, skip_blank_lines=False)
        for chunk in reader:
            chunk.index += 2
            chunk = chunk[chunk[columns[0]].notna() & ~(chunk[columns[0]].eq("") & chunk[columns[-1]].isna())] \
                if len(columns) > 1 else chunk[chunk[columns[0]].notna()]
            _whole(name, chunk, columns)
            yield chunk
    except pd.errors.EmptyDataError:
        return
    except pd.errors.ParserError as error:
        raise _told(name, str(error), len(columns)) from error


def _told(name: str, message: str, wanted: int) -> ImportRefused:
    """What the parser says, by the file's own lines: it has not seen the header."""
    line, fields = LINE_IN_MESSAGE.search(message), FIELDS_IN_MESSAGE.search(message)
    if line is None:
        return ImportRefused(f"{name}: {message}")
    number = int(line["line"]) + 1
    if fields is not None:
        return at_line(name, number, f"{fields['seen']} fields where {wanted} belong")
    return at_line(name, number + 1, "a quotation mark is not closed")


def _whole(name: str, chunk: pd.DataFrame, columns: list[str]) -> None:
    """Every row has as many fields as the header; one empty field more is a comma at the line's end."""
    more = chunk[BEYOND].fillna("").ne("")
    if more.any():
        raise at_line(name, int(chunk.index[more.to_numpy().argmax()]), f"{len(columns) + 1} fields where {len(columns)} belong")
    fewer = chunk[columns[-1]].isna().to_numpy()
    if fewer.any():
        at = int(fewer.argmax())
        seen = int(chunk.iloc[at][columns].notna().sum())
        raise at_line(name, int(chunk.index[at]), f"{seen} fields where {len(columns)} belong")


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
