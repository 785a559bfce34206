"""Days that stand in no files: whoever makes them answers for the files that would hold them."""
from __future__ import annotations

from typing import Protocol

import numpy as np


class DaySource(Protocol):
    """Minute bars and universe files of a data folder that holds neither. Paths are those within the folder."""

    def rows(self, path: str, entry: str) -> tuple[np.ndarray, int] | None:
        """Rows of an archive's entry as its text would be parsed, (bars, columns), and the decimal places that its prices
        are written with (0 where files scale them); None where there would be no entry."""

    def text(self, path: str) -> str | None:
        """A universe file; None where there would be none."""
