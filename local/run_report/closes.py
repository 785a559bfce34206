"""Closes of listed contracts, by day, from universe files: of a data folder, or of days that are made when asked for."""
from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from local.data.products import FUTURES, Future


class Closes(NamedTuple):
    """One day of one chain: closes of contracts by expiry (``20240816``), strike and right, and of what they are on."""

    contracts: Mapping[tuple[str, float, str], float]
    underlying: float | None


class Universes(Protocol):
    """Where universe files are read from; paths are those within a data folder in LEAN's format."""

    def sessions(self) -> Sequence[date]:
        """Days that have chains, in order."""

    def months(self, future: Future, day: date) -> Sequence[str]:
        """Contract months with options, as folders are named."""

    def text(self, path: str) -> str | None:
        """A file; None where there is none."""


class FolderUniverses:
    """The universe files of a data folder: its sessions are the days of SPY's chains."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sessions(self) -> Sequence[date]:
        """See ``Universes``."""
        return sorted(datetime.strptime(path.stem, "%Y%m%d").date()
                      for path in (self._folder / "option" / "usa" / "universes" / "spy").glob("*.csv"))

    def months(self, future: Future, day: date) -> Sequence[str]:
        """See ``Universes``."""
        folder = self._folder / "futureoption" / future.market / "universes" / future.option_ticker.lower()
        return sorted(path.name for path in folder.glob("*"))

    def text(self, path: str) -> str | None:
        """See ``Universes``."""
        try:
            return (self._folder / path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None


class ChainCloses:
    """Closes by contract and day; each file is read once."""

    def __init__(self, universes: Universes) -> None:
        self._universes = universes
        self._read: dict[str, Closes | None] = {}
        self.sessions = tuple(universes.sessions())

    def chain(self, name: str, day: date, expiry: str | None = None) -> Closes | None:
        """A day's chain of what a contract's text begins with; of a future the month whose options expire then."""
        future = FUTURES.get(name.removeprefix("/")) if name.startswith("/") else None
        if future is not None:
            for month in self._universes.months(future, day):
                found = self._closes(f"futureoption/{future.market}/universes/{future.option_ticker.lower()}/{month}/{day:%Y%m%d}.csv")
                if found is not None and any(key[0] == expiry for key in found.contracts):
                    return found
            return None
        for kind in ("option", "indexoption"):
            found = self._closes(f"{kind}/usa/universes/{name.lower()}/{day:%Y%m%d}.csv")
            if found is not None:
                return found
        return None

    def _closes(self, path: str) -> Closes | None:
        if path not in self._read:
            text = self._universes.text(path)
            self._read[path] = None if text is None else _parsed(text)
        return self._read[path]


def _parsed(text: str) -> Closes:
    """A universe file in LEAN's layout."""
    contracts, underlying = {}, None
    for row in csv.DictReader(io.StringIO(text, newline="")):
        if not row["#expiry"]:
            underlying = float(row["close"])
        else:
            contracts[row["#expiry"], float(row["strike"]), row["right"]] = float(row["close"])
    return Closes(contracts, underlying)
