"""One day's quotes of one root in LEAN's format: minute quotes of every contract, and the universe."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from local.data import calendar
from local.data.archive import write_text, write_zip
from local.data.importers.contracts import is_index
from local.data.importers.universe import starts_of_contracts


def write_quotes(folder: Path, root: str, underlying: str, day: date, rows: np.ndarray) -> None:
    """Minute quotes: a bar a quote, whose minute ends at the quote's time, without movement inside it."""
    name, style = root.lower(), "european" if is_index(underlying) else "american"
    kind = "indexoption" if is_index(underlying) else "option"
    write_zip(folder / kind / "usa/minute" / name / f"{day:%Y%m%d}_quote_{style}.zip",
              _entries(f"{day:%Y%m%d}_{name}_minute_quote_{style}_", rows))


def _entries(prefix: str, rows: np.ndarray) -> Iterator[tuple[str, bytes]]:
    starts = starts_of_contracts(rows)
    for begin, end in zip(starts, np.append(starts[1:], len(rows))):
        one = rows[begin:end]
        expiry = date.fromordinal(int(one["expiry"][0]))
        right = "put" if one["put"][0] else "call"
        yield f"{prefix}{right}_{one['strike'][0]}_{expiry:%Y%m%d}.csv", _text(one)


def _text(rows: np.ndarray) -> bytes:
    lines = []
    for second, bid, ask, bid_size, ask_size in zip(*(rows[name].tolist() for name in (
            "second", "bid", "ask", "bid_size", "ask_size"))):
        bids = f"{bid},{bid},{bid},{bid},{bid_size}" if bid else ",,,,0"
        asks = f"{ask},{ask},{ask},{ask},{ask_size}" if ask else ",,,,0"
        lines.append(f"{(second - 60) * 1000},{bids},{asks}\n")
    return "".join(lines).encode()


def write_universe(folder: Path, root: str, underlying: str, day: date, text: str) -> None:
    """The universe of one day."""
    kind = "indexoption" if is_index(underlying) else "option"
    write_text(folder / kind / "usa/universes" / root.lower() / f"{day:%Y%m%d}.csv", text)


def held(rows: np.ndarray, since: int | None) -> np.ndarray:
    """Quotes of contracts with one quote that day, at each minute from ``since`` (seconds) up to it too; others as they are."""
    if since is None or not len(rows):
        return rows
    since = max(since, calendar.OPEN_MINUTE_OF_DAY * 60 + 60)
    starts = starts_of_contracts(rows)
    counts = np.diff(np.append(starts, len(rows)))
    single = np.repeat(counts == 1, counts)
    times = np.where(single & (rows["second"] > since), (rows["second"] - since) // 60 + 1, 1)
    found = np.repeat(rows, times)
    back = np.concatenate([np.arange(count - 1, -1, -1) for count in times.tolist()])
    found["second"] -= (back * 60).astype(found["second"].dtype)
    return found
