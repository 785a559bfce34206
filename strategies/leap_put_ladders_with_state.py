"""LEAP put ladder: protective puts a year and more out, in rungs 5, 10, 15 and 20 % below the price.

One new rung is bought per month: the nearest missing one of which one contract fits. The ladder is bought protection:
it has no stop, and it is never closed with the rest of the book. A rung worth a multiple of what its put cost is sold.
Once the whole book has been closed, rungs are also sold until the account's delta is inside its limit, because
protection is sized by what it protects. At 90 days a rung is rolled into a new one of the same distance.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from math import copysign
from typing import Any, ClassVar, Final

from config.strategy_parameters import LEAP_PUT_LADDER, LeapLadderSpec
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.model import (Chain, Contract, Event, Exit, Hold, Leg, Manage, PortfolioView, Position, Proposal,
                        Refused, Right, Select, Snapshot, State)
from core.option_values import contract_greeks
from core.quotes import at_least, at_most, require_quotes, units_to_reach, usable_quote, whole_units
from strategies.entries import (dearest, entry_days, entry_pending, opening_fees_usd, own_positions, refuse,
                                refuses_when_unknown, require_underlying)
from strategies.exits import ExitReason, is_last_session, require_declared, walking_exit
from strategies.lifecycle import Transitions, lifecycle
from strategies.listing import listings, nearest_strike
from strategies.rolls import holds_when_unknown, may_open, roll, want_chain, want_quotes

TRANSITIONS: Final = lifecycle({
    (State.ACTIVE, Event.MANAGE): State.MANAGING,
    (State.ACTIVE, Event.EXPIRED): State.COMPLETE,  # a roll was missed for months
    (State.MANAGING, Event.MANAGED): State.ACTIVE,  # filled or not: the next check decides again
    (State.MANAGING, Event.EXIT): State.EXITING,
    (State.MANAGING, Event.DEFEND): State.DEFENSIVE_EXIT,
    (State.MANAGING, Event.EXPIRED): State.COMPLETE,  # nothing is left to change
    (State.MANAGING, Event.FAULT): State.ERROR,
    (State.MANAGING, Event.RECOVER): State.RECOVERY,
    (State.EXITING, Event.EXPIRED): State.COMPLETE,
    (State.DEFENSIVE_EXIT, Event.EXPIRED): State.COMPLETE,
    (State.ERROR, Event.EXPIRED): State.COMPLETE,
})


@dataclass(frozen=True, slots=True)
class LeapPutLadder:
    """The ladder's rules. Stateless; every rung is a position of its own, with its distance in ``facts["rung"]``."""

    spec: LeapLadderSpec = LEAP_PUT_LADDER
    transitions: ClassVar[Transitions] = TRANSITIONS

    def __post_init__(self) -> None:
        require_declared(self.spec, sells_options=False, sells_beyond_21_days=False)

    # --- entry ------------------------------------------------------------------------------------------------------

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """Allow one rung per month, not in a panic, and only while a rung is missing."""
        spec, today = self.spec, snapshot.time.date()
        pending = entry_pending(spec.name, view)
        if pending is not None:
            return pending
        underlying = require_underlying(spec.underlyings[0], snapshot)
        if isinstance(underlying, Refused):
            return underlying
        vix = snapshot.known_vix
        if vix.panic:
            return refuse(RefusalCode.VIX_PANIC, vix=vix.value, change=vix.change)
        days = entry_days(spec.name, snapshot, view)
        if days and (days[-1].year, days[-1].month) == (today.year, today.month):
            return refuse(RefusalCode.MONTH_TAKEN, last_entry=days[-1].isoformat())
        if not self.missing_rungs(snapshot):
            return refuse(RefusalCode.COUNT_STRATEGY, rungs=len(own_positions(spec.name, snapshot)),
                          cost_usd=self._cost_usd(snapshot), limit=spec.max_open[snapshot.phase])
        return None

    def missing_rungs(self, snapshot: Snapshot) -> tuple[float, ...]:
        """Rungs that may be bought, nearest first: those not held; if all are held, those held only once."""
        spec, held = self.spec, own_positions(self.spec.name, snapshot)
        if len(held) >= spec.max_open[snapshot.phase]:
            return ()
        count = Counter(position.facts["rung"] for position in held if position.is_open)
        missing = tuple(rung for rung in spec.rungs_otm_share if not count[rung])
        return missing or tuple(rung for rung in spec.rungs_otm_share if count[rung] == 1)

    def _cost_usd(self, snapshot: Snapshot) -> float:
        return sum(position.entry_risk_usd for position in own_positions(self.spec.name, snapshot))

    @refuses_when_unknown
    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        """Choose one put for every missing rung, on the nearest expiry that is far enough."""
        refusal = self.screen(snapshot, view)
        if refusal is not None:
            return refusal
        symbol = self.spec.underlyings[0]
        if not snapshot.chains.get(symbol):
            return refuse(RefusalCode.CHAIN_MISSING, underlying=symbol)
        found: dict[float, Contract] = {}
        for rung in self.missing_rungs(snapshot):
            put = self._put(snapshot.chains[symbol], snapshot.time.date(), snapshot.underlyings[symbol].price, rung)
            if put is None:
                return refuse(RefusalCode.EXPIRY_NOT_LISTED, underlying=symbol, dte_min=self.spec.entry_dte_min,
                              dte_max=self.spec.entry_dte_max)
            if put not in found.values():  # two rungs on one strike: the nearer rung keeps it
                found[rung] = put
        return Select(strategy=self.spec.name, underlying=symbol, contracts=tuple(found.values()),
                      facts={"rungs": list(found)})

    def _put(self, chains: tuple[Chain, ...], today: date, spot: float, rung: float) -> Contract | None:
        spec = self.spec
        listing = next(iter(listings(chains, today, spec.entry_dte_min, spec.entry_dte_max)), None)
        if listing is None:
            return None
        strike = nearest_strike(listing.strikes(Right.PUT), spot * (1.0 - rung), prefer_higher=False)
        return None if strike is None else listing.contract(strike, Right.PUT)

    @refuses_when_unknown
    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        """The nearest missing rung of which one contract fits, with the smallest number of contracts that makes a
        rung."""
        equity = snapshot.account.equity
        costs: dict[str, Any] = {}
        for rung, put in zip(selection.facts["rungs"], selection.contracts):
            quotes = require_quotes([put], snapshot)
            if isinstance(quotes, Refused):
                return quotes
            leg = Leg(contract=put, ratio=1)
            cost_usd = costs[put.id] = quotes[put.id].mid * put.multiplier + opening_fees_usd([leg])
            count = self._contracts(cost_usd, snapshot)
            if count:
                return Proposal(strategy=self.spec.name, underlying=selection.underlying, legs=(leg,),
                                credit=-quotes[put.id].mid, risk_usd=cost_usd, contract_cap=count,
                                reason=f"rung {rung:.0%} put {put.strike:g}",
                                least_credit=-dearest(self._room_usd(snapshot) / count, leg), facts={"rung": rung})
        return refuse(RefusalCode.SIZE_ZERO, costs_usd=costs, rung_limit_usd=self.spec.max_capital_share * equity,
                      ladder_usd=self._cost_usd(snapshot),
                      ladder_limit_usd=self.spec.total_share[snapshot.phase] * equity)

    def _contracts(self, cost_usd: float, snapshot: Snapshot) -> int:
        """The smallest number of contracts that reaches a rung's least share, within the limits of a rung and of the
        ladder."""
        wanted = units_to_reach(self.spec.rung_min_share * snapshot.account.equity / cost_usd)
        return max(0, min(wanted, whole_units(self._room_usd(snapshot) / cost_usd)))

    def _room_usd(self, snapshot: Snapshot) -> float:
        """What a new rung may cost: at most a rung's limit, and at most what the ladder's limit leaves."""
        spec, equity = self.spec, snapshot.account.equity
        return min(spec.max_capital_share * equity, spec.total_share[snapshot.phase] * equity - self._cost_usd(snapshot))

    # --- management -------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Manage | Select | Hold:
        """Sell a rung that is worth ``harvest_multiple`` times its debit. Roll it at ``roll_dte``; if a new rung no
        longer fits, sell it instead."""
        if position.state is not State.ACTIVE:
            return Hold(reason=f"STATE_{position.state.value}")
        for held in position.legs:
            quote = usable_quote(held.contract, snapshot)
            if quote is not None and at_least(quote.mid, self.spec.harvest_multiple * held.average_price):
                return walking_exit(position, ExitReason.HARVEST, snapshot.time, {"worth": quote.mid,
                                                                                  "debit": held.average_price})
        if view.excess_spy_delta:
            return self._sell_excess(snapshot, view, position)
        leg = next((leg for leg in position.legs
                    if leg.quantity > 0 and is_last_session(leg.contract, self.spec.roll_dte, snapshot.calendar)), None)
        if leg is None:
            return Hold()
        underlying = snapshot.underlyings.get(position.underlying)
        if underlying is None or not may_open(view):
            return Hold(reason="ROLL_WAITS")
        chains = snapshot.chains.get(position.underlying, ())
        if not chains:
            return want_chain(position)
        new = self._put(chains, snapshot.time.date(), underlying.price, position.facts["rung"])
        if new is None:
            return Hold(reason="NO_LEAP_LISTED")
        if new.id not in snapshot.quotes:
            return want_quotes(position, [new])
        quote = usable_quote(new, snapshot)
        if quote is None:
            return Hold(reason="QUOTE_MISSING")
        cost_usd = quote.mid * new.multiplier * leg.quantity
        limit_usd = self.spec.max_capital_share * snapshot.account.equity
        if not at_most(cost_usd, limit_usd):
            return walking_exit(position, ExitReason.ROLL_IMPOSSIBLE, snapshot.time,
                                {"cost_usd": cost_usd, "limit_usd": limit_usd})
        return roll(position, leg, new, ExitReason.ROLL_RUNG, snapshot.time)

    @holds_when_unknown
    def _sell_excess(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Hold:
        """Sell rungs in the order of their deltas, largest first, until the excess is gone. While one is being sold,
        wait for the next reading of the excess."""
        own = own_positions(self.spec.name, snapshot)
        if any(rung.state in (State.EXITING, State.DEFENSIVE_EXIT) for rung in own):
            return Hold(reason="RUNG_LEAVING")
        outwards, left = copysign(1.0, view.excess_spy_delta), abs(view.excess_spy_delta)
        deltas = {rung.id: outwards * _spy_delta(rung, snapshot) for rung in own if rung.state is State.ACTIVE}
        for name in sorted(deltas, key=lambda name: (-deltas[name], name)):
            if at_most(left, 0.0) or at_most(deltas[name], 0.0):
                break
            if name == position.id:
                return walking_exit(position, ExitReason.BOOK_CLOSED, snapshot.time, {
                    "excess_spy_delta": view.excess_spy_delta, "spy_delta": outwards * deltas[name]})
            left -= deltas[name]
        return Hold(reason="INSIDE_THE_LIMIT")


def _spy_delta(position: Position, snapshot: Snapshot) -> float:
    """Share-equivalents of a rung, at the volatilities that its quotes imply.

    Raises
    ------
    CannotCompute
        If there is no usable quote or no price.
    """
    total, underlying = 0.0, snapshot.underlyings.get(position.underlying)
    for leg in position.legs:
        quote = usable_quote(leg.contract, snapshot)
        if quote is None or underlying is None:
            raise CannotCompute("a rung has no delta", contract=leg.contract.id)
        greeks = contract_greeks(leg.contract, quote, underlying.price, snapshot.time)
        total += leg.quantity * leg.contract.multiplier * greeks.delta
    return total
