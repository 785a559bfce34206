"""Implied volatility and Greeks as LEAN's default price models give them."""
from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from local.engine.enums import OptionRight, OptionStyle, SecurityType
from local.engine.files.factor_files import CorporateEvent, FactorFiles, dividend_yield
from local.engine.files.rates import InterestRates
from local.engine.market.chains import Greeks, OptionContract, PriceModelResult
from local.engine.market.derivatives import Option
from local.engine.market.feed import Feed
from local.engine.market.index_options import is_open_settled
from local.engine.market.market_hours import SecurityExchangeHours
from local.engine.market.security import Security
from local.engine.market.symbol import Symbol
from local.engine.pricing.american_grid import early_exercise_premium
from local.engine.pricing.brent import find_root
from local.engine.pricing.trees import FORWARD_STEPS, black_price, crr_lattice, d1_d2, forward_tree_prices

_LOWEST, _HIGHEST = 1e-7, 4.0
_DIGITS = 7
_ON_FUTURE_ACCURACY = 1e-4
_LEAST_SPREAD = 1e-5
_PDF = 1.0 / math.sqrt(2.0 * math.pi)


def settlement_time(symbol: Symbol, hours: SecurityExchangeHours) -> datetime:
    """Exchange time at which an option is settled; index options of the third Friday settle at the open."""
    day = symbol.id.date.replace(hour=0, minute=0)
    last = day if hours.is_date_open(day) else hours.get_previous_trading_day(day)
    close = min(hours.get_last_daily_market_close(last, False), day + timedelta(days=1))
    if close.date() != day.date() or symbol.security_type != SecurityType.INDEX_OPTION:
        return close
    if not is_open_settled(symbol.id.symbol):
        return day + timedelta(hours=15)
    return hours.get_next_market_open(day, False) if _is_standard(day) else close


def _is_standard(day: datetime) -> bool:
    """Whether a date lies in the week of the third Friday, Thursday to Sunday, as LEAN counts it."""
    first = (day.replace(day=1).weekday() + 1) % 7
    friday = 7 if first == 6 else 6 - first
    return friday + 12 < day.day < friday + 16


@dataclasses.dataclass(frozen=True, slots=True)
class _Case:
    """One option at one instant."""

    price: float
    spot: float
    strike: float
    years: float
    rate: float
    dividend: float
    is_call: bool


def _black_volatility(case: _Case) -> float:
    """Volatility at which Black-Scholes gives the price; 0 when there is none."""
    def miss(volatility: float) -> float:
        return black_price(case.spot, case.strike, case.years, case.rate, case.dividend, volatility, case.is_call) - case.price
    return _root(miss, _LOWEST, _HIGHEST)


def _root(miss: Callable[[float], float], low: float, high: float) -> float:
    at_low, at_high = miss(low), miss(high)
    if at_low == 0 or at_low * at_high > 0:
        return 0.0
    return float(brentq(miss, low, high, xtol=1e-7, maxiter=100))


def _tree(case: _Case, spot: Any, years: Any, rate: Any, volatility: Any) -> np.ndarray:
    size = max(np.size(value) for value in (spot, years, rate, volatility))
    full = [np.broadcast_to(np.asarray(value, dtype=float), (size,)) for value in (spot, years, rate, volatility)]
    return forward_tree_prices(full[0], case.strike, full[1], full[2], case.dividend, full[3], case.is_call)


def _tree_volatility(case: _Case) -> float:
    """Volatility at which the forward tree gives the price, searched near the Black-Scholes one."""
    guess = _black_volatility(case)
    low, high = (max(_LOWEST, guess * 0.5), min(_HIGHEST, guess * 1.5)) if guess else (_LOWEST, _HIGHEST)
    if guess:
        near = np.array([low, *(guess * f for f in (0.9, 0.97, 0.99, 1.0, 1.01, 1.03, 1.1)), high])
        misses = _tree(case, case.spot, case.years, case.rate, near) - case.price
        crossing = np.nonzero((misses[:-1] <= 0) & (misses[1:] > 0))[0]
        if len(crossing):
            i = int(crossing[0])
            low, high = float(near[i]), float(near[i + 1])
            if high - low <= 0.05 * guess:
                return low - misses[i] * (high - low) / (misses[i + 1] - misses[i])
        elif misses[0] * misses[-1] > 0:
            return 0.0
    return _root(lambda v: float(_tree(case, case.spot, case.years, case.rate, v)[0]) - case.price, low, high)


