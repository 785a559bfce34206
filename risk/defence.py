"""The actions that breakers and emergencies ask for, as values, and the positions each action closes. The riskiest
close first; bought protection only after the rest of the book is closed. Everything here closes; nothing opens a
position."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Sequence

from config.constants import BETA_TO_SPY, RED_SIGMAS, TRADING_DAYS_PER_YEAR
from config.strategy_parameters import SPECS
from core.errors import CannotCompute
from core.model import Contract, ContractKind, Position, Snapshot, State
from core.option_values import contract_price, quote_volatility
from core.protection import is_protection
from core.quotes import underlying_of, underlying_price, usable_mid
from risk.dynamic_margin_manager import DynamicMarginManager
from risk.greeks_monitor import GreeksMonitor
from risk.margin_structures import structures

PERCENT: Final = 100.0
LEAVING: Final = frozenset({State.DEFENSIVE_EXIT, State.DEFENSIVE_21DTE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """No entries while the level that asks for it stands. It needs no execution: the gate reads the level itself."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRiskiest:
    """Close the ``count`` riskiest positions. With ``short_volatility_only``, only positions that are short volatility
    or naked are closed. If there are fewer than ``count``, options sold against a LEAP follow: of those only the short
    leg is closed."""

    count: int
    reason: str
    short_volatility_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAll:
    """Close everything but bought protection."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CutBuyingPower:
    """Close until buying power in use is down by ``share`` of itself."""

    share: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CutDelta:
    """Close until the book's SPY delta is inside its limits."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A position to close: all of it, or with ``shorts_only`` only its short options."""

    position: Position
    shorts_only: bool = False


Action = Halt | CloseRiskiest | CloseAll | CutBuyingPower | CutDelta


# --- how risky ------------------------------------------------------------------------------------------------------


def has_naked_short(position: Position) -> bool:
    """Whether some short option of the position is uncovered (:mod:`risk.margin_structures`)."""
    return bool(structures(position.legs, lambda contract: contract.strike * contract.multiplier).naked)


def is_short_volatility(position: Position) -> bool:
    """Whether the levels guard against this position: it is short volatility, or it has a naked short."""
    return SPECS[position.strategy].short_volatility and position.has_short_options or has_naked_short(position)


def is_sold_against_leap(position: Position) -> bool:
    """Whether the position's short options are covered by a LEAP of its own."""
    return SPECS[position.strategy].sells_against_leap and position.has_short_options and not has_naked_short(position)


def two_sigma_loss_usd(position: Position, snapshot: Snapshot) -> float:
    """Model loss of a position if its underlying moves by two daily standard deviations, in the worse direction, with
    each leg's volatility unchanged. The daily deviation is the underlying's implied volatility divided by the root of
    252. If the snapshot has no implied volatility for it, the VIX times beta is used. A loss is positive; 0 if neither
    direction loses.

    Raises
    ------
    CannotCompute
        If a leg, the underlying or a volatility is missing or unusable.
    """
    held = [leg for leg in position.legs if leg.quantity]
    move = RED_SIGMAS * max((daily_deviation(leg.contract, snapshot) for leg in held), default=0.0)
    worst = 0.0
    for shock in (1.0 + move, max(0.01, 1.0 - move)):
        change = sum(leg.quantity * leg.contract.multiplier * _change(leg.contract, shock, snapshot)
                     for leg in held)
        worst = max(worst, -change)
    return worst


def daily_deviation(contract: Contract, snapshot: Snapshot) -> float:
    """Standard deviation of a day of a contract's underlying, as a share: its own implied volatility where the snapshot
    has it, else the VIX times its beta.

    Raises
    ------
    CannotCompute
        Neither is known.
    """
    symbol = contract.underlying
    found = underlying_of(contract, snapshot.underlyings)
    if found is not None and found.iv is not None and math.isfinite(found.iv.current) and found.iv.current > 0.0:
        return found.iv.current / math.sqrt(TRADING_DAYS_PER_YEAR)
    if snapshot.vix is None or not math.isfinite(snapshot.vix.value) or symbol not in BETA_TO_SPY:
        raise CannotCompute("no volatility for the underlying", underlying=symbol)
    beta = max(1.0, abs(BETA_TO_SPY[symbol]))
    return beta * snapshot.vix.value / PERCENT / math.sqrt(TRADING_DAYS_PER_YEAR)


def _change(contract: Contract, shock: float, snapshot: Snapshot) -> float:
    """Points one contract gains when its underlying's price is multiplied by ``shock``."""
    spot = underlying_price(contract, snapshot.underlyings)
    if contract.kind is ContractKind.EQUITY:
        return spot * (shock - 1.0)
    usable_mid(contract, snapshot.quotes)
    volatility = quote_volatility(contract, snapshot.quotes[contract.id], spot, snapshot.time)
    before, after = (contract_price(contract, level, volatility, snapshot.time) for level in (spot, spot * shock))
    return after - before


def riskiest(positions: Sequence[Position], snapshot: Snapshot) -> tuple[Position, ...]:
    """The open positions that are not protection, riskiest first: naked shorts, then by loss at a two-sigma move. A
    position that cannot be computed comes before all others of its kind. Ties go to the larger risk at entry."""
    def key(position: Position) -> tuple[bool, float, float, str]:
        try:
            loss = two_sigma_loss_usd(position, snapshot)
        except CannotCompute:
            loss = math.inf
        return not has_naked_short(position), -loss, -position.entry_risk_usd, position.id
    return tuple(sorted((position for position in positions if position.is_open and not is_protection(position)),
                        key=key))


