"""The algorithm's key-value store, with LEAN's key rules, limits and delayed writes."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.engine.collections import KeyValuePair
from local.engine.errors import ArgumentException, KeyNotFoundException, MemberNotSupported

_KEY = re.compile(r"^\.?[a-zA-Z0-9\\/_#\-$= ]+\.?[a-zA-Z0-9]*$")
_MOST_SEPARATORS = 100
MAX_FILES = 10_000
MAX_SIZE = 10_737_418_240


def _normalized(path: str) -> str:
    return path.replace("\\", "/").strip("/") if path else path


class ObjectStore:
    """Values under keys such as `folder/name.json`.

    Saves stay in memory until `flush` (LEAN writes by a timer; this engine at the end of a run, of a live time step and
    before it tells a file's path).
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._values: dict[str, bytes | None] = {}
        self._dirty: set[str] = set()
        self._known_sizes: dict[str, int] | None = None
        root.mkdir(parents=True, exist_ok=True)

    @property
    def max_files(self) -> int:
        """Most files the store holds."""
        return MAX_FILES

    @property
    def max_size(self) -> int:
        """Most bytes the store holds."""
        return MAX_SIZE

    @property
    def keys(self) -> list[str]:
        """All keys, in memory first, then on disk."""
        return list(self._sizes())

    def _sizes(self) -> dict[str, int]:
        sizes = {key: len(value) if value is not None else self._size_on_disk(key) for key, value in self._values.items()}
        for file in sorted(self._root.rglob("*")):
            key = file.relative_to(self._root).as_posix()
            if file.is_file() and key not in sizes:
                sizes[key] = file.stat().st_size
        return sizes

    def _size_on_disk(self, key: str) -> int:
        file = self._root / key
        return file.stat().st_size if file.is_file() else 0

    def contains_key(self, path: str) -> bool:
        """Whether a key is there."""
        key = _normalized(path)
        return key in self._values or (self._root / key).is_file()

    def __contains__(self, path: str) -> bool:
        return self.contains_key(path)

    def read_bytes(self, path: str) -> bytes | None:
        """Bytes under a key.

        Raises
        ------
        KeyNotFoundException
            When the key is not there.
        """
        if not self.contains_key(path):
            raise KeyNotFoundException(f"Object with path '{path}' was not found in the current project.")
        key = _normalized(path)
        if self._values.get(key) is None and (self._root / key).is_file():
            self._values[key] = (self._root / key).read_bytes()
        return self._values.get(key)

    def read(self, path: str) -> str | None:
        """Text under a key."""
        data = self.read_bytes(path)
        return None if data is None else data.decode("utf-8")

    read_string = read

    def save_bytes(self, path: str, contents: bytes) -> bool:
        """Stores bytes under a key; False past the store's limits.

        Raises
        ------
        ArgumentException
            When the key has characters or dots that are not allowed.
        """
        if not _KEY.match(path) or path.count("/") > _MOST_SEPARATORS or path.count("\\") > _MOST_SEPARATORS:
            raise ArgumentException(f"LocalObjectStore: path is not supported: '{path}'")
        key, data = _normalized(path), bytes(contents)
        if not self._fits(key, len(data)):
            return False
        self._values[key] = data
        self._dirty.add(key)
        return True

    def _fits(self, key: str, size: int) -> bool:
        if self._known_sizes is None:
            self._known_sizes = self._sizes()
        others = self._known_sizes
        count = len(others) + (key not in others)
        if count > MAX_FILES or sum(others.values()) - others.get(key, 0) + size > MAX_SIZE:
            return False
        others[key] = size
        return True

    def save(self, path: str, text: str | None = None) -> bool:
        """Stores text under a key; without text, takes over the file that was written at the key's path."""
        if text is None:
            return self.save_bytes(path, (self._root / _normalized(path)).read_bytes())
        return self.save_bytes(path, text.encode("utf-8"))

    save_string = save

    def save_json(self, *_: Any) -> bool:
        """Needs a .NET type, which Python objects are not."""
        raise TypeError("No method matches given arguments for SaveJson")

    save_xml = read_json = read_xml = save_json

    def delete(self, path: str) -> bool:
        """Removes a key; False when it was not there."""
        key = _normalized(path)
        was_there = key in self._values
        self._values.pop(key, None)
        self._dirty.discard(key)
        if self._known_sizes is not None:
            self._known_sizes.pop(key, None)
        file = self._root / key
        if file.is_file():
            file.unlink()
            return True
        return was_there

    def get_file_path(self, path: str) -> str:
        """Path of the file behind a key, written out first; for a new key the path it may be written to."""
        if self.contains_key(path):
            self.flush()
        else:
            self._values[_normalized(path)] = None
        file = self._root / _normalized(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        return str(file)

    def clear(self) -> None:
        """Writes out what is pending and forgets what is in memory."""
        self.flush()
        self._values.clear()

    def flush(self) -> None:
        """Writes pending values to disk."""
        for key in sorted(self._dirty):
            file = self._root / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self._values[key])
        self._dirty.clear()

    def __iter__(self) -> Iterator[KeyValuePair[str, bytes | None]]:
        for key in self.keys:
            yield KeyValuePair(key, self.read_bytes(key))

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            raise MemberNotSupported(f"ObjectStore.{name}")
