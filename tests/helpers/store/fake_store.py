"""An ObjectStore in memory with LEAN's behaviour: key rules, silent refusal at its limits, no append."""

from __future__ import annotations

import re
from pathlib import Path

LEAN_KEY = re.compile(r"^\.?[a-zA-Z0-9\\/_#\-$= ]+\.?[a-zA-Z0-9]*$")


class FakeObjectStore:
    """``refuse_next`` saves answer False; ``folder`` is where flushed files go (None: flushing is an error)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.content: dict[str, str] = {}
        self.folder = folder
        self.refuse_next = 0
        self.lose_flush = False
        self.saves: list[str] = []

    max_files, max_size = 10_000, 10_000_000_000

    @property
    def keys(self) -> list[str]:
        return list(self.content)

    def contains_key(self, key: str) -> bool:
        return key in self.content

    def read(self, key: str) -> str:
        return self.content[key]

    def save(self, key: str, text: str) -> bool:
        if not LEAN_KEY.match(key):
            raise ValueError(f"path is not supported: {key}")
        if self.refuse_next:
            self.refuse_next -= 1
            return False
        self.saves.append(key)
        self.content[key] = text
        return True

    def delete(self, key: str) -> bool:
        return self.content.pop(key, None) is not None

    def get_file_path(self, key: str) -> str:
        assert self.folder is not None, "nothing is flushed in a backtest"
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.lose_flush:
            path.write_text(self.content[key], encoding="utf-8")
        return str(path)
