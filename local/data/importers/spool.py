"""Quotes on their way from files to days: kept on disk by root and day, so that memory holds one day of one root."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from local.data.importers.rows import ROW


class Spool:
    """Adds quotes in any order and hands them out by root and day, in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: set[tuple[date, str]] = set()
        self._names: dict[str, str] = {}

    def add(self, root: str, day: date, rows: np.ndarray) -> None:
        """Keep some quotes."""
        self._keys.add((day, root))
        with self._path(day, root).open("ab") as stream:
            stream.write(rows.tobytes())

    def _path(self, day: date, root: str) -> Path:
        place = self._names.setdefault(root, f"{len(self._names)}")
        return self._folder / f"{day:%Y%m%d}-{place}.rows"

    @property
    def days(self) -> list[date]:
        """Days with quotes, ascending."""
        return sorted({day for day, _ in self._keys})

    def of_day(self, day: date) -> Iterator[tuple[str, np.ndarray]]:
        """Roots of a day with their quotes, in the order they were added; they are forgotten."""
        for key, root in sorted(key for key in self._keys if key[0] == day):
            path = self._path(key, root)
            yield root, np.fromfile(path, dtype=ROW)
            path.unlink()