# --- which to close -------------------------------------------------------------------------------------------------


def positions_to_close(actions: Sequence[Action], snapshot: Snapshot, margin: DynamicMarginManager,
                       greeks: GreeksMonitor) -> tuple[Closing, ...]:
    """The positions that ``actions`` together close now, riskiest first. A position that is already leaving is not
    named again, but what it frees counts.

    Parameters
    ----------
    margin, greeks
        The sources of each position's buying power and SPY delta. If a margin cannot be computed, the position's margin
        at entry counts. While any delta cannot be computed, :class:`CutDelta` closes nothing.
    """
    ordered = riskiest(snapshot.positions, snapshot)
    leaving = [position for position in ordered if position.state in LEAVING]
    free = [position for position in ordered if position.state not in LEAVING]
    chosen: dict[str, Position] = {}
    shorts: dict[str, Position] = {}
    for action in actions:
        if isinstance(action, CloseAll):
            chosen |= {position.id: position for position in free}
        elif isinstance(action, CloseRiskiest) and action.short_volatility_only:
            meant = [position for position in free if is_short_volatility(position)]
            covered = [position for position in free if is_sold_against_leap(position)]
            chosen |= {position.id: position for position in meant[:action.count]}
            shorts |= {position.id: position for position in covered[:max(0, action.count - len(meant))]}
        elif isinstance(action, CloseRiskiest):
            chosen |= {position.id: position for position in free[:action.count]}
    last = sorted(free, key=lambda position: SPECS[position.strategy].sells_against_leap)
    for action in actions:
        if isinstance(action, CutBuyingPower):
            _cut_buying_power(action.share, chosen, leaving, last, snapshot, margin)
    for action in actions:
        if isinstance(action, CutDelta):
            _cut_delta(chosen, leaving, last, snapshot, greeks)
    return tuple(Closing(position=position, shorts_only=position.id not in chosen) for position in free
                 if position.id in chosen or position.id in shorts)


def _cut_buying_power(share: float, chosen: dict[str, Position], leaving: Sequence[Position],
                      free: Sequence[Position], snapshot: Snapshot, margin: DynamicMarginManager) -> None:
    def bound(position: Position) -> float:
        try:
            return margin.margin_of(position, snapshot.quotes, snapshot.underlyings, day=snapshot.time.date())
        except CannotCompute:
            return position.entry_margin_usd
    missing = share * snapshot.account.buying_power_used
    missing -= sum(bound(position) for position in (*leaving, *chosen.values()))
    for position in free:
        if missing <= 0.0:
            return
        if position.id not in chosen:
            chosen[position.id] = position
            missing -= bound(position)


def _cut_delta(chosen: dict[str, Position], leaving: Sequence[Position], free: Sequence[Position],
               snapshot: Snapshot, greeks: GreeksMonitor) -> None:
    """Close positions that push the book's delta outwards until it is inside its limit or none pushes any more. The
    largest close first; a position that holds a LEAP closes last."""
    read = greeks.reading(snapshot)
    limit = _delta_limit(snapshot, greeks)
    if read.missing or limit is None:
        return
    gone = {position.id for position in (*leaving, *chosen.values())}
    delta = sum(exposure.spy_delta for name, exposure in read.by_position.items() if name not in gone)
    candidates = [position for position in free if position.id not in gone]
    for position in sorted(candidates, key=lambda position: (SPECS[position.strategy].sells_against_leap,
                                                             -abs(read.by_position[position.id].spy_delta))):
        own = read.by_position[position.id].spy_delta
        if abs(delta) <= limit:
            return
        if own * delta > 0.0:
            chosen[position.id] = position
            delta -= own


def _delta_limit(snapshot: Snapshot, greeks: GreeksMonitor) -> float | None:
    """The account's limit in SPY share-equivalents; None if it cannot be computed."""
    spy = snapshot.underlyings.get("SPY")
    if spy is None:
        return None
    try:
        limits = greeks.limits(snapshot.phase, snapshot.account.equity, spy.price)
    except CannotCompute:
        return None
    return min(limits["greek_delta"], limits["greek_notional_delta"])


def excess_protection_delta(snapshot: Snapshot, greeks: GreeksMonitor) -> float:
    """The amount of protection to sell once the book it protected is closed: the SPY share-equivalents, signed as held,
    by which the remaining protection exceeds the account's delta limit. It is 0 while anything else is open, or if a
    Greek cannot be computed. Protection that is already leaving counts as gone."""
    held = [position for position in snapshot.positions if position.is_open]
    if not all(map(is_protection, held)):
        return 0.0
    staying = [position for position in held if position.state not in LEAVING and position.state is not State.EXITING]
    read = greeks.reading(snapshot)
    limit = _delta_limit(snapshot, greeks)
    if limit is None or any(position.id in read.missing for position in staying):
        return 0.0
    delta = sum(read.by_position[position.id].spy_delta for position in staying)
    return math.copysign(max(0.0, abs(delta) - limit), delta)
