"""Draws faults from a seed: the same seed, sessions and version give the same plan, and so the same run."""
from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from local.broker_faults.faults import (ALL_TIME, KINDS, CrossedQuotes, Disconnect, DoubleFills, ExpirationWall,
                                        Fault, FillAfterCancel, HoldingsLag, LateFills, LegLimit, MissingSide,
                                        NoAnswer, OutOfOrder, PartialFills, Rejects, Restart, StaleQuotes,
                                        UnevenFills, VixLost)

FIRST_MINUTE, LAST_MINUTE = time(9, 35), time(15, 40)
MOST_FAULTS = 7
FILL_DELAYS = (None, 0, 1, 2, 4)


def always() -> tuple[Fault, ...]:
    """TastyTrade's own rules, which hold in every run."""
    start, end = ALL_TIME
    return (LegLimit(start=start, end=end), ExpirationWall(start=start, end=end))


Moments = Callable[[int | None], Sequence[datetime]]


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """The faults of one run.

    Attributes
    ----------
    seed : int
    faults : tuple of Fault
        Fresh objects: a plan serves one run.
    fills_after : int or None
        See :class:`local.broker_faults.brokerage.FaultyBrokerage`.
    """

    seed: int
    faults: tuple[Fault, ...]
    fills_after: int | None

    @classmethod
    def draw(cls, seed: int, sessions: Sequence[date], moments: Moments) -> FaultPlan:
        """The plan of ``seed`` over ``sessions``.

        Parameters
        ----------
        moments : callable
            Gives, for a ``fills_after``, New York times at which something happens in a run without faults: faults
            that last minutes are aimed at them.

        Raises
        ------
        ValueError
            Without sessions.
        """
        if not sessions:
            raise ValueError("a plan needs sessions")
        chance = random.Random(f"faults {seed}")
        fills_after = chance.choice(FILL_DELAYS)
        hot = tuple(moments(fills_after))
        kinds = [KINDS[seed % len(KINDS)]]       # every kind comes round
        kinds += chance.sample([kind for kind in KINDS if kind is not kinds[0]], chance.randint(1, MOST_FAULTS - 1))
        faults = [_DRAWERS[kind](chance, _window(chance, sessions, kind, hot)) for kind in kinds]
        return cls(seed, (*always(), *faults), fills_after)

    def describe(self) -> dict[str, Any]:
        """The plan as plain JSON."""
        return {"seed": self.seed, "fills_after": self.fills_after,
                "faults": [fault.describe() for fault in self.faults if fault.start != ALL_TIME[0]]}


Window = dict[str, datetime]
LONG = (PartialFills, UnevenFills, LateFills, OutOfOrder, DoubleFills, FillAfterCancel, HoldingsLag)


def _window(chance: random.Random, sessions: Sequence[date], kind: type[Fault], hot: Sequence[datetime]) -> Window:
    """Whole days for what happens to trades, minutes to hours around an order for lines, quotes and processes."""
    if kind in LONG and chance.random() < 0.7:
        first = chance.randrange(len(sessions))
        if hot and chance.random() < 0.7:
            first = list(sessions).index(chance.choice(hot).date())
        last = min(first + chance.randint(1, 5), len(sessions) - 1)
        return {"start": datetime.combine(sessions[first], FIRST_MINUTE),
                "end": datetime.combine(sessions[last], time(16, 15))}
    start = datetime.combine(chance.choice(list(sessions)), FIRST_MINUTE) + timedelta(minutes=chance.randrange(365))
    if hot and chance.random() < 0.85:
        start = chance.choice(hot) + timedelta(minutes=chance.randint(-4, 3))
    longest = {Disconnect: 45, Restart: 30}.get(kind, 240)
    return {"start": start, "end": start + timedelta(minutes=chance.randint(1, chance.choice((5, longest))))}


Drawer = Callable[[random.Random, Window], Fault]
_DRAWERS: dict[type[Fault], Drawer] = {
    Rejects: lambda c, w: Rejects(**w, every=c.randint(1, 3), silent=c.random() < 0.5),
    NoAnswer: lambda c, w: NoAnswer(**w, every=c.randint(1, 2), minutes=c.randint(1, 12)),
    Disconnect: lambda c, w: Disconnect(**w),
    PartialFills: lambda c, w: PartialFills(**w, first=c.choice((0.1, 0.5, 0.9)), rest=c.choice((1, 3, 8, None))),
    UnevenFills: lambda c, w: UnevenFills(**w, every=c.randint(1, 2), leg=c.randrange(4),
                                          share=c.choice((0.0, 0.0, 0.5)), rest=c.choice((1, 2, 5, 20, None, None))),
    LateFills: lambda c, w: LateFills(**w, every=c.randint(1, 3), minutes=c.choice((1, 2, 5, 15, 60))),
    OutOfOrder: lambda c, w: OutOfOrder(**w, minutes=c.choice((1, 2, 4))),
    DoubleFills: lambda c, w: DoubleFills(**w, every=c.randint(1, 3), minutes=c.choice((0, 1, 10))),
    FillAfterCancel: lambda c, w: FillAfterCancel(**w, every=c.randint(1, 3), minutes=c.choice((0, 1, 2, 10)),
                                                  legs=c.choice((0, 1))),
    HoldingsLag: lambda c, w: HoldingsLag(**w, minutes=c.choice((1, 2, 4))),
    StaleQuotes: lambda c, w: StaleQuotes(**w),
    CrossedQuotes: lambda c, w: CrossedQuotes(**w),
    MissingSide: lambda c, w: MissingSide(**w, side=c.choice(("bid", "ask"))),
    VixLost: lambda c, w: VixLost(**w),
    Restart: lambda c, w: Restart(**w, keeps_tags=c.random() < 0.5),
}
