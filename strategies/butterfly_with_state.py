"""Iron butterfly on SPY: put and call sold at the money, wings ten points away, 30 to 45 days out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from config.calendars import ex_dividends_reach
from config.strategy_parameters import BUTTERFLY, ButterflySpec
from core.codes import RefusalCode
from core.model import (Event, Exit, HeldLeg, Hold, Leg, PortfolioView, Position, Proposal, Refused, Right, Select, Snapshot,
                        State)
from core.quotes import at_least, at_most, require_quotes, whole_units
from strategies.entries import (entry_pending, own_positions, refuse, refuses_when_unknown, reported_probability,
                                require_underlying)
from strategies.exits import (ExitReason, assignment_threatens, mandatory_exit, must_close_21dte, require_declared,
                              walking_exit)
from strategies.legs import closing_price, known_closing_price, mid_price
from strategies.lifecycle import Transitions, lifecycle
from strategies.listing import Listing, furthest, listings, nearest_strike

TRANSITIONS: Final = lifecycle({
    (State.ACTIVE, Event.DEFEND_21DTE): State.DEFENSIVE_EXIT,  # an exit like any other mandatory one
    (State.ACTIVE, Event.EXPIRED): State.COMPLETE,
    (State.EXITING, Event.DEFEND_21DTE): State.DEFENSIVE_EXIT,
    (State.EXITING, Event.EXPIRED): State.COMPLETE,
    (State.DEFENSIVE_EXIT, Event.EXPIRED): State.COMPLETE,
    (State.ERROR, Event.EXPIRED): State.COMPLETE,
})


@dataclass(frozen=True, slots=True)
class Butterfly:
    """The butterfly's rules. Stateless; one position per expiry."""

    spec: ButterflySpec = BUTTERFLY
    transitions: ClassVar[Transitions] = TRANSITIONS

    def __post_init__(self) -> None:
        require_declared(self.spec, sells_options=True, sells_beyond_21_days=True)

    # --- entry ------------------------------------------------------------------------------------------------------

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """Refuse only if an entry is already on its way or the market data is unusable."""
        pending = entry_pending(self.spec.name, view)
        if pending is not None:
            return pending
        underlying = require_underlying(self.spec.underlyings[0], snapshot)
        return underlying if isinstance(underlying, Refused) else None

    @refuses_when_unknown
    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        """Choose the furthest expiry in range, and the strike nearest the price with both rights and both wings
        listed."""
        spec, symbol = self.spec, self.spec.underlyings[0]
        refusal = self.screen(snapshot, view)
        if refusal is not None:
            return refusal
        if not snapshot.chains.get(symbol):
            return refuse(RefusalCode.CHAIN_MISSING, underlying=symbol)
        listing = furthest(listings(snapshot.chains[symbol], snapshot.time.date(), spec.entry_dte_min,
                                    spec.entry_dte_max))
        if listing is None:
            return refuse(RefusalCode.EXPIRY_NOT_LISTED, underlying=symbol, dte_min=spec.entry_dte_min,
                          dte_max=spec.entry_dte_max)
        unknown = ex_dividends_reach(symbol, listing.expiry, snapshot.calendar)
        if unknown is not None:
            return unknown
        taken = [position.id for position in own_positions(spec.name, snapshot)
                 if any(leg.contract.expiry == listing.expiry for leg in position.legs)]
        if taken:
            return refuse(RefusalCode.EXPIRY_TAKEN, expiry=listing.expiry.isoformat(), positions=taken)
        body = self._body(listing, snapshot.underlyings[symbol].price)
        if body is None:
            return refuse(RefusalCode.STRIKE_NOT_LISTED, expiry=listing.expiry.isoformat(), wings=spec.wing_points)
        wing = spec.wing_points
        return Select(strategy=spec.name, underlying=symbol, facts={"body": body}, contracts=(
            listing.contract(body - wing, Right.PUT), listing.contract(body, Right.PUT),
            listing.contract(body, Right.CALL), listing.contract(body + wing, Right.CALL)))

    def _body(self, listing: Listing, spot: float) -> float | None:
        puts, calls = listing.strikes(Right.PUT), listing.strikes(Right.CALL)
        both = np.intersect1d(puts, calls)
        winged = both[np.isin(both - self.spec.wing_points, puts) & np.isin(both + self.spec.wing_points, calls)]
        return nearest_strike(winged, spot, prefer_higher=False)

    @refuses_when_unknown
    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        """The butterfly at today's quotes, with as many units as its own limit on risk allows."""
        spec = self.spec
        if snapshot.vix is None:
            return snapshot.vix_refusal or refuse(RefusalCode.VIX_MISSING)
        quotes = require_quotes(selection.contracts, snapshot)
        if isinstance(quotes, Refused):
            return quotes
        call = selection.contracts[2]
        if assignment_threatens(HeldLeg(contract=call, quantity=-1, average_price=0.0), snapshot):
            return refuse(RefusalCode.EX_DIVIDEND_NEXT, contract=call.id, session=snapshot.calendar.next_session.isoformat())
        legs = tuple(Leg(contract=contract, ratio=ratio)
                     for contract, ratio in zip(selection.contracts, (1, -1, -1, 1)))
        credit = -mid_price(legs, quotes)
        if not credit > 0.0 or at_least(credit, spec.wing_points):
            return refuse(RefusalCode.GUARD_CANNOT_COMPUTE, reason="credit is not between 0 and the width",
                          credit=credit, width=spec.wing_points)
        risk_usd = (spec.wing_points - credit) * selection.contracts[0].multiplier
        limit_usd = max(spec.max_risk_usd, spec.max_risk_share * snapshot.account.equity)
        count = whole_units(limit_usd / risk_usd)
        if count < 1:
            return refuse(RefusalCode.SIZE_ZERO, risk_usd=risk_usd, limit_usd=limit_usd)
        return Proposal(strategy=spec.name, underlying=selection.underlying, legs=legs, credit=credit,
                        risk_usd=risk_usd, contract_cap=count,
                        reason=f"butterfly {selection.facts['body']:g} credit {credit:.2f}",
                        short_strike_probability_otm=reported_probability(legs, quotes, snapshot),
                        least_credit=spec.wing_points - limit_usd / (count * selection.contracts[0].multiplier),
                        facts=dict(selection.facts))

    # --- exits ------------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Hold:
        """Check in this order: 21 DTE, the short call before an ex-dividend day, the stop, a quarter of the credit."""
        spec, now = self.spec, snapshot.time
        if position.state not in (State.ACTIVE, State.EXITING):
            return Hold(reason=f"STATE_{position.state.value}")
        if must_close_21dte(position, snapshot.calendar):
            return mandatory_exit(position, ExitReason.DTE_21, now, event=Event.DEFEND_21DTE)
        if any(assignment_threatens(leg, snapshot) for leg in position.legs):
            return mandatory_exit(position, ExitReason.EX_DIVIDEND, now)
        credit = -position.entry_price
        loss = known_closing_price(position, snapshot) - credit
        if at_least(loss, spec.stop_loss_share * (_width(position) - credit)):
            return mandatory_exit(position, ExitReason.STOP_LOSS, now)
        if position.state is State.EXITING:
            return Hold(reason="EXIT_WORKING")
        debit = closing_price(position, snapshot)
        if debit is None:
            return Hold(reason="QUOTE_MISSING")
        if at_most(debit, credit * (1.0 - spec.profit_target_share)):
            return walking_exit(position, ExitReason.PROFIT_TARGET, now)
        return Hold()


def _width(position: Position) -> float:
    """Points between the body and the wings of the position."""
    body = next(leg.contract.strike for leg in position.legs if leg.quantity < 0)
    return max(abs(leg.contract.strike - body) for leg in position.legs if leg.quantity > 0)
