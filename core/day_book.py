"""The framework's own book of the day: what was entered, what the account was worth, and what stops entries."""

from __future__ import annotations

import math
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Iterable, Mapping

from core.errors import IntegrityError
from core.serialization import time_from_json, time_to_json


class DayBook:
    """Counts and equity figures that the gate, the breakers and the emergency levels measure against.

    Attributes
    ----------
    day : date or None
        The session that the counts belong to.
    start_open : bool
        Whether the day's first mark may still raise the figures the day begins with.
    entries : int
        Entries filled today.
    last_entry : datetime or None
        When the last entry order was sent, whatever its outcome.
    unfilled : mapping
        Strategy to the number of its entries that ended unfilled today, and when the last one did.
    equity_day_start, equity_last : float
        USD. A day starts with the last equity of the day before, so that an overnight gap counts in the day's result.
    protection_day_start, protection_last : float or None
        USD that bought protection has made so far, open and closed. None until the first mark.
    flows_today : float
        Deposits less withdrawals.
    closing : mapping
        Strategy to the reason why the operator has all of it closed. The entry stays until the strategy is flat.
    halted : str or None
        Why entries are halted until the operator resumes.
    quarantined, accepted : tuple of str
        Ids of holdings that have no owner. Entries wait until the operator accepts them.
    others : mapping
        Id to signed quantity of the shares without an owner at the last look, accepted or not.
    """

    def __init__(self, starting_equity: float) -> None:
        self.day: date | None = None
        self.start_open = False
        self.entries = 0
        self.last_entry: datetime | None = None
        self.unfilled: Mapping[str, tuple[int, datetime]] = MappingProxyType({})
        self.protection_day_start: float | None = 0.0
        self.protection_last: float | None = 0.0
        self.begin_at(starting_equity)
        self.flows_today = 0.0
        self.closing: Mapping[str, str] = MappingProxyType({})
        self.halted: str | None = None
        self.quarantined: tuple[str, ...] = ()
        self.accepted: tuple[str, ...] = ()
        self.others: Mapping[str, int] = MappingProxyType({})

    def begin_at(self, equity: float) -> None:
        """Measure the day from ``equity`` on, as for a new account.

        Raises
        ------
        IntegrityError
            If it is not a positive number.
        """
        if not (math.isfinite(equity) and equity > 0.0):
            raise IntegrityError("starting equity is not a positive amount", equity=equity)
        self.equity_day_start = self.equity_last = equity

    def quarantine(self, ids: tuple[str, ...]) -> bool:
        """Record the holdings without an owner found now, except those the operator accepted. True if there are new
        ones."""
        unknown = tuple(sorted(set(ids) - set(self.accepted)))
        changed = unknown != self.quarantined
        self.quarantined = unknown
        return changed

    def accept_quarantined(self) -> tuple[str, ...]:
        """Record that the operator accepts the quarantined holdings, and return them."""
        taken = self.quarantined
        self.accepted = tuple(sorted(set(self.accepted) | set(taken)))
        self.quarantined = ()
        return taken

    def roll(self, day: date, *, previous_session: date) -> bool:
        """Begin ``day``; True if it is a new one.

        If ``previous_session`` was not marked (the process was away), the last known equity is days old. The day then
        begins with the better of that equity and the first mark, so that a gain of the days away cannot offset a loss
        of this one.
        """
        if self.day == day:
            return False
        self.start_open = self.day is not None and self.day < previous_session
        self.day = day
        self.entries = 0
        self.unfilled = MappingProxyType({})
        self.flows_today = 0.0
        self.equity_day_start = self.equity_last
        self.protection_day_start = self.protection_last
        return True

    def mark(self, equity: float, protection: float) -> None:
        """Take the account's value, and what bought protection has made so far, both in USD.

        Raises
        ------
        IntegrityError
            If either is not a finite number.
        """
        if not (math.isfinite(equity) and math.isfinite(protection)):
            raise IntegrityError("equity is not a number", equity=equity, protection=protection)
        if self.protection_day_start is None:
            self.protection_day_start = protection
        if self.start_open:
            unprotected = max(self.equity_day_start - self.protection_day_start, equity - protection)
            self.equity_day_start = max(self.equity_day_start, equity)
            self.protection_day_start = self.equity_day_start - unprotected
            self.start_open = False
        self.equity_last, self.protection_last = equity, protection

    def flow(self, amount: float) -> None:
        """Record money the owner added (positive) or took out. It does not change the day's result."""
        self.flows_today += amount
        self.equity_last += amount

    def close_until_flat(self, strategies: Iterable[str], reason: str) -> None:
        """Record that the operator wants ``strategies`` closed. The order stands until they are flat."""
        self.closing = MappingProxyType(dict(self.closing) | dict.fromkeys(strategies, reason))

    def end_closing(self, strategies: Iterable[str]) -> None:
        """Record that ``strategies`` are flat, or that the operator has resumed them."""
        gone = set(strategies)
        self.closing = MappingProxyType({name: reason for name, reason in self.closing.items() if name not in gone})

    def order_sent(self, now: datetime) -> None:
        """Record that an entry order was sent."""
        self.last_entry = now

    def ended_unfilled(self, strategy: str, now: datetime) -> None:
        """Record that an entry of ``strategy`` ended without a fill."""
        tries, _ = self.unfilled.get(strategy, (0, now))
        self.unfilled = MappingProxyType(dict(self.unfilled) | {strategy: (tries + 1, now)})

    def entered(self) -> None:
        """Record that an entry filled."""
        self.entries += 1

    def facts(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        return {"day": self.day.isoformat() if self.day else None, "start_open": self.start_open, "entries": self.entries,
                "last_entry": time_to_json(self.last_entry),
                "unfilled": {name: [tries, last.isoformat()] for name, (tries, last) in self.unfilled.items()},
                "equity_day_start": self.equity_day_start,
                "equity_last": self.equity_last, "protection_day_start": self.protection_day_start,
                "protection_last": self.protection_last, "flows_today": self.flows_today,
                "closing": dict(self.closing), "halted": self.halted, "quarantined": list(self.quarantined),
                "accepted": list(self.accepted), "others": dict(self.others)}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take over ``facts()`` of an earlier run.

        Raises
        ------
        IntegrityError
            If they are not what :meth:`facts` writes.
        """
        try:
            self.day = date.fromisoformat(facts["day"]) if facts["day"] else None
            self.start_open = bool(facts["start_open"])
            self.entries = int(facts["entries"])
            self.last_entry = time_from_json(facts["last_entry"])
            self.unfilled = MappingProxyType({name: (int(tries), datetime.fromisoformat(last))
                                              for name, (tries, last) in facts["unfilled"].items()})
            self.equity_day_start = float(facts["equity_day_start"])
            self.equity_last = float(facts["equity_last"])
            self.protection_day_start, self.protection_last = (
                None if facts[name] is None else float(facts[name])
                for name in ("protection_day_start", "protection_last"))
            self.flows_today = float(facts["flows_today"])
            self.closing = MappingProxyType({str(name): str(reason) for name, reason in facts["closing"].items()})
            self.halted = facts["halted"]
            self.quarantined = tuple(facts["quarantined"])
            self.accepted = tuple(facts["accepted"])
            self.others = MappingProxyType({str(name): int(quantity) for name, quantity in facts["others"].items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError("the stored day book cannot be read", why=str(error)) from error
        self.self_check()

    def self_check(self) -> None:
        """Raise IntegrityError if the figures contradict each other."""
        amounts = (self.equity_day_start, self.equity_last, self.flows_today, self.protection_day_start or 0.0,
                   self.protection_last or 0.0)
        if not all(map(math.isfinite, amounts)):
            raise IntegrityError("the day book holds impossible amounts", amounts=amounts)
        if self.entries < 0:
            raise IntegrityError("negative count of entries", entries=self.entries)
