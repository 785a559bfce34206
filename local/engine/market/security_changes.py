"""Securities that came and went in a time step."""
from __future__ import annotations

from typing import Any


class SecurityChanges:
    """Added and removed securities, sorted by ticker."""

    def __init__(self, added: list[Any], removed: list[Any]) -> None:
        self.added_securities = sorted(added, key=lambda s: s.symbol.value)
        self.removed_securities = sorted(removed, key=lambda s: s.symbol.value)

    NONE: SecurityChanges

    def __add__(self, other: SecurityChanges) -> SecurityChanges:
        """These changes and later ones; what was added meanwhile does not count as removed."""
        if not self.count:
            return other
        if not other.count:
            return self
        added = list(dict.fromkeys([*self.added_securities, *other.added_securities]))
        removed = dict.fromkeys([*self.removed_securities, *other.removed_securities])
        return SecurityChanges(added, [security for security in removed if security not in added])

    def plus(self, other: SecurityChanges | None) -> SecurityChanges:
        """These changes and others."""
        if other is None:
            return self
        return SecurityChanges([*self.added_securities, *other.added_securities],
                               [*self.removed_securities, *other.removed_securities])

    @property
    def count(self) -> int:
        """Number of changes."""
        return len(self.added_securities) + len(self.removed_securities)


SecurityChanges.NONE = SecurityChanges([], [])
