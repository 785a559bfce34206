"""SPY concentration: a strategy asks before it trades, and keeps its reservation until its order ends.

All deltas are SPY share-equivalents, beta-weighted (``risk.greeks_monitor``). The held delta comes from the book's
Greeks at the moment of asking. Reserved are the entries that still work, each at its worst: entries that add delta on
one side are not netted against entries on the other, because either may fail to fill. A trade that ends nearer to zero
than it began is a reduction and passes the delta limit. SPY slots count positions with short options on SPY and its
equivalents, working entries included.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from math import inf, isfinite
from types import MappingProxyType
from typing import Any, Iterable, Mapping

from config.constants import (FOMC_DELTA_LIMIT_MULTIPLE, MAX_SPY_EQUIVALENT_POSITIONS, PHASES,
                              SPY_DELTA_WARNING_SHARE, SPY_EQUIVALENTS)
from core.codes import RefusalCode
from core.errors import CannotCompute, IntegrityError
from core.intents import position_of
from core.market_values import finite, guard_refusal, not_negative
from core.model import Refused
from core.quotes import at_least, at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class SpyRequest:
    """What a strategy asks for.

    Attributes
    ----------
    id : str
        Id of the entry's intent.
    delta_per_unit : float
        SPY share-equivalents of one unit, signed.
    takes_slot : bool
        True if the unit has short options. Bought protection takes no slot.
    max_slots : int or None
        The most SPY slots the strategy may hold.
    margin_per_unit_usd, risk_per_unit_usd, gamma_per_unit, vega_per_unit : float
        Held back with the reservation, so that two entries cannot both count on the same money or the same room.
    """

    id: str
    strategy: str
    underlying: str
    delta_per_unit: float
    contracts: int
    takes_slot: bool = True
    max_slots: int | None = None
    margin_per_unit_usd: float = 0.0
    risk_per_unit_usd: float = 0.0
    gamma_per_unit: float = 0.0
    vega_per_unit: float = 0.0


_REQUEST_FIELDS = tuple(field.name for field in fields(SpyRequest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A granted request. Once its order has filled it is ``confirmed``: it holds its slot, and its delta is in the
    book."""

    request: SpyRequest
    confirmed: bool = False

    @property
    def delta(self) -> float:
        return self.request.delta_per_unit * self.request.contracts


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentrationReading:
    """Where the book stands: the worst deltas that can be reached on both sides, today's limit, and the slots taken in
    all and by each strategy."""

    held_delta: float
    highest_delta: float
    lowest_delta: float
    limit: float
    spy_slots: int
    slots_of: Mapping[str, int]

    @property
    def used_share(self) -> float:
        return max(abs(self.highest_delta), abs(self.lowest_delta)) / self.limit

    @property
    def warned(self) -> bool:
        return at_least(self.used_share, SPY_DELTA_WARNING_SHARE)


