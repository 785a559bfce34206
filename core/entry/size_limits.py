"""The room that each limit of capital and counts leaves for one entry, in units (not rounded; ``inf`` if the limit does
not bind).

The sizer adds the rooms of buying power, Greeks and SPY delta, which their own managers know, and takes the smallest.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Iterable

from config.constants import MAX_HEAT_SHARE, PHASES
from config.strategy_spec import OpenUnit, StrategySpec
from core.errors import CannotCompute
from core.kelly import Edge, kelly_share
from core.market_values import finite, not_negative, positive
from core.model import PortfolioView, Position, Proposal, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry to be sized. ``edge`` is None for fixed allocations, ``multiplier`` is the one of margin stress,
    ``vix`` is today's value."""

    spec: StrategySpec
    proposal: Proposal
    snapshot: Snapshot
    view: PortfolioView
    edge: Edge | None
    vix: float
    multiplier: float

    @property
    def open_positions(self) -> tuple[Position, ...]:
        return tuple(position for position in self.snapshot.positions if position.is_open)

    @property
    def own_positions(self) -> tuple[Position, ...]:
        return tuple(position for position in self.open_positions if position.strategy == self.spec.name)

    @property
    def own_on_underlying(self) -> tuple[Position, ...]:
        return tuple(position for position in self.own_positions
                     if position.underlying == self.proposal.underlying)


def capital_rooms(entry: Entry) -> dict[str, float]:
    """Units that Kelly or the allocation, the caps of strategy and phase, and heat leave room for.

    The multipliers of breaker and margin stress shrink the caps as well as Kelly: half size means half of what would
    otherwise be traded.

    Raises
    ------
    CannotCompute
        If equity, the unit's risk, a multiplier or a stored risk is missing or outside its domain.
    """
    snapshot, view = entry.snapshot, entry.view
    equity = positive(snapshot.account.equity, "equity")
    risk = positive(entry.proposal.risk_usd, "risk_usd", strategy=entry.spec.name)
    if snapshot.phase not in PHASES:
        raise CannotCompute("phase is unknown", phase=snapshot.phase)
    size = (_multiplier(entry.multiplier, "multiplier")
            * _multiplier(view.breaker_size_multiplier, "breaker_size_multiplier"))
    rooms = {"strategy_cap": size * entry_cap_usd(entry.spec, equity) / risk,
             "phase_cap": size * PHASES[snapshot.phase].max_position_share * equity / risk}
    if entry.edge is not None:
        rooms["kelly"] = size * kelly_share(entry.edge, entry.vix, snapshot.time.weekday()) * equity / risk
    if entry.edge is None:
        rooms["allocation"] = _allocation_left_usd(entry, equity) / risk
    heat = risk_usd(entry.open_positions) + not_negative(view.reserved_risk_usd, "reserved_risk_usd")
    rooms["heat"] = (MAX_HEAT_SHARE * equity - heat) / risk
    return rooms


def count_rooms(entry: Entry) -> dict[str, float]:
    """Units that the proposal's own cap and the strategy's counts leave room for.

    If the strategy counts contracts, ``max_open`` limits contracts. Otherwise it only shows here whether the phase
    allows any; how many positions, symbols or rungs may be open is checked by the gate.

    Raises
    ------
    CannotCompute
        If the proposal's cap is negative, or the phase is not in the specification.
    """
    spec, phase = entry.spec, entry.snapshot.phase
    if phase not in spec.max_open:
        raise CannotCompute("phase is unknown", phase=phase)
    rooms = {"contract_cap": float(not_negative(entry.proposal.contract_cap, "contract_cap"))}
    if spec.open_unit is OpenUnit.CONTRACT:
        rooms["most_open"] = float(spec.max_open[phase] - sum(position.units for position in entry.own_positions))
    elif spec.max_open[phase] <= 0:
        rooms["most_open"] = 0.0
    if spec.max_contracts is not None:
        rooms["most_contracts"] = float(spec.max_contracts
                                        - sum(position.units for position in entry.own_on_underlying))
    return rooms


def entry_cap_usd(spec: StrategySpec, equity: float) -> float:
    """The largest risk in USD that one entry of the strategy may take."""
    return min(spec.max_capital_share * equity, max(spec.max_risk_usd, spec.max_risk_share * equity))


def _allocation_left_usd(entry: Entry, equity: float) -> float:
    """What is left of a fixed allocation: of its total, or if it has no total, of its limit on the underlying."""
    if entry.spec.total_share is not None:
        return entry.spec.total_share[entry.snapshot.phase] * equity - risk_usd(entry.own_positions)
    return entry.spec.max_capital_share * equity - risk_usd(entry.own_on_underlying)


def risk_usd(positions: Iterable[Position]) -> float:
    """Dollars at risk in the positions, as recorded at entry.

    Raises
    ------
    CannotCompute
        If the risk of a position is missing or negative.
    """
    return sum(not_negative(position.entry_risk_usd, "entry_risk_usd", position=position.id)
               for position in positions)


def changed_risk_usd(spec: StrategySpec, position: Position) -> float:
    """Dollars at risk in a position that a roll has changed, from what was paid and received since it was opened. If
    the specification names a multiple, it is that multiple of all premium received. Otherwise (bought and diagonal
    positions) it is all that was paid less all that was received, fees included."""
    if spec.risk_credit_multiple is not None:
        return max(0.0, spec.risk_credit_multiple * (position.cash_flow_usd + position.fees_usd))
    return max(0.0, -position.cash_flow_usd)


def units(dollars: float, per_unit: float) -> float:
    """Units that ``dollars`` pay for; ``inf`` if a unit needs none.

    Raises
    ------
    CannotCompute
        If an amount is not a number, or the amount per unit is negative.
    """
    each = not_negative(per_unit, "per_unit_usd")
    return finite(dollars, "room_usd") / each if each else inf


def _multiplier(value: float, name: str) -> float:
    if not 0.0 <= finite(value, name) <= 1.0:
        raise CannotCompute("a size multiplier lies outside 0 to 1", input=name, value=value)
    return value
