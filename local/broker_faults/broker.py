"""The broker around the misbehaving brokerage: what an algorithm leaves behind is what really happened."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from local.broker_faults.brokerage import FaultyBrokerage
from local.broker_faults.brokerage_values import handed_back
from local.broker_faults.faults import Fault, Restart
from local.broker_faults.market import spoil
from local.engine.broker.broker import Broker


class FaultyBroker(Broker):
    """Account and order book with faults; use it wherever the engine takes a broker.

    Parameters
    ----------
    faults : sequence of Fault
    fills_after : int or None
        See :class:`FaultyBrokerage`.
    """

    def __init__(self, faults: Sequence[Fault] = (), *, fills_after: int | None = None) -> None:
        super().__init__(FaultyBrokerage(faults, fills_after=fills_after))
        self.keeps_tags = True

    def prepare(self, algorithm: Any) -> None:
        """Bind the order path before the algorithm's `initialize`; its data come as the market faults say."""
        super().prepare(algorithm)
        spoil(algorithm._engine.feed, self.brokerage.faults)

    @property
    def log(self) -> Any:
        """The broker's own books."""
        return self.brokerage.log

    def detach(self) -> None:
        """Keep the account as it truly is: fills that were never told are in it."""
        if self.algorithm is None:
            return
        portfolio = self.algorithm.portfolio
        book = self.brokerage._book
        for event in self.brokerage.forget_algorithm():
            event.ticket = self.handler.tickets[event.order_id]
            book([event])
        self._hand_back()
        if not self.keeps_tags:
            for order in self.brokerage.pending.values():
                order.tag = ""
        super().detach()
        portfolio.__dict__.pop("process_fills", None)

    def _hand_back(self) -> None:
        """Resting orders are new objects in the next life, in the form the broker's plugin gives them."""
        brokerage, by_manager = self.brokerage, defaultdict(list)
        for order in sorted(brokerage.pending.values(), key=lambda order: order.id):
            by_manager[id(order.group_order_manager or order)].append(order)
        renewed = {old.id: new for members in by_manager.values() for old, new in zip(members, handed_back(members))}
        brokerage.take_over(renewed)

    def on_slice_end(self, now: Any) -> None:
        """A slice is over: requests that reached some legs only are noted."""
        super().on_slice_end(now)
        self.brokerage.close_requests()

    @staticmethod
    def restarts(faults: Sequence[Fault]) -> tuple[Restart, ...]:
        """The restarts among ``faults``, in order of time."""
        return tuple(sorted((fault for fault in faults if isinstance(fault, Restart)), key=lambda fault: fault.start))
