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
            if name not in before:
                found["set"].append([[*place, name], value])
            else:
                _compare(before[name], value, [*place, name], found)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, value in enumerate(after):
            _compare(before[index], value, [*place, index], found)
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        found["set"].append([place, after])


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
