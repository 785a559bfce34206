"""The schemas of what is published, and the check of a document against them.

What of JSON Schema they use is ``type``, ``const``, ``properties``, ``required``, ``additionalProperties``, ``items`` and
``maxItems``; a schema with any other word is refused, so that nothing in it is silently not held.
"""
from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any, Mapping

FOLDER = Path(__file__).resolve().parent / "schemas"
NAMES = ("status", "performance", "trades")
WORDS = {"$schema", "title", "description", "type", "const", "properties", "required", "additionalProperties", "items", "maxItems"}
KINDS: dict[str, type | tuple[type, ...]] = {"null": type(None), "boolean": bool, "number": (int, float), "string": str,
                                             "array": list, "object": dict}


class SchemaError(Exception):
    """A document is not what the schema says, or a schema says what is not checked."""


@lru_cache(maxsize=None)
def schema(name: str) -> Mapping[str, Any]:
    """The schema of one document.

    Raises
    ------
    SchemaError
        It holds a word that is not checked.
    """
    found: Mapping[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    _require_known(found, name)
    return found


def check(document: object, name: str) -> None:
    """Hold a document to its schema.

    Raises
    ------
    SchemaError
        With the place of the first thing that is not as it says.
    """
    fault = _fault(document, schema(name))
    if fault is not None:
        raise SchemaError(name + fault)


def _require_known(part: Mapping[str, Any], place: str) -> None:
    unknown = set(part) - WORDS
    if unknown:
        raise SchemaError(f"{place}: {', '.join(sorted(unknown))} is not checked")
    children = [*part.get("properties", {}).items()]
    children += [(word, part[word]) for word in ("items", "additionalProperties") if isinstance(part.get(word), dict)]
    for name, child in children:
        _require_known(child, f"{place}.{name}")


def _fault(value: object, part: Mapping[str, Any]) -> str | None:
    """The place below this one, and what is wrong there; None where nothing is. Read ten times a second: a place is only
    written out where something is wrong."""
    if "const" in part:
        return f" is {value!r}, not {part['const']!r}" if value != part["const"] or isinstance(value, bool) else None
    kinds = part["type"]
    if not (_is(value, kinds) if isinstance(kinds, str) else any(_is(value, kind) for kind in kinds)):
        return f" is {type(value).__name__}, not {kinds if isinstance(kinds, str) else ' or '.join(kinds)}"
    if isinstance(value, dict):
        return _fault_of_object(value, part)
    if isinstance(value, list):
        if len(value) > part.get("maxItems", math.inf):
            return f" has {len(value)} items, at most {part['maxItems']}"
        for index, item in enumerate(value if "items" in part else ()):
            if (fault := _fault(item, part["items"])) is not None:
                return f"[{index}]{fault}"
    return None


def _is(value: object, kind: str) -> bool:
    if kind == "number":
        return type(value) is int or type(value) is float and math.isfinite(value)
    return isinstance(value, KINDS[kind])


def _fault_of_object(value: Mapping[str, Any], part: Mapping[str, Any]) -> str | None:
    missing = [name for name in part.get("required", ()) if name not in value]
    if missing:
        return f" lacks {', '.join(missing)}"
    known, others = part.get("properties", {}), part.get("additionalProperties", True)
    for name, item in value.items():
        within = known.get(name, others)
        if within is False:
            return f" has {name}, which is not known"
        if within is not True and (fault := _fault(item, within)) is not None:
            return f".{name}{fault}"
    return None
