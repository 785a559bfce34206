"""What a page is sent makes of the document it has the one that was published."""
from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from operations.dashboard.changes import applied, changes

PLAIN = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2, width=16) | st.text("ab", max_size=2)
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
                    max_leaves=12)


@given(JSON, JSON)
def test_the_changes_make_the_later_document(before: Any, after: Any) -> None:
    found = applied(deepcopy(before), json.loads(json.dumps(changes(before, after))))
    assert found == after
    assert [isinstance(value, bool) for value in _leaves(found)] == [isinstance(value, bool) for value in _leaves(after)]


@given(JSON)
def test_nothing_changed_is_nothing_sent(document: Any) -> None:
    assert changes(document, deepcopy(document)) == {"set": [], "gone": []}


def test_only_what_changed_is_sent() -> None:
    before = {"a": {"b": 1, "c": [1, {"d": 2}]}, "e": 3}
    assert changes(before, {"a": {"b": 1, "c": [1, {"d": 4}]}}) == {"set": [[["a", "c", 1, "d"], 4]], "gone": [["e"]]}
    assert changes({"a": [1, 2]}, {"a": [1]}) == {"set": [[["a"], [1]]], "gone": []}
    assert changes({"a": 1}, {"a": True})["set"] == [[["a"], True]]


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for name in sorted(value) for leaf in _leaves(value[name])]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [value]
