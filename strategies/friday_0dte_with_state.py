"""Friday 0DTE iron condor on SPY: sold in the first hour of its expiry day, and closed before the broker's wall.

All condors of one entry are one position. Nothing is changed between entry and exit, so the table has no MANAGING.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Mapping

from config.strategy_parameters import FRIDAY_0DTE, Friday0DteSpec
from core.codes import RefusalCode
from core.market_analysis import Trend, intraday_bias
from core.model import (CalendarFacts, Event, Exit, HeldLeg, Hold, Leg, PortfolioView, Position, Proposal, Refused,
                        Right, Select, Snapshot, State, Underlying)
from core.quotes import at_least, at_most, require_quotes, whole_units
from strategies.entries import (entry_days, entry_pending, own_positions, refuse, refuses_when_unknown,
                                reported_probability, require_indicators, require_iv_history, require_underlying)
from strategies.exits import OPEN_STATES, ExitReason, mandatory_exit, require_declared, stop_multiple, walking_exit
from strategies.legs import closing_price, known_closing_price, mid_price
from strategies.lifecycle import Transitions, lifecycle
from strategies.listing import Listing, listings, nearest_strike

TRANSITIONS: Final = lifecycle({
    (State.ACTIVE, Event.EXPIRED): State.COMPLETE,  # held to the close in spite of every exit: the broker settled it
    (State.EXITING, Event.EXPIRED): State.COMPLETE,
    (State.DEFENSIVE_EXIT, Event.EXPIRED): State.COMPLETE,
    (State.ERROR, Event.EXPIRED): State.COMPLETE,
})


@dataclass(frozen=True, slots=True)
class Friday0Dte:
    """The condor's rules. Stateless: what must be remembered is in ``Position.facts``."""

    spec: Friday0DteSpec = FRIDAY_0DTE
    transitions: ClassVar[Transitions] = TRANSITIONS

    def __post_init__(self) -> None:
        require_declared(self.spec, sells_options=True, sells_beyond_21_days=False)

    # --- entry ------------------------------------------------------------------------------------------------------

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """Check weekday, one entry per Friday, FOMC, gap, IV percentile and indicators: everything that needs no
        chain."""
        spec, today = self.spec, snapshot.time.date()
        if not spec.enters_on(today.weekday()):
            return refuse(RefusalCode.WRONG_WEEKDAY, weekday=today.weekday(), needed=spec.entry_weekday)
        if snapshot.calendar.is_fomc_day:
            return refuse(RefusalCode.FOMC_DAY, day=today.isoformat())
        pending = entry_pending(spec.name, view)
        if pending is not None:
            return pending
        held = own_positions(spec.name, snapshot)
        days = entry_days(spec.name, snapshot, view)
        if held or days and (today - days[-1]).days < spec.days_between_entries:
            return refuse(RefusalCode.ALREADY_OPEN, positions=[position.id for position in held])
        underlying = require_underlying(spec.underlyings[0], snapshot)
        if isinstance(underlying, Refused):
            return underlying
        return self._screen_market(underlying, snapshot.phase)

    def _screen_market(self, underlying: Underlying, phase: int) -> Refused | None:
        spec = self.spec
        if underlying.open_price is None:
            return refuse(RefusalCode.INDICATOR_MISSING, underlying=underlying.symbol, indicator="open_price")
        if not underlying.last_close > 0:
            return refuse(RefusalCode.INDICATOR_MISSING, underlying=underlying.symbol, indicator="last_close")
        gap = abs(underlying.open_price / underlying.last_close - 1.0)
        if at_least(gap, spec.max_gap_share):
            return refuse(RefusalCode.GAP_TOO_LARGE, gap=gap, limit=spec.max_gap_share, open=underlying.open_price,
                          last_close=underlying.last_close)
        iv = require_iv_history(underlying)
        if isinstance(iv, Refused):
            return iv
        if iv.percentile < spec.min_iv_percentile:
            return refuse(RefusalCode.IV_PERCENTILE_LOW, percentile=iv.percentile, needed=spec.min_iv_percentile)
        wanted = ("atr14", "ema8", "ema21", "vwap") if phase >= spec.broken_wing_min_phase else ("atr14",)
        found = require_indicators(underlying, *wanted)
        return found if isinstance(found, Refused) else None

    @refuses_when_unknown
    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        """Choose the listed strikes nearest spot -/+ ``atr_multiple`` x ATR, and wings at exactly their distance
        beyond."""
        spec, symbol = self.spec, self.spec.underlyings[0]
        refusal = self.screen(snapshot, view)
        if refusal is not None:
            return refusal
        chains = snapshot.chains.get(symbol, ())
        if not chains:
            return refuse(RefusalCode.CHAIN_MISSING, underlying=symbol)
        found = listings(chains, snapshot.time.date(), spec.entry_dte_min, spec.entry_dte_max)
        if not found:
            return refuse(RefusalCode.EXPIRY_NOT_LISTED, underlying=symbol, expiry=snapshot.time.date().isoformat())
        return self._select_strikes(found[0], snapshot.underlyings[symbol], snapshot.phase)

    def _select_strikes(self, listing: Listing, underlying: Underlying, phase: int) -> Select | Refused:
        spec, found = self.spec, require_indicators(underlying, "atr14")
        if isinstance(found, Refused):
            return found
        reach = spec.atr_multiple * found["atr14"]
        put = nearest_strike(listing.strikes(Right.PUT), underlying.price - reach, prefer_higher=False)
        call = nearest_strike(listing.strikes(Right.CALL), underlying.price + reach, prefer_higher=True)
        if put is None or call is None:
            return refuse(RefusalCode.STRIKE_NOT_LISTED, expiry=listing.expiry.isoformat())
        bias = intraday_bias(underlying.price, underlying.indicators) if phase >= spec.broken_wing_min_phase else None
        put_wing = spec.broken_wing_points if bias is Trend.BULL else spec.wing_points
        call_wing = spec.broken_wing_points if bias is Trend.BEAR else spec.wing_points
        for strike, right in ((put - put_wing, Right.PUT), (call + call_wing, Right.CALL)):
            if not listing.is_listed(strike, right):
                return refuse(RefusalCode.STRIKE_NOT_LISTED, strike=strike, right=right.value,
                              expiry=listing.expiry.isoformat())
        contracts = (listing.contract(put - put_wing, Right.PUT), listing.contract(put, Right.PUT),
                     listing.contract(call, Right.CALL), listing.contract(call + call_wing, Right.CALL))
        return Select(strategy=spec.name, underlying=underlying.symbol, contracts=contracts, facts={
            "atr": underlying.indicators.atr14, "spot": underlying.price, "put_wing": put_wing,
            "call_wing": call_wing, "bias": bias.value if bias is not None else "none"})

    @refuses_when_unknown
    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        """The condor at today's quotes. Its credit must suffice for the wider wing, and its strikes must enclose the
        price."""
        spec = self.spec
        quotes = require_quotes(selection.contracts, snapshot)
        if isinstance(quotes, Refused):
            return quotes
        underlying = require_underlying(selection.underlying, snapshot)
        if isinstance(underlying, Refused):
            return underlying
        _, put, call, _ = selection.contracts
        if not put.strike < underlying.price < call.strike:
            return refuse(RefusalCode.NO_STRIKE_QUALIFIES, spot=underlying.price, put=put.strike, call=call.strike)
        legs = tuple(Leg(contract=contract, ratio=ratio)
                     for contract, ratio in zip(selection.contracts, (1, -1, -1, 1)))
        credit = -mid_price(legs, quotes)
        width = max(selection.facts["put_wing"], selection.facts["call_wing"])
        needed = spec.min_credit_share_of_wing * width
        if not at_least(credit, needed):
            return refuse(RefusalCode.CREDIT_TOO_SMALL, credit=credit, needed=needed, width=width)
        if at_least(credit, width):
            return refuse(RefusalCode.GUARD_CANNOT_COMPUTE, reason="credit is not below the width", credit=credit,
                          width=width)
        return Proposal(strategy=spec.name, underlying=selection.underlying, legs=legs, credit=credit,
                        risk_usd=(width - credit) * put.multiplier,
                        contract_cap=self._cap(credit, width, put.multiplier, snapshot),
                        reason=f"condor {put.strike:g}/{call.strike:g} credit {credit:.2f}",
                        short_strike_probability_otm=reported_probability(legs, quotes, snapshot),
                        least_credit=needed, facts=dict(selection.facts))

    def _cap(self, credit: float, width: float, multiplier: float, snapshot: Snapshot) -> int:
        """The number of contracts whose loss at the stop (or at the wing) stays within the loss budget and the phase's
        count."""
        loss_usd = min(self.spec.stop_credit_multiple * credit, width - credit) * multiplier
        budget_usd = self.spec.loss_budget_share * snapshot.account.equity
        return max(0, min(whole_units(budget_usd / loss_usd), self.spec.max_open[snapshot.phase]))

    # --- exits ------------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Hold:
        """Asked every minute. Check in this order: the wall, the underlying's price, the loss, the profit."""
        if position.state not in OPEN_STATES:
            return Hold(reason=f"STATE_{position.state.value}")
        facts = self.deadline(snapshot.calendar)
        reason = self._mandatory(snapshot, view, position)
        if reason is not None:
            return mandatory_exit(position, reason, snapshot.time, facts)
        if position.state is State.EXITING:
            return Hold(reason="EXIT_WORKING")
        debit = closing_price(position, snapshot)
        if debit is None:
            return Hold(reason="QUOTE_MISSING")
        if at_most(debit, -position.entry_price * (1.0 - self.spec.profit_target_share)):
            return walking_exit(position, ExitReason.PROFIT_TARGET, snapshot.time, facts)
        return Hold()

    def _mandatory(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> ExitReason | None:
        spec, now = self.spec, snapshot.time
        wall = self.wall(snapshot.calendar)
        if now >= wall - timedelta(minutes=spec.flat_before_wall_minutes):
            return ExitReason.FLAT_BY_MISSED
        if now >= wall - timedelta(minutes=spec.natural_before_wall_minutes):
            return ExitReason.WALL
        underlying = snapshot.underlyings.get(position.underlying)
        shorts = [leg for leg in position.legs if leg.quantity < 0]
        if underlying is not None:
            if any(_beyond(underlying.price, leg) < 0 for leg in shorts):
                return ExitReason.STRIKE_BREACHED
            reach = spec.danger_atr_multiple * position.facts["atr"]
            if now.time() >= spec.danger_from and any(at_most(_beyond(underlying.price, leg), reach) for leg in shorts):
                return ExitReason.DANGER_ZONE
        credit = -position.entry_price
        loss = known_closing_price(position, snapshot) - credit
        if at_least(loss, stop_multiple(spec.stop_credit_multiple, view) * credit):
            return ExitReason.STOP_LOSS
        return None

    def wall(self, calendar: CalendarFacts) -> datetime:
        """When the broker stops taking orders on options that expire today: the earliest time of all rules that
        apply."""
        spec = self.spec
        walls = [datetime.combine(calendar.today, spec.broker_wall)]
        if calendar.is_triple_witching:
            walls.append(datetime.combine(calendar.today, spec.triple_witching_wall))
        if calendar.is_early_close:
            walls.append(calendar.known_close - timedelta(minutes=spec.early_close_wall_minutes))
        return min(walls)

    def deadline(self, calendar: CalendarFacts) -> Mapping[str, str]:
        """Facts that every exit carries: when the position must be flat, and the wall that this follows from."""
        wall = self.wall(calendar)
        flat_by = wall - timedelta(minutes=self.spec.flat_before_wall_minutes)
        return {"flat_by": flat_by.isoformat(), "wall": wall.isoformat()}


def _beyond(spot: float, leg: HeldLeg) -> float:
    """Points between the price and a short strike: positive while it is out of the money."""
    distance = spot - leg.contract.strike
    return distance if leg.contract.right is Right.PUT else -distance
