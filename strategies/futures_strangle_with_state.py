"""Futures strangle: a put at half the expected move below the future, and a call at four tenths of it above.

Expected move = F x IV x sqrt(days / 365), with the IV at the money from yesterday's chain. There is one strangle per
product. If not even one strangle of a product fits, the next product is tried; a micro takes the place of its full
size. The side that the market does not test is rolled in once, for a credit. Profit and loss are measured on all
premium received, including that of the roll.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import ClassVar, Final

import numpy as np

from config.calendars import is_roll_week
from config.constants import CALENDAR_DAYS_PER_YEAR
from config.strategy_parameters import FUTURES_STRANGLE, FuturesStrangleSpec
from core.codes import RefusalCode
from core.model import (Event, Exit, HeldLeg, Hold, Leg, Manage, PortfolioView, Position, Proposal, Refused, Right,
                        Select, Snapshot, State, Underlying)
from core.option_values import chain_greeks, contract_greeks, quote_volatility, terms_of
from core.quotes import at_least, at_most, keys_of, require_quotes, underlying_of, usable_quote
from strategies.entries import (NO_CAP, entry_pending, has_price, own_positions, refuse, refused_all,
                                refuses_when_unknown, reported_probability, too_dear)
from strategies.exits import (OPEN_STATES, ExitReason, mandatory_exit, must_close_21dte, require_declared,
                              stop_multiple, walking_exit)
from strategies.legs import closing_price, known_closing_price, mid_price, premium_taken
from strategies.lifecycle import Transitions, lifecycle
from strategies.listing import Listing, furthest, listings, nearest_strike
from strategies.rolls import holds_when_unknown, may_sell, neighbourhood, roll, want_chain, want_quotes

TRANSITIONS: Final = lifecycle({
    (State.ACTIVE, Event.MANAGE): State.MANAGING,
    (State.ACTIVE, Event.DEFEND_21DTE): State.DEFENSIVE_EXIT,  # an exit like any other mandatory one
    (State.ACTIVE, Event.EXPIRED): State.COMPLETE,
    (State.MANAGING, Event.MANAGED): State.ACTIVE,  # filled or not: the next check decides again
    (State.MANAGING, Event.EXIT): State.EXITING,
    (State.MANAGING, Event.DEFEND): State.DEFENSIVE_EXIT,  # a stop overtakes a roll that is still working
    (State.MANAGING, Event.DEFEND_21DTE): State.DEFENSIVE_EXIT,
    (State.MANAGING, Event.EXPIRED): State.COMPLETE,  # nothing is left to change
    (State.MANAGING, Event.FAULT): State.ERROR,
    (State.MANAGING, Event.RECOVER): State.RECOVERY,
    (State.EXITING, Event.DEFEND_21DTE): State.DEFENSIVE_EXIT,
    (State.EXITING, Event.EXPIRED): State.COMPLETE,
    (State.DEFENSIVE_EXIT, Event.EXPIRED): State.COMPLETE,
    (State.ERROR, Event.EXPIRED): State.COMPLETE,
})


@dataclass(frozen=True, slots=True)
class FuturesStrangle:
    """The strangle's rules. Stateless; one position per product, several products at once."""

    spec: FuturesStrangleSpec = FUTURES_STRANGLE
    transitions: ClassVar[Transitions] = TRANSITIONS

    def __post_init__(self) -> None:
        require_declared(self.spec, sells_options=True, sells_beyond_21_days=True)

    # --- entry ------------------------------------------------------------------------------------------------------

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """None if at least one product may be entered. Otherwise the first refusal, with the code of every product."""
        pending = entry_pending(self.spec.name, view)
        if pending is not None:
            return pending
        if snapshot.vix is None:
            return snapshot.vix_refusal or refuse(RefusalCode.VIX_MISSING)
        return refused_all({product: self._screen_product(product, snapshot)
                            for product in self.spec.phase_products[snapshot.phase]}, named="products")

    def _screen_product(self, product: str, snapshot: Snapshot) -> Refused | None:
        held = [position.id for position in own_positions(self.spec.name, snapshot)
                if position.underlying in self._family(product, snapshot.phase)]
        if held:
            return refuse(RefusalCode.ALREADY_OPEN, product=product, positions=held)
        months = [snapshot.underlyings[key] for key in keys_of(product, snapshot.underlyings)]
        if not any(has_price(month) for month in months):
            return refuse(RefusalCode.UNDERLYING_MISSING, underlying=product)
        rolling = is_roll_week(product, snapshot.time.date())
        if isinstance(rolling, Refused):
            return rolling
        if rolling:
            return refuse(RefusalCode.ROLL_WEEK, product=product, day=snapshot.time.date().isoformat())
        return None

    def _family(self, product: str, phase: int) -> frozenset[str]:
        """A product and, if the phase allows both, its full size or micro: they are one exposure, not two."""
        allowed = self.spec.phase_products[phase]
        pairs = [{full, micro} for full, micro in self.spec.micros.items() if product in (full, micro)]
        return frozenset({product}.union(*pairs)) & frozenset(allowed) | {product}

    @refuses_when_unknown
    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        """Choose the first product that may be entered and of which one strangle is expected to fit the capital. A
        product that did not fit for another reason (buying power, Greeks) is hidden a moment later, and the next one is
        chosen."""
        refusal = self.screen(snapshot, view)
        if refusal is not None:
            return refusal
        chosen: set[str] = set()
        refusals: list[Refused] = []
        for product in self.spec.phase_products[snapshot.phase]:
            if self._screen_product(product, snapshot) is not None or chosen & self._family(product, snapshot.phase):
                continue
            found = self._select_product(product, snapshot, view)
            if isinstance(found, Select):
                return found
            refusals.append(found)
            if found.code is not RefusalCode.SIZE_ZERO:
                chosen.add(product)  # a micro replaces a full size that does not fit, not one without data
        return refusals[0]

    def _select_product(self, product: str, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        spec, today = self.spec, snapshot.time.date()
        chains = snapshot.chains.get(product, ())
        if not chains:
            return refuse(RefusalCode.CHAIN_MISSING, underlying=product)
        found = listings(chains, today, spec.entry_dte_min, spec.entry_dte_max)
        priced = [listing for listing in found if _future(listing, snapshot) is not None]
        listing = furthest(priced)
        future = None if listing is None else _future(listing, snapshot)
        if listing is None or future is None:
            code = RefusalCode.UNDERLYING_MISSING if found else RefusalCode.EXPIRY_NOT_LISTED
            return refuse(code, underlying=product, expiries=[listing.expiry.isoformat() for listing in found])
        return self._select_strikes(listing, future, snapshot, view)

    def _select_strikes(self, listing: Listing, future: Underlying, snapshot: Snapshot, view: PortfolioView
                        ) -> Select | Refused:
        spec, product = self.spec, listing.chain.underlying
        volatility = _volatility_at_the_money(listing, future)
        if volatility is None:
            return refuse(RefusalCode.GUARD_CANNOT_COMPUTE, reason="no volatility at the money", product=product)
        days = (listing.expiry - snapshot.time.date()).days
        move = future.price * volatility * sqrt(days / CALENDAR_DAYS_PER_YEAR)
        put = nearest_strike(listing.strikes(Right.PUT), future.price - spec.put_move_share * move, prefer_higher=False)
        call = nearest_strike(listing.strikes(Right.CALL), future.price + spec.call_move_share * move,
                              prefer_higher=True)
        if put is None or call is None or not put < future.price < call:
            return refuse(RefusalCode.STRIKE_NOT_LISTED, product=product, expiry=listing.expiry.isoformat(),
                          put=put, call=call)
        expected = sum(float(listing.expected(np.array([strike]), right, future, snapshot.time)[0])
                       for strike, right in ((put, Right.PUT), (call, Right.CALL)))
        dear = too_dear(spec.risk_credit_multiple * expected * listing.chain.multiplier, spec, product, snapshot, view)
        if dear is not None:
            return dear
        return Select(strategy=spec.name, underlying=product, facts={"expected_move": move, "iv": volatility},
                      contracts=(listing.contract(put, Right.PUT), listing.contract(call, Right.CALL)))

    @refuses_when_unknown
    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        """The strangle at today's quotes. Each leg's quote must be narrow, even that of a cheap leg."""
        spec = self.spec
        if snapshot.vix is None:
            return snapshot.vix_refusal or refuse(RefusalCode.VIX_MISSING)
        quotes = require_quotes(selection.contracts, snapshot)
        if isinstance(quotes, Refused):
            return quotes
        for contract in selection.contracts:
            quote = quotes[contract.id]
            if not at_most(quote.spread, spec.max_spread_share * quote.mid):
                return refuse(RefusalCode.SPREAD_TOO_WIDE, contract=contract.id, bid=quote.bid, ask=quote.ask,
                              limit_share=spec.max_spread_share)
        put, call = selection.contracts
        future = underlying_of(put, snapshot.underlyings)
        if future is None:
            return refuse(RefusalCode.UNDERLYING_MISSING, underlying=selection.underlying)
        if not put.strike < future.price < call.strike:
            return refuse(RefusalCode.NO_STRIKE_QUALIFIES, price=future.price, put=put.strike, call=call.strike)
        legs = (Leg(contract=put, ratio=-1), Leg(contract=call, ratio=-1))
        credit = -mid_price(legs, quotes)
        return Proposal(strategy=spec.name, underlying=selection.underlying, legs=legs, credit=credit,
                        risk_usd=spec.risk_credit_multiple * credit * put.multiplier, contract_cap=NO_CAP,
                        reason=f"strangle {put.strike:g}/{call.strike:g} credit {credit:.2f}",
                        short_strike_probability_otm=reported_probability(legs, quotes, snapshot),
                        facts=dict(selection.facts))

    # --- management -------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Manage | Select | Hold:
        """Check in this order: 21 DTE, the stop, the target, then, once only, the roll of the untested side."""
        spec, now = self.spec, snapshot.time
        if position.state not in OPEN_STATES:
            return Hold(reason=f"STATE_{position.state.value}")
        if must_close_21dte(position, snapshot.calendar):
            return mandatory_exit(position, ExitReason.DTE_21, now, event=Event.DEFEND_21DTE)
        credit = premium_taken(position)
        loss = known_closing_price(position, snapshot) - credit
        if at_least(loss, stop_multiple(spec.stop_credit_multiple, view) * credit):
            return mandatory_exit(position, ExitReason.STOP_LOSS, now)
        if position.state is not State.ACTIVE:
            return Hold(reason="ORDER_WORKING")
        debit = closing_price(position, snapshot)
        if debit is None:
            return Hold(reason="QUOTE_MISSING")
        if at_most(debit, credit * (1.0 - spec.profit_target_share)):
            return walking_exit(position, ExitReason.PROFIT_TARGET, now)
        if position.facts.get("rolled") or not may_sell(view, snapshot):
            return Hold()
        return self._roll_untested(snapshot, position)

    @holds_when_unknown
    def _roll_untested(self, snapshot: Snapshot, position: Position) -> Manage | Select | Hold:
        sides = {leg.contract.right: leg for leg in position.legs if leg.quantity < 0}
        if len(sides) != 2:
            return Hold(reason="ONE_SIDED")
        future = underlying_of(sides[Right.PUT].contract, snapshot.underlyings)
        if future is None:
            return Hold(reason="UNDERLYING_MISSING")
        deltas = {right: contract_greeks(leg.contract, snapshot.quotes[leg.contract.id], future.price,
                                         snapshot.time).delta for right, leg in sides.items()}
        tested = [sides[right] for right, delta in deltas.items() if at_least(abs(delta), self.spec.tested_delta)]
        if not tested:
            return Hold()
        if not snapshot.chains.get(position.underlying):
            return want_chain(position)
        other = sides[Right.PUT if tested[0].contract.right is Right.CALL else Right.CALL]
        return self._roll_to(other, tested[0], future, snapshot, position)

    def _roll_to(self, other: HeldLeg, tested: HeldLeg, future: Underlying, snapshot: Snapshot, position: Position
                 ) -> Manage | Select | Hold:
        """Bring ``other`` in to the roll's delta, at the volatility that its own quote implies. The roll must give a
        credit even at the natural price, and must never cross the tested strike."""
        contract, right, now = other.contract, other.contract.right, snapshot.time
        listing = next((Listing(chain=chain, expiry=contract.expiry)
                        for chain in snapshot.chains[position.underlying]
                        if chain.future_expiry == contract.future_expiry), None)
        if listing is None:
            return Hold(reason="NO_STRIKE_TO_ROLL_TO")
        strikes = listing.strikes(right)
        inner = (strikes > contract.strike) & (strikes < tested.contract.strike) if right is Right.PUT else \
            (strikes < contract.strike) & (strikes > tested.contract.strike)
        strikes = strikes[inner]
        if not len(strikes):
            return Hold(reason="NO_STRIKE_TO_ROLL_TO")
        iv = quote_volatility(contract, snapshot.quotes[contract.id], future.price, now)
        delta = chain_greeks(future.price, strikes, right is Right.PUT, iv, terms_of(contract, now)).delta
        strike = float(strikes[int(np.argmin(np.abs(np.abs(delta) - self.spec.untested_roll_delta)))])
        new = listing.contract(strike, right)
        if new.id not in snapshot.quotes:
            return want_quotes(position, neighbourhood(listing, right, strike))
        quote = usable_quote(new, snapshot)
        if quote is None or not quote.bid > snapshot.quotes[contract.id].ask:
            return Hold(reason="NO_CREDIT_FOR_THE_ROLL")
        return roll(position, other, new, ExitReason.ROLL_UNTESTED, now,
                    facts={"rolled": right.value, "rolled_to": strike})


def _future(listing: Listing, snapshot: Snapshot) -> Underlying | None:
    """The future that the options of an expiry are written on, if it has a price."""
    found = underlying_of(listing.contract(0.0, Right.PUT), snapshot.underlyings)
    return found if found is not None and has_price(found) else None


def _volatility_at_the_money(listing: Listing, future: Underlying) -> float | None:
    """Mean volatility of the put and the call at the listed strike nearest the future, or its substitute; None without
    either."""
    found = []
    for right in Right:
        strike = nearest_strike(listing.strikes(right), future.price, prefer_higher=False)
        if strike is not None:
            found.append(float(listing.levels(np.array([strike]), right, future)[0]))
    known = [value for value in found if isfinite(value) and value > 0.0]
    return sum(known) / len(known) if known else None
