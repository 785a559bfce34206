"""Plain values of what LEAN returns: moments, and chain rows as columns. Objects are read by attribute; nothing of LEAN
is imported."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import nan
from typing import Callable, Iterable

import numpy as np

from config.calendars import calendar_facts
from config.instruments import INSTRUMENTS, Instrument
from core.errors import GatewayError
from core.model import CalendarFacts, Chain, Contract, ContractKind, Right
from helpers.lean.shapes import ExchangeHours, LeanSymbol, OptionRow

REGULAR_HOURS = False
SESSIONS_AHEAD = 10
Row = tuple[int, float, bool, float, float, float]
"""Expiry (ordinal), strike, whether a put, last price, implied volatility, delta."""


def session_facts(hours: ExchangeHours, today: date) -> CalendarFacts:
    """Facts of the session of ``today``, from an exchange's ``hours`` and the calendars of ``config``."""
    midnight = datetime.combine(today, datetime.min.time())
    opens = closes = None
    if hours.is_date_open(midnight):
        opens = plain_time(hours.get_next_market_open(midnight, REGULAR_HOURS))
        closes = plain_time(hours.get_next_market_close(opens, REGULAR_HOURS))
    following = hours.get_next_market_open(midnight + timedelta(days=1), REGULAR_HOURS).date()
    previous = hours.get_previous_trading_day(midnight).date()
    return calendar_facts(today=today, session_open=opens, session_close=closes, previous_session=previous,
                          next_session=following, sessions_ahead=sessions_ahead(hours, midnight, SESSIONS_AHEAD))


def read_chain(rows: Iterable[OptionRow], put: object, ticker: str, instrument: Instrument,
               future_expiry: date | None = None, last_close: float = nan) -> Chain | None:
    """Columns of one option chain, sorted by expiry, strike and right, because LEAN's own order cannot be relied on.

    Parameters
    ----------
    rows : iterable
        Objects with expiry, strike, right, last_price, implied_volatility and greeks.delta. They share time, which is
        the midnight after the session they close, and underlying_last_price, which is 0 if the file does not contain
        it.
    put : object
        The value of ``right`` on a put's row.
    future_expiry : date, optional
        Last trading day of the future that the options are on.
    last_close : float
        Last close of that future from its own chain, for rows that do not contain it.

    Returns
    -------
    Chain or None
        None if there are no rows.
    """
    listed = list(rows)
    if not listed:
        return None
    found = sorted((row.expiry.toordinal(), row.strike, row.right == put, row.last_price, row.implied_volatility,
                    row.greeks.delta) for row in listed)
    close = float(listed[0].underlying_last_price)
    return _chain(found, ticker, instrument, plain_time(listed[0].time).date() - timedelta(days=1), future_expiry,
                  close if close > 0.0 else last_close)


def read_names(symbols: Iterable[LeanSymbol], put: object, today: date, ticker: str, instrument: Instrument,
               as_of: date, future_expiry: date | None = None) -> Chain | None:
    """As :func:`read_chain`, from option symbols alone: prices, volatilities and deltas are NaN. Expired options are
    left out, and so are those of an index's other roots."""
    found = sorted((symbol.id.date.toordinal(), float(symbol.id.strike_price), symbol.id.option_right == put, nan, nan,
                    nan) for symbol in symbols
                   if symbol.id.date.toordinal() >= today.toordinal()
                   and (instrument.security != "index" or str(symbol.id.symbol) == ticker))
    return _chain(found, ticker, instrument, as_of, future_expiry)


def _chain(found: list[Row], ticker: str, instrument: Instrument, as_of: date,
           future_expiry: date | None, close: float = nan) -> Chain | None:
    if not found:
        return None
    expiry, strike, is_put, price, iv, delta = (np.asarray(column) for column in zip(*found))
    return Chain(underlying=ticker, as_of=as_of, expiry=expiry.astype(np.int64), strike=strike.astype(float),
                 is_put=is_put.astype(bool), price=price.astype(float), iv=iv.astype(float), delta=delta.astype(float),
                 underlying_close=close, kind=instrument.option_kind, multiplier=instrument.multiplier,
                 root=ticker if instrument.security == "index" else "", future_expiry=future_expiry)


def option_ticker(symbol: LeanSymbol, kind: ContractKind) -> str:
    """Ticker of the underlying of one of LEAN's option symbols, in the form used by the instruments."""
    underlying = underlying_symbol(symbol)
    return f"/{underlying.id.symbol}" if kind is ContractKind.FUTURE_OPTION else str(underlying.value)


def underlying_symbol(symbol: LeanSymbol) -> LeanSymbol:
    """The underlying of an option.

    Raises
    ------
    GatewayError
        If the symbol has no underlying.
    """
    if symbol.underlying is None:
        raise GatewayError("an option without an underlying", symbol=str(symbol.id))
    return symbol.underlying


def stranger(symbol: LeanSymbol) -> Contract:
    """A contract that the framework never trades, by name only."""
    return Contract(underlying=str(symbol.id), expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.OTHER,
                    multiplier=1.0)


def read_option(symbol: LeanSymbol, kind: ContractKind, is_put: bool) -> Contract:
    """The contract of one of LEAN's option symbols."""
    future = kind is ContractKind.FUTURE_OPTION
    ticker = option_ticker(symbol, kind)
    return Contract(underlying=ticker, expiry=symbol.id.date.date(), strike=float(symbol.id.strike_price),
                    right=Right.PUT if is_put else Right.CALL, kind=kind, multiplier=INSTRUMENTS[ticker].multiplier,
                    root=str(symbol.id.symbol) if kind is ContractKind.INDEX_OPTION else "",
                    future_expiry=underlying_symbol(symbol).id.date.date() if future else None)


def read_contract(symbol: LeanSymbol, kind: ContractKind | None, is_put: Callable[[], bool]) -> Contract:
    """The contract of any of LEAN's symbols. If the framework does not trade it (``kind`` is None, or it is an option
    on an underlying without figures here), only its name is given."""
    if kind is ContractKind.EQUITY:
        return shares(str(symbol.value))
    if kind is None or option_ticker(symbol, kind) not in INSTRUMENTS:
        return stranger(symbol)
    return read_option(symbol, kind, is_put())


def shares(ticker: str) -> Contract:
    """The shares of an underlying."""
    return Contract(underlying=ticker, expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.EQUITY,
                    multiplier=1.0)


def sessions_ahead(hours: ExchangeHours, midnight: datetime, count: int) -> tuple[date, ...]:
    """The ``count`` trading days after the day that begins at ``midnight``, by the exchange's own hours."""
    found: list[date] = []
    for _ in range(count):
        midnight = hours.get_next_trading_day(midnight)
        found.append(midnight.date())
    return tuple(found)


def plain_time(moment: datetime) -> datetime:
    """A plain datetime from one of the bridge's."""
    if type(moment) is datetime and moment.tzinfo is None:
        return moment
    return datetime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second,
                    moment.microsecond)
