"""Emergency hedge: VIX calls about ten points out of the money, bought while they are cheap or an event is near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from config.calendars import event_within
from config.strategy_parameters import HEDGE, HedgeSpec
from core.codes import RefusalCode
from core.model import (Event, Exit, Hold, Leg, PortfolioView, Position, Proposal, Refused, Right, Select, Snapshot,
                        State)
from core.quotes import at_most, require_quotes, units_to_reach, whole_units
from strategies.entries import (dearest, entry_pending, opening_fees_usd, own_positions, refuse, refuses_when_unknown,
                                require_underlying)
from strategies.exits import ExitReason, is_last_session, require_declared, walking_exit
from strategies.legs import closing_price
from strategies.lifecycle import Transitions, lifecycle
from strategies.listing import furthest, listings, nearest_strike

TRANSITIONS: Final = lifecycle({
    (State.ACTIVE, Event.EXPIRED): State.COMPLETE,  # cash-settled by the exchange
    (State.EXITING, Event.EXPIRED): State.COMPLETE,
    (State.DEFENSIVE_EXIT, Event.EXPIRED): State.COMPLETE,
    (State.ERROR, Event.EXPIRED): State.COMPLETE,
})


@dataclass(frozen=True, slots=True)
class EmergencyHedge:
    """The hedge's rules. Stateless; one position at a time. It is bought protection, so emergencies leave it alone."""

    spec: HedgeSpec = HEDGE
    transitions: ClassVar[Transitions] = TRANSITIONS

    def __post_init__(self) -> None:
        require_declared(self.spec, sells_options=False, sells_beyond_21_days=False)

    # --- entry ------------------------------------------------------------------------------------------------------

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """Refuse while a hedge is held, and unless the VIX is quiet or a listed event is near."""
        spec = self.spec
        pending = entry_pending(spec.name, view)
        if pending is not None:
            return pending
        held = own_positions(spec.name, snapshot)
        if held:
            return refuse(RefusalCode.ALREADY_OPEN, positions=[position.id for position in held])
        underlying = require_underlying(spec.underlyings[0], snapshot)
        if isinstance(underlying, Refused):
            return underlying
        vix = snapshot.known_vix.value
        if vix < spec.quiet_vix:
            return None
        event = event_within(snapshot.calendar, spec.event_sessions)
        if isinstance(event, Refused):
            return event
        if event is None:
            return refuse(RefusalCode.NOT_TRIGGERED, vix=vix, quiet_below=spec.quiet_vix,
                          event_sessions=spec.event_sessions)
        return None

    @refuses_when_unknown
    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        """Choose the furthest expiry in range, and the call nearest ``strike_above_vix`` above the VIX."""
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
        vix = snapshot.known_vix.value
        strike = nearest_strike(listing.strikes(Right.CALL), vix + spec.strike_above_vix, prefer_higher=True)
        if strike is None:
            return refuse(RefusalCode.STRIKE_NOT_LISTED, underlying=symbol, expiry=listing.expiry.isoformat())
        return Select(strategy=spec.name, underlying=symbol, contracts=(listing.contract(strike, Right.CALL),),
                      facts={"vix": vix})

    @refuses_when_unknown
    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        """The smallest number of calls that reaches ``min_share`` of equity, but never more than
        ``max_capital_share``."""
        spec, equity, call = self.spec, snapshot.account.equity, selection.contracts[0]
        if snapshot.vix is None:
            return snapshot.vix_refusal or refuse(RefusalCode.VIX_MISSING)
        quotes = require_quotes([call], snapshot)
        if isinstance(quotes, Refused):
            return quotes
        leg = Leg(contract=call, ratio=1)
        cost_usd = quotes[call.id].mid * call.multiplier + opening_fees_usd([leg])
        count = min(units_to_reach(spec.min_share * equity / cost_usd),
                    whole_units(spec.max_capital_share * equity / cost_usd))
        if count < 1:
            return refuse(RefusalCode.SIZE_ZERO, cost_usd=cost_usd, limit_usd=spec.max_capital_share * equity)
        return Proposal(strategy=spec.name, underlying=selection.underlying, legs=(leg,), credit=-quotes[call.id].mid,
                        risk_usd=cost_usd, contract_cap=count, reason=f"VIX call {call.strike:g}",
                        least_credit=-dearest(spec.max_capital_share * equity / count, leg),
                        facts=dict(selection.facts))

    # --- exits ------------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Hold:
        """Exit at 21 DTE, with the VIX above ``exit_vix``, when the whole book is being closed, or on the gain. Every
        exit walks from the mid, because nothing forces a sale of protection."""
        spec, now = self.spec, snapshot.time
        if position.state is not State.ACTIVE:
            return Hold(reason=f"STATE_{position.state.value}")
        if any(is_last_session(leg.contract, spec.exit_dte, snapshot.calendar) for leg in position.legs):
            return walking_exit(position, ExitReason.DTE_EXIT, now)
        if snapshot.vix is not None and snapshot.vix.value > spec.exit_vix:
            return walking_exit(position, ExitReason.VIX_TARGET, now)
        if view.book_closing:
            return walking_exit(position, ExitReason.BOOK_CLOSED, now)
        worth = closing_price(position, snapshot)
        if worth is None:
            return Hold(reason="QUOTE_MISSING")
        if at_most(worth, -position.entry_price * (1.0 + spec.profit_multiple)):
            return walking_exit(position, ExitReason.PROFIT_TARGET, now)
        return Hold()
