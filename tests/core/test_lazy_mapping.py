"""Values are built once, on touch, and a key without a value is not there."""

from __future__ import annotations

import pytest

from core.lazy_mapping import LazyMapping


def made() -> tuple[LazyMapping[int], list[str]]:
    built: list[str] = []

    def build(key: str) -> int | None:
        built.append(key)
        return {"a": 1, "b": 2}.get(key)
    return LazyMapping(["a", "b", "none"], build), built


def test_nothing_is_built_before_it_is_touched() -> None:
    mapping, built = made()
    assert built == []
    assert mapping["a"] == 1
    assert mapping["a"] == 1
    assert built == ["a"]


def test_a_key_without_a_value_is_absent() -> None:
    mapping, _ = made()
    assert "none" not in mapping and mapping.get("none") is None
    with pytest.raises(KeyError):
        mapping["none"]
    assert list(mapping) == ["a", "b"] and len(mapping) == 2


def test_a_key_that_was_never_named_is_not_built() -> None:
    mapping, built = made()
    assert "other" not in mapping
    assert built == []


def test_iterating_with_a_cheap_answer_builds_nothing() -> None:
    built: list[str] = []
    mapping = LazyMapping(["a", "b"], lambda key: built.append(key), lambda key: key == "a")
    assert list(mapping) == ["a"] and built == []


def test_hidden_keys_are_gone_and_values_shared() -> None:
    mapping, built = made()
    assert mapping["b"] == 2
    seen = mapping.without(lambda key: key == "a")
    assert "a" not in seen and seen["b"] == 2
    assert built == ["b"]
