"""Put ratio spread on SPY: one put near delta 0.25 bought, more sold further out, for a credit, 45 to 60 days out.

The short strike is the one with the lowest delta at which the net credit is worth the trade's own fees. ``select``
quotes at most ``max_quoted_contracts`` puts around the strike that yesterday's volatilities suggest. The walk goes over
the quoted strikes, from the outside in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Mapping, Sequence

import numpy as np

from config.strategy_parameters import RATIO, RatioSpec
from core.arrays import Floats
from core.codes import RefusalCode
from core.model import (Contract, Event, Exit, Hold, Leg, PortfolioView, Position, Proposal, Quote, Refused, Right,
                        Select, Snapshot, State, Underlying)
from core.option_values import contract_greeks, contract_price, quote_volatility
from core.quotes import TOLERANCE, at_least, at_most, require_quotes
from strategies.entries import (NO_CAP, entry_pending, fees_points, own_positions, refuse, refuses_when_unknown,
                                reported_probability, require_underlying)
from strategies.exits import ExitReason, mandatory_exit, must_close_21dte, require_declared, walking_exit
from strategies.legs import closing_price, mid_price, natural_closing_price
from strategies.lifecycle import Transitions, lifecycle
from strategies.listing import Listing, furthest, listings

TRANSITIONS: Final = lifecycle({
    (State.ACTIVE, Event.DEFEND_21DTE): State.DEFENSIVE_EXIT,  # an exit like any mandatory one
    (State.ACTIVE, Event.EXPIRED): State.COMPLETE,
    (State.EXITING, Event.DEFEND_21DTE): State.DEFENSIVE_EXIT,
    (State.EXITING, Event.EXPIRED): State.COMPLETE,
    (State.DEFENSIVE_EXIT, Event.EXPIRED): State.COMPLETE,
    (State.ERROR, Event.EXPIRED): State.COMPLETE,
})

ONE_BY_TWO: Final = (1, 2)
TWO_BY_THREE: Final = (2, 3)


@dataclass(frozen=True, slots=True)
class RatioSpread:
    """The ratio's rules. Stateless; one position per expiry."""

    spec: RatioSpec = RATIO
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
        """Choose the furthest expiry in range, the put nearest ``long_delta``, and the puts that may be sold against
        it."""
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
        taken = [position.id for position in own_positions(spec.name, snapshot)
                 if any(leg.contract.expiry == listing.expiry for leg in position.legs)]
        if taken:
            return refuse(RefusalCode.EXPIRY_TAKEN, expiry=listing.expiry.isoformat(), positions=taken)
        return self._select_strikes(listing, snapshot)

    def _select_strikes(self, listing: Listing, snapshot: Snapshot) -> Select | Refused:
        spec, underlying = self.spec, snapshot.underlyings[listing.chain.underlying]
        strikes = listing.strikes(Right.PUT)
        delta = np.abs(listing.deltas(strikes, Right.PUT, underlying, snapshot.time, stand_in=True))
        strikes, delta = strikes[np.isfinite(delta)], delta[np.isfinite(delta)]
        if not len(strikes):
            return refuse(RefusalCode.GUARD_CANNOT_COMPUTE, reason="no put has a volatility",
                          expiry=listing.expiry.isoformat())
        long = float(strikes[int(np.argmin(np.abs(delta - spec.long_delta)))])
        shorts = strikes[(strikes < long) & (delta <= spec.short_max_delta + TOLERANCE)]
        if not len(shorts):
            return refuse(RefusalCode.STRIKE_NOT_LISTED, long=long, short_max_delta=spec.short_max_delta)
        ratios = (TWO_BY_THREE, ONE_BY_TWO) if snapshot.phase >= spec.ratio_2x3_min_phase else (ONE_BY_TWO,)
        expected = listing.expected(np.append(shorts, long), Right.PUT, underlying, snapshot.time)
        quoted = self._bracket(shorts, expected, ratios, listing)
        return Select(strategy=spec.name, underlying=underlying.symbol,
                      contracts=tuple(listing.contract(strike, Right.PUT) for strike in (*quoted.tolist(), long)),
                      facts={"long": long, "ratios": [list(ratio) for ratio in ratios]})

    def _least_credit(self, legs: Sequence[Leg]) -> float:
        """Net credit, in points per unit, below which the trade is not worth its own fees."""
        return self.spec.min_credit_fees * fees_points(legs)

    def _bracket(self, shorts: Floats, expected: Floats, ratios: Sequence[tuple[int, int]], listing: Listing) -> Floats:
        """The run of short strikes around those expected to pay for the long put and the fees, within the limit on
        contracts."""
        centres, any_put = [], listing.contract(float(shorts[0]), Right.PUT)
        for bought, sold in ratios:
            needed = self._least_credit(_legs(any_put, sold, any_put, bought))
            enough = np.flatnonzero(sold * expected[:-1] - bought * expected[-1] >= needed)
            centres.append(int(enough[0]) if len(enough) else len(shorts) - 1)
        room = self.spec.max_quoted_contracts - 1
        low, high = min(centres), max(centres)
        if high - low + 1 > room:
            low = high = centres[0]
        spare = room - (high - low + 1)
        low = max(0, min(low - spare // 2, len(shorts) - room))
        return shorts[low:low + room]

    @refuses_when_unknown
    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        """Walk in on live quotes. Choose the first short strike whose premium covers the long put, is worth the fees,
        and whose delta is low enough."""
        underlying = require_underlying(selection.underlying, snapshot)
        if isinstance(underlying, Refused):
            return underlying
        *shorts, long = selection.contracts
        quotes = require_quotes(selection.contracts, snapshot)
        if isinstance(quotes, Refused):
            return quotes
        best = -np.inf
        for bought, sold in selection.facts["ratios"]:
            for short in shorts:
                legs = _legs(short, sold, long, bought)
                credit = -mid_price(legs, quotes)
                best = max(best, credit)
                if at_least(credit, self._least_credit(legs)):
                    delta = abs(contract_greeks(short, quotes[short.id], underlying.price, snapshot.time).delta)
                    if at_most(delta, self.spec.short_max_delta):
                        return self._proposal(legs, credit, quotes, underlying, snapshot, selection)
                    break  # further in, the delta is higher still
        return refuse(RefusalCode.NO_STRIKE_QUALIFIES, long=long.strike, best_credit=float(best),
                      short_max_delta=self.spec.short_max_delta)

    def _proposal(self, legs: tuple[Leg, Leg], credit: float, quotes: Mapping[str, Quote], underlying: Underlying,
                  snapshot: Snapshot, selection: Select) -> Proposal | Refused:
        risk_usd = self._shocked_loss(legs, quotes, underlying.price, snapshot) * legs[0].contract.multiplier
        if not risk_usd > 0.0:
            return refuse(RefusalCode.GUARD_CANNOT_COMPUTE, reason="the shock shows no loss", risk_usd=risk_usd)
        short, long = legs
        return Proposal(strategy=self.spec.name, underlying=selection.underlying, legs=legs, credit=credit,
                        risk_usd=risk_usd, contract_cap=NO_CAP,
                        reason=f"ratio {long.ratio}x{-short.ratio} {long.contract.strike:g}/{short.contract.strike:g}",
                        short_strike_probability_otm=reported_probability(legs, quotes, snapshot),
                        least_credit=self._least_credit(legs),
                        facts={"ratio": [long.ratio, -short.ratio], "short_strike": short.contract.strike})

    def _shocked_loss(self, legs: tuple[Leg, Leg], quotes: Mapping[str, Quote], spot: float, snapshot: Snapshot
                      ) -> float:
        """Model loss of one unit in points, today, if SPY falls and every volatility rises by the shock."""
        spec, now = self.spec, snapshot.time

        def shocked(contract: Contract) -> float:
            iv = quote_volatility(contract, quotes[contract.id], spot, now) + spec.shock_vix_points / 100.0
            return contract_price(contract, spot * (1.0 + spec.shock_spot_share), iv, now)

        return sum(leg.ratio * (quotes[leg.contract.id].mid - shocked(leg.contract)) for leg in legs)

    # --- exits ------------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Hold:
        """Check in this order: 21 DTE, the price near the short strike, half the credit (if there was one, and the
        quotes leave some of it)."""
        spec, now = self.spec, snapshot.time
        if position.state not in (State.ACTIVE, State.EXITING):
            return Hold(reason=f"STATE_{position.state.value}")
        if must_close_21dte(position, snapshot.calendar):
            return mandatory_exit(position, ExitReason.DTE_21, now, event=Event.DEFEND_21DTE)
        underlying = snapshot.underlyings.get(position.underlying)
        shorts = [leg.contract.strike for leg in position.legs if leg.quantity < 0]
        if underlying is not None and any(at_most(underlying.price, strike * (1.0 + spec.danger_spot_share))
                                          for strike in shorts):
            return mandatory_exit(position, ExitReason.DANGER_ZONE, now)
        if position.state is State.EXITING:
            return Hold(reason="EXIT_WORKING")
        debit, natural = closing_price(position, snapshot), natural_closing_price(position, snapshot)
        if debit is None or natural is None:
            return Hold(reason="QUOTE_MISSING")
        credit = -position.entry_price
        if (credit > 0.0 and at_most(debit, credit * (1.0 - spec.profit_target_share))
                and natural < credit):     # a credit of cents is less than the quotes' width
            return walking_exit(position, ExitReason.PROFIT_TARGET, now)
        return Hold()


def _legs(short: Contract, sold: int, long: Contract, bought: int) -> tuple[Leg, Leg]:
    return Leg(contract=short, ratio=-sold), Leg(contract=long, ratio=bought)
