"""Rows of LEAN's minute files as bytes, a whole day's contracts at a time.

Every field is looked up in a table of ready-made text, so a row costs a few copies and no number formatting.
"""
from __future__ import annotations

import functools

import numpy as np

MILLISECONDS_A_MINUTE = 60_000
QUOTE_SIZE = 50
BLOCK = 4096


def _table(texts: list[bytes]) -> np.ndarray:
    """Texts as rows of bytes, padded with zeros."""
    packed = np.array(texts)
    return packed.view(np.uint8).reshape(len(texts), packed.dtype.itemsize)


@functools.lru_cache(maxsize=16)
def minute_table(first_minute_of_day: int, minutes: int) -> np.ndarray:
    """Milliseconds since midnight of each minute, with the comma after."""
    return _table([b"%d," % ((first_minute_of_day + minute) * MILLISECONDS_A_MINUTE) for minute in range(minutes)])


@functools.lru_cache(maxsize=64)
def _quote_side(block: int, scale: int, decimals: int, end: bytes) -> np.ndarray:
    """One side of a quote for a block of consecutive ticks: open, high, low, close alike, then the size."""
    texts = []
    for ticks in range(block * BLOCK, (block + 1) * BLOCK):
        price = b"%d" % (ticks * scale) if decimals == 0 else b"%.*f" % (decimals, ticks * scale / 10**decimals)
        texts.append(b",".join((price, price, price, price, b"%d" % (QUOTE_SIZE if ticks else 0))) + end)
    return _table(texts)


@functools.lru_cache(maxsize=64)
def quote_side_table(count: int, scale: int, decimals: int, end: bytes) -> np.ndarray:
    """Rows for the first ``count`` blocks of ticks. ``scale`` is a tick in units of the last decimal written."""
    blocks = [_quote_side(block, scale, decimals, end) for block in range(count)]
    width = max(block.shape[1] for block in blocks)
    return np.concatenate([np.pad(block, ((0, 0), (0, width - block.shape[1]))) for block in blocks])


def quote_rows(minute_rows: np.ndarray, bid: np.ndarray, ask: np.ndarray, written: np.ndarray, *, scale: int = 100,
               decimals: int = 0) -> list[bytes]:
    """Text of each contract's quotes.

    Parameters
    ----------
    minute_rows
        Text of the minutes, one a column.
    bid, ask
        Whole ticks, (contracts, columns). A bid of zero is written with size zero.
    written
        Which of them get a row.
    scale, decimals
        A tick in units of the last decimal place written: option prices are ten-thousandths without decimals, so a
        cent is 100.
    """
    bids = quote_side_table(int(bid.max()) // BLOCK + 1, scale, decimals, b",")
    asks = quote_side_table(int(ask.max()) // BLOCK + 1, scale, decimals, b"\n")
    contract, column = np.nonzero(written)
    first, second = minute_rows.shape[1], minute_rows.shape[1] + bids.shape[1]
    rows = np.empty((len(column), second + asks.shape[1]), dtype=np.uint8)
    rows[:, :first] = minute_rows[column]
    rows[:, first:second] = bids[bid[written]]
    rows[:, second:] = asks[ask[written]]
    return split_rows(rows, np.bincount(contract, minlength=len(bid)))


def decimal_rows(minute_rows: np.ndarray, columns: list[np.ndarray], *, scale: int, decimals: int) -> bytes:
    """Rows of a minute's time and prices with decimals, for files whose prices are plain (futures).

    Parameters
    ----------
    columns
        Whole ticks, one array a column; an array of bytes is put in as it is.
    scale, decimals
        A tick in units of the last decimal place, and the places written.
    """
    ticks = [column for column in columns if column.dtype.kind == "i"]
    lowest, highest = min(int(column.min()) for column in ticks), max(int(column.max()) for column in ticks)
    prices = _table([b"%.*f," % (decimals, tick * scale / 10**decimals) for tick in range(lowest, highest + 1)])
    parts = [minute_rows]
    for column in columns:
        parts.append(prices[column - lowest] if column.dtype.kind == "i"
                     else column.view(np.uint8).reshape(len(column), -1))
    rows = np.concatenate(parts, axis=1)
    return rows[rows != 0].tobytes()


def split_rows(rows: np.ndarray, counts: np.ndarray) -> list[bytes]:
    """Zero-padded bytes, (rows, width), as one text a contract, which has ``counts`` of the rows."""
    used = rows != 0
    text = rows[used].tobytes()
    lengths = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    ends = lengths[np.cumsum(counts)]
    return [text[begin:end] for begin, end in zip([0, *ends[:-1]], ends)]


def integer_rows(columns: list[np.ndarray]) -> bytes:
    """Rows of whole numbers joined by commas."""
    return b"".join(b",".join(b"%d" % value for value in row) + b"\n" for row in zip(*(c.tolist() for c in columns)))
