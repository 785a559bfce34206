"""Option chains and quotes for tests, priced by the project's own formulas on a small volatility surface."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Callable, Iterable

import numpy as np

from core.carry import option_terms
from core.model import Chain, Contract, ContractKind, HeldLeg, Leg, Quote, Right
from core.option_values import chain_greeks, contract_price

Surface = Callable[[float, float], float]


def skewed(at_the_money: float = 0.16, slope: float = 0.45) -> Surface:
    """Volatility by strike over spot: ``at_the_money`` rising by ``slope`` per unit further down, never below 5 %."""
    return lambda strike, spot: max(0.05, at_the_money + slope * (1.0 - strike / spot))


def flat(volatility: float = 0.16) -> Surface:
    """One volatility for every strike."""
    return lambda strike, spot: volatility


def make_chain(underlying: str = "SPY", spot: float = 544.0, today: date = date(2024, 7, 26),
               expiries: Iterable[date] = (), strikes: Iterable[float] = (), surface: Surface = skewed(),
               kind: ContractKind = ContractKind.EQUITY_OPTION, multiplier: float = 100.0, root: str = "",
               future_expiry: date | None = None, with_volatility: bool = True) -> Chain:
    """Yesterday's rows of every strike, put and call, of every expiry.

    ``with_volatility`` False leaves iv and delta at 0, as LEAN does for options on futures.
    """
    expiries, strikes = tuple(expiries), tuple(strikes)
    as_of = today - timedelta(days=1)
    one = np.array([(strike, is_put) for strike in strikes for is_put in (True, False)], dtype=float).reshape(-1, 2)
    strike, is_put = one[:, 0], one[:, 1].astype(bool)
    iv = np.array([surface(level, spot) for level in strike])
    close = datetime.combine(as_of, datetime.min.time()).replace(hour=16)
    values = [chain_greeks(spot, strike, is_put, iv, option_terms(underlying, kind, expiry, close)) for expiry in expiries]
    known, count = 1.0 if with_volatility else 0.0, len(expiries)
    price, delta = (np.array([getattr(value, name) for value in values]).ravel() for name in ("price", "delta"))
    return Chain(underlying=underlying, as_of=as_of, strike=np.tile(strike, count), is_put=np.tile(is_put, count),
                 expiry=np.repeat(np.array([expiry.toordinal() for expiry in expiries], dtype=np.int64), len(strike)),
                 price=np.round(price, 2), iv=np.tile(iv, count) * known, delta=delta * known, underlying_close=spot,
                 kind=kind, multiplier=multiplier, root=root, future_expiry=future_expiry)


def model_quote(contract: Contract, spot: float, now: datetime, surface: Surface = skewed(),
                spread: float = 0.02) -> Quote:
    """A quote around the model price (not rounded to ticks), ``spread`` points wide, bid never below 0."""
    value = contract_price(contract, spot, surface(contract.strike, spot), now)
    return Quote(bid=max(0.0, value - spread / 2.0), ask=value + spread / 2.0, time=now)


def model_quotes(contracts: Iterable[Contract], spot: float, now: datetime, surface: Surface = skewed(),
                 spread: float = 0.02) -> dict[str, Quote]:
    """:func:`model_quote` of every contract, by contract id."""
    return {contract.id: model_quote(contract, spot, now, surface, spread) for contract in contracts}


def exact_quotes(now: datetime, mids: Iterable[tuple[Contract, float]], spread: float = 0.02) -> dict[str, Quote]:
    """Quotes whose mids are the given ones, by contract id."""
    return {contract.id: Quote(bid=max(0.0, mid - spread / 2), ask=mid + min(spread / 2, mid or spread / 2), time=now)
            for contract, mid in mids}


def held(legs: Iterable[Leg], units: int = 1, prices: Iterable[float] | None = None) -> tuple[HeldLeg, ...]:
    """The legs as a position holds them after ``units`` were filled."""
    legs = tuple(legs)
    paid = tuple(prices) if prices is not None else (1.0,) * len(legs)
    return tuple(HeldLeg(contract=leg.contract, quantity=leg.ratio * units, average_price=value)
                 for leg, value in zip(legs, paid))


def option(strike: float, right: str, expiry: date, underlying: str = "SPY", **overrides: object) -> Contract:
    """A contract in one line: ``option(500, "P", expiry)``."""
    return Contract(underlying=underlying, expiry=expiry, strike=float(strike), right=Right(right), **overrides)
