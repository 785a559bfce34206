"""A read-only mapping whose values are built on first touch. A snapshot names everything; a round looks at little."""

from __future__ import annotations

from typing import Callable, Collection, Iterator, Mapping, TypeVar

Value = TypeVar("Value")


class LazyMapping(Mapping[str, Value]):
    """Values by key, built once.

    Parameters
    ----------
    keys : collection of str
        Everything there may be.
    build : callable
        Gives the value of a key, or None where there is none: such a key is not in the mapping.
    present : callable, optional
        Says cheaply whether a key has a value, so that iterating builds nothing.
    """

    __slots__ = ("_keys", "_build", "_present", "_values")

    def __init__(self, keys: Collection[str], build: Callable[[str], Value | None],
                 present: Callable[[str], bool] | None = None) -> None:
        self._keys = keys
        self._build = build
        self._present = present
        self._values: dict[str, Value | None] = {}

    def _value(self, key: str) -> Value | None:
        if key not in self._values:
            self._values[key] = self._build(key) if key in self._keys else None
        return self._values[key]

    def __getitem__(self, key: str) -> Value:
        value = self._value(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._value(key) is not None

    def __iter__(self) -> Iterator[str]:
        if self._present is not None:
            return (key for key in self._keys if self._present(key))
        return (key for key in self._keys if self._value(key) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def without(self, hidden: Callable[[str], bool]) -> LazyMapping[Value]:
        """The same values but for keys that are ``hidden``."""
        return LazyMapping([key for key in self._keys if not hidden(key)], self._value, self._present)
