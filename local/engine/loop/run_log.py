"""The run's log file."""
from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any


class RunLog:
    """Writes messages with the algorithm's time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")

    def write(self, prefix: str, time: datetime, message: Any) -> None:
        """Adds a line."""
        if not self._file.closed:
            self._file.write(f"{time:%Y-%m-%d %H:%M:%S} {prefix}{message}\n")

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
