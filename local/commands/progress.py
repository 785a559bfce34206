"""Progress of long work, on the standard error stream: a bar on a terminal, a few lines elsewhere."""
from __future__ import annotations

import sys
import time
from typing import TextIO

BAR_WIDTH = 40
QUIET_STEP_PCT = 25
REDRAW_SECONDS = 0.1


class Progress:
    """A callable ``(done, total)`` that shows how far some work is.

    Parameters
    ----------
    label : str
        What is being done.
    unit : str
        What is counted.
    stream : TextIO or None
        Standard error unless given.
    """

    def __init__(self, label: str, unit: str = "", stream: TextIO | None = None) -> None:
        self._label, self._unit = label, unit
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._shown_pct = -1
        self._drawn_at = 0.0

    def __call__(self, done: int, total: int) -> None:
        share = 1.0 if total <= 0 else min(1.0, done / total)
        if self._terminal:
            self._draw(done, total, share)
        else:
            self._tell(done, total, share)

    def _draw(self, done: int, total: int, share: float) -> None:
        now = time.monotonic()
        if share < 1.0 and now - self._drawn_at < REDRAW_SECONDS:
            return
        self._drawn_at = now
        filled = int(BAR_WIDTH * share)
        end = "\n" if share >= 1.0 and self._shown_pct < 100 else ""
        self._shown_pct = 100 if share >= 1.0 else 0
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        self._stream.write(f"\r{self._label} [{bar}] {done}/{total} {self._unit}{end}")
        self._stream.flush()

    def _tell(self, done: int, total: int, share: float) -> None:
        step = int(share * 100) // QUIET_STEP_PCT * QUIET_STEP_PCT
        if step <= self._shown_pct or step == 0:
            return
        self._shown_pct = step
        self._stream.write(f"{self._label}: {done}/{total} {self._unit}".rstrip() + "\n")
        self._stream.flush()


def tell(text: str) -> None:
    """One line about what happens next, on the standard error stream."""
    print(text, file=sys.stderr, flush=True)
