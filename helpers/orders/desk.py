"""Prices, sends, reprices and cancels one order of one intent.

The desk only knows the price that an intent aims for. What to send next is the worker's decision.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf
from typing import Callable

from config.constants import ORDER_REPRICE_MINUTES, ORDERS_PER_SECOND, STUCK_MINUTES
from config.venues import PriceGrid
from core.combo_prices import ComboPrice
from core.model import Leg, Purpose
from helpers.orders.fill_book import CLOCK_JITTER, FillBook, due
from helpers.orders.pieces import Piece
from helpers.orders.port import OrderPort, Rejected
from helpers.orders.pricing import (combo_price, entry_limit, exit_limit, greatest_worth, grid_of, marketable,
                                    mid_and_half, sendable_limit)
from helpers.orders.reports import Pace, ReportStream
from helpers.orders.work import OrderOut, Work


class OrderDesk(FillBook):
    """Sends through the port. The base class books what comes back.

    Parameters
    ----------
    port : OrderPort
    reports : ReportStream
    save, ahead : callable
        ``save(must)`` writes the executor's facts. ``ahead(must)`` writes them so that losing one slot does not lose
        them. Both raise StoreError only if ``must``.
    clock_seconds : int
        See :class:`helpers.orders.reports.Pace`.
    """

    def __init__(self, port: OrderPort, reports: ReportStream, save: Callable[[bool], None],
                 ahead: Callable[[bool], None], clock_seconds: int) -> None:
        super().__init__(port, reports)
        self._save = save
        self._ahead = ahead
        self._pace = Pace(ORDERS_PER_SECOND, clock_seconds)

    # --- prices -----------------------------------------------------------------------------------------------------

    def limit(self, work: Work, legs: tuple[Leg, ...], now: datetime) -> float | None:
        """The limit for ``legs`` now; None if a needed quote is missing."""
        price = combo_price(legs, self._port.quote)
        if price is None:
            return None
        work.quoted |= {leg.contract: mid_and_half(leg, self._port.quote) for leg in legs}
        grid = grid_of(legs)
        closing = not work.opens or work.repairing
        if work.urgent or work.repairing or work.was_uneven:
            wanted = marketable(price, grid)
        elif work.intent.purpose is Purpose.ENTRY:
            wanted = self._entry_price(work, price, grid, now)
        else:
            wanted = exit_limit(price, work.steps, grid)
            if work.steps == 0 and work.orders_sent == 0 and work.intent.limit is not None:
                wanted = work.intent.limit
        return sendable_limit(wanted, legs, opening=not closing, most=self._most(work, legs))

    @staticmethod
    def _most(work: Work, legs: tuple[Leg, ...]) -> float:
        """The most that an order may pay, in points per unit.

        A closing never pays more for a structure than it can be worth. An opening never takes less for a structure
        than it must be worth. A roll has no such bound: it trades one structure for another, and a bound on the
        difference bounds neither.
        """
        return inf if work.intent.purpose is Purpose.MANAGE else greatest_worth(legs)

    @staticmethod
    def _entry_price(work: Work, price: ComboPrice, grid: PriceGrid, now: datetime) -> float:
        """The entry's limit, never beyond the natural price at its start or the strategy's least credit or largest
        debit."""
        intent = work.intent
        if work.worst is None:
            started = price.natural if intent.limit is None else max(price.natural, intent.limit)
            work.worst = started if intent.worst is None else min(started, intent.worst)
            if intent.limit is not None:
                return min(intent.limit, work.worst)
        minute = int((now - work.started + CLOCK_JITTER) / timedelta(minutes=1))
        return entry_limit(price, minute, work.worst, grid)

    # --- sending ----------------------------------------------------------------------------------------------------

    def send(self, work: Work, piece: Piece, limit: float, now: datetime) -> None:
        """Write ahead, then send. Afterwards ``work.order`` is out, or it is None and ``work.refusal`` is set.

        Raises
        ------
        StoreError
            If an opening order could not be written ahead; nothing was sent then. A closing order is sent regardless,
            because a failing store must not keep risk open.
        """
        self.note_baseline(work, piece.legs, now)
        work.orders_sent += 1
        work.refusal, work.settle_since = "", None
        order = work.order = OrderOut(tag=f"{work.intent.id}#{work.orders_sent}", legs=piece.legs,
                                      quantity=piece.quantity, limit=limit, sent=now, priced=now)
        self._ahead(work.opens and not work.repairing)
        answer = self._port.submit(order.legs, order.quantity, order.limit, order.tag)
        if isinstance(answer, Rejected):
            work.order, work.refusal = None, answer.reason or "REJECTED"
        else:
            order.ids = tuple(answer.order_ids)
        self._save(False)

    def paced(self, now: datetime) -> bool:
        """Whether one more request may go to the broker now."""
        return self._pace.take(now)

    def is_stuck(self, order: OrderOut, now: datetime) -> bool:
        """Whether ``order`` must be replaced: it has not filled although for three minutes every leg has had newer
        quotes. Whoever should trade it does not, and only a new order will be traded."""
        price = combo_price(order.legs, self._port.quote)
        through = price is not None and order.limit > price.natural and all(
            (quote := self._port.quote(leg.contract)) is not None and quote.time > order.sent for leg in order.legs)
        order.through_since = (order.through_since or now) if through else None
        return order.through_since is not None and due(now, order.through_since, STUCK_MINUTES)

    def reprice(self, work: Work, now: datetime, *, at_once: bool = False) -> None:
        """Move the limit one step, once a minute; with ``at_once``, now."""
        order = work.out
        if not at_once and not due(now, order.priced, ORDER_REPRICE_MINUTES):
            return
        if not at_once:
            work.steps += 1
        limit = self.limit(work, order.legs, now)
        if limit is None or limit == order.limit:
            order.priced = now
            return
        if not self._pace.take(now):
            return
        order.priced = now
        if self._port.update(order.open_ids, limit):
            order.limit, order.update_failures = limit, 0
        else:
            order.update_failures += 1

    def ask_cancel(self, work: Work, why: str, now: datetime) -> None:
        """Ask for the cancel of every leg that still works. The request is repeated each minute until it is
        answered."""
        order = work.out
        if not order.cancel_why:
            order.cancel_why = why
        if order.cancel_chased is not None and not due(now, order.cancel_chased, ORDER_REPRICE_MINUTES):
            return
        if not order.open_ids or not self._pace.take(now):
            return
        order.cancel_asked = order.cancel_asked or now
        order.cancel_chased = now
        self._save(False)
        self._port.cancel(order.open_ids)
