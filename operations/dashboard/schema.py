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
    _check(document, schema(name), name)


def _require_known(part: Mapping[str, Any], place: str) -> None:
    unknown = set(part) - WORDS
    if unknown:
        raise SchemaError(f"{place}: {', '.join(sorted(unknown))} is not checked")
    children = [*part.get("properties", {}).items()]
    children += [(word, part[word]) for word in ("items", "additionalProperties") if isinstance(part.get(word), dict)]
    for name, child in children:
        _require_known(child, f"{place}.{name}")


def _check(value: object, part: Mapping[str, Any], place: str) -> None:
    if "const" in part:
        if value != part["const"] or isinstance(value, bool):
            raise SchemaError(f"{place} is {value!r}, not {part['const']!r}")
        return
    allowed = [part["type"]] if isinstance(part["type"], str) else part["type"]
    if not any(_is(value, kind) for kind in allowed):
        raise SchemaError(f"{place} is {type(value).__name__}, not {' or '.join(allowed)}")
    if isinstance(value, dict):
        _check_object(value, part, place)
    elif isinstance(value, list):
        if len(value) > part.get("maxItems", math.inf):
            raise SchemaError(f"{place} has {len(value)} items, at most {part['maxItems']}")
        for index, item in enumerate(value if "items" in part else ()):
            _check(item, part["items"], f"{place}[{index}]")


def _is(value: object, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, KINDS[kind])


def _check_object(value: Mapping[str, Any], part: Mapping[str, Any], place: str) -> None:
    missing = [name for name in part.get("required", ()) if name not in value]
    if missing:
        raise SchemaError(f"{place} lacks {', '.join(missing)}")
    known, others = part.get("properties", {}), part.get("additionalProperties", True)
    for name, item in value.items():
        if name in known:
            _check(item, known[name], f"{place}.{name}")
        elif others is False:
            raise SchemaError(f"{place} has {name}, which is not known")
        elif isinstance(others, dict):
            _check(item, others, f"{place}.{name}")
