"""Compares the holdings in the store with the holdings at the broker. Pure: facts go in, verdicts come out.

The executor's recovery first resolves the intents that were in flight. The contracts of intents it could not resolve
are ``busy`` and are left alone here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import Collection, Final, Mapping, Sequence

from core.intents import smallest_ratios
from core.model import Contract, ContractKind, Position, Right


NOBODYS: Final[Mapping[str, int]] = MappingProxyType({})


class VerdictKind(str, Enum):
    MATCH = "MATCH"          # resume
    GONE = "GONE"            # nothing of it is held: recorded as closed elsewhere
    EXPIRED = "EXPIRED"      # legs past their expiry are gone, as they should be; the rest matches
    ASSIGNED = "ASSIGNED"    # a short option became shares: close them by limit, and the rest with them
    FEWER = "FEWER"          # fewer units than stored, but even: keep them
    UNEVEN = "UNEVEN"        # flatten what is held
    WAITING = "WAITING"      # one of its orders is still unresolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Shares, signed, that one assigned option traded at its strike (USD)."""

    shares: Contract
    quantity: int
    strike: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the broker holds of one position.

    Attributes
    ----------
    actual : mapping
        Contract to signed quantity attributed to the position (assigned shares included).
    missing : mapping
        Contract to signed quantity that is stored but not held.
    lots : tuple of Lot
        Shares that assignments brought; ``actual`` holds them too.
    """

    position_id: str
    kind: VerdictKind
    actual: Mapping[Contract, int]
    missing: Mapping[Contract, int]
    lots: tuple[Lot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """All verdicts, and the holdings that no position explains. Those are quarantined until the operator accepts
    them."""

    verdicts: tuple[Verdict, ...]
    unknown: Mapping[Contract, int]

    @property
    def quarantined(self) -> bool:
        return bool(self.unknown)


def reconcile(positions: Sequence[Position], holdings: Mapping[Contract, int], *, busy: Collection[Contract],
              today: date, others: Mapping[str, int] = NOBODYS, worthless: Collection[Contract] = ()) -> Reconciliation:
    """Attribute the broker's holdings to the stored positions, oldest first.

    Parameters
    ----------
    positions : sequence of Position
        Every position in the store, in the order they were opened.
    holdings : mapping
        The broker's signed quantities by contract.
    busy : collection of Contract
        Contracts of unresolved orders. A position that has one of them gets WAITING.
    today : date
        Options that expired before this day are expected to be gone.
    others : mapping
        Id to signed quantity of the shares that had no owner at the last look. They are nobody's assignment.
    worthless : collection of Contract
        Options that are known to have expired out of the money. They became no shares.

    Returns
    -------
    Reconciliation
        ``unknown`` is the part of ``holdings`` that has no owner. Contracts in ``busy`` are never unknown.
    """
    left = {contract: quantity for contract, quantity in holdings.items() if quantity}
    claims = _claims(positions, left, today)
    for claim in claims.values():
        for contract, quantity in claim.items():
            left[contract] = left.get(contract, 0) - quantity
    verdicts = []
    for position in positions:
        if any(leg.contract in busy for leg in position.legs):
            verdicts.append(Verdict(position_id=position.id, kind=VerdictKind.WAITING,
                                    actual=MappingProxyType(claims[position.id]), missing=MappingProxyType({})))
            continue
        verdicts.append(_verdict(position, claims[position.id], left, today, others, worthless))
    unknown = {contract: quantity for contract, quantity in left.items() if quantity and contract not in busy}
    return Reconciliation(verdicts=tuple(verdicts), unknown=MappingProxyType(unknown))


def _claims(positions: Sequence[Position], holdings: Mapping[Contract, int], today: date
            ) -> dict[str, dict[Contract, int]]:
    """The holdings that each position may call its own. If the net quantity of a contract is as stored, every position
    gets all it stored, even where positions offset each other. Once the contract has expired this does not apply,
    because a net of zero is then no evidence. Otherwise holdings of the same sign go to the oldest positions first."""
    stored: dict[Contract, int] = {}
    for position in positions:
        for leg in position.legs:
            stored[leg.contract] = stored.get(leg.contract, 0) + leg.quantity
    left = dict(holdings)
    claims: dict[str, dict[Contract, int]] = {position.id: {} for position in positions}
    for position in positions:
        for leg in position.legs:
            if holdings.get(leg.contract, 0) == stored[leg.contract] and leg.contract.expiry >= today:
                claims[position.id][leg.contract] = leg.quantity
                continue
            there = left.get(leg.contract, 0)
            mine = 0 if there * leg.quantity <= 0 else _smaller(there, leg.quantity)
            left[leg.contract] = there - mine
            if mine:
                claims[position.id][leg.contract] = mine
    return claims


def _smaller(first: int, second: int) -> int:
    """The one of two numbers of the same sign that is nearer to zero."""
    return first if abs(first) <= abs(second) else second


def _verdict(position: Position, claim: dict[Contract, int], left: dict[Contract, int], today: date, others: Mapping[str, int],
             worthless: Collection[Contract]) -> Verdict:
    stored = {leg.contract: leg.quantity for leg in position.legs}
    missing = {contract: quantity - claim.get(contract, 0) for contract, quantity in stored.items()
               if quantity != claim.get(contract, 0)}
    lots = _assigned_lots({one: n for one, n in missing.items() if one not in worthless}, left, others)
    for lot in lots:
        left[lot.shares] -= lot.quantity
        claim[lot.shares] = claim.get(lot.shares, 0) + lot.quantity
    return Verdict(position_id=position.id, kind=VerdictKind.ASSIGNED if lots else _kind(stored, claim, missing, today),
                   actual=MappingProxyType(dict(claim)), missing=MappingProxyType(missing), lots=tuple(lots))


def _kind(stored: Mapping[Contract, int], claim: Mapping[Contract, int], missing: Mapping[Contract, int], today: date
          ) -> VerdictKind:
    if not missing:
        return VerdictKind.MATCH
    if all(contract.expiry < today for contract in missing):
        return VerdictKind.EXPIRED
    return kind_of_change(stored, claim)


def kind_of_change(stored: Mapping[Contract, int], claim: Mapping[Contract, int]) -> VerdictKind:
    """What became of a position that stored ``stored`` and now holds only ``claim`` of it: GONE, FEWER or UNEVEN."""
    if not any(claim.values()):
        return VerdictKind.GONE
    ratios, _ = smallest_ratios(stored)
    counts = {claim.get(contract, 0) / ratio for contract, ratio in ratios.items()}
    if len(counts) == 1 and counts.pop().is_integer():
        return VerdictKind.FEWER
    return VerdictKind.UNEVEN


def _assigned_lots(missing: Mapping[Contract, int], left: Mapping[Contract, int], others: Mapping[str, int]) -> list[Lot]:
    """Shares of the underlying that came since the last look and have no owner, as far as missing short equity options
    explain them. An assigned put buys its multiplier in shares; an assigned call sells it."""
    room = {contract: _smaller(there, there - others.get(contract.id, 0)) for contract, there in left.items()
            if contract.kind is ContractKind.EQUITY}
    lots = []
    for option, quantity in missing.items():
        if option.kind is not ContractKind.EQUITY_OPTION or quantity >= 0:
            continue
        expected = (1 if option.right is Right.PUT else -1) * -quantity * int(option.multiplier)
        for shares, free in room.items():
            if shares.underlying == option.underlying and free * expected > 0 and left[shares] * expected > 0:
                lots.append(Lot(shares=shares, quantity=_smaller(free, expected), strike=option.strike))
                room[shares] -= lots[-1].quantity
    return lots