def _tree_greeks(case: _Case, volatility: float) -> Greeks:
    """LEAN's finite differences on the forward tree; theta is given per year."""
    step = case.years / FORWARD_STEPS
    drift = math.exp((case.rate - case.dividend) * step)
    spread = math.exp(volatility * math.sqrt(step))
    up = spread * drift if spread * drift != 1 else 1.00001
    down = drift / spread if drift / spread != 1 else 0.99999
    wide = spread if spread != 1 else 1.0001
    s, t, r, v = case.spot, case.years, case.rate, volatility
    spots = np.array([s * up, s * down, s * wide * wide, s, s / wide / wide, s, s, s])
    years = np.array([t, t, t, t, t, t, t - 2 * step, t])
    rates = np.array([r, r, r, r, r, r, r, r + 0.0001])
    volatilities = np.array([v, v, v, v, v, v + 0.01, v, v])
    p = _tree(case, spots, years, rates, volatilities)
    delta = (p[0] - p[1]) / (spots[0] - spots[1]) if spots[0] != spots[1] else 0.0
    gamma_up = (p[2] - p[3]) / (spots[2] - s)
    gamma_down = (p[3] - p[4]) / (s - spots[4])
    gamma = (gamma_up - gamma_down) * 2 / (spots[2] - spots[4])
    theta_per_day = (p[6] - p[3]) * 0.5 / step / 365.0
    return _rounded(delta, gamma, (p[5] - p[3]) / 0.01 / 100.0, theta_per_day, (p[7] - p[3]) / 0.0001 / 100.0)


def _black_greeks(case: _Case, volatility: float) -> Greeks:
    d1, d2 = d1_d2(case.spot, case.strike, case.years, case.rate, case.dividend, volatility)
    sign = 1.0 if case.is_call else -1.0
    carry, discount = math.exp(-case.dividend * case.years), math.exp(-case.rate * case.years)
    density, root = _PDF * math.exp(-0.5 * d1 * d1), math.sqrt(case.years)
    vol = max(volatility, 0.01)
    delta = sign * float(ndtr(sign * d1)) * carry
    theta = (-case.spot * vol * density * carry * 0.5 / root + case.dividend * case.spot * delta
             - sign * case.rate * case.strike * discount * float(ndtr(sign * d2)))
    rho = sign * case.strike * case.years * discount * float(ndtr(sign * d2)) / 100.0
    return _rounded(delta, density / case.spot / vol / root, case.spot * root * density * carry / 100.0, theta / 365.0, rho)


def _undiluted_vega_and_rho(case: _Case, volatility: float) -> tuple[float, float]:
    """Vega and rho per percentage point as LEAN has them where its tree gives none: the formula gets the volatility
    of a year as the whole term's spread.
    """
    discount = math.exp(-case.rate * case.years)
    forward = case.spot / discount
    d1 = math.log(forward / case.strike) / volatility + 0.5 * volatility
    sign = 1.0 if case.is_call else -1.0
    vega = forward * discount * math.sqrt(case.years) * _PDF * math.exp(-0.5 * d1 * d1) / 100.0
    rho = sign * case.years * discount * case.strike * float(ndtr(sign * (d1 - volatility))) / 100.0
    return vega, rho


def _rounded(delta: float, gamma: float, vega: float, theta_per_day: float, rho: float) -> Greeks:
    values = [round(float(value), _DIGITS) for value in (delta, gamma, vega, theta_per_day, rho)]
    return Greeks(values[0], values[1], values[2], values[3] * 365.0, values[4])


def _american_on_future(spot: float, strike: float, years: float, rate: float, volatility: float, is_call: bool) -> float:
    """Black-Scholes price plus what early exercise adds."""
    arguments = (spot, strike, years, rate, 0.0, volatility, is_call)
    if volatility < _LEAST_SPREAD:
        return black_price(*arguments)
    return black_price(*arguments) + early_exercise_premium(*arguments)


