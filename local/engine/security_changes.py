"""Securities that came and went in a time step."""
from __future__ import annotations

from typing import Any


class SecurityChanges:
    """Added and removed securities, sorted by ticker."""

    def __init__(self, added: list[Any], removed: list[Any]) -> None:
        self.added_securities = sorted(added, key=lambda s: s.symbol.value)
        self.removed_securities = sorted(removed, key=lambda s: s.symbol.value)

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
