"""What all entries share: required market facts, own positions in the way, and probabilities that are always
reported."""

from __future__ import annotations

from datetime import date
from functools import wraps
from math import inf, isfinite
from typing import Any, Callable, Iterable, Mapping, ParamSpec, TypeVar

from config.constants import IV_HISTORY_SESSIONS, OPENING_FEE_USD, PHASES
from config.strategy_parameters import StrategySpec
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.kelly import kelly_share, strategy_edge
from core.market_analysis import ShortStrike, probability_shorts_otm
from core.model import (Contract, IvHistory, Leg, PortfolioView, Position, Quote, Refused, Select, Snapshot, State,
                        StrategySample, Underlying)
from core.option_values import quote_volatility, terms_of
from core.quotes import underlying_of

NO_CAP = 1_000_000  # units; for strategies whose size is left to the sizer's limits
IDLE_STATES = frozenset({State.WAITING, State.COMPLETE})
Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def refuse(code: RefusalCode, **facts: Any) -> Refused:
    """A refusal with its facts."""
    return Refused(code=code, facts=facts)


def refuses_when_unknown(decide: Callable[Asked, Answer]) -> Callable[Asked, Answer | Refused]:
    """Make a selection or proposal refuse with GUARD_CANNOT_COMPUTE and the facts if its input cannot be computed
    with."""
    @wraps(decide)
    def decided(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer | Refused:
        try:
            return decide(*args, **kwargs)
        except CannotCompute as error:
            return refuse(RefusalCode.GUARD_CANNOT_COMPUTE, **error.facts | {"reason": error.message})
    return decided


def own_positions(strategy: str, snapshot: Snapshot) -> tuple[Position, ...]:
    """Positions of ``strategy`` that are not over, in whatever state they are."""
    return tuple(position for position in snapshot.positions
                 if position.strategy == strategy and position.state not in IDLE_STATES)


def refused_all(refusals: Mapping[str, Refused | None], *, named: str) -> Refused | None:
    """None if at least one of several underlyings may be entered. Otherwise the first refusal, with every underlying's
    code under ``named``. For each calendar that ends too early, it tells which one, when it ends and how to continue
    it."""
    refused = {symbol: refusal for symbol, refusal in refusals.items() if refusal is not None}
    if len(refused) < len(refusals):
        return None
    first = next(iter(refused.values()))
    codes = {symbol: refusal.code.value for symbol, refusal in refused.items()}
    ended = {symbol: {fact: refusal.facts[fact] for fact in ("calendar", "last", "continued_by") if fact in refusal.facts}
             for symbol, refusal in refused.items() if refusal.code is RefusalCode.CALENDAR_UNCOVERED}
    return refuse(first.code, **dict(first.facts) | {named: codes} | ({"uncovered": ended} if ended else {}))


def first_selected(tried: Iterable[Select | Refused]) -> Select | Refused:
    """The first selection among the answers of one or more underlyings. If there is none, the first refusal."""
    refusals: list[Refused] = []
    for answer in tried:
        if isinstance(answer, Select):
            return answer
        refusals.append(answer)
    return refusals[0]


def entry_pending(strategy: str, view: PortfolioView) -> Refused | None:
    """Refuse while an entry of the same strategy is being validated or is working."""
    if strategy in view.pending:
        return refuse(RefusalCode.ENTRY_PENDING, underlying=view.pending[strategy])
    return None


def entry_days(strategy: str, snapshot: Snapshot, view: PortfolioView) -> tuple[date, ...]:
    """Days on which ``strategy`` has entered, from the framework's record and its positions, ascending."""
    days = set(view.entry_dates.get(strategy, ()))
    days |= {position.opened.date() for position in own_positions(strategy, snapshot) if position.opened is not None}
    return tuple(sorted(days))


def has_price(underlying: Underlying) -> bool:
    """Whether the price is a positive number."""
    return isfinite(underlying.price) and underlying.price > 0


def require_underlying(symbol: str, snapshot: Snapshot) -> Underlying | Refused:
    """The underlying, if its price and the VIX are usable. Otherwise the refusal that names what is missing."""
    if snapshot.vix is None:
        return snapshot.vix_refusal or refuse(RefusalCode.VIX_MISSING)
    underlying = snapshot.underlyings.get(symbol)
    if underlying is None or not has_price(underlying):
        return refuse(RefusalCode.UNDERLYING_MISSING, underlying=symbol)
    return underlying


def require_indicators(underlying: Underlying, *names: str) -> Mapping[str, float] | Refused:
    """The named indicators, or INDICATOR_MISSING with the first one that is missing."""
    found: dict[str, float] = {}
    for name in names:
        value = getattr(underlying.indicators, name)
        if value is None or not isfinite(value):
            return refuse(RefusalCode.INDICATOR_MISSING, underlying=underlying.symbol, indicator=name)
        found[name] = value
    return found


def require_iv_history(underlying: Underlying) -> IvHistory | Refused:
    """A full year of implied-volatility history, or IV_HISTORY_MISSING."""
    iv = underlying.iv
    samples = 0 if iv is None else iv.samples
    if iv is None or samples < IV_HISTORY_SESSIONS:
        return refuse(RefusalCode.IV_HISTORY_MISSING, underlying=underlying.symbol, samples=samples,
                      needed=IV_HISTORY_SESSIONS)
    return iv


def too_dear(risk_usd: float, spec: StrategySpec, underlying: str, snapshot: Snapshot, view: PortfolioView
             ) -> Refused | None:
    """SIZE_ZERO if one unit is expected to risk more than the capital of an entry, as the sizer would find later. If no
    expectation is possible (a chain of names only), the decision is left to the quotes.

    Parameters
    ----------
    risk_usd : float
        The expected risk of one unit.
    """
    sample = view.samples.get(spec.name, StrategySample())
    kelly = inf if spec.win_rate is None else kelly_share(strategy_edge(spec, sample), snapshot.known_vix.value,
                                                          snapshot.time.weekday())
    share = min(kelly, spec.max_capital_share, PHASES[snapshot.phase].max_position_share)
    capital_usd = share * view.breaker_size_multiplier * snapshot.account.equity
    if isfinite(risk_usd) and risk_usd > capital_usd:
        return refuse(RefusalCode.SIZE_ZERO, underlying=underlying, risk_usd=risk_usd, capital_usd=capital_usd)
    return None


def opening_fees_usd(legs: Iterable[Leg]) -> float:
    """Dollars that opening one unit costs in fees (SPEC: the risk of bought and diagonal positions is debit + fees)."""
    return sum(abs(leg.ratio) * OPENING_FEE_USD[leg.contract.kind.value] for leg in legs)


def fees_points(legs: Iterable[Leg]) -> float:
    """The fees of opening one unit, in points of its options."""
    legs = tuple(legs)
    return opening_fees_usd(legs) / max(leg.contract.multiplier for leg in legs)


def dearest(cost_usd: float, leg: Leg) -> float:
    """The most, in points, that one contract may cost if it and its fee are to stay within ``cost_usd``."""
    return (cost_usd - opening_fees_usd([leg])) / leg.contract.multiplier


def shorts_otm_probability(legs: Iterable[Leg], quotes: Mapping[str, Quote], snapshot: Snapshot) -> float:
    """Chance that every short strike among ``legs`` expires out of the money. Each is taken at the volatility its quote
    implies, with the skew to the nearest long leg of the same right and expiry, if there is one.

    Raises
    ------
    CannotCompute
        If the underlying has no price, or a quote admits no volatility.
    """
    contracts = {leg.contract: leg.ratio for leg in legs}
    first = min((contract for contract, ratio in contracts.items() if ratio < 0), default=None)
    if first is None:
        raise CannotCompute("no short strike")
    underlying = underlying_of(first, snapshot.underlyings)
    if underlying is None:
        raise CannotCompute("no price of the underlying", underlying=first.underlying)
    spot, now = underlying.price, snapshot.time

    def volatility(contract: Contract) -> float:
        return quote_volatility(contract, quotes[contract.id], spot, now)

    rows = []
    for contract, ratio in contracts.items():
        if ratio >= 0:
            continue
        wings = [other for other, held in contracts.items() if held > 0 and other.right is contract.right
                 and other.expiry == contract.expiry and other.strike != contract.strike]
        wing = min(wings, key=lambda other: abs(other.strike - contract.strike), default=None)
        iv = volatility(contract)
        slope = 0.0 if wing is None else (iv - volatility(wing)) / (contract.strike - wing.strike)
        rows.append(ShortStrike(strike=contract.strike, right=contract.right, iv=iv, iv_slope=slope))
    terms = terms_of(first, now)
    return probability_shorts_otm(spot, rows, terms.years, terms.rate, terms.dividend_yield)


def reported_probability(legs: Iterable[Leg], quotes: Mapping[str, Quote], snapshot: Snapshot) -> float | None:
    """As :func:`shorts_otm_probability`, for reports: None if it cannot be computed."""
    try:
        return shorts_otm_probability(legs, quotes, snapshot)
    except CannotCompute:
        return None
