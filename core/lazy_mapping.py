"""A read-only mapping whose values are built on first use. A snapshot names everything, but a round looks at little."""

from __future__ import annotations

from typing import Callable, Collection, Iterator, Mapping, TypeVar

Value = TypeVar("Value")


class LazyMapping(Mapping[str, Value]):
    """Values by key, each built once. The set of keys is settled the first time all of them are looked at.

    Parameters
    ----------
    keys : collection of str
        Every key there may be.
    build : callable
        Returns the value of a key, or None if it has none. Such a key is not in the mapping.
    present : callable, optional
        Tells cheaply whether a key has a value, so that iterating builds nothing.
    """

    __slots__ = ("_keys", "_build", "_present", "_values", "_found")

    def __init__(self, keys: Collection[str], build: Callable[[str], Value | None],
                 present: Callable[[str], bool] | None = None) -> None:
        self._keys = keys
        self._build = build
        self._present = present
        self._values: dict[str, Value | None] = {}
        self._found: tuple[str, ...] | None = None

    def _value(self, key: str) -> Value | None:
        values = self._values
        if key in values:
            return values[key]
        value = values[key] = self._build(key) if key in self._keys else None
        return value

    def __getitem__(self, key: str) -> Value:
        value = self._value(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._value(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._present_keys())

    def __len__(self) -> int:
        return len(self._present_keys())

    def _present_keys(self) -> tuple[str, ...]:
        """The keys that have a value. Looked up once, as values are."""
        if self._found is None:
            present = self._present or (lambda key: self._value(key) is not None)
            self._found = tuple(key for key in self._keys if present(key))
        return self._found

    def without(self, hidden: Callable[[str], bool]) -> LazyMapping[Value]:
        """The same values, without the keys that are ``hidden``."""
        return LazyMapping([key for key in self._keys if not hidden(key)], self._value, self._present)
