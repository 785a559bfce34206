"""Calendar: in quiet markets, sell a put one to two weeks out against the same put about 60 days out, for a debit.

The near put is rolled every week. The debit bounds the loss, so the stop waits until every leg has a price. The exit at
21 days of the far put does not wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from config.strategy_parameters import CALENDAR, CalendarSpec
from core.codes import RefusalCode
from core.model import (Contract, ContractKind, Event, Exit, HeldLeg, Hold, Leg, Manage, PortfolioView, Position,
                        Proposal, Refused, Right, Select, Snapshot, State, Underlying, Urgency)
from core.quotes import TOLERANCE, at_least, at_most, require_quotes, usable_quote
from strategies.entries import (NO_CAP, entry_pending, first_selected, opening_fees_usd, own_positions, refuse,
                                refused_all, refuses_when_unknown, reported_probability, require_underlying, too_dear)
from strategies.exits import OPEN_STATES, ExitReason, is_last_session, mandatory_exit, require_declared, walking_exit
from strategies.legs import closing_price, mid_price, premium_taken
from strategies.lifecycle import Transitions, lifecycle
from strategies.listing import listings, nearest_strike, nearest_to
from strategies.rolls import change, close_leg, due_urgency, may_sell, roll, want_chain, want_quotes

TRANSITIONS: Final = lifecycle({
    (State.ACTIVE, Event.MANAGE): State.MANAGING,
    (State.ACTIVE, Event.EXPIRED): State.ACTIVE,  # the near put expired or was assigned; the far one remains
    (State.ACTIVE, Event.EXIT_FILLED): State.COMPLETE,  # the exchange took the last leg
    (State.MANAGING, Event.MANAGED): State.ACTIVE,  # filled or not: the next check decides again
    (State.MANAGING, Event.EXIT): State.EXITING,
    (State.MANAGING, Event.DEFEND): State.DEFENSIVE_EXIT,
    (State.MANAGING, Event.EXPIRED): State.MANAGING,  # the order's own outcome is still to come
    (State.MANAGING, Event.FAULT): State.ERROR,
    (State.MANAGING, Event.RECOVER): State.RECOVERY,
    (State.EXITING, Event.EXPIRED): State.EXITING,  # the long leg is still to be sold
    (State.DEFENSIVE_EXIT, Event.EXPIRED): State.DEFENSIVE_EXIT,  # likewise
    (State.ERROR, Event.EXPIRED): State.ERROR,  # likewise
})


@dataclass(frozen=True, slots=True)
class Calendar:
    """The calendar's rules. Stateless; one position per underlying."""

    spec: CalendarSpec = CALENDAR
    transitions: ClassVar[Transitions] = TRANSITIONS

    def __post_init__(self) -> None:
        require_declared(self.spec, sells_options=True, sells_beyond_21_days=False)

    # --- entry ------------------------------------------------------------------------------------------------------

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """None if at least one underlying may be entered. Otherwise the first refusal, with the code of every
        underlying."""
        pending = entry_pending(self.spec.name, view)
        if pending is not None:
            return pending
        return refused_all({symbol: self._screen_symbol(symbol, snapshot) for symbol in self.spec.underlyings},
                           named="symbols")

    def _screen_symbol(self, symbol: str, snapshot: Snapshot) -> Refused | None:
        held = [position.id for position in own_positions(self.spec.name, snapshot) if position.underlying == symbol]
        if held:
            return refuse(RefusalCode.ALREADY_OPEN, underlying=symbol, positions=held)
        underlying = require_underlying(symbol, snapshot)
        return underlying if isinstance(underlying, Refused) else None

    @refuses_when_unknown
    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        """For the first underlying that may be entered and is expected to fit: the far and the near put at the strike
        nearest the price that both expiries list."""
        refusal = self.screen(snapshot, view)
        if refusal is not None:
            return refusal
        return first_selected(self._select_symbol(snapshot.underlyings[symbol], snapshot, view)
                              for symbol in self.spec.underlyings if self._screen_symbol(symbol, snapshot) is None)

    def _select_symbol(self, underlying: Underlying, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        spec, symbol, today = self.spec, underlying.symbol, snapshot.time.date()
        chains = snapshot.chains.get(symbol, ())
        if not chains:
            return refuse(RefusalCode.CHAIN_MISSING, underlying=symbol)
        far = nearest_to(listings(chains, today, spec.entry_dte_min, spec.entry_dte_max), today, spec.far_target_dte)
        near = next(iter(listings(chains, today, spec.near_min_dte, spec.near_max_dte)), None)
        if far is None or near is None:
            return refuse(RefusalCode.EXPIRY_NOT_LISTED, underlying=symbol, far=far is not None, near=near is not None)
        both = np.intersect1d(far.strikes(Right.PUT), near.strikes(Right.PUT))
        strike = nearest_strike(both, underlying.price, prefer_higher=False)
        if strike is None:
            return refuse(RefusalCode.STRIKE_NOT_LISTED, underlying=symbol, far=far.expiry.isoformat(),
                          near=near.expiry.isoformat())
        bought, sold = (float(listing.expected(np.array([strike]), Right.PUT, underlying, snapshot.time)[0])
                        for listing in (far, near))
        dear = too_dear((bought - sold) * far.chain.multiplier, spec, symbol, snapshot, view)
        if dear is not None:
            return dear
        return Select(strategy=spec.name, underlying=symbol, facts={"strike": strike},
                      contracts=(far.contract(strike, Right.PUT), near.contract(strike, Right.PUT)))

    @refuses_when_unknown
    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        """The calendar at today's quotes. It must cost a debit."""
        if snapshot.vix is None:
            return snapshot.vix_refusal or refuse(RefusalCode.VIX_MISSING)
        quotes = require_quotes(selection.contracts, snapshot)
        if isinstance(quotes, Refused):
            return quotes
        far, near = selection.contracts
        legs = (Leg(contract=far, ratio=1), Leg(contract=near, ratio=-1))
        debit = mid_price(legs, quotes)
        if not debit > 0.0:
            return refuse(RefusalCode.GUARD_CANNOT_COMPUTE, reason="no debit", debit=debit)
        return Proposal(strategy=self.spec.name, underlying=selection.underlying, legs=legs, credit=-debit,
                        risk_usd=debit * far.multiplier + opening_fees_usd(legs), contract_cap=NO_CAP,
                        reason=f"calendar {far.strike:g} debit {debit:.2f}",
                        short_strike_probability_otm=reported_probability(legs, quotes, snapshot),
                        facts=dict(selection.facts))

    # --- management -------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Manage | Select | Hold:
        """Check in this order: the far put's end, the loss, the gain, then the near put."""
        spec, now = self.spec, snapshot.time
        if position.state not in OPEN_STATES:
            return Hold(reason=f"STATE_{position.state.value}")
        options = [leg for leg in position.legs if leg.quantity and leg.contract.kind is not ContractKind.EQUITY]
        far = [leg for leg in options if leg.quantity > 0]
        near = [leg for leg in options if leg.quantity < 0]
        if not far:
            return mandatory_exit(position, ExitReason.NAKED_SHORT, now) if near else Hold(reason="FLAT")
        if any(is_last_session(leg.contract, spec.far_exit_dte, snapshot.calendar) for leg in far):
            return mandatory_exit(position, ExitReason.DTE_EXIT, now)
        worth = closing_price(position, snapshot)
        paid = position.entry_price
        gain = None if worth is None else premium_taken(position) - worth
        if gain is not None and at_most(gain, -spec.stop_loss_share * paid):
            return mandatory_exit(position, ExitReason.STOP_LOSS, now)
        if position.state is not State.ACTIVE:
            return Hold(reason="ORDER_WORKING")
        if gain is not None and at_least(gain, spec.profit_target_share * paid):
            return walking_exit(position, ExitReason.PROFIT_TARGET, now)
        due = [leg for leg in near if is_last_session(leg.contract, spec.near_roll_dte, snapshot.calendar)]
        if due or not near:
            return self._roll_near(due[0] if due else None, far[0], snapshot, view, position)
        return Hold(reason="" if worth is not None else "QUOTE_MISSING")

    def _roll_near(self, old: HeldLeg | None, far: HeldLeg, snapshot: Snapshot, view: PortfolioView,
                   position: Position) -> Exit | Manage | Select | Hold:
        """Sell the next near put, at the far put's strike or the nearest below. If there is none, close the whole
        position."""
        now = snapshot.time
        if old is not None and old.contract.dte(now.date()) < self.spec.near_roll_dte:
            return close_leg(position, old, ExitReason.BUY_BACK, now, Urgency.NATURAL)
        urgency = due_urgency(snapshot)
        if not may_sell(view, snapshot):
            waits = Hold(reason="ROLL_WAITS")
            return waits if old is None else close_leg(position, old, ExitReason.BUY_BACK, now, urgency)
        if not snapshot.chains.get(position.underlying):
            return want_chain(position)
        new = self._next_near(far, snapshot, position)
        if new is None:
            return walking_exit(position, ExitReason.ROLL_IMPOSSIBLE, now)
        if new.id not in snapshot.quotes:
            return want_quotes(position, [new])
        quote = usable_quote(new, snapshot)
        if quote is None or not quote.bid > 0.0:
            return Hold(reason="QUOTE_MISSING")
        if old is None:
            return change(position, ((new, -1),), far.quantity, ExitReason.ROLL_NEAR, now)
        return roll(position, old, new, ExitReason.ROLL_NEAR, now, urgency)

    def _next_near(self, far: HeldLeg, snapshot: Snapshot, position: Position) -> Contract | None:
        spec = self.spec
        for listing in listings(snapshot.chains[position.underlying], snapshot.time.date(), spec.near_min_dte,
                                spec.near_max_dte):
            strikes = listing.strikes(Right.PUT)
            safe = strikes[strikes <= far.contract.strike + TOLERANCE]
            if listing.expiry < far.contract.expiry and len(safe):
                return listing.contract(float(safe.max()), Right.PUT)
        return None
