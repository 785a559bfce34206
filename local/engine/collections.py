"""Containers shaped like the .NET ones algorithms iterate over."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from local.engine.net_names import other_member

K = TypeVar("K")
V = TypeVar("V")


class KeyValuePair(Generic[K, V]):
    """A dictionary entry with `key` and `value`."""

    __slots__ = ("key", "value")

    def __init__(self, key: K, value: V) -> None:
        self.key, self.value = key, value

    def __iter__(self) -> Iterator[Any]:
        yield self.key
        yield self.value

    def __repr__(self) -> str:
        return f"[{self.key}, {self.value}]"


class LeanDictionary(Generic[K, V]):
    """A dictionary that iterates over its entries, as LEAN's do, and also has Python's dictionary methods."""

    __slots__ = ("_items",)

    def __init__(self, items: dict[K, V] | None = None) -> None:
        self._items: dict[K, V] = {} if items is None else items

    def _key(self, key: Any) -> Any:
        return key

    def __getitem__(self, key: Any) -> V:
        found = self._key(key)
        if found not in self._items:
            raise KeyError(self._missing(key))
        return self._items[found]

    def _missing(self, key: Any) -> str:
        return f"'{key}' wasn't found in the {type(self).__name__} object"

    def __setitem__(self, key: Any, value: V) -> None:
        self._items[self._key(key)] = value

    def __contains__(self, key: Any) -> bool:
        return self._key(key) in self._items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[KeyValuePair[K, V]]:
        for key, value in list(self._items.items()):
            yield KeyValuePair(key, value)

    def __bool__(self) -> bool:
        return bool(self._items)

    @property
    def count(self) -> int:
        """Number of entries."""
        return len(self._items)

    def contains_key(self, key: Any) -> bool:
        """Whether an entry exists."""
        return key in self

    def try_get_value(self, key: Any, *_: Any) -> tuple[bool, V | None]:
        """Whether an entry exists, and its value."""
        found = self._items.get(self._key(key))
        return found is not None, found

    def get(self, key: Any, default: Any = None) -> Any:
        """Value of an entry or a default."""
        return self._items.get(self._key(key), default)

    def keys(self) -> list[K]:
        """List of the keys."""
        return list(self._items)

    def values(self) -> list[V]:
        """List of the values."""
        return list(self._items.values())

    def items(self) -> list[tuple[K, V]]:
        """List of (key, value) tuples."""
        return list(self._items.items())

    def __getattr__(self, name: str) -> Any:
        return other_member(self, name)


def _ticker(entry: tuple[Any, Any]) -> str:
    return entry[0].value


class DataDictionary(LeanDictionary[Any, V]):
    """Data by symbol; its entries come in the order of their tickers, whatever the order they were set in."""

    __slots__ = ("_ordered",)

    def __init__(self, items: dict[Any, V] | None = None) -> None:
        super().__init__(items)
        self._ordered: list[tuple[Any, V]] | None = None

    def __setitem__(self, key: Any, value: V) -> None:
        super().__setitem__(key, value)
        self._ordered = None

    def _entries(self) -> list[tuple[Any, V]]:
        if self._ordered is None:
            self._ordered = sorted(self._items.items(), key=_ticker)
        return self._ordered

    def __iter__(self) -> Iterator[KeyValuePair[Any, V]]:
        return iter([KeyValuePair(key, value) for key, value in self._entries()])

    def keys(self) -> list[Any]:
        """List of the symbols."""
        return [key for key, _ in self._entries()]

    def values(self) -> list[V]:
        """List of the data."""
        return [value for _, value in self._entries()]

    def items(self) -> list[tuple[Any, V]]:
        """List of (symbol, data) tuples."""
        return list(self._entries())