class DefaultPriceModel:
    """LEAN's default: the forward tree for American options, Black-Scholes for European ones, a CRR tree on futures."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._rates = InterestRates.of_folder(feed.folder)
        self._factors = FactorFiles(feed.folder)
        self._events: dict[Symbol, list[CorporateEvent]] = {}

    def rate_on(self, day: date) -> float:
        """Interest rate of a day."""
        return self._rates.on(day)

    def __call__(self, option: Option, contract: OptionContract, is_european: bool | None = None) -> PriceModelResult:
        """Implied volatility and Greeks of an option at the clock's instant, by its style unless one is given."""
        underlying = option.underlying
        if contract.time.date() > contract.expiry.date() or option.price == 0 or underlying.price == 0:
            return PriceModelResult()
        if is_european is None and option.symbol.security_type == SecurityType.FUTURE_OPTION:
            return self._on_future(option, contract)
        now = option.local_time
        years = (settlement_time(option.symbol, option.exchange.hours) - now).total_seconds() / 86_400 / 365
        case = _Case(option.price, underlying.price, option.strike_price, years, self._rates.on(now.date()),
                     self._yield_of(underlying, now), option.right == OptionRight.CALL)
        if years <= 0:
            return PriceModelResult()
        if is_european is not None:
            return self._evaluated(option, case, is_european, by_tree=not is_european)
        return self._evaluated(option, case, option.style == OptionStyle.EUROPEAN)

    def _evaluated(self, option: Option, case: _Case, european: bool, by_tree: bool = False) -> PriceModelResult:
        solve, greeks = (_black_volatility, _black_greeks) if european else (_tree_volatility, _tree_greeks)
        volatility = solve(case)
        mirrored = self._mirror_volatility(option, case, solve)
        if mirrored:
            in_the_money = case.strike < case.spot if case.is_call else case.strike > case.spot
            volatility = mirrored if in_the_money or not volatility else volatility
        volatility = round(volatility, _DIGITS)
        price = float(_tree(case, case.spot, case.years, case.rate, volatility)[0]) if by_tree else black_price(
            case.spot, case.strike, case.years, case.rate, case.dividend, volatility, case.is_call)
        return PriceModelResult(price if volatility else 0.0, volatility, greeks(case, volatility))

    def _mirror_volatility(self, option: Option, case: _Case, solve: Callable[[_Case], float]) -> float:
        """Volatility of the other right at the same strike, when it is subscribed and has a price."""
        sid = option.symbol.id
        right = OptionRight.PUT if case.is_call else OptionRight.CALL
        target = (sid.symbol,) if option.symbol.security_type == SecurityType.INDEX_OPTION else ()
        symbol = Symbol.create_option(option.symbol.underlying, *target, sid.market, sid.option_style, right,
                                      sid.strike_price, sid.date)
        mirror = self._feed.securities.get(symbol)
        if mirror is None or mirror.price == 0:
            return 0.0
        return solve(dataclasses.replace(case, price=mirror.price, is_call=not case.is_call))

    def _yield_of(self, underlying: Security, now: datetime) -> float:
        if underlying.symbol.security_type != SecurityType.EQUITY:
            return 0.0
        symbol = underlying.symbol
        if symbol not in self._events:
            file = self._factors.get(symbol.id.market, symbol.value)
            self._events[symbol] = file.events(underlying.exchange.hours, 3) if file is not None else []
        return dividend_yield(self._events[symbol], now, underlying.price)

    def _on_future(self, option: Option, contract: OptionContract) -> PriceModelResult:
        """A CRR tree of 100 steps on the future's price, to the trading day after expiry, as LEAN's QuantLib model."""
        today = contract.time.replace(hour=0, minute=0, second=0)
        hours = option.exchange.hours
        maturity = contract.expiry.replace(hour=0, minute=0) + timedelta(days=1)
        maturity = maturity if hours.is_date_open(maturity) else hours.get_next_trading_day(maturity)
        years, rate = (maturity - today).days / 365.0, self._rates.on(today.date())
        spot, strike, is_call = option.underlying.price, option.strike_price, option.right == OptionRight.CALL
        volatility = find_root(lambda v: _american_on_future(spot, strike, years, rate, v, is_call) - option.price,
                               _LOWEST, _HIGHEST, _ON_FUTURE_ACCURACY)
        if not volatility:
            return PriceModelResult()
        price, delta, gamma = crr_lattice(spot, strike, years, rate, 0.0, volatility, is_call)
        vega, rho = _undiluted_vega_and_rho(_Case(price, spot, strike, years, rate, 0.0, is_call), volatility)
        theta = rate * price - rate * spot * delta - 0.5 * volatility ** 2 * spot ** 2 * gamma
        return PriceModelResult(price, volatility, Greeks(delta, gamma, vega, theta, rho))
