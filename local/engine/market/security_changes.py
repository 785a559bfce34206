"""Securities that came and went in a time step."""
from __future__ import annotations

from typing import Any


class SecurityChanges:
    """Added and removed securities, sorted by ticker, and how many came and went that the algorithm does not see."""

    def __init__(self, added: list[Any], removed: list[Any], unseen: int = 0) -> None:
        self.added_securities = sorted(added, key=lambda s: s.symbol.value)
        self.removed_securities = sorted(removed, key=lambda s: s.symbol.value)
        self._unseen = unseen

    NONE: SecurityChanges

    def __add__(self, other: SecurityChanges) -> SecurityChanges:
        """These changes and later ones; what was added meanwhile does not count as removed."""
        if not self.count:
            return other
        if not other.count:
            return self
        added = list(dict.fromkeys([*self.added_securities, *other.added_securities]))
        removed = dict.fromkeys([*self.removed_securities, *other.removed_securities])
        return SecurityChanges(added, [security for security in removed if security not in added], self._unseen + other._unseen)

    def plus(self, other: SecurityChanges | None) -> SecurityChanges:
        """These changes and others."""
        if other is None:
            return self
        return SecurityChanges([*self.added_securities, *other.added_securities],
                               [*self.removed_securities, *other.removed_securities], self._unseen + other._unseen)

    @property
    def count(self) -> int:
        """Number of changes, those out of sight included."""
        return len(self.added_securities) + len(self.removed_securities) + self._unseen


SecurityChanges.NONE = SecurityChanges([], [])
