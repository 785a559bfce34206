"""Diagonal: a long-dated call deep in the money, and weekly calls near delta 0.30 against it, only when volatility is
rich.

The weekly's strike is chosen by delta alone, but it is always above the LEAP's. Below it there would be no covered
call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final, Sequence

import numpy as np

from config.strategy_parameters import DIAGONAL, DiagonalSpec
from core.codes import RefusalCode
from core.model import (Contract, Event, Exit, HeldLeg, Hold, Leg, Manage, PortfolioView, Position, Proposal, Refused,
                        Right, Select, Snapshot, State, Underlying, Urgency)
from core.option_values import contract_greeks
from core.quotes import TOLERANCE, at_most, require_quotes, usable_quote
from strategies.covered_calls import leap_listing, leap_strike, option_legs, pays, refuse_symbol, weekly_listing
from strategies.entries import (entry_pending, first_selected, opening_fees_usd, own_positions, refuse, refused_all,
                                refuses_when_unknown, reported_probability, require_indicators, require_iv_history,
                                require_underlying, too_dear)
from strategies.exits import (ExitReason, assignment_threatens, is_last_session, mandatory_exit, require_declared,
                              walking_exit)
from strategies.legs import mid_price
from strategies.lifecycle import Transitions, lifecycle
from strategies.listing import Listing
from strategies.rolls import (change, close_leg, due_urgency, holds_when_unknown, may_open, may_sell, neighbourhood,
                              roll, want_chain, want_quotes)

TRANSITIONS: Final = lifecycle({
    (State.ACTIVE, Event.MANAGE): State.MANAGING,
    (State.ACTIVE, Event.EXPIRED): State.ACTIVE,  # the weekly expired or was assigned; the LEAP remains
    (State.ACTIVE, Event.EXIT_FILLED): State.COMPLETE,  # the exchange took the last leg
    (State.MANAGING, Event.MANAGED): State.ACTIVE,  # filled or not: the next check decides again
    (State.MANAGING, Event.EXIT): State.EXITING,
    (State.MANAGING, Event.DEFEND): State.DEFENSIVE_EXIT,
    (State.MANAGING, Event.EXPIRED): State.MANAGING,  # the order's own outcome is still to come
    (State.MANAGING, Event.FAULT): State.ERROR,
    (State.MANAGING, Event.RECOVER): State.RECOVERY,
    (State.EXITING, Event.EXPIRED): State.EXITING,  # the LEAP is still to be sold
    (State.DEFENSIVE_EXIT, Event.EXPIRED): State.DEFENSIVE_EXIT,  # likewise
    (State.ERROR, Event.EXPIRED): State.ERROR,  # likewise
})


@dataclass(frozen=True, slots=True)
class Diagonal:
    """The diagonal's rules. Stateless; one position per symbol, several symbols at once."""

    spec: DiagonalSpec = DIAGONAL
    transitions: ClassVar[Transitions] = TRANSITIONS

    def __post_init__(self) -> None:
        require_declared(self.spec, sells_options=True, sells_beyond_21_days=False, sells_against_leap=True)

    # --- entry ------------------------------------------------------------------------------------------------------

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """None if at least one symbol may be entered. Otherwise the first refusal, with the code of every symbol."""
        pending = entry_pending(self.spec.name, view)
        if pending is not None:
            return pending
        return refused_all({symbol: self._screen_symbol(symbol, snapshot) for symbol in self.spec.underlyings},
                           named="symbols")

    def _screen_symbol(self, symbol: str, snapshot: Snapshot) -> Refused | None:
        spec = self.spec
        held = [position.id for position in own_positions(spec.name, snapshot) if position.underlying == symbol]
        if held:
            return refuse(RefusalCode.ALREADY_OPEN, underlying=symbol, positions=held)
        underlying = require_underlying(symbol, snapshot)
        if isinstance(underlying, Refused):
            return underlying
        iv = require_iv_history(underlying)
        if isinstance(iv, Refused):
            return iv
        found = require_indicators(underlying, "ema8", "ema21", "ema50")
        if isinstance(found, Refused):
            return found
        if underlying.price < found["ema50"] and found["ema8"] < found["ema21"]:
            return refuse(RefusalCode.TREND_AGAINST, underlying=symbol, price=underlying.price, **found)
        return refuse_symbol(underlying, iv, snapshot, spec)

    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        """The LEAP of the first symbol that may be entered and is expected to fit, and calls around its weekly's
        delta."""
        refusal = self.screen(snapshot, view)
        if refusal is not None:
            return refusal
        return first_selected(self._select_symbol(snapshot.underlyings[symbol], snapshot, view)
                              for symbol in self.spec.underlyings if self._screen_symbol(symbol, snapshot) is None)

    @refuses_when_unknown
    def _select_symbol(self, underlying: Underlying, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        symbol, today = underlying.symbol, snapshot.time.date()
        chains = snapshot.chains.get(symbol, ())
        if not chains:
            return refuse(RefusalCode.CHAIN_MISSING, underlying=symbol)
        listing = leap_listing(chains, today, self.spec)
        if listing is None:
            return refuse(RefusalCode.EXPIRY_NOT_LISTED, underlying=symbol, dte_min=self.spec.entry_dte_min)
        strike = leap_strike(listing, underlying, self.spec, snapshot.time)
        if strike is None:
            return refuse(RefusalCode.STRIKE_NOT_LISTED, underlying=symbol, expiry=listing.expiry.isoformat())
        leap = listing.contract(strike, Right.CALL)
        weekly = weekly_listing(chains, snapshot.calendar, self.spec, listing.expiry)
        if weekly is None:
            return refuse(RefusalCode.EXPIRY_NOT_LISTED, underlying=symbol, weekly_days=self.spec.weekly_target_dte)
        nearest = self._strike_by_delta(weekly, strike, underlying, snapshot)
        if nearest is None:
            return refuse(RefusalCode.STRIKE_NOT_LISTED, underlying=symbol, above=strike,
                          expiry=weekly.expiry.isoformat())
        value = float(listing.expected(np.array([strike]), Right.CALL, underlying, snapshot.time)[0])
        sold = float(weekly.expected(np.array([nearest]), Right.CALL, underlying, snapshot.time)[0])
        dear = too_dear((value - sold) * leap.multiplier, self.spec, symbol, snapshot, view)
        if dear is not None:
            return dear
        weeklies = neighbourhood(weekly, Right.CALL, nearest)
        return Select(strategy=self.spec.name, underlying=symbol, contracts=(leap, *weeklies),
                      facts={"leap_strike": strike, "leap_expiry": listing.expiry.isoformat()})

    def _strike_by_delta(self, listing: Listing, above: float, underlying: Underlying, snapshot: Snapshot
                         ) -> float | None:
        """The call strike above ``above`` whose model delta is nearest ``weekly_delta``."""
        strikes = listing.strikes(Right.CALL)
        strikes = strikes[strikes > above + TOLERANCE]
        if not len(strikes):
            return None
        delta = listing.deltas(strikes, Right.CALL, underlying, snapshot.time, stand_in=True)
        distance = np.abs(delta - self.spec.weekly_delta)
        return float(strikes[int(np.nanargmin(distance))]) if np.isfinite(distance).any() else None

    @refuses_when_unknown
    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        """The LEAP and, among the quoted weeklies, the one whose delta is now nearest ``weekly_delta``."""
        leap, *weeklies = selection.contracts
        underlying = require_underlying(selection.underlying, snapshot)
        if isinstance(underlying, Refused):
            return underlying
        quotes = require_quotes(selection.contracts, snapshot)
        if isinstance(quotes, Refused):
            return quotes
        weekly = self._nearest_delta(weeklies, leap.strike, underlying, snapshot)
        if weekly is None or not pays(weekly, snapshot, self.spec):
            return refuse(RefusalCode.NO_STRIKE_QUALIFIES, underlying=selection.underlying, above=leap.strike)
        legs = (Leg(contract=leap, ratio=1), Leg(contract=weekly, ratio=-1))
        debit = mid_price(legs, quotes)
        if not debit > 0.0:
            return refuse(RefusalCode.GUARD_CANNOT_COMPUTE, reason="no debit", debit=debit, leap=leap.id)
        return Proposal(strategy=self.spec.name, underlying=selection.underlying, legs=legs, credit=-debit,
                        risk_usd=debit * leap.multiplier + opening_fees_usd(legs),
                        contract_cap=self.spec.max_contracts,
                        reason=f"LEAP {leap.strike:g}, weekly {weekly.strike:g}",
                        short_strike_probability_otm=reported_probability(legs, quotes, snapshot),
                        facts=dict(selection.facts))

    def _nearest_delta(self, weeklies: Sequence[Contract], above: float, underlying: Underlying, snapshot: Snapshot
                       ) -> Contract | None:
        """Among ``weeklies`` above ``above`` with a usable quote, the one whose own delta is nearest
        ``weekly_delta``."""
        quoted = [contract for contract in weeklies
                  if contract.strike > above and usable_quote(contract, snapshot) is not None]

        def distance(contract: Contract) -> float:
            greeks = contract_greeks(contract, snapshot.quotes[contract.id], underlying.price, snapshot.time)
            return abs(greeks.delta - self.spec.weekly_delta)

        return min(quoted, key=distance) if quoted else None

    # --- management -------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Manage | Select | Hold:
        """Check in this order: a weekly that is threatened or due, the LEAP, a weekly that has earned enough, a missing
        weekly. There is no stop and no target."""
        spec, calendar = self.spec, snapshot.calendar
        if position.state is not State.ACTIVE:
            return Hold(reason=f"STATE_{position.state.value}")
        leaps, weeklies = option_legs(position)
        if not leaps:
            return mandatory_exit(position, ExitReason.NAKED_SHORT, snapshot.time) if weeklies else Hold(reason="FLAT")
        for weekly in weeklies:
            if assignment_threatens(weekly, snapshot):
                return close_leg(position, weekly, ExitReason.EX_DIVIDEND, snapshot.time, Urgency.NATURAL)
            if is_last_session(weekly.contract, spec.weekly_roll_dte, calendar):
                return self._roll_due(weekly, leaps, snapshot, view, position)
        for leap in leaps:
            if is_last_session(leap.contract, spec.leap_roll_dte, calendar):
                return self._roll_leap(leap, snapshot, view, position)
        if not may_sell(view, snapshot):
            return Hold()
        for weekly in weeklies:
            if self._mostly_gained(weekly, snapshot):
                return self._roll_gained(weekly, leaps, snapshot, position)
        return Hold() if weeklies else self._sell_weekly(leaps, snapshot, position)

    def _mostly_gained(self, weekly: HeldLeg, snapshot: Snapshot) -> bool:
        quote = usable_quote(weekly.contract, snapshot)
        left = weekly.average_price * (1.0 - self.spec.weekly_profit_share)
        return quote is not None and at_most(quote.mid, left)

    def _roll_due(self, weekly: HeldLeg, leaps: Sequence[HeldLeg], snapshot: Snapshot, view: PortfolioView,
                  position: Position) -> Manage | Select | Hold:
        """Roll into a later weekly. If none may be sold, or on its last day, buy the weekly back without a new one."""
        now = snapshot.time
        if weekly.contract.dte(now.date()) < self.spec.weekly_roll_dte:
            return close_leg(position, weekly, ExitReason.BUY_BACK, now, Urgency.NATURAL)
        urgency = due_urgency(snapshot)
        if not may_sell(view, snapshot):
            return close_leg(position, weekly, ExitReason.BUY_BACK, now, urgency)
        quote = usable_quote(weekly.contract, snapshot)
        if quote is None:
            return Hold(reason="QUOTE_MISSING")  # asked again; on its last day it is bought back regardless
        found = self._next_weekly(leaps, weekly, snapshot, position)
        if isinstance(found, (Select, Hold)):
            return found
        if found is None:
            return close_leg(position, weekly, ExitReason.BUY_BACK, now, urgency)
        return roll(position, weekly, found, ExitReason.ROLL_WEEKLY, now, urgency)

    def _roll_gained(self, weekly: HeldLeg, leaps: Sequence[HeldLeg], snapshot: Snapshot, position: Position
                     ) -> Manage | Select | Hold:
        """Roll into a later weekly ahead of time if one pays even at the natural price. Otherwise the weekly runs
        on."""
        quote = usable_quote(weekly.contract, snapshot)
        if quote is None:
            return Hold(reason="QUOTE_MISSING")
        found = self._next_weekly(leaps, weekly, snapshot, position)
        if isinstance(found, (Select, Hold)):
            return found
        if found is None or not snapshot.quotes[found.id].bid > quote.ask:
            return Hold(reason="NO_LATER_WEEKLY_PAYS")
        return roll(position, weekly, found, ExitReason.ROLL_WEEKLY, snapshot.time)

    def _sell_weekly(self, leaps: Sequence[HeldLeg], snapshot: Snapshot, position: Position) -> Manage | Select | Hold:
        found = self._next_weekly(leaps, None, snapshot, position)
        if isinstance(found, (Select, Hold)):
            return found
        if found is None:
            return Hold(reason="NO_WEEKLY_THIS_WEEK")
        return change(position, ((found, -1),), sum(leap.quantity for leap in leaps), ExitReason.SELL_WEEKLY,
                      snapshot.time)

    @holds_when_unknown
    def _next_weekly(self, leaps: Sequence[HeldLeg], old: HeldLeg | None, snapshot: Snapshot, position: Position
                     ) -> Contract | Select | Hold | None:
        """The weekly to sell. A ``Select`` while the chain or quotes are missing; None if none is listed and quoted."""
        underlying = snapshot.underlyings.get(position.underlying)
        if underlying is None:
            return None
        chains = snapshot.chains.get(position.underlying, ())
        if not chains:
            return want_chain(position)
        listing = weekly_listing(chains, snapshot.calendar, self.spec, min(leap.contract.expiry for leap in leaps),
                                 after=date.min if old is None else old.contract.expiry)
        if listing is None:
            return None
        above = max(leap.contract.strike for leap in leaps)
        strike = self._strike_by_delta(listing, above, underlying, snapshot)
        if strike is None:
            return None
        around = neighbourhood(listing, Right.CALL, strike)
        if listing.contract(strike, Right.CALL).id not in snapshot.quotes:
            return want_quotes(position, around)
        weekly = self._nearest_delta(around, above, underlying, snapshot)
        return weekly if weekly is not None and snapshot.quotes[weekly.id].bid > 0.0 else None

    @holds_when_unknown
    def _roll_leap(self, leap: HeldLeg, snapshot: Snapshot, view: PortfolioView, position: Position
                   ) -> Exit | Manage | Select | Hold:
        """Roll into a new LEAP of the same kind. If the account cannot pay for one, close the position."""
        underlying = snapshot.underlyings.get(position.underlying)
        if underlying is None or not may_open(view):
            return Hold(reason="LEAP_ROLL_WAITS")
        chains = snapshot.chains.get(position.underlying, ())
        if not chains:
            return want_chain(position)
        listing: Listing | None = leap_listing(chains, snapshot.time.date(), self.spec)
        strike = None if listing is None else leap_strike(listing, underlying, self.spec, snapshot.time)
        if listing is None or strike is None:
            return Hold(reason="NO_LEAP_LISTED")
        new = listing.contract(strike, Right.CALL)
        if new.id not in snapshot.quotes:
            return want_quotes(position, neighbourhood(listing, Right.CALL, strike))
        old_quote, new_quote = usable_quote(leap.contract, snapshot), usable_quote(new, snapshot)
        if old_quote is None or new_quote is None:
            return Hold(reason="QUOTE_MISSING")
        cost_usd = (new_quote.mid - old_quote.mid) * new.multiplier * leap.quantity
        free_usd = snapshot.account.equity - snapshot.account.buying_power_used
        if cost_usd > free_usd:
            return walking_exit(position, ExitReason.ROLL_IMPOSSIBLE, snapshot.time, {"cost_usd": cost_usd,
                                                                                      "free_usd": free_usd})
        return roll(position, leap, new, ExitReason.ROLL_LEAP, snapshot.time)
