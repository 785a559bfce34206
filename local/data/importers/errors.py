"""The importers' one error: a line that names the file and, where one is to blame, the line in it."""
from __future__ import annotations

from local.data.errors import ScenarioError


class ImportRefused(ScenarioError):
    """Files that cannot be read as what they were said to be."""


def at_line(name: str, line: int, what: str) -> ImportRefused:
    """``FILE line N: what``."""
    return ImportRefused(f"{name} line {line}: {what}")
