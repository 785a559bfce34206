"""Order execution: all legs or none, and every intent reaches a known end.

Events are only booked; ``start`` and ``on_minute`` act. The facts are written ahead of each send. After a crash at any
instant, ``restore`` and ``recover`` reconcile them with the broker.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from math import ceil
from threading import Lock
from time import perf_counter
from typing import Any, Collection, Iterator, Mapping, Sequence

from core.errors import IntegrityError, StoreError
from core.intents import smallest_ratios
from core.model import Contract, Intent, Leg, Purpose, Urgency
from helpers.orders.desk import OrderDesk
from helpers.orders.matching import adopt, give_up, match_open_orders
from helpers.orders.pieces import within
from helpers.orders.port import (Fill, OpenOrder, OrderPort, OrderStatus, OrderUpdate, Outcome, OutcomeKind,
                                 Positions, RecoveryReport, Rejected, Submitted, WriteAhead)
from helpers.orders.reports import ReportStream
from helpers.orders.work import Work
from helpers.orders.worker import IntentWorker

__all__ = ["AtomicOrderExecutor", "Fill", "WriteAhead", "OpenOrder", "OrderPort", "OrderStatus", "OrderUpdate", "Outcome",
           "OutcomeKind", "RecoveryReport", "Rejected", "Submitted"]

FINISHED_KEPT = 200
CLOSING_FIRST = {Purpose.FLATTEN: 0, Purpose.EXIT: 1, Purpose.MANAGE: 2, Purpose.ENTRY: 3}


class AtomicOrderExecutor:
    """Executes intents through an :class:`OrderPort`.

    Parameters
    ----------
    port : OrderPort
    write_ahead : WriteAhead
        Stores ``facts()`` ahead of every send and after every change.
    positions : Positions
        What the positions hold. The account shows only the sum of all of them.
    clock_seconds : int
        Smallest step of the clock that ``on_minute`` is called with: 60 in backtests, 1 live.
    events_later : bool
        True live, where events come on the broker's thread. An event is then only queued, and the next call of any
        other method books it, so that only the shell's own thread ever touches state.
    """

    def __init__(self, port: OrderPort, write_ahead: WriteAhead, positions: Positions, *, clock_seconds: int = 1,
                 events_later: bool = False) -> None:
        self._port = port
        self._write_ahead = write_ahead
        self._reports = ReportStream()
        self._works: dict[str, Work] = {}
        self._desk = OrderDesk(port, self._reports, self._save, self._save_ahead, clock_seconds)
        self._worker = IntentWorker(port, self._desk, self._reports, self._works, positions, self._save,
                                    hear=self._empty_inbox, sent=self._note_sent, finished=self._note_finished)
        self._finished: OrderedDict[str, Work | None] = OrderedDict()
        self._owner: dict[int, str] = {}
        self._inbox: deque[tuple[OrderUpdate, datetime]] = deque()
        self._early: deque[OrderUpdate] = deque(maxlen=FINISHED_KEPT)
        self._lock = Lock()
        self._events_later = events_later
        self.unsaved: str | None = None
        self.handing_over: deque[float] = deque(maxlen=FINISHED_KEPT)   # seconds from a decision to its order, the latest

    # --- the shell's calls ------------------------------------------------------------------------------------------

    def start(self, intent: Intent, now: datetime) -> bool:
        """Begin an intent. False if its id is known, or if it only made a working exit more urgent.

        An exit while an entry or a change of the same position works cancels that order and ends as REFUSED ``BUSY``.
        The caller must ask again in the next minute.

        Raises
        ------
        IntegrityError
            If the intent has no legs, a zero ratio or quantity, or names a contract twice.
        """
        begun = perf_counter()
        with self._exclusive():
            if intent.id in self._works or intent.id in self._finished:
                return False
            intent = normalised_intent(intent)
            work = Work(intent=intent, started=now, urgent=intent.urgency is Urgency.NATURAL,
                        goal={leg.contract: leg.ratio * intent.quantity for leg in intent.legs})
            if work.opens:
                self._worker.start_entry(work, now)
            taken = work.opens or self._worker.start_exit(work, now)
        self.handing_over.append(perf_counter() - begun)
        return taken

    def on_minute(self, now: datetime) -> None:
        """Walk limits, time out, repair and resend. It may be called more often: every rule counts its own minutes."""
        with self._exclusive():
            for work in sorted(self._works.values(),
                               key=lambda work: (CLOSING_FIRST[work.intent.purpose], not work.urgent)):
                if work.intent.id in self._works:
                    self._worker.advance(work, now, acting=True)

    def on_order_event(self, update: OrderUpdate, now: datetime) -> None:
        """Book one order event. Safe from any thread and from inside the port's own calls."""
        self._inbox.append((update, now))
        if not self._events_later:
            self._pump()

    def cancel_all(self, now: datetime, why: str, purposes: Collection[Purpose] | None = None,
                   strategy: str | None = None) -> None:
        """Stop every intent (of ``purposes``, of ``strategy``). Orders are cancelled; uneven legs are still evened out.
        """
        with self._exclusive():
            for work in list(self._works.values()):
                if ((purposes is None or work.intent.purpose in purposes) and not work.repairing
                        and strategy in (None, work.intent.strategy)):
                    self._worker.end(work, why, now)

    def drain(self) -> tuple[Fill | Outcome, ...]:
        """New fills and outcomes, oldest first. They stay in ``facts`` until the next call."""
        with self._exclusive():
            return self._reports.drain()

    def holding_changed(self, position_id: str, contract: Contract, quantity: int, now: datetime) -> None:
        """Record that the broker changed a position's holding, by a signed quantity, without an order (expiry,
        assignment, exercise).

        Orders on the contract are cancelled, and what is left to close of that position shrinks accordingly. The caller
        books the change; the intent will not report it again as missing.
        """
        with self._exclusive():
            for work in self._works.values():
                if contract not in work.goal:
                    continue
                if contract in work.baseline:
                    work.baseline[contract] += quantity
                todo = work.todo.get(contract, 0)
                if not work.opens and work.intent.position_id == position_id and todo * quantity > 0:
                    gone = quantity if abs(quantity) < abs(todo) else todo
                    work.goal[contract] -= gone
                    for book in (work.missing, work.settled):
                        book[contract] = book.get(contract, 0) + gone
                if work.order is not None and any(leg.contract == contract for leg in work.order.legs):
                    self._desk.ask_cancel(work, "HOLDING_CHANGED", now)

    # --- what others may know ---------------------------------------------------------------------------------------

    def owns(self, order_id: int) -> bool:
        """Whether the order belongs, or once belonged, to an intent. Safe from any thread."""
        return order_id in self._owner

    @property
    def contracts(self) -> frozenset[Contract]:
        """Contracts whose quotes are needed."""
        return frozenset(contract for work in self._works.values() for contract in work.goal)

    @property
    def works(self) -> tuple[Work, ...]:
        """What is under way, to be looked at only."""
        return tuple(self._works.values())

    @property
    def working_positions(self) -> frozenset[str]:
        return frozenset(work.intent.position_id for work in self._works.values())

    def working(self, position_id: str) -> bool:
        """Whether an intent of that position is working."""
        return position_id in self.working_positions

    def unsettled(self, position_id: str) -> bool:
        """Whether an intent of the position is working, or has ended without its end being reported yet. In both cases
        a fill may still belong to that position."""
        return self.working(position_id) or self._reports.waits(position_id)

    @property
    def halted_by(self) -> tuple[str, ...]:
        """Intents that have FAILED, are UNKNOWN, or whose legs are being evened out. While there is one, no entries."""
        return tuple(work.intent.id for work in self._works.values()
                     if work.failed or work.unknown or work.repairing)

    # --- events -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Let in one caller at a time. Events that came before or meanwhile are booked."""
        with self._lock:
            self._empty_inbox()
            yield
            self._empty_inbox()
        if not self._events_later:
            self._pump()

    def _pump(self) -> None:
        """Book waiting events, unless a caller inside is about to do so."""
        while self._inbox and self._lock.acquire(blocking=False):
            try:
                self._empty_inbox()
            finally:
                self._lock.release()

    def _empty_inbox(self) -> None:
        while self._inbox:
            update, now = self._inbox.popleft()
            self._hear(update, now)

    def _hear(self, update: OrderUpdate, now: datetime) -> None:
        intent_id = self._owner.get(update.order_id)
        if intent_id is None:
            self._early.append(update)
            return
        work = self._works.get(intent_id)
        if work is None:
            self._hear_finished(self._finished.get(intent_id), update, now)
            return
        current = work.order is not None and update.order_id in work.order.ids
        before = dict(work.filled)
        if not self._desk.hear(work, update, now):
            return
        self._note_traded(work, before)
        if not current and work.order is not None:
            self._desk.ask_cancel(work, "LATE_FILL", now)
        self._save(False)
        self._worker.advance(work, now, acting=False)

    def _hear_finished(self, work: Work | None, update: OrderUpdate, now: datetime) -> None:
        """Take up a finished intent again, because a fill came after its end.

        Whatever it opened is traded back, and so is whatever it closed beyond its goal. If a closing had ended too
        early, its legs are evened out. The intent is reported as UNKNOWN, and a second final outcome follows when the
        work is done. What the first outcome reported missing has been booked already.
        """
        if work is None:
            return
        before = dict(work.filled)
        if not self._desk.hear(work, update, now):
            return
        self._note_traded(work, before)
        del self._finished[work.intent.id]
        self._works[work.intent.id] = work
        work.ending, work.tried = "LATE_FILL", now
        work.goal = {leg.contract: before.get(leg.contract, 0) for leg in work.intent.legs}
        work.was_uneven = work.ever_uneven = True
        if work.opens:
            work.repairing = True
        else:
            units = min(work.intent.quantity, ceil(max(work.counts())))
            work.goal = {leg.contract: leg.ratio * units - within(work.missing.get(leg.contract, 0), leg.ratio * units)
                         for leg in work.intent.legs}
        work.missing, work.settled = {}, {}
        self._worker.unknown(work, "LATE_FILL", now)
        work.unknown = False

    def _note_traded(self, work: Work, before: Mapping[Contract, int]) -> None:
        """Tell other intents on the same contracts, finished ones included, what ``work`` has traded, so that they need
        not account for it."""
        changes = {contract: filled - before.get(contract, 0) for contract, filled in work.filled.items()}
        for other in (*self._works.values(), *self._finished.values()):
            if other is not None and other is not work:
                for contract, change in changes.items():
                    if contract in other.baseline:
                        other.baseline[contract] += change

    def _note_sent(self, work: Work, now: datetime) -> None:
        """Assign the events of the new ids to ``work``, even those that came before the ids were known."""
        if work.order is None:
            return
        for order_id in work.order.ids:
            self._owner[order_id] = work.intent.id
        early = [update for update in self._early if update.order_id in self._owner]
        self._early = deque((update for update in self._early if update.order_id not in self._owner),
                            maxlen=FINISHED_KEPT)
        self._inbox.extendleft((update, now) for update in reversed(early))

    def _note_finished(self, work: Work) -> None:
        self._finished[work.intent.id] = work
        while len(self._finished) > FINISHED_KEPT:
            _, old = self._finished.popitem(last=False)
            for order_id in (old.past if old is not None else ()):
                self._owner.pop(order_id, None)

    # --- memory -----------------------------------------------------------------------------------------------------

    def _save(self, must: bool) -> None:
        """Write the facts ahead. A failure stops only an opening order. Until a write succeeds, ``unsaved`` gives the
        reason."""
        try:
            self._write_ahead.save(self.facts())
            self.unsaved = None
        except StoreError as problem:
            self.unsaved = problem.message
            if must:
                raise

    def _save_ahead(self, must: bool) -> None:
        """Write what is about to be sent into every slot. Whichever slot is lost, an order that went out is then
        known."""
        for _ in range(self._write_ahead.slots):
            self._save(must)

    def facts(self) -> dict[str, Any]:
        """Everything a later run needs, as plain JSON. Of finished intents only the ids are kept."""
        return {"works": [work.to_json() for work in self._works.values()], "finished": list(self._finished),
                "reports": self._reports.facts()}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take over ``facts()`` of an earlier run. ``recover`` must follow before anything else.

        Raises
        ------
        IntegrityError
            If they contradict themselves.
        """
        works = [Work.from_json(row) for row in facts["works"]]
        self._works.clear()
        self._works.update({work.intent.id: work for work in works})
        self._finished = OrderedDict((intent_id, None) for intent_id in facts["finished"])
        self._owner.clear()
        self._reports.restore(facts["reports"])
        self.self_check()

    @property
    def reported(self) -> int:
        """Number of the last report.

        If restored facts carry a lower number than the positions have accepted, the facts are older than the
        positions. Going on would book fills twice, so the start must refuse.
        """
        return self._reports.last

    def self_check(self) -> None:
        """Raise IntegrityError if an intent is both working and finished, or an order does not match its intent."""
        both = set(self._works) & set(self._finished)
        if both:
            raise IntegrityError("an intent is both working and finished", intents=sorted(both))
        for work in self._works.values():
            if work.order is not None and not {leg.contract for leg in work.order.legs} <= set(work.goal):
                raise IntegrityError("an order trades what its intent does not name", intent=work.intent.id)

    def recover(self, now: datetime, open_orders: Sequence[OpenOrder],
                holdings: Mapping[Contract, int]) -> RecoveryReport:
        """Reconcile restored facts, open orders and holdings after a restart.

        Our orders that are still open are resumed; the holdings settle those that are not. An open order with our tag
        but without a stored intent is cancelled.
        """
        with self._exclusive():
            matched, orphans, foreign = match_open_orders(self._works.values(), open_orders)
            for work in list(self._works.values()):
                if work.order is not None:
                    adopt(work.order, matched.get(work.intent.id, {}))
                    self._settle_by(holdings, work, now)
                    self._note_sent(work, now)
            if orphans:
                self._port.cancel(tuple(order.order_id for order in orphans))
            self._save(False)
            return RecoveryReport(adopted=tuple(matched), orphan_ids=tuple(order.order_id for order in orphans),
                                  foreign_ids=tuple(order.order_id for order in foreign))

    def reconcile(self, now: datetime, holdings: Mapping[Contract, int], *, accept: bool = False) -> None:
        """Settle UNKNOWN intents by the holdings, once the engine no longer lists any of their orders.

        Parameters
        ----------
        accept : bool
            Given by the operator. An intent that cannot be explained then ends with what the events told, even if the
            engine still lists an order that the broker has long forgotten.
        """
        with self._exclusive():
            for work in [work for work in self._works.values() if work.unknown]:
                order = work.order
                if order is None:
                    continue
                if self._desk.listed(order, now):
                    self._desk.ask_cancel(work, "RECONCILE", now)
                    if not accept:
                        continue
                give_up(order)
                self._settle_by(holdings, work, now, accept=accept)

    def _settle_by(self, holdings: Mapping[Contract, int], work: Work, now: datetime, *, accept: bool = False) -> None:
        order = work.out
        order.closed_at = order.closed_at or (now if order.is_closed else None)
        differences = self._desk.differences(work, lambda contract: holdings.get(contract, 0), now)
        if differences and not self._desk.deduce(work, differences, now) and not accept:
            self._worker.unknown(work, "HOLDINGS_DISAGREE", now)
            return
        work.unknown = False
        if order.is_closed:
            self._desk.put_away(work)
            self._worker.advance(work, now, acting=False)


def normalised_intent(intent: Intent) -> Intent:
    """``intent`` with ratios that have no common divisor (2x4 becomes 1x2 with twice the quantity), as LEAN requires.

    Raises
    ------
    IntegrityError
        If it has no legs, a zero ratio or quantity, or names a contract twice.
    """
    ratios = [leg.ratio for leg in intent.legs]
    if not ratios or 0 in ratios or intent.quantity <= 0 or len({leg.contract for leg in intent.legs}) != len(ratios):
        raise IntegrityError("an intent needs distinct legs, ratios and a quantity", intent=intent.id, ratios=ratios,
                             quantity=intent.quantity)
    smallest, divisor = smallest_ratios({leg.contract: leg.ratio for leg in intent.legs})
    if divisor == 1:
        return intent
    return replace(intent, quantity=intent.quantity * divisor,
                   limit=None if intent.limit is None else intent.limit / divisor,
                   worst=None if intent.worst is None else intent.worst / divisor,
                   legs=tuple(Leg(contract=contract, ratio=ratio) for contract, ratio in smallest.items()))
