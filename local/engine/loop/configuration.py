"""LEAN's configuration, as far as an algorithm may read it."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Config:
    """Keys and values of the process, as text. The chosen environment's block wins over the top level."""

    _values: dict[str, Any] = {}

    @classmethod
    def reset(cls, values: Mapping[str, Any] | None = None) -> None:
        """Takes these values in place of all."""
        given = dict(values or {})
        environments = given.pop("environments", {})
        cls._values = given | environments.get(given.get("environment"), {})

    @classmethod
    def get(cls, key: str, default_value: str = "") -> str:
        """A value as text, the default where there is none."""
        return str(cls._values.get(key, default_value))

    @classmethod
    def set(cls, key: str, value: Any) -> None:
        """Sets one value."""
        cls._values[key] = value
