"""The framework's own margin: TastyTrade's strategy-based Reg T rules, and how much margin may be used.

The margin of a position is the sum of

* the worst loss of its covered structures at expiry, before premiums (spread: the width; condor: the wider wing;
  calendar, diagonal, covered call, long option: nothing),
* its naked shorts: for each, the larger of 20 % of spot less the out-of-the-money amount and 10 % of strike, plus the
  premium. A naked put and a naked call together (a short strangle) need the larger of the two, plus the other's
  premium. Options on futures need the exchange margin of the future on that day, once per strangle,
* the net debit paid to open it, if it was not a credit (calendar, diagonal, covered call, long option: the debit),
* shares that cover nothing: half their value, long or short; less if a long option protects them.

LEAN's own position groups are wrong for several of these and are switched off (``docs/decisions.md``).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from types import MappingProxyType
from typing import Mapping, Sequence

from config.constants import (BREAKER_MARGIN_PHASE1_SHARE, BREAKER_MARGIN_VIX_SHARES, BUYING_POWER_BREAKER_MULTIPLE,
                              BUYING_POWER_VIX_SHARES, NAKED_MARGIN_SPOT_SHARE, NAKED_MARGIN_STRIKE_SHARE, PHASES,
                              RESERVE_AFTER_TRADE_SHARE)
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.market_values import below, finite, guard_refusal, not_negative, positive
from core.model import Contract, ContractKind, HeldLeg, Leg, Position, Quote, Refused, Right, Underlying
from core.quotes import at_most, held_mark, underlying_price
from risk.exchange_margins import check_figures, future_margin_usd, needs_price
from risk.margin_structures import (Structures, covered_loss_usd, free_shares_usd, one_underlying, structures,
                                    worst_payoff_loss_usd)

NO_MARKS: Mapping[str, float] = MappingProxyType({})
_REMEMBERED = 256


class DynamicMarginManager:
    """Margin of positions and proposals, and the share of equity that margin may take up. ``day`` selects the
    exchange's margins in force."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[HeldLeg, ...], date, float | None]] = {}

    def self_check(self) -> None:
        """Raise IntegrityError when a margin figure is not a positive number."""
        check_figures()

    # --- what a position needs

    def position_margin(self, legs: Sequence[HeldLeg], spot: float | None = None,
                        marks: Mapping[str, float] = NO_MARKS, *, day: date) -> float:
        """Margin in USD of all the legs of one position.

        Parameters
        ----------
        legs : sequence of HeldLeg
            Signed quantities; ``average_price`` is the premium of opening, in points.
        spot : float or None
            Underlying's price. Needed only for free shares and naked shorts; for those on futures only if the exchange
            asks a share of the future's value.
        marks : mapping of str to float
            Today's price in points by contract id. Needed only for naked shorts that are not on futures.

        Raises
        ------
        CannotCompute
            If a price that is needed is missing or not a number, or the legs have several underlyings.
        """
        legs = [leg for leg in legs if leg.quantity]
        if not legs:
            return 0.0
        one_underlying(legs)

        def naked_requirement(contract: Contract) -> float:
            if spot is None or contract.id not in marks:
                return contract.strike * contract.multiplier  # ordering only; a naked short without prices raises below
            return self._naked_unit(contract, spot, marks, day)[0]

        found = structures(legs, naked_requirement)
        free = free_shares_usd(found, positive(spot, "spot")) if found.free_shares else 0.0
        return (found.scale * (covered_loss_usd(found.pairs) + self._naked_total(found, spot, marks, day))
                + max(0.0, _net_debit_usd(legs, found.free_shares)) + free)

    def unit_margin(self, legs: Sequence[Leg], prices: Mapping[str, float], spot: float | None, *, day: date) -> float:
        """Margin in USD of one unit of a proposal at today's prices (points, by contract id).

        Raises
        ------
        CannotCompute
            As :meth:`position_margin`, and if a leg has no price.
        """
        held = [HeldLeg(contract=leg.contract, quantity=leg.ratio, average_price=_mark(leg.contract, prices))
                for leg in legs]
        return self.position_margin(held, spot, prices, day=day)

    def margin_of(self, position: Position, quotes: Mapping[str, Quote], underlyings: Mapping[str, Underlying], *,
                  day: date) -> float:
        """Margin in USD of one open position. Naked shorts count at the mid of their quotes (``held_mark``).

        Raises
        ------
        CannotCompute
            If a naked short needs its quote or its underlying's price and that is missing. Covered positions need
            neither.
        """
        legs = [leg for leg in position.legs if leg.quantity]
        constant = self._without_prices(position, legs, day)
        if constant is not None:
            return constant
        shorts = [leg.contract for leg in legs
                  if leg.quantity < 0 and leg.contract.kind not in (ContractKind.EQUITY, ContractKind.FUTURE_OPTION)]
        marks = {contract.id: held_mark(contract, -1, _quote(contract, quotes), underlyings) for contract in shorts}
        return self.position_margin(legs, underlying_price(legs[0].contract, underlyings), marks, day=day)

    def _without_prices(self, position: Position, legs: list[HeldLeg], day: date) -> float | None:
        """Margin of a position that depends on its legs alone; None if today's prices are needed. It is asked for every
        minute and therefore remembered."""
        known = self._known.get(position.id)
        if known is not None and known[0] is position.legs and known[1] == day:
            return known[2]
        found = structures(legs, lambda contract: contract.strike * contract.multiplier)
        needs_spot = any(contract.kind is not ContractKind.FUTURE_OPTION or needs_price(contract.underlying, day)
                         for contract in found.naked)
        margin = None if needs_spot or found.free_shares else self.position_margin(legs, day=day)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[position.id] = (position.legs, day, margin)
        return margin

    def portfolio_margin(self, positions: Sequence[Position], quotes: Mapping[str, Quote],
                         underlyings: Mapping[str, Underlying], *, day: date) -> float:
        """Margin in USD of all positions. One strategy never covers another.

        Raises
        ------
        CannotCompute
            As :meth:`margin_of`, naming the position.
        """
        total = 0.0
        for position in positions:
            try:
                total += self.margin_of(position, quotes, underlyings, day=day)
            except CannotCompute as error:
                raise CannotCompute(error.message, position=position.id, **error.facts) from error
        return total

    def max_loss_usd(self, legs: Sequence[Leg], entry_price: float) -> float:
        """The most that one unit can lose at expiry, in USD.

        Long legs that expire after the short ones count at their intrinsic value; those that expire before them do not
        count. If there are several short expiries, each is judged with the legs that cover it. This can only overstate
        the loss.

        Parameters
        ----------
        entry_price : float
            Points per unit, debit positive.

        Returns
        -------
        float
            ``inf`` for naked calls, and for naked puts on futures.
        """
        held = [HeldLeg(contract=leg.contract, quantity=leg.ratio, average_price=0.0) for leg in legs if leg.ratio]
        one_underlying(held)
        multiplier = max((leg.contract.multiplier for leg in held), default=1.0)
        premium = finite(entry_price, "entry_price") * multiplier
        short_expiries = {leg.contract.expiry for leg in held if leg.quantity < 0}
        if len(short_expiries) <= 1:
            last = next(iter(short_expiries), date.min)
            alive = [(leg.contract, leg.quantity) for leg in held if leg.contract.expiry >= last]
            return max(0.0, premium + worst_payoff_loss_usd(alive)) if short_expiries else max(0.0, premium)
        found = structures(held, lambda contract: contract.strike * contract.multiplier)
        naked = sum(worst_payoff_loss_usd([(contract, -1)]) for contract in found.naked)
        return max(0.0, premium + found.scale * (covered_loss_usd(found.pairs) + naked))

    # --- how much may be used

    def buying_power_caps(self, phase: int, vix: float) -> Mapping[str, float]:
        """The three caps on used buying power as shares of equity, by name.

        Raises
        ------
        CannotCompute
            If the VIX is not a positive number or the phase is unknown.
        """
        positive(vix, "vix")
        if phase not in PHASES:
            raise CannotCompute("phase is unknown", phase=phase)
        return MappingProxyType({
            "phase": PHASES[phase].max_buying_power_share, "vix": below(BUYING_POWER_VIX_SHARES, vix),
            "breaker": BUYING_POWER_BREAKER_MULTIPLE * margin_breaker_share(phase, vix)})

    def buying_power_cap_share(self, phase: int, vix: float) -> float:
        """The largest share of equity that margin may take up: the smallest of the three caps."""
        return min(self.buying_power_caps(phase, vix).values())

    def room_usd(self, equity: float, used_usd: float, reserved_usd: float, phase: int, vix: float
                 ) -> Mapping[str, float]:
        """Dollars of further margin that ``buying_power`` and ``reserve`` each leave (negative if exceeded).

        Raises
        ------
        CannotCompute
            If an input is missing or not a number, or equity is not positive.
        """
        positive(equity, "equity")
        bound = not_negative(used_usd, "used_usd") + not_negative(reserved_usd, "reserved_usd")
        return MappingProxyType({"buying_power": self.buying_power_cap_share(phase, vix) * equity - bound,
                                 "reserve": (1.0 - RESERVE_AFTER_TRADE_SHARE) * equity - bound})

    def check(self, equity: float, used_usd: float, reserved_usd: float, new_usd: float, phase: int,
              vix: float) -> Refused | None:
        """Refuse a trade that would use more margin than the caps allow, or leave less than the reserve.

        Returns
        -------
        Refused or None
            BUYING_POWER or RESERVE, whichever limit is tighter, or GUARD_CANNOT_COMPUTE.
        """
        try:
            new = not_negative(new_usd, "new_usd")
            caps = self.buying_power_caps(phase, vix)
            room = self.room_usd(equity, used_usd, reserved_usd, phase, vix)
        except CannotCompute as error:
            return guard_refusal("buying_power", error)
        tightest = min(room, key=lambda name: room[name])
        if at_most(new, room[tightest]):
            return None
        code = RefusalCode.BUYING_POWER if tightest == "buying_power" else RefusalCode.RESERVE
        return Refused(code=code, facts={
            "equity": equity, "used_usd": used_usd, "reserved_usd": reserved_usd, "new_usd": new,
            "room_usd": room[tightest], "cap": min(caps, key=lambda name: caps[name]), "cap_share": min(caps.values()),
            "reserve_share": RESERVE_AFTER_TRADE_SHARE, "phase": phase, "vix": vix})

    # --- naked shorts

    @staticmethod
    def _naked_unit(contract: Contract, spot: float | None, marks: Mapping[str, float], day: date) -> tuple[float, float]:
        """Requirement of one naked short contract, and the premium included in it, in USD."""
        if contract.kind is ContractKind.FUTURE_OPTION:
            return future_margin_usd(contract, day, spot), 0.0
        price, premium = positive(spot, "spot"), _mark(contract, marks)
        away = price - contract.strike if contract.right is Right.PUT else contract.strike - price
        base = max(NAKED_MARGIN_SPOT_SHARE * price - max(0.0, away), NAKED_MARGIN_STRIKE_SHARE * contract.strike)
        return (base + premium) * contract.multiplier, premium * contract.multiplier

    def _naked_total(self, found: Structures, spot: float | None, marks: Mapping[str, float], day: date) -> float:
        """Naked puts and calls of one contract month in pairs: the larger requirement plus the other's premium."""
        sides: dict[tuple[date | None, Right], list[tuple[float, float]]] = defaultdict(list)
        for contract in found.naked:
            sides[contract.future_expiry, contract.right].append(self._naked_unit(contract, spot, marks, day))
        total = 0.0
        for month in dict.fromkeys(month for month, _ in sides):
            puts, calls = (sorted(sides[month, right], reverse=True) for right in (Right.PUT, Right.CALL))
            for place in range(max(len(puts), len(calls))):
                together = [units[place] for units in (puts, calls) if place < len(units)]
                larger, *other = sorted(together, reverse=True)
                total += larger[0] + sum(premium for _, premium in other)
        return total


def margin_breaker_share(phase: int, vix: float) -> float:
    """Margin in use, as a share of equity, at which the margin breaker trips (SPEC section 6)."""
    share = below(BREAKER_MARGIN_VIX_SHARES, vix)
    return min(share, BREAKER_MARGIN_PHASE1_SHARE) if phase == 1 else share


def _net_debit_usd(legs: Sequence[HeldLeg], free_shares: int) -> float:
    """Premiums paid less premiums received, in USD. Of the shares, only those that cover a short call count."""
    total = 0.0
    for leg in legs:
        average = not_negative(leg.average_price, "average_price", contract=leg.contract.id)
        quantity = leg.quantity
        if leg.contract.kind is ContractKind.EQUITY:
            quantity -= free_shares
        total += quantity * leg.contract.multiplier * average
    return total


def _quote(contract: Contract, quotes: Mapping[str, Quote]) -> Quote:
    found = quotes.get(contract.id)
    if found is None:
        raise CannotCompute("contract has no quote", contract=contract.id)
    return found


def _mark(contract: Contract, marks: Mapping[str, float]) -> float:
    return not_negative(marks.get(contract.id), "mark", contract=contract.id)
