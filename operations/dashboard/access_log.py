"""The access log: a line of JSON a request, with who asked for what, never what was sent."""
from __future__ import annotations

import json
from logging import INFO, Formatter, Logger
from logging.handlers import RotatingFileHandler
from pathlib import Path

from operations.dashboard.private_files import private_folder
from operations.disk import OWNER_ONLY

NAME, LARGEST_BYTES, KEPT, LONGEST_PATH = "access.log", 5_000_000, 5, 200


class AccessLog:
    """Writes ``access.log`` of a private folder; five old ones are kept."""

    def __init__(self, folder: Path) -> None:
        path = private_folder(folder) / NAME
        path.touch(mode=OWNER_ONLY)
        handler = RotatingFileHandler(path, maxBytes=LARGEST_BYTES, backupCount=KEPT, encoding="utf-8")
        handler.setFormatter(Formatter("%(message)s"))
        self._log = Logger(NAME, INFO)
        self._log.addHandler(handler)

    def wrote(self, *, time: str, address: str, method: str, path: str, status: int, role: str, milliseconds: float) -> None:
        """One request that was answered. The query is left out: it may hold anything."""
        self._log.info(json.dumps({"time": time, "address": address, "method": method[:10], "path": path[:LONGEST_PATH],
                                   "status": status, "role": role, "ms": round(milliseconds, 1)}))

    def close(self) -> None:
        """Let go of the file."""
        for handler in self._log.handlers:
            handler.close()
