"""What changed from one document to the next, as a list of places and values: what a page is sent."""
from __future__ import annotations

from typing import Any

Place = list[str | int]


def changes(before: Any, after: Any) -> dict[str, Any]:
    """What makes ``after`` of ``before``.

    Returns
    -------
    dict
        ``set``: pairs of a place (names and indices from the top) and its new value; ``gone``: places that are no more.
        Lists of another length are set whole.
    """
    found: dict[str, Any] = {"set": [], "gone": []}
    _compare(before, after, [], found)
    return found


def _compare(before: Any, after: Any, place: Place, found: dict[str, Any]) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        found["gone"] += [[*place, name] for name in before if name not in after]
        for name, value in after.items():
            if name in before:
                _compare_one(before[name], value, place, name, found)
            else:
                found["set"].append([[*place, name], value])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, value in enumerate(after):
            _compare_one(before[index], value, place, index, found)
    elif _differ(before, after):
        found["set"].append([place, after])


def _compare_one(before: Any, after: Any, place: Place, name: str | int, found: dict[str, Any]) -> None:
    """Most values are plain and the same: their place is never written out."""
    if isinstance(after, (dict, list)):
        _compare(before, after, [*place, name], found)
    elif _differ(before, after):
        found["set"].append([[*place, name], after])


def _differ(before: Any, after: Any) -> bool:
    return before != after or isinstance(before, bool) is not isinstance(after, bool)


def applied(before: Any, change: dict[str, Any]) -> Any:
    """``before`` with the changes made in it: what a page does."""
    top = {"": before}
    for place in change["gone"]:
        parent, name = _parent(top, place)
        del parent[name]
    for place, value in change["set"]:
        parent, name = _parent(top, place)
        parent[name] = value
    return top[""]


def _parent(top: Any, place: Place) -> tuple[Any, str | int]:
    way: Place = ["", *place]
    found = top
    for name in way[:-1]:
        found = found[name]
    return found, way[-1]
