"""The one sizer: the largest whole number of units that every limit allows, and the limit that binds.

The capital of an entry is a quarter of Kelly (``core.kelly``) or the strategy's fixed allocation. Each of these limits
then allows a number of units: the caps of strategy and phase, heat, buying power, Greeks, the SPY delta limit and the
strategy's own counts. If nothing fits, the answer is a refusal that names the tightest limit, never a larger cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Any, Final, Mapping

from config.strategy_spec import StrategySpec
from core.codes import RefusalCode
from core.entry.size_limits import Entry, capital_rooms, count_rooms, units
from core.errors import CannotCompute
from core.exposure import Exposure, working_exposure
from core.guards import GreeksAuthority, MarginAuthority
from core.kelly import Edge, strategy_edge
from core.market_values import guard_refusal, positive
from core.model import ContractKind, PortfolioView, Proposal, Refused, Snapshot, StrategySample
from core.quotes import underlying_price, usable_mid, whole_units
from core.spy_concentration_manager import SpyConcentrationManager

_CODES: Final[Mapping[str, RefusalCode]] = MappingProxyType({
    "heat": RefusalCode.HEAT_FULL, "buying_power": RefusalCode.BUYING_POWER, "queue_share": RefusalCode.BUYING_POWER,
    "reserve": RefusalCode.RESERVE, "greek_delta": RefusalCode.GREEK_DELTA,
    "greek_notional_delta": RefusalCode.GREEK_DELTA, "greek_gamma": RefusalCode.GREEK_GAMMA,
    "greek_vega": RefusalCode.GREEK_VEGA, "spy_delta": RefusalCode.SPY_DELTA})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """The number of units, and why it is not larger.

    Attributes
    ----------
    contracts : int
        Units, at least 1.
    limits : mapping of str to int
        Units that each limit would have allowed. Limits that an entry does not use are absent.
    binding : str
        The limit that binds.
    unit_risk_usd, unit_margin_usd : float
        Of one unit.
    unit_exposure : Exposure
        Greeks of one unit; its ``spy_delta`` is what the reservation needs.
    edge : Edge or None
        What Kelly was computed from; None for fixed allocations.
    """

    contracts: int
    limits: Mapping[str, int]
    binding: str
    unit_risk_usd: float
    unit_margin_usd: float
    unit_exposure: Exposure
    edge: Edge | None


class UnifiedPositionSizer:
    """Sizes every strategy's proposals against the account's limits.

    Parameters
    ----------
    margin, greeks, concentration
        The managers that are asked for their room.
    """

    def __init__(self, margin: MarginAuthority, greeks: GreeksAuthority,
                 concentration: SpyConcentrationManager) -> None:
        self._margin = margin
        self._greeks = greeks
        self._concentration = concentration

    def size(self, spec: StrategySpec, proposal: Proposal, snapshot: Snapshot, view: PortfolioView, *,
             buying_power_usd: float | None = None, multiplier: float = 1.0) -> Sized | Refused:
        """The largest number of units that every limit allows.

        Parameters
        ----------
        buying_power_usd : float or None
            The strategy's share of free buying power from the coordinator's queue; None if it has no such share.
        multiplier : float
            Size multiplier in addition to the breaker's (margin stress), 0 to 1.

        Returns
        -------
        Sized or Refused
            SIZE_ZERO, HEAT_FULL, BUYING_POWER, RESERVE, GREEK_* or SPY_DELTA, each with ``binding`` and all limits
            among the facts; or EDGE_LOST, VIX_MISSING or GUARD_CANNOT_COMPUTE.
        """
        if snapshot.vix is None:
            return snapshot.vix_refusal or Refused(code=RefusalCode.VIX_MISSING, facts={"guard": "size"})
        sample = view.samples.get(spec.name, StrategySample())
        try:
            edge = None if spec.win_rate is None else strategy_edge(spec, sample)
            if edge is not None and edge.is_lost:
                return _edge_lost(spec, edge, sample)
            entry = Entry(spec=spec, proposal=proposal, snapshot=snapshot, view=view, edge=edge,
                          vix=positive(snapshot.vix.value, "vix"), multiplier=multiplier)
            margin_usd, exposure = self._unit(proposal, snapshot)
            rooms = (capital_rooms(entry) | count_rooms(entry)
                     | self._account_rooms(entry, margin_usd, exposure, buying_power_usd))
        except CannotCompute as error:
            return guard_refusal("size", error)
        return _answer(entry, rooms, margin_usd, exposure)

    def _unit(self, proposal: Proposal, snapshot: Snapshot) -> tuple[float, Exposure]:
        """Margin and Greeks of one unit at today's quotes."""
        if not proposal.legs:
            raise CannotCompute("a proposal without legs", strategy=proposal.strategy)
        prices = {leg.contract.id: usable_mid(leg.contract, snapshot.quotes) for leg in proposal.legs
                  if leg.contract.kind is not ContractKind.EQUITY}
        spot = underlying_price(proposal.legs[0].contract, snapshot.underlyings)
        return (self._margin.unit_margin(proposal.legs, prices, spot, day=snapshot.time.date()),
                self._greeks.unit(proposal.legs, snapshot.quotes, snapshot.underlyings, snapshot.time))

    def _account_rooms(self, entry: Entry, margin_usd: float, exposure: Exposure, buying_power_usd: float | None
                       ) -> dict[str, float]:
        """Units that buying power, reserve, the queue's share, Greeks and SPY delta allow."""
        snapshot, view = entry.snapshot, entry.view
        account, phase = snapshot.account, snapshot.phase
        free = self._margin.room_usd(account.equity, account.buying_power_used, view.reserved_margin_usd, phase,
                                     entry.vix)
        rooms = {name: units(usd, margin_usd) for name, usd in free.items()}
        if buying_power_usd is not None:
            rooms["queue_share"] = units(buying_power_usd, margin_usd)
        if "SPY" not in snapshot.underlyings:
            raise CannotCompute("underlying is not in the snapshot", underlying="SPY")
        held = self._greeks.held(snapshot)
        rooms |= self._greeks.room(held + working_exposure(view), exposure, account.equity, snapshot.underlyings["SPY"].price, phase)
        rooms["spy_delta"] = self._concentration.room(exposure.spy_delta, held.spy_delta, phase,
                                                      snapshot.calendar.is_fomc_day)
        return rooms


def _answer(entry: Entry, rooms: Mapping[str, float], margin_usd: float, exposure: Exposure) -> Sized | Refused:
    limits = {name: whole_units(room) for name, room in rooms.items() if room != inf}
    binding = min(limits, key=lambda name: rooms[name])
    contracts, risk = limits[binding], entry.proposal.risk_usd
    if contracts >= 1:
        return Sized(contracts=contracts, limits=MappingProxyType(limits), binding=binding, unit_risk_usd=risk,
                     unit_margin_usd=margin_usd, unit_exposure=exposure, edge=entry.edge)
    facts: dict[str, Any] = {
        "strategy": entry.spec.name, "binding": binding, "room": rooms[binding], "limits": limits,
        "unit_risk_usd": risk, "unit_margin_usd": margin_usd, "equity": entry.snapshot.account.equity,
        "phase": entry.snapshot.phase}
    return Refused(code=_CODES.get(binding, RefusalCode.SIZE_ZERO), facts=facts)


def _edge_lost(spec: StrategySpec, edge: Edge, sample: StrategySample) -> Refused:
    return Refused(code=RefusalCode.EDGE_LOST, facts={
        "strategy": spec.name, "kelly": edge.kelly, "win_rate": edge.win_rate, "payoff_ratio": edge.payoff_ratio,
        "trades": sample.trades})
