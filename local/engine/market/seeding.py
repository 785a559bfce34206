"""Last prices of a security before its streams begin, for an order that comes at once."""
from __future__ import annotations

from local.engine.enums import Resolution
from local.engine.market.bar_counts import bar_count_start
from local.engine.market.feed import Feed
from local.engine.market.security import Security
from local.engine.market.series import BarSeries
from local.engine.market.subscription import tick_types_of
from local.engine.time_zones import convert_from_utc, convert_to_utc, seconds_of

_LOOKBACKS = {Resolution.MINUTE: (5, 1440), Resolution.HOUR: (5, 24), Resolution.DAILY: (5, 10)}


def seed(feed: Feed, security: Security) -> None:
    """Gives a security without a price the last bar of each kind, of five bars back or, without one, of many more."""
    if security.price:
        return
    exchange, now = security.exchange.hours, feed.clock.second
    local = convert_from_utc(feed.clock.utc, exchange.time_zone).replace(microsecond=0)
    extended, made = security.is_extended_market_hours, {}
    for tick_type in tick_types_of(security.symbol.security_type, security.resolution):
        loader = feed.loader(security.symbol, tick_type, security.resolution, extended, security.data_normalization_mode)
        for count in _LOOKBACKS[security.resolution]:
            begin = bar_count_start(exchange, local, security.resolution, count, extended)
            series = BarSeries(loader, seconds_of(convert_to_utc(begin, exchange.time_zone)) + 1, False)
            if series.seek(now):
                security.seeded[tick_type] = series.end()
                made[tick_type.name] = BarSeries(loader, series.end())
                break
    security.attach_series(made.get("TRADE"), made.get("QUOTE"))
