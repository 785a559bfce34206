"""Books the fills of one order from events, from the engine's list of orders, and from holdings if these two differ."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Callable, Mapping

from config.constants import SETTLE_MINUTES, SILENCE_MINUTES
from core.model import Contract, Leg
from helpers.orders.pieces import within
from helpers.orders.port import CLOSING_STATUSES, OrderPort, OrderStatus, OrderUpdate
from helpers.orders.reports import ReportStream
from helpers.orders.work import LOST, OrderOut, PastLeg, Work

CLOCK_JITTER = timedelta(seconds=1)


def due(now: datetime, since: datetime, minutes: float) -> bool:
    """Whether ``minutes`` have passed. One second early counts, so that a jittering minute clock misses none."""
    return now - since >= timedelta(minutes=minutes) - CLOCK_JITTER


class FillBook:
    """Keeps the books of orders.

    Parameters
    ----------
    port : OrderPort
    reports : ReportStream
    """

    def __init__(self, port: OrderPort, reports: ReportStream) -> None:
        self._port = port
        self._reports = reports

    # --- hearing ----------------------------------------------------------------------------------------------------

    def hear(self, work: Work, update: OrderUpdate, now: datetime) -> bool:
        """Book one event. False if it changes nothing (a duplicate, an acknowledgement)."""
        key = f"{update.order_id}:{update.event_id}"
        if key in work.seen:
            return False
        work.seen.add(key)
        order = work.order
        if order is None or update.order_id not in order.ids:
            return self._hear_late(work, update)
        order.answered = True
        if update.fill_quantity:
            self._book(work, order, update)
        if update.status in CLOSING_STATUSES and update.order_id not in order.closed:
            order.closed[update.order_id] = update.status.value
            order.message = update.message or order.message
        if order.is_closed and order.closed_at is None:
            order.closed_at = now
        order.note_evenness(now)
        return bool(update.fill_quantity) or update.status in CLOSING_STATUSES

    def _book(self, work: Work, order: OrderOut, update: OrderUpdate) -> None:
        contract = order.contract_of(update.order_id)
        filled = order.filled.get(contract, 0)
        known = within(update.fill_quantity, order.deduced.get(contract, 0))
        if known:
            order.deduced[contract] -= known
        quantity = within(update.fill_quantity - known, order.total(contract) - filled)
        if quantity:
            order.filled[contract] = filled + quantity
            self._count(work, contract, quantity, update.fill_price, update.fee, update.time, deduced=False)

    def _hear_late(self, work: Work, update: OrderUpdate) -> bool:
        """Book a fill of an order that was believed to be over, up to what that order had left."""
        leg = work.past.get(update.order_id)
        if leg is None:
            return False
        known = within(update.fill_quantity, leg.deduced)
        leg.deduced -= known
        quantity = within(update.fill_quantity - known, leg.left)
        if not quantity:
            return False
        leg.left -= quantity
        self._count(work, update.contract, quantity, update.fill_price, update.fee, update.time, deduced=False)
        return True

    def _count(self, work: Work, contract: Contract, quantity: int, price: float, fee: float, time: datetime, *,
               deduced: bool) -> None:
        work.filled[contract] = work.filled.get(contract, 0) + quantity
        work.value += quantity * price
        if contract in work.quoted:
            mid, half = work.quoted[contract]
            work.slippage_usd += quantity * (price - mid) * contract.multiplier
            work.half_spread_usd += abs(quantity) * half * contract.multiplier
        self._reports.fill(work, contract, quantity, price, fee, time, deduced)

    # --- looking up and settling ------------------------------------------------------------------------------------

    def look_up(self, work: Work, now: datetime) -> None:
        """Ask the engine which legs it still lists. Those it no longer lists are over."""
        order = work.out
        listed = self.listed(order, now)
        for order_id in order.open_ids:
            if order_id not in listed:
                order.closed[order_id] = LOST
        if order.is_closed and order.closed_at is None:
            order.closed_at = now

    def listed(self, order: OrderOut, now: datetime) -> tuple[int, ...]:
        """Those of the order's ids that the engine lists as open.

        Every order is for its day. An order of an earlier day is over at the broker, even if the engine was not told.
        """
        if order.sent.date() < now.date():
            return ()
        return tuple(order_id for order_id in self._port.open_order_ids(order.tag) if order_id in order.ids)

    def settle(self, work: Work, now: datetime) -> bool:
        """Whether the closed order is over for good: events and holdings agree, or the time for holdings is up.

        ``work.order`` is None then. A cancelled order waits one minute for fills that crossed the cancel, unless legs
        must be traded back at once. If events and holdings differ for longer than SETTLE_MINUTES, the holdings are
        believed, up to what was ordered.
        """
        order = work.out
        cancelled = not order.is_whole and set(order.closed.values()) != {OrderStatus.INVALID.value}
        pressing = order.is_uneven and not all(work.bought_back(contract) for contract in order.filled)
        if cancelled and not pressing and not due(now, order.ended, 1):
            return False
        differences = self.differences(work, self._port.holding, now)
        if differences or order.lacks_fills:
            work.settle_since = work.settle_since or now
            if not due(now, work.settle_since, SETTLE_MINUTES) or not self.deduce(work, differences, now):
                return False
        self.put_away(work)
        return True

    def put_away(self, work: Work) -> None:
        """Record that the order is over, and remember which fills may still come late."""
        order = work.out
        for order_id in order.ids:
            contract = order.contract_of(order_id)
            work.past[order_id] = PastLeg(contract=contract, left=order.left(contract),
                                          deduced=order.deduced.get(contract, 0))
        if order.ids and set(order.closed.values()) == {OrderStatus.INVALID.value} and not any(order.filled.values()):
            work.refusal = order.message or OrderStatus.INVALID.value
        if order.is_uneven:
            work.was_uneven = work.ever_uneven = True
        if not work.opens and len(set(work.counts())) == 1:
            work.was_uneven = False                          # even again, so there is no more hurry
        work.order, work.unknown, work.settle_since = None, False, None

    def note_baseline(self, work: Work, legs: tuple[Leg, ...], now: datetime) -> None:
        """Read what is held of ``legs`` before an order is sent: once for an opening, and once a day for a closing,
        because its contracts may leave the account overnight."""
        if not work.opens and (work.based is None or work.based.date() != now.date()):
            work.baseline.clear()
        work.based = now
        for leg in legs:
            held = self._port.holding(leg.contract)
            work.baseline.setdefault(leg.contract, held - work.filled.get(leg.contract, 0))

    def differences(self, work: Work, holding: Callable[[Contract], int], now: datetime) -> dict[Contract, int]:
        """Holdings that the events do not account for, by contract. Expired contracts are left out.

        An opening has its contracts to itself until it ends, so all of them count. A closing shares its contracts
        with other positions' closings, so only the legs of the order that is out count.
        """
        if work.opens or work.order is None:
            contracts = set(work.baseline)
        else:
            contracts = {leg.contract for leg in work.order.legs}
        found = {}
        for contract in contracts:
            missing = holding(contract) - work.baseline.get(contract, 0) - work.filled.get(contract, 0)
            if missing and contract.expiry >= now.date():
                found[contract] = missing
        return found

    def deduce(self, work: Work, differences: Mapping[Contract, int], now: datetime) -> bool:
        """Book holdings that no event reported, as fills of this order or of earlier ones. Nothing is booked unless
        those orders can have made all of them."""
        shares: dict[Contract, tuple[int, list[tuple[PastLeg, int]]]] = {}
        for contract, quantity in differences.items():
            made = self._makers(work, contract, quantity)
            if made is None:
                return False
            shares[contract] = made
        order = work.order
        prices = self._deduced_prices(work, differences)
        for contract, (current, earlier) in shares.items():
            if order is not None and current:
                order.filled[contract] = order.filled.get(contract, 0) + current
                order.deduced[contract] = order.deduced.get(contract, 0) + current
            for leg, part in earlier:
                leg.left -= part
                leg.deduced += part
            self._count(work, contract, differences[contract], prices[contract], 0.0, now, deduced=True)
        if order is not None:
            order.note_evenness(now)
        return True

    @staticmethod
    def _makers(work: Work, contract: Contract, quantity: int) -> tuple[int, list[tuple[PastLeg, int]]] | None:
        """Split an unreported ``quantity`` between the present order and earlier legs. None if all of them together
        cannot have made it."""
        current = within(quantity, work.order.left(contract)) if work.order is not None else 0
        rest, earlier = quantity - current, []
        for leg in reversed(list(work.past.values())):
            part = within(rest, leg.left) if leg.contract == contract else 0
            if part:
                earlier.append((leg, part))
                rest -= part
        return None if rest else (current, earlier)

    def _deduced_prices(self, work: Work, differences: Mapping[Contract, int]) -> dict[Contract, float]:
        """Bookkeeping prices of fills that were not reported.

        If all of a holding is the fill, its price is what the broker says the holding cost. Otherwise the quote
        counts, where there is one; after a restart there is none yet. One leg then takes the price that makes the
        unit cost its limit: the first one whose price comes out positive.
        """
        order = work.order
        legs = order.legs if order is not None else ()
        prices, told = {}, set()
        for contract in {leg.contract for leg in legs} | set(differences):
            paid = self._paid(contract, differences.get(contract, 0))
            quote = self._port.quote(contract)
            if paid is not None:
                told.add(contract)
            prices[contract] = paid if paid is not None else quote.mid if quote is not None else 0.0
        if order is None:
            return prices
        unsure = [leg for leg in legs if leg.contract in differences and leg.contract not in told]
        for leg in unsure:
            others = sum(other.ratio * prices[other.contract] for other in legs if other is not leg)
            price = round((order.limit - others) / leg.ratio, 6)
            if price >= 0.0:
                prices[leg.contract] = price
                return prices
        if unsure:
            prices[unsure[0].contract] = 0.0
        return prices

    def _paid(self, contract: Contract, quantity: int) -> float | None:
        """Average price of the holding, if that holding is exactly the fill of ``quantity``."""
        if not quantity or self._port.holding(contract) != quantity:
            return None
        paid = self._port.average_price(contract)
        return paid if paid is not None and paid > 0.0 else None

    def is_silent(self, work: Work, now: datetime) -> bool:
        """Whether the order, or its cancel, has gone unanswered for too long."""
        order = work.out
        if order.cancel_asked is not None:
            return due(now, order.cancel_asked, SILENCE_MINUTES)
        return not order.answered and due(now, order.sent, SILENCE_MINUTES)

    def ask_after(self, work: Work, now: datetime) -> None:
        """Once a minute, look up an order that has been out for a while. Its end may never have been reported."""
        order = work.out
        if due(now, order.sent, SILENCE_MINUTES) and (order.looked is None or due(now, order.looked, 1)):
            order.looked = now
            self.look_up(work, now)
