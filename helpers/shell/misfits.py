"""Underlyings on which one unit of a strategy did not fit a moment ago. They are passed over until there may be
room."""

from __future__ import annotations

from datetime import date, datetime
from types import MappingProxyType
from typing import Callable, Iterable, Mapping

from core.codes import RefusalCode


class Misfits:
    """What did not fit. It is kept until the strategy's pause is over, a position is closed, or the day ends.

    Parameters
    ----------
    pause_over : callable
        Whether a strategy that was refused at the first moment may be asked again at the second.
    """

    def __init__(self, pause_over: Callable[[str, datetime, datetime], bool]) -> None:
        self._pause_over = pause_over
        self._noted: dict[str, dict[str, tuple[datetime, RefusalCode]]] = {}
        self._open: frozenset[str] = frozenset()
        self._day: date | None = None

    def note(self, strategy: str, underlyings: Iterable[str], code: RefusalCode, now: datetime) -> None:
        """Record that one unit did not fit on these."""
        self._noted.setdefault(strategy, {}).update((symbol, (now, code)) for symbol in underlyings)

    def at(self, now: datetime, open_ids: Iterable[str]) -> Mapping[str, Mapping[str, RefusalCode]]:
        """Strategy to underlying to the reason, as it stands at ``now``. A strategy's pause runs from its first misfit;
        after it, all of the strategy's underlyings are tried again."""
        held = frozenset(open_ids)
        if self._day not in (None, now.date()) or not self._open <= held:
            self._noted = {}
        self._day, self._open = now.date(), held
        self._noted = {strategy: noted for strategy, noted in self._noted.items()
                       if not self._pause_over(strategy, min(since for since, _ in noted.values()), now)}
        return MappingProxyType({strategy: MappingProxyType({symbol: code for symbol, (_, code) in noted.items()})
                                 for strategy, noted in self._noted.items()})
