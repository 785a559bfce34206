"""Decides the next step of one intent: what stops its order, what follows when the order is over, how the intent ends.

An opening intent gets one order; uneven legs are traded back. A closing intent is worked until nothing is left.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import Any, Callable, Collection, Iterable, Mapping

from config.constants import (ENTRY_TIMEOUT_MINUTES, MAX_COMBO_LEGS, QUOTE_AWAIT_MINUTES,
                              REFUSED_EXIT_PAUSE_MINUTES, REFUSED_EXIT_TRIES, SETTLE_MINUTES, UNEVEN_MAX_TRIES,
                              UNEVEN_REPAIR_SECONDS)
from core.errors import StoreError
from core.intents import last_order_time
from core.model import Contract, ContractKind, Leg, Purpose
from core.serialization import contract_to_json
from helpers.orders.desk import OrderDesk
from helpers.orders.fill_book import due
from helpers.orders.pieces import Piece, next_piece, short_of_zero, within
from helpers.orders.port import OrderPort, OutcomeKind, Positions
from helpers.orders.pricing import sellable, unpriced
from helpers.orders.reports import ReportStream
from helpers.orders.work import Work

UPDATE_FAILURES_BORNE = 3


class IntentWorker:
    """Works intents through the desk.

    Parameters
    ----------
    port : OrderPort
    desk : OrderDesk
    reports : ReportStream
    works : dict
        Intents under way, by id; shared with the executor.
    positions : Positions
    save : callable
        ``save(must)`` as for the desk.
    hear : callable
        Books events that came in during the desk's calls.
    ``sent`` is told of each order that is out, ``finished`` of each intent that is over.
        Told of each order that is out and of each intent that is over.
    """

    def __init__(self, port: OrderPort, desk: OrderDesk, reports: ReportStream, works: dict[str, Work],
                 positions: Positions, save: Callable[[bool], None], *, hear: Callable[[], None], sent: Callable[[Work, datetime], None],
                 finished: Callable[[Work], None]) -> None:
        self._port = port
        self._desk = desk
        self._reports = reports
        self._works = works
        self._positions = positions
        self._save = save
        self._hear_waiting = hear
        self._tell_sent = sent
        self._tell_finished = finished

    # --- one intent's next step -------------------------------------------------------------------------------------

    def advance(self, work: Work, now: datetime, *, acting: bool) -> None:
        """Do what is due. Orders are sent only if ``acting``."""
        if acting and work.order is not None and not work.order.is_closed:
            self._tend(work, now)
            self._hear_waiting()
        if work.intent.id not in self._works:
            return
        if work.order is not None:
            if not work.order.is_closed or not self._settled(work, now):
                return
            self._count_refusal(work, now)
        if work.opens and not work.repairing and not self._conclude_entry(work, now):
            return
        self._shrink_goal(work, now)
        if not work.todo:
            self._conclude(work, now)
        elif acting:
            self._send_closing(work, now)

    def _tend(self, work: Work, now: datetime) -> None:
        """Look after an order that is out: stop it, ask about it, or step its price."""
        desk, order = self._desk, work.out
        if not order.ids:
            self._unanswered_send(work, now)
            return
        desk.ask_after(work, now)
        if order.is_closed:
            return
        why = order.cancel_why or self._cancel_reason(work, now)
        if why:
            desk.ask_cancel(work, why, now)
        if desk.is_silent(work, now):
            if order.cancel_asked is not None:
                self.unknown(work, "NO_ANSWER", now)
            elif not work.opens:
                desk.ask_cancel(work, "NO_ANSWER", now)
        self._count_try(work, now)
        if not order.cancel_why:
            desk.reprice(work, now)

    def _cancel_reason(self, work: Work, now: datetime) -> str:
        order = work.out
        if not self._may_rest(order.legs, now):
            return "LAST_MINUTE"
        if order.is_broken:
            return "LEG_LOST"
        if order.uneven_since is not None and due(now, order.uneven_since, UNEVEN_REPAIR_SECONDS / 60):
            return "UNEVEN"
        if work.opens and not work.repairing:
            return "TIMEOUT" if due(now, work.started, ENTRY_TIMEOUT_MINUTES) else ""
        if order.update_failures >= UPDATE_FAILURES_BORNE:
            return "UPDATE_FAILED"
        if unpriced(order.legs, self._port.quote) and not self._awaits_quotes(work, now):
            plan = next_piece(work.todo, self._port.quote, apart=work.was_uneven or work.repairing)
            if plan.piece and {leg.contract for leg in plan.piece.legs} != {leg.contract for leg in order.legs}:
                return "DEAD_LEG"
        return "STUCK" if self._desk.is_stuck(order, now) else ""

    def _settled(self, work: Work, now: datetime) -> bool:
        order = work.out
        if order.is_uneven and not order.cancel_why:
            order.cancel_why = "LEG_LOST"
        why = order.cancel_why
        if self._desk.settle(work, now):
            if work.opens and not work.repairing:
                work.ending = work.ending or why
            self._save(False)
            return True
        if work.settle_since is not None and due(now, work.settle_since, SETTLE_MINUTES):
            self.unknown(work, "HOLDINGS_DISAGREE", now)
        return False

    def _unanswered_send(self, work: Work, now: datetime) -> None:
        """Settle a send that never returned. If the engine lists an order under its tag, adopt it. If nothing has been
        listed for two minutes, the holdings decide."""
        desk, order = self._desk, work.out
        listed = self._port.open_order_ids(order.tag) if order.sent.date() == now.date() else ()
        if len(listed) == len(order.legs):
            order.ids = tuple(listed)
            self._tell_sent(work, now)
        elif listed:
            if desk.paced(now):
                self._port.cancel(tuple(listed))
        elif due(now, order.sent, SETTLE_MINUTES):
            differences = desk.differences(work, self._port.holding, now)
            if not differences or desk.deduce(work, differences, now):
                desk.put_away(work)
            else:
                self.unknown(work, "NO_ANSWER", now)

    # --- opening ----------------------------------------------------------------------------------------------------

    def start_entry(self, work: Work, now: datetime) -> None:
        """Begin an opening intent, or refuse it."""
        self._works[work.intent.id] = work
        refusal = self._entry_refusal(work, now) or self._send_entry(work, now)
        if refusal:
            self.finish(work, OutcomeKind.REFUSED, refusal, now)

    def _entry_refusal(self, work: Work, now: datetime) -> str:
        legs = work.intent.legs
        others = [other for other in self._works.values() if other is not work]
        if len(legs) > MAX_COMBO_LEGS:
            return "TOO_MANY_LEGS"
        if len(legs) > 1 and any(leg.contract.kind is ContractKind.EQUITY for leg in legs):
            return "SHARES_WITH_OPTIONS"
        if any(other.intent.position_id == work.intent.position_id for other in others):
            return "BUSY"
        if any(contract in other.goal for other in others for contract in work.goal):
            return "CONTRACT_BUSY"
        if work.intent.purpose is Purpose.ENTRY:
            if any(other.failed or other.unknown for other in others):
                return "HALTED"
            if any(self._port.holding(leg.contract) * leg.ratio < 0 for leg in legs):
                return "CONTRACT_HELD_OPPOSITE"
        if not self._may_rest(legs, now):
            return "LAST_MINUTE"
        return ""

    def _send_entry(self, work: Work, now: datetime) -> str:
        limit = self._desk.limit(work, work.intent.legs, now)
        if limit is None:
            return "QUOTE_MISSING"
        try:
            self._desk.send(work, Piece(legs=work.intent.legs, quantity=work.intent.quantity), limit, now)
        except StoreError:
            work.order = None
            return "STORE_FAILED"
        self._tell_sent(work, now)
        return work.refusal

    def _conclude_entry(self, work: Work, now: datetime) -> bool:
        """True if what was filled must be evened out. Otherwise the intent is over."""
        counts = work.counts()
        if not any(counts):
            kind = OutcomeKind.REFUSED if work.refusal else OutcomeKind.NOT_FILLED
            self.finish(work, kind, work.refusal or work.ending or "TIMEOUT", now)
            return False
        if len(set(counts)) == 1 and counts[0].denominator == 1:
            whole = counts[0] == work.intent.quantity
            self.finish(work, OutcomeKind.FILLED if whole else OutcomeKind.PARTIAL,
                        work.intent.reason if whole else work.ending, now)
            return False
        keep = max(0, int(min(counts)))
        work.repairing = work.was_uneven = work.ever_uneven = True
        work.tried = now
        for leg in work.intent.legs:
            work.goal[leg.contract] = (work.filled[leg.contract] if work.bought_back(leg.contract) else leg.ratio * keep)
        self._save(False)
        return True

    # --- closing ----------------------------------------------------------------------------------------------------

    def start_exit(self, work: Work, now: datetime) -> bool:
        """Begin a closing; see the executor's ``start``."""
        intent = work.intent
        for other in list(self._works.values()):
            if other.intent.position_id != intent.position_id:
                continue
            if work.urgent and not other.opens and not other.urgent:      # also if it closes only a part: we wait for it
                other.urgent = True
                if other.order is not None and not other.order.cancel_why:
                    self._desk.reprice(other, now, at_once=True)
            if not other.opens and set(work.goal) <= set(other.goal):
                return False
            if other.opens and not other.repairing:
                self.end(other, "EXIT_WANTED", now)
            self._works[intent.id] = work
            self.finish(work, OutcomeKind.REFUSED, "BUSY", now)
            return True
        self._works[intent.id] = work
        self.advance(work, now, acting=True)
        return True

    def _send_closing(self, work: Work, now: datetime) -> None:
        self._count_try(work, now)
        if not work.todo:
            self._conclude(work, now)
            return
        if work.not_before is not None and now < work.not_before:
            return
        if any(other is not work and self._occupies(other, work.todo) for other in self._works.values()):
            return
        if not self._held(work, now):
            return
        if not work.todo:
            self._conclude(work, now)
            return
        if self._awaits_quotes(work, now):
            return
        plan = next_piece(work.todo, self._port.quote, apart=work.was_uneven or work.repairing)
        self._note_stuck(work, plan.stuck, now)
        if plan.piece is None or not self._may_rest(plan.piece.legs, now):
            return
        piece = short_of_zero(plan.piece, self._port.holding)
        limit = self._desk.limit(work, piece.legs, now)
        if limit is None or not self._desk.paced(now):
            return
        self._desk.send(work, piece, limit, now)
        self._tell_sent(work, now)
        if work.refusal:
            self._count_refusal(work, now)

    def _awaits_quotes(self, work: Work, now: datetime) -> bool:
        """Whether to wait for the first quote of a long that is to be sold. After a restart, a contract subscribed a
        moment ago has no quote yet; that does not make it worthless. If there is still no quote after
        QUOTE_AWAIT_MINUTES, the long counts as worthless, so that it never holds back its short. If legs are already
        uneven, nothing waits."""
        apart = work.was_uneven or work.repairing
        if apart or all(quantity > 0 or self._port.quote(contract) is not None
                        for contract, quantity in work.todo.items()):
            work.unquoted_since = None
            return False
        work.unquoted_since = work.unquoted_since or now
        return not due(now, work.unquoted_since, QUOTE_AWAIT_MINUTES)

    @staticmethod
    def _occupies(other: Work, contracts: Collection[Contract]) -> bool:
        """Whether no other intent may trade ``contracts`` now because of ``other``. An opening keeps its contracts
        until it ends. A closing keeps them while its order is out. Without this rule nobody could tell whose fill a
        change of the holdings is."""
        if other.opens:
            return any(contract in contracts for contract in other.goal)
        return other.order is not None and any(leg.contract in contracts for leg in other.order.legs)

    def _held(self, work: Work, now: datetime) -> bool:
        """Whether the broker holds what is to be closed, apart from what other positions hold of it. Holdings may lag
        a fill, so they are given SETTLE_MINUTES. After that the goal is cut to what the account shows. A close can
        therefore never open a position on the other side."""
        closing = _closing(work)
        lacking = _lacking(closing, lambda contract: self._port.holding(contract) - self._of_others(work, contract))
        if not lacking:
            work.short_since = None
            return True
        work.short_since = work.short_since or now
        if not due(now, work.short_since, SETTLE_MINUTES):
            return False
        work.short_since = None
        found = self._desk.differences(work, self._port.holding, now)
        found = {contract: quantity for contract, quantity in found.items() if contract in lacking}
        if found and self._desk.deduce(work, found, now):
            return True                                      # they were our own fills that were never reported
        for contract, quantity in _lacking(closing, self._port.holding).items():
            gone = within(lacking.get(contract, 0), quantity)
            work.goal[contract] -= gone
            if gone:
                work.missing[contract] = work.missing.get(contract, 0) + gone
        return True

    def _of_others(self, work: Work, contract: Contract) -> int:
        """Quantity of ``contract`` that other positions hold: what is booked, plus what is reported and not booked
        yet, minus what their own closings have found missing."""
        key = work.intent.position_id
        missing = sum(other.unexplained.get(contract, 0) for other in self._works.values()
                      if other.intent.position_id != key)
        return (self._positions.held_by_others(key, contract) + missing
                + self._reports.unbooked(key, contract, self._positions.accepted))

    def _shrink_goal(self, work: Work, now: datetime) -> None:
        """Take expired legs out of the goal. A stopped exit only evens out what it began."""
        for contract in work.todo:
            if contract.expiry < now.date():
                work.missing[contract] = work.missing.get(contract, 0) + work.todo[contract]
                work.goal[contract] = work.filled.get(contract, 0)
        if work.ending and not work.opens:
            most = ceil(max(work.counts()))
            for leg in work.intent.legs:
                if abs(work.goal[leg.contract]) > abs(leg.ratio * most):
                    work.goal[leg.contract] = leg.ratio * most

    def _conclude(self, work: Work, now: datetime) -> None:
        traded = any(work.filled.values())
        if work.repairing:
            self.finish(work, OutcomeKind.UNEVEN_REPAIRED, work.ending or "UNEVEN", now)
        elif work.ending:
            self.finish(work, OutcomeKind.PARTIAL if traded else OutcomeKind.NOT_FILLED, work.ending, now)
        elif traded or all(contract.expiry < now.date() for contract in work.goal):
            self.finish(work, OutcomeKind.FILLED, work.intent.reason, now)
        else:
            self.finish(work, OutcomeKind.REFUSED, "NOTHING_HELD", now)

    # --- counting, reporting ----------------------------------------------------------------------------------------

    def _count_refusal(self, work: Work, now: datetime) -> None:
        """Report a refused closing order. It is repriced and tried again, at growing intervals."""
        if not work.refusal or (work.opens and not work.repairing):
            return
        work.refusals += 1
        pause = 1 if work.refusals < REFUSED_EXIT_TRIES else REFUSED_EXIT_PAUSE_MINUTES
        work.not_before = now + timedelta(minutes=pause)
        self._outcome(work, OutcomeKind.REFUSED, work.refusal, now, final=False)
        work.refusal = ""
        if work.refusals == REFUSED_EXIT_TRIES:
            self._failed(work, "REFUSED_THREE_TIMES", now)

    def _count_try(self, work: Work, now: datetime) -> None:
        """Count one try for each minute of evening out. After the third try the intent has failed, and the work goes
        on.

        A long without a bid is not a failure: an opening intent ends and keeps it, a closing intent waits.
        """
        if not (work.repairing or work.was_uneven) or not self._may_rest(work.intent.legs, now):
            return
        work.tried = work.tried or now
        if not due(now, work.tried, UNEVEN_REPAIR_SECONDS / 60):
            return
        work.tried, work.tries = now, work.tries + 1
        if work.tries < UNEVEN_MAX_TRIES:
            return
        if not self._only_worthless(work):
            self._failed(work, "UNEVEN_AFTER_THREE_TRIES", now)
        elif work.repairing and work.order is None:
            for contract, quantity in work.todo.items():
                work.missing[contract] = quantity
                work.goal[contract] -= quantity

    def _only_worthless(self, work: Work) -> bool:
        """Whether all that is left to trade are longs without a bid."""
        return all(quantity < 0 and not sellable(self._port.quote(contract))
                   for contract, quantity in work.todo.items())

    def _failed(self, work: Work, reason: str, now: datetime) -> None:
        if not work.failed:
            work.failed = True
            self._outcome(work, OutcomeKind.FAILED, reason, now, final=False)

    def unknown(self, work: Work, reason: str, now: datetime) -> None:
        """Note that events, holdings and engine disagree. The intent waits for reconciliation."""
        if not work.unknown:
            work.unknown = True
            self._outcome(work, OutcomeKind.UNKNOWN, reason, now, final=False)

    def _note_stuck(self, work: Work, stuck: tuple[Contract, ...], now: datetime) -> None:
        if stuck and not work.stuck:
            self._outcome(work, OutcomeKind.STUCK, "NO_ASK", now, final=False,
                          more={"contracts": [contract.id for contract in stuck]})
        work.stuck = bool(stuck)

    def _outcome(self, work: Work, kind: OutcomeKind, reason: str, now: datetime, *, final: bool,
                 more: Mapping[str, Any] | None = None) -> None:
        facts: dict[str, Any] = {"orders": work.orders_sent, "tries": work.tries, "refusals": work.refusals,
                                 "uneven": work.ever_uneven,
                                 "contracts": sum(abs(quantity) for quantity in work.filled.values()),
                                 "slippage_usd": round(work.slippage_usd, 4),
                                 "half_spread_usd": round(work.half_spread_usd, 4)}
        if work.unexplained:
            facts["missing"] = [{"contract": contract_to_json(contract), "quantity": quantity}
                                for contract, quantity in work.unexplained.items()]
        self._reports.outcome(work, kind, reason, now, final=final, facts=facts | dict(more or {}))
        self._save(False)

    def finish(self, work: Work, kind: OutcomeKind, reason: str, now: datetime) -> None:
        """Report the one final outcome and drop the intent."""
        del self._works[work.intent.id]
        self._tell_finished(work)
        self._outcome(work, kind, reason, now, final=True)

    def end(self, work: Work, why: str, now: datetime) -> None:
        """Stop an intent: its order is cancelled, and uneven legs are still evened out."""
        work.ending = work.ending or why
        if work.order is not None:
            self._desk.ask_cancel(work, work.ending, now)
        else:
            self.advance(work, now, acting=False)

    def _may_rest(self, legs: Iterable[Leg], now: datetime) -> bool:
        """Whether an order on ``legs`` may be out now: every session is open, and its last minute has not begun."""
        closes = [self._port.session_close(leg.contract, now) for leg in legs]
        return all(close is not None and now < last_order_time(close) for close in closes)


def _closing(work: Work) -> dict[Contract, int]:
    """The part of the work's todo that reduces what is held. For a closing it is everything. For an entry that is being
    evened out, it leaves out the excess of an earlier repair. For a roll it is nothing, because the old legs are bought
    back as they were."""
    if not work.opens:
        return work.todo
    if work.intent.purpose is Purpose.MANAGE:
        return {}
    return {contract: quantity for contract, quantity in work.todo.items() if quantity * work.filled.get(contract, 0) < 0}


def _lacking(todo: Mapping[Contract, int], held: Callable[[Contract], int]) -> dict[Contract, int]:
    """The part of ``todo`` that would not close any holding, by contract. What would close in full is left out."""
    lacking = {contract: quantity - within(quantity, -held(contract)) for contract, quantity in todo.items()}
    return {contract: quantity for contract, quantity in lacking.items() if quantity}
