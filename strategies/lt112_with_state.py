"""LT112: a five-wide put credit spread on SPY about 112 days out, closed at half its credit or at 21 days.

The short strike is found by walking in from 10 % out of the money on live quotes. A walk over every listed strike would
subscribe scores of contracts, so ``select`` quotes at most ``max_quoted_contracts`` of them. If there are more, it
takes the run of strikes around the one expected to qualify by yesterday's volatilities, moved by the VIX since. The
walk takes the first quoted strike that qualifies; ``facts["walk_truncated"]`` says whether strikes further out were not
quoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Iterable, Mapping

import numpy as np

from config.strategy_parameters import LT112, Lt112Spec
from core.arrays import Floats
from core.carry import option_terms
from core.codes import RefusalCode
from core.model import (Event, Exit, Hold, Leg, PortfolioView, Position, Proposal, Quote, Refused, Right, Select,
                        Snapshot, State)
from core.option_values import chain_prices
from core.quotes import TOLERANCE, at_least, at_most, require_quotes
from strategies.entries import (NO_CAP, entry_days, entry_pending, own_positions, refuse, refuses_when_unknown,
                                require_indicators, require_iv_history, require_underlying, shorts_otm_probability)
from strategies.exits import ExitReason, mandatory_exit, must_close_21dte, require_declared, walking_exit
from strategies.legs import closing_price, mid_price
from strategies.lifecycle import Transitions, lifecycle
from strategies.listing import Listing, listings, nearest_to

TRANSITIONS: Final = lifecycle({
    (State.ACTIVE, Event.DEFEND_21DTE): State.DEFENSIVE_21DTE,  # a state of its own, in which no 0DTE is entered
    (State.ACTIVE, Event.EXPIRED): State.COMPLETE,  # only after an outage of months; 21 DTE comes long before
    (State.EXITING, Event.DEFEND_21DTE): State.DEFENSIVE_21DTE,  # on day 21 a walking profit target becomes urgent
    (State.EXITING, Event.EXPIRED): State.COMPLETE,
    (State.DEFENSIVE_EXIT, Event.EXPIRED): State.COMPLETE,
    (State.DEFENSIVE_21DTE, Event.DEFEND): State.DEFENSIVE_EXIT,  # an emergency takes over the 21-DTE exit
    (State.DEFENSIVE_21DTE, Event.EXIT_FILLED): State.COMPLETE,
    (State.DEFENSIVE_21DTE, Event.EXPIRED): State.COMPLETE,
    (State.DEFENSIVE_21DTE, Event.FAULT): State.ERROR,
    (State.DEFENSIVE_21DTE, Event.RECOVER): State.RECOVERY,
    (State.ERROR, Event.EXPIRED): State.COMPLETE,
})


@dataclass(frozen=True, slots=True)
class Lt112:
    """The put spread's rules. Stateless; several positions at once, one per expiry and one per week."""

    spec: Lt112Spec = LT112
    transitions: ClassVar[Transitions] = TRANSITIONS

    def __post_init__(self) -> None:
        require_declared(self.spec, sells_options=True, sells_beyond_21_days=True)

    # --- entry ------------------------------------------------------------------------------------------------------

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """Check one entry per week, EMA 8 above EMA 21, and the IV percentile."""
        spec, today = self.spec, snapshot.time.date()
        pending = entry_pending(spec.name, view)
        if pending is not None:
            return pending
        days = entry_days(spec.name, snapshot, view)
        if days and (today - days[-1]).days < spec.days_between_entries:
            return refuse(RefusalCode.WEEK_TAKEN, last_entry=days[-1].isoformat(), days=spec.days_between_entries)
        underlying = require_underlying(spec.underlyings[0], snapshot)
        if isinstance(underlying, Refused):
            return underlying
        found = require_indicators(underlying, "ema8", "ema21")
        if isinstance(found, Refused):
            return found
        if not found["ema8"] > found["ema21"]:
            return refuse(RefusalCode.TREND_AGAINST, ema8=found["ema8"], ema21=found["ema21"])
        iv = require_iv_history(underlying)
        if isinstance(iv, Refused):
            return iv
        if iv.percentile < spec.min_iv_percentile:
            return refuse(RefusalCode.IV_PERCENTILE_LOW, percentile=iv.percentile, needed=spec.min_iv_percentile)
        return None

    @refuses_when_unknown
    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        """Choose the expiry nearest ``target_dte``, and the strikes of the walk to be quoted."""
        spec, symbol, today = self.spec, self.spec.underlyings[0], snapshot.time.date()
        refusal = self.screen(snapshot, view)
        if refusal is not None:
            return refusal
        chains = snapshot.chains.get(symbol, ())
        if not chains:
            return refuse(RefusalCode.CHAIN_MISSING, underlying=symbol)
        listing = nearest_to(listings(chains, today, spec.entry_dte_min, spec.entry_dte_max), today, spec.target_dte)
        if listing is None:
            return refuse(RefusalCode.EXPIRY_NOT_LISTED, underlying=symbol, dte_min=spec.entry_dte_min,
                          dte_max=spec.entry_dte_max)
        taken = [position.id for position in own_positions(spec.name, snapshot)
                 if any(leg.contract.expiry == listing.expiry for leg in position.legs)]
        if taken:
            return refuse(RefusalCode.EXPIRY_TAKEN, expiry=listing.expiry.isoformat(), positions=taken)
        return self._select_walk(listing, snapshot)

    def _select_walk(self, listing: Listing, snapshot: Snapshot) -> Select | Refused:
        spec = self.spec
        spot = snapshot.underlyings[listing.chain.underlying].price
        listed = listing.strikes(Right.PUT)
        shorts = np.array([strike for strike in listed if self._in_walk(strike, spot)
                           and bool(np.min(np.abs(listed - (strike - spec.width_points))) <= TOLERANCE)])
        if not len(shorts):
            return refuse(RefusalCode.STRIKE_NOT_LISTED, expiry=listing.expiry.isoformat(),
                          walk_from=spot * (1 - spec.walk_from_otm_share), walk_to=spot * (1 - spec.walk_to_otm_share))
        quoted = shorts
        if self._contract_count(shorts) > spec.max_quoted_contracts:
            quoted = self._bracket(shorts, self._expected_credits(shorts, listing, snapshot))
        strikes = sorted(set(quoted.tolist()) | {strike - spec.width_points for strike in quoted.tolist()})
        return Select(strategy=spec.name, underlying=listing.chain.underlying,
                      contracts=tuple(listing.contract(strike, Right.PUT) for strike in strikes),
                      facts={"expiry": listing.expiry.isoformat(), "walk_outermost": float(shorts[0]),
                             "shorts": quoted.tolist()})

    def _in_walk(self, strike: float, spot: float) -> bool:
        return (at_least(strike, spot * (1.0 - self.spec.walk_from_otm_share))
                and at_most(strike, spot * (1.0 - self.spec.walk_to_otm_share)))

    def _contract_count(self, shorts: Iterable[float]) -> int:
        shorts = list(shorts)
        return len(set(shorts) | {strike - self.spec.width_points for strike in shorts})

    def _expected_credits(self, shorts: Floats, listing: Listing, snapshot: Snapshot) -> Floats:
        """Model credits at today's price and yesterday's volatilities, moved by the VIX since its last close."""
        underlying = snapshot.underlyings[listing.chain.underlying]
        vix = snapshot.known_vix
        moved = (vix.value - vix.previous_close) / 100.0
        terms = option_terms(underlying.symbol, listing.chain.kind, listing.expiry, snapshot.time)
        sides = []
        for strikes in (shorts, shorts - self.spec.width_points):
            iv = listing.volatilities(strikes, Right.PUT)
            # A chain of names only (live, without daily rows) has no volatility. Today's index stands in for it.
            iv = np.where(np.isfinite(iv), iv + moved, vix.value / 100.0)
            sides.append(chain_prices(underlying.price, strikes, True, iv, terms))
        return sides[0] - sides[1]

    def _bracket(self, shorts: Floats, credit: Floats) -> Floats:
        """The run of short strikes around the first one expected to qualify, as wide as the limit on contracts
        allows."""
        enough = np.flatnonzero(credit >= self.spec.min_credit_share_of_width * self.spec.width_points)
        centre = int(enough[0]) if len(enough) else len(shorts) - 1
        low = high = centre

        def fits(start: int, stop: int) -> bool:
            inside = start >= 0 and stop < len(shorts)
            return inside and self._contract_count(shorts[start:stop + 1]) <= self.spec.max_quoted_contracts

        for _ in shorts:
            if fits(low - 1, high):
                low -= 1
            if fits(low, high + 1):
                high += 1
        return shorts[low:high + 1]

    @refuses_when_unknown
    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        """Walk in on live quotes. The first spread with enough credit is chosen; its probability must then suffice."""
        spec = self.spec
        underlying = require_underlying(selection.underlying, snapshot)
        if isinstance(underlying, Refused):
            return underlying
        puts = {contract.strike: contract for contract in selection.contracts}
        best = 0.0
        for strike in selection.facts["shorts"]:
            if not self._in_walk(strike, underlying.price):
                continue
            legs = (Leg(contract=puts[strike - spec.width_points], ratio=1), Leg(contract=puts[strike], ratio=-1))
            quotes = require_quotes((leg.contract for leg in legs), snapshot)
            if isinstance(quotes, Refused):
                return quotes  # a strike without a quote might be the first that qualifies
            credit = -mid_price(legs, quotes)
            best = max(best, credit)
            if at_least(credit, spec.min_credit_share_of_width * spec.width_points):
                return self._proposal(legs, quotes, credit, snapshot, selection)
        return refuse(RefusalCode.NO_STRIKE_QUALIFIES, best_credit=best, spot=underlying.price,
                      needed=spec.min_credit_share_of_width * spec.width_points)

    def _proposal(self, legs: tuple[Leg, Leg], quotes: Mapping[str, Quote], credit: float, snapshot: Snapshot,
                  selection: Select) -> Proposal | Refused:
        spec, short = self.spec, legs[1].contract
        if at_least(credit, spec.width_points):
            return refuse(RefusalCode.GUARD_CANNOT_COMPUTE, reason="credit is not below the width", credit=credit)
        probability = shorts_otm_probability(legs, quotes, snapshot)
        if not at_least(probability, spec.min_probability_otm):
            return refuse(RefusalCode.PROBABILITY_TOO_LOW, probability=probability, needed=spec.min_probability_otm,
                          strike=short.strike, credit=credit)
        outermost = selection.facts["shorts"][0]
        return Proposal(strategy=spec.name, underlying=selection.underlying, legs=legs, credit=credit,
                        risk_usd=(spec.width_points - credit) * short.multiplier,
                        contract_cap=NO_CAP, reason=f"put spread {short.strike:g} credit {credit:.2f}",
                        short_strike_probability_otm=probability,
                        least_credit=spec.min_credit_share_of_width * spec.width_points,
                        facts={"expiry": short.expiry.isoformat(), "probability_otm": probability,
                               "walk_truncated": short.strike == outermost > selection.facts["walk_outermost"]})

    # --- exits ------------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Hold:
        """Check 21 DTE first, whatever the quotes; then half the credit. There is no price stop, because the risk is
        defined."""
        if position.state not in (State.ACTIVE, State.EXITING):
            return Hold(reason=f"STATE_{position.state.value}")
        if must_close_21dte(position, snapshot.calendar):
            return mandatory_exit(position, ExitReason.DTE_21, snapshot.time, event=Event.DEFEND_21DTE)
        if position.state is State.EXITING:
            return Hold(reason="EXIT_WORKING")
        debit = closing_price(position, snapshot)
        if debit is None:
            return Hold(reason="QUOTE_MISSING")
        if at_most(debit, -position.entry_price * (1.0 - self.spec.profit_target_share)):
            return walking_exit(position, ExitReason.PROFIT_TARGET, snapshot.time)
        return Hold()
