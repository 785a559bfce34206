"""Greeks of positions and of the whole book in one unit, and the limits on them.

For a leg of ``q`` contracts with multiplier ``m``, on an underlying at price ``P`` with beta ``b`` to SPY (price
``S``):

* SPY delta = delta x q x m x b x P / S: the number of SPY shares that move the account as much (share-equivalents),
* gamma     = gamma x q x m x (b x P / S)^2: the change in that number when SPY moves by 1,
* vega      = vega x q x m: USD per volatility point of the leg's own volatility,
* theta     = theta x q x m: USD per calendar day; reported, never gated.

The volatility of each leg is the one that the mid of its quote implies. Delta is limited in both directions, gamma and
vega on the short side only. A trade that moves a Greek towards zero passes, whatever the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf
from types import MappingProxyType
from typing import Iterable, Mapping, Sequence

from config.constants import BETA_TO_SPY, GREEK_WARNING_SHARE, GREEKS_EXCLUDED, NOTIONAL_DELTA_EQUITY_MULTIPLE, PHASES
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.exposure import Exposure
from core.market_values import finite, guard_refusal, positive
from core.model import Contract, ContractKind, Leg, Quote, Refused, Snapshot, Underlying
from core.option_values import contract_greeks
from core.quotes import at_least, at_most, underlying_price, usable_mid


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioGreeks:
    """The book's Greeks. ``missing`` maps each position that cannot be computed (and is not in ``total``) to the
    reason."""

    total: Exposure
    by_position: Mapping[str, Exposure]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GreekWarning:
    """A Greek that has reached the warning share of its limit."""

    greek: str
    value: float
    limit: float

    @property
    def used_share(self) -> float:
        return self.value / self.limit


_CODES = MappingProxyType({"greek_delta": RefusalCode.GREEK_DELTA, "greek_notional_delta": RefusalCode.GREEK_DELTA,
                           "greek_gamma": RefusalCode.GREEK_GAMMA, "greek_vega": RefusalCode.GREEK_VEGA})


class GreeksMonitor:
    """Computes exposures from quotes and holds them to the phase's limits. It remembers only the book's Greeks at the
    last moment it was asked for them."""

    def __init__(self) -> None:
        self._read: tuple[tuple[object, ...], PortfolioGreeks] | None = None

    def exposure(self, legs: Iterable[tuple[Contract, int]], quotes: Mapping[str, Quote],
                 underlyings: Mapping[str, Underlying], now: datetime) -> Exposure:
        """Exposure of contracts with signed quantities.

        Raises
        ------
        CannotCompute
            If a quote, an underlying, SPY's price or a beta is missing or unusable, or if an option on an excluded
            underlying is short.
        """
        total = Exposure()
        for contract, quantity in legs:
            if quantity:
                total += self._leg(contract, quantity, quotes, underlyings, now)
        return total

    def unit(self, legs: Sequence[Leg], quotes: Mapping[str, Quote], underlyings: Mapping[str, Underlying],
             now: datetime) -> Exposure:
        """Exposure of one unit of a proposal.

        Raises
        ------
        CannotCompute
            As :meth:`exposure`.
        """
        return self.exposure(((leg.contract, leg.ratio) for leg in legs), quotes, underlyings, now)

    def reading(self, snapshot: Snapshot) -> PortfolioGreeks:
        """Greeks of every open position that can be computed, and which positions cannot. The gate, sizer, marks,
        reports and defence ask for the same book at the same moment, so the result is computed once and kept for that
        moment."""
        seen = (snapshot.time, snapshot.positions, snapshot.quotes, snapshot.underlyings)
        if self._read is None or any(one is not other for one, other in zip(self._read[0], seen)):
            self._read = (seen, self._measure(snapshot))
        return self._read[1]

    def held(self, snapshot: Snapshot) -> Exposure:
        """Exposure of everything held, for gates.

        Raises
        ------
        CannotCompute
            If any position cannot be computed; the error names all of them.
        """
        read = self.reading(snapshot)
        if read.missing:
            raise CannotCompute("Greeks of a position cannot be computed", **dict(read.missing))
        return read.total

    def _measure(self, snapshot: Snapshot) -> PortfolioGreeks:
        by_position: dict[str, Exposure] = {}
        missing: dict[str, str] = {}
        for position in snapshot.positions:
            if not position.is_open:
                continue
            legs = [(leg.contract, leg.quantity) for leg in position.legs]
            try:
                by_position[position.id] = self.exposure(legs, snapshot.quotes, snapshot.underlyings, snapshot.time)
            except CannotCompute as error:
                missing[position.id] = str(error)
        return PortfolioGreeks(total=sum(by_position.values(), Exposure()), by_position=MappingProxyType(by_position),
                               missing=MappingProxyType(missing))

    def limits(self, phase: int, equity: float, spy_price: float) -> Mapping[str, float]:
        """Limit of each Greek as a positive number. Delta is in SPY share-equivalents (one limit by phase, another of
        0.75 times equity in SPY), gamma in share-equivalents per 1 of SPY, vega in USD per volatility point.

        Raises
        ------
        CannotCompute
            If equity or SPY's price is not a positive number, or the phase is unknown.
        """
        if phase not in PHASES:
            raise CannotCompute("phase is unknown", phase=phase)
        notional = NOTIONAL_DELTA_EQUITY_MULTIPLE * positive(equity, "equity") / positive(spy_price, "spy_price")
        return MappingProxyType({"greek_delta": PHASES[phase].max_abs_spy_delta, "greek_notional_delta": notional,
                                 "greek_gamma": PHASES[phase].max_short_gamma,
                                 "greek_vega": PHASES[phase].max_short_vega_usd})

    def check(self, before: Exposure, after: Exposure, equity: float, spy_price: float, phase: int) -> Refused | None:
        """Refuse a trade that leaves a Greek beyond its limit and further from zero than before.

        Returns
        -------
        Refused or None
            GREEK_DELTA, GREEK_GAMMA or GREEK_VEGA with the limit's name, or GUARD_CANNOT_COMPUTE.
        """
        try:
            _require_finite(before)
            _require_finite(after)
            limits = self.limits(phase, equity, spy_price)
        except CannotCompute as error:
            return guard_refusal("greeks", error)
        was, becomes = bound_values(before), bound_values(after)
        for name, limit in limits.items():
            if not at_most(becomes[name], max(limit, was[name])):
                return Refused(code=_CODES[name], facts={"limit_name": name, "limit": limit, "before": was[name],
                                                         "after": becomes[name], "phase": phase, "equity": equity,
                                                         "spy_price": spy_price})
        return None

    def room(self, before: Exposure, unit: Exposure, equity: float, spy_price: float, phase: int
             ) -> Mapping[str, float]:
        """The largest number of units (not rounded) that each limit leaves room for; ``inf`` if a unit does not use it.

        :meth:`check` passes exactly the whole numbers of units up to the smallest of these.

        Raises
        ------
        CannotCompute
            As :meth:`limits`, and if an exposure is not finite.
        """
        _require_finite(before)
        _require_finite(unit)
        limits = self.limits(phase, equity, spy_price)
        return MappingProxyType({
            "greek_delta": _two_sided_room(before.spy_delta, unit.spy_delta, limits["greek_delta"]),
            "greek_notional_delta": _two_sided_room(before.spy_delta, unit.spy_delta, limits["greek_notional_delta"]),
            "greek_gamma": _short_room(before.gamma, unit.gamma, limits["greek_gamma"]),
            "greek_vega": _short_room(before.vega, unit.vega, limits["greek_vega"])})

    def warnings(self, exposure: Exposure, equity: float, spy_price: float, phase: int) -> tuple[GreekWarning, ...]:
        """Greeks that have reached 80 % of their limit.

        Raises
        ------
        CannotCompute
            As :meth:`limits`, and if the exposure is not finite.
        """
        _require_finite(exposure)
        values = bound_values(exposure)
        return tuple(GreekWarning(greek=name, value=values[name], limit=limit)
                     for name, limit in self.limits(phase, equity, spy_price).items()
                     if at_least(values[name], GREEK_WARNING_SHARE * limit))

    def _leg(self, contract: Contract, quantity: int, quotes: Mapping[str, Quote],
             underlyings: Mapping[str, Underlying], now: datetime) -> Exposure:
        if contract.underlying in GREEKS_EXCLUDED:
            if quantity < 0:
                raise CannotCompute("a short option on this underlying has no measure", contract=contract.id)
            return Exposure()
        if contract.underlying not in BETA_TO_SPY:
            raise CannotCompute("no beta for the underlying", underlying=contract.underlying)
        if "SPY" not in underlyings:
            raise CannotCompute("underlying is not in the snapshot", underlying="SPY")
        price = underlying_price(contract, underlyings)
        ratio = BETA_TO_SPY[contract.underlying] * price / positive(underlyings["SPY"].price, "price", underlying="SPY")
        count = quantity * contract.multiplier
        if contract.kind is ContractKind.EQUITY:
            return Exposure(spy_delta=count * ratio)
        usable_mid(contract, quotes)
        one = contract_greeks(contract, quotes[contract.id], price, now)
        return Exposure(spy_delta=one.delta * count * ratio, gamma=one.gamma * count * ratio ** 2,
                        vega=one.vega * count, theta=one.theta * count)


def bound_values(exposure: Exposure) -> dict[str, float]:
    """What each limit measures, as a number that must not grow past it. A long gamma or vega counts as 0."""
    return {"greek_delta": abs(exposure.spy_delta), "greek_notional_delta": abs(exposure.spy_delta),
            "greek_gamma": max(0.0, -exposure.gamma), "greek_vega": max(0.0, -exposure.vega)}


def _two_sided_room(before: float, unit: float, limit: float) -> float:
    if unit == 0:
        return inf
    allowed = max(limit, abs(before))
    towards_zero = before * unit < 0
    return (allowed + (abs(before) if towards_zero else -abs(before))) / abs(unit)


def _short_room(before: float, unit: float, limit: float) -> float:
    if unit >= 0:
        return inf
    return max(0.0, limit + before) / -unit


def _require_finite(exposure: Exposure) -> None:
    for name in ("spy_delta", "gamma", "vega", "theta"):
        finite(getattr(exposure, name), name)
