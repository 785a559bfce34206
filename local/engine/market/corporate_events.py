"""Dividends and splits of an equity as events of a run, from its factor file."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from local.engine.enums import SecurityType, SplitType
from local.engine.files.factor_files import CorporateEvent, FactorFiles
from local.engine.market.bars import BaseData, Dividend, Split
from local.engine.market.market_hours import SecurityExchangeHours
from local.engine.market.symbol import Symbol


def corporate_events(files: FactorFiles, symbol: Symbol, hours: SecurityExchangeHours, first: datetime,
                     last: datetime) -> Iterator[tuple[datetime, BaseData]]:
    """Events of a symbol with exchange-local times: midnight of the ex-date, a split's warning one session before.

    Parameters
    ----------
    first, last
        Exchange-local times; events after the first and up to the last are given. A subscription sees the events of
        the dates that begin while it runs, and the warning of a split on the date it starts.
    """
    if symbol.security_type != SecurityType.EQUITY:
        return
    file = files.get(symbol.id.market, symbol.value)
    for event in file.events(hours) if file is not None else ():
        for when, made in _data_of(symbol, event, hours):
            is_warning = isinstance(made, Split) and made.type == SplitType.WARNING
            if first < when <= last or is_warning and when.date() == first.date():
                yield when, made


def _data_of(symbol: Symbol, event: CorporateEvent,
             hours: SecurityExchangeHours) -> Iterator[tuple[datetime, BaseData]]:
    if not event.is_split:
        yield event.date, Dividend(symbol, event.date, event.distribution, event.reference_price)
        return
    warning = hours.get_previous_trading_day(event.date)
    yield warning, Split(symbol, warning, event.reference_price, event.split_factor, SplitType.WARNING)
    yield event.date, Split(symbol, event.date, event.reference_price, event.split_factor, SplitType.SPLIT_OCCURRED)