class SpyConcentrationManager:
    """Grants, confirms and frees shares of the SPY delta limit, and the SPY slots."""

    def __init__(self) -> None:
        self._reservations: dict[str, Reservation] = {}

    # --- asking

    def limit(self, phase: int, is_fomc_day: bool) -> float:
        """The largest SPY delta in either direction, in share-equivalents: by phase, halved on FOMC days.

        Raises
        ------
        CannotCompute
            If the phase is unknown.
        """
        if phase not in PHASES:
            raise CannotCompute("phase is unknown", phase=phase)
        return PHASES[phase].max_abs_spy_delta * (FOMC_DELTA_LIMIT_MULTIPLE if is_fomc_day else 1.0)

    def check(self, request: SpyRequest, held_delta: float | None, phase: int, is_fomc_day: bool) -> Refused | None:
        """The refusal that :meth:`ask` would give, without reserving anything.

        Parameters
        ----------
        held_delta : float or None
            SPY delta of the book now. None if it cannot be computed; the request is then refused.
        """
        try:
            _validate(request)
            before = self._reachable(finite(held_delta, "held_delta"), request.delta_per_unit)
            limit = self.limit(phase, is_fomc_day)
        except CannotCompute as error:
            return guard_refusal("spy_concentration", error)
        after = before + request.delta_per_unit * request.contracts
        if not at_most(abs(after), max(limit, abs(before))):
            return Refused(code=RefusalCode.SPY_DELTA, facts={
                "strategy": request.strategy, "contracts": request.contracts, "limit": limit, "held": held_delta,
                "before": before, "after": after, "phase": phase, "fomc": is_fomc_day})
        return self._slot_refusal(request)

    def ask(self, request: SpyRequest, held_delta: float | None, phase: int, is_fomc_day: bool
            ) -> Reservation | Refused:
        """Reserve what is asked for, or refuse.

        Returns
        -------
        Reservation or Refused
            SPY_DELTA, COUNT_SPY_EQUIVALENT, COUNT_STRATEGY_SPY or GUARD_CANNOT_COMPUTE.

        Raises
        ------
        IntegrityError
            If the id already holds a reservation.
        """
        if request.id in self._reservations:
            raise IntegrityError("the entry already holds a reservation", id=request.id)
        refused = self.check(request, held_delta, phase, is_fomc_day)
        if refused is not None:
            return refused
        self._reservations[request.id] = Reservation(request=request)
        return self._reservations[request.id]

    def room(self, delta_per_unit: float, held_delta: float | None, phase: int, is_fomc_day: bool) -> float:
        """The most units (not rounded) that the delta limit leaves room for; ``inf`` for a unit without delta.

        Raises
        ------
        CannotCompute
            If a delta is missing or not a number, or the phase is unknown.
        """
        unit = finite(delta_per_unit, "delta_per_unit")
        before = self._reachable(finite(held_delta, "held_delta"), unit)
        allowed = max(self.limit(phase, is_fomc_day), abs(before))
        if unit == 0:
            return inf
        return (allowed + (abs(before) if before * unit < 0 else -abs(before))) / abs(unit)

    # --- what becomes of a reservation

    def confirm(self, id: str, contracts: int) -> None:
        """Record that ``contracts`` of the order filled. The slot is kept, and the rest of the reservation is given
        back.

        Raises
        ------
        IntegrityError
            If nothing is reserved under the id, or more filled than was reserved.
        """
        found = self._reservations.get(id)
        if found is None or not 0 < contracts <= found.request.contracts:
            raise IntegrityError("a fill does not match its reservation", id=id, contracts=contracts,
                                 reserved=0 if found is None else found.request.contracts)
        self._reservations[id] = Reservation(request=replace(found.request, contracts=contracts), confirmed=True)

    def __contains__(self, id: str) -> bool:
        """Whether something is reserved or held under ``id``."""
        return id in self._reservations

    def free(self, id: str) -> bool:
        """Give everything back after an order ended without a fill. False if nothing was reserved (freed before)."""
        return self._reservations.pop(id, None) is not None

    def retain(self, position_ids: Iterable[str]) -> tuple[str, ...]:
        """Keep only the reservations of these positions, and return the ids that were dropped. A position that is over,
        or that a crash left without its order, must hold neither slot nor money."""
        alive = set(position_ids)
        dropped = tuple(id for id in self._reservations if position_of(id) not in alive)
        for id in dropped:
            del self._reservations[id]
        return dropped

    # --- figures

    @property
    def reservations(self) -> tuple[Reservation, ...]:
        return tuple(self._reservations.values())

    @property
    def working(self) -> tuple[Reservation, ...]:
        """Reservations whose order has not ended."""
        return tuple(found for found in self._reservations.values() if not found.confirmed)

    @property
    def reserved_delta(self) -> float:
        """Net SPY delta of working entries."""
        return sum(found.delta for found in self.working)

    @property
    def reserved_margin_usd(self) -> float:
        return sum(found.request.margin_per_unit_usd * found.request.contracts for found in self.working)

    @property
    def reserved_risk_usd(self) -> float:
        return sum(found.request.risk_per_unit_usd * found.request.contracts for found in self.working)

    @property
    def reserved_short_gamma(self) -> float:
        """Gamma that working entries add on the short side; 0 or below. A long one counts as 0, since it may not
        fill."""
        return sum(min(0.0, found.request.gamma_per_unit) * found.request.contracts for found in self.working)

    @property
    def reserved_short_vega(self) -> float:
        """Vega that working entries add on the short side, as :attr:`reserved_short_gamma`."""
        return sum(min(0.0, found.request.vega_per_unit) * found.request.contracts for found in self.working)

    def reading(self, held_delta: float, phase: int, is_fomc_day: bool) -> ConcentrationReading:
        """Where the book stands now.

        Raises
        ------
        CannotCompute
            If the held delta is not a number, or the phase is unknown.
        """
        held = finite(held_delta, "held_delta")
        slots = [found for found in self._reservations.values() if _takes_spy_slot(found.request)]
        return ConcentrationReading(
            held_delta=held, highest_delta=self._reachable(held, 1.0), lowest_delta=self._reachable(held, -1.0),
            limit=self.limit(phase, is_fomc_day), spy_slots=len(slots),
            slots_of=MappingProxyType(Counter(found.request.strategy for found in slots)))

    # --- memory

    def facts(self) -> dict[str, Any]:
        """Everything a restart needs, as plain JSON."""
        return {"reservations": [{name: getattr(found.request, name) for name in _REQUEST_FIELDS}
                                 | {"confirmed": found.confirmed} for found in self._reservations.values()]}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take over stored facts and replace the present ones.

        Raises
        ------
        IntegrityError
            If they are not what :meth:`facts` writes.
        """
        restored: dict[str, Reservation] = {}
        try:
            for row in facts["reservations"]:
                fields = dict(row)
                confirmed = fields.pop("confirmed")
                request = SpyRequest(**fields)
                if request.id in restored or not isinstance(confirmed, bool):
                    raise IntegrityError("stored reservations contradict each other", id=request.id)
                restored[request.id] = Reservation(request=request, confirmed=confirmed)
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError("stored reservations cannot be read", why=str(error)) from error
        self._reservations = restored
        self.self_check()

    def self_check(self) -> None:
        """Raise IntegrityError if a reservation is impossible."""
        for id, found in self._reservations.items():
            request = found.request
            numbers = (request.delta_per_unit, request.margin_per_unit_usd, request.risk_per_unit_usd,
                       request.gamma_per_unit, request.vega_per_unit)
            if (id != request.id or not isinstance(request.contracts, int) or request.contracts < 1
                    or not all(isinstance(number, (int, float)) and isfinite(number) for number in numbers)):
                raise IntegrityError("impossible reservation", id=id, contracts=request.contracts)

    def _reachable(self, held: float, sign: float) -> float:
        """The held delta plus every working entry that adds on the side of ``sign``."""
        side = 1.0 if sign >= 0 else -1.0
        return held + sum(found.delta for found in self.working if found.delta * side > 0)

    def _slot_refusal(self, request: SpyRequest) -> Refused | None:
        if not _takes_spy_slot(request):
            return None
        taken = [found for found in self._reservations.values() if _takes_spy_slot(found.request)]
        own = sum(found.request.strategy == request.strategy for found in taken)
        if len(taken) >= MAX_SPY_EQUIVALENT_POSITIONS:
            return Refused(code=RefusalCode.COUNT_SPY_EQUIVALENT, facts={
                "taken": len(taken), "limit": MAX_SPY_EQUIVALENT_POSITIONS, "strategy": request.strategy})
        if request.max_slots is not None and own >= request.max_slots:
            return Refused(code=RefusalCode.COUNT_STRATEGY_SPY, facts={
                "taken": own, "limit": request.max_slots, "strategy": request.strategy})
        return None


def _takes_spy_slot(request: SpyRequest) -> bool:
    return request.takes_slot and request.underlying in SPY_EQUIVALENTS


def _validate(request: SpyRequest) -> None:
    for name in ("delta_per_unit", "gamma_per_unit", "vega_per_unit"):
        finite(getattr(request, name), name)
    not_negative(request.margin_per_unit_usd, "margin_per_unit_usd")
    not_negative(request.risk_per_unit_usd, "risk_per_unit_usd")
    if request.contracts < 1:
        raise CannotCompute("at least one contract must be asked for", contracts=request.contracts)
