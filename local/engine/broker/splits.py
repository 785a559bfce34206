"""Dividends and splits of the underlying."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from local.engine.broker.enums import LIMIT_TYPES, STOP_TYPES, OrderField, OrderType
from local.engine.broker.numeric import exact
from local.engine.broker.orders import MarketOnCloseOrder
from local.engine.broker.requests import SubmitOrderRequest, UpdateOrderFields
from local.engine.enums import DataNormalizationMode, Resolution, SecurityType, SplitType

SPLIT_CANCEL_TAG = ("Canceled due to impending split. Separate MarketOnClose order submitted to liquidate position.")
SPLIT_CLOSE_TAG = "Liquidated due to impending split. Option splits are not currently supported."
_WITH_DIVIDENDS = (DataNormalizationMode.RAW, DataNormalizationMode.SPLIT_ADJUSTED)
_STEPS = {Resolution.MINUTE: timedelta(minutes=1), Resolution.HOUR: timedelta(hours=1),
          Resolution.DAILY: timedelta(days=1), Resolution.SECOND: timedelta(seconds=1)}


def apply_dividend(algorithm: Any, dividend: Any) -> None:
    """Pay a dividend on a raw or split-adjusted holding; a short pays it. Live, the broker's cash tells."""
    security = algorithm.securities.get(dividend.symbol)
    if security is None or algorithm.live_mode or security.data_normalization_mode not in _WITH_DIVIDENDS:
        return
    total = exact(security.holdings.quantity * dividend.distribution)
    algorithm.portfolio.cash_book["USD"].add_amount(total)
    security.holdings.add_new_dividend(total)


def apply_split(algorithm: Any, split: Any, warnings: list[Any]) -> None:
    """Split a raw holding into whole shares and cash, and its open orders; keep a warning for later."""
    if split.type is SplitType.WARNING:
        if all(known.symbol != split.symbol for known in warnings):
            warnings.append(split)
        return
    security = algorithm.securities.get(split.symbol)
    raw = security is not None and security.type is SecurityType.EQUITY and (
        algorithm.live_mode or security.data_normalization_mode is DataNormalizationMode.RAW)
    if not raw:
        return
    factor = split.split_factor
    holding = security.holdings
    quantity = exact(holding.quantity / factor)
    left = quantity - int(quantity)
    holding.set_holdings(exact(holding.average_price * factor), int(quantity))
    last = security.get_last_data()
    if last is None:
        price = split.reference_price * factor
    else:
        security.apply_split(factor)
        price = last.close * factor
    algorithm.portfolio.cash_book["USD"].add_amount(exact(left * price))
    for ticket in algorithm.transactions.get_open_order_tickets(split.symbol):
        ticket.update(_split_fields(ticket, factor))


def _split_fields(ticket: Any, factor: float) -> UpdateOrderFields:
    fields = UpdateOrderFields()
    fields.quantity = int(ticket.quantity / factor)
    kind = ticket.order_type
    if kind in LIMIT_TYPES:
        fields.limit_price = exact(ticket.get(OrderField.LIMIT_PRICE) * factor)
    if kind in STOP_TYPES:
        fields.stop_price = exact(ticket.get(OrderField.STOP_PRICE) * factor)
    if kind is OrderType.LIMIT_IF_TOUCHED:
        fields.trigger_price = exact(ticket.get(OrderField.TRIGGER_PRICE) * factor)
    if kind is OrderType.TRAILING_STOP and not ticket.get(OrderField.TRAILING_AS_PERCENTAGE):
        fields.trailing_amount = exact(ticket.get(OrderField.TRAILING_AMOUNT) * factor)
    return fields


def process_split_symbols(algorithm: Any, warnings: list[Any]) -> None:
    """Near the close before a split, sell held options of the underlying at the close and make them untradable."""
    for split in list(reversed(warnings)):
        security = algorithm.securities.get(split.symbol)
        if security is None or not security.is_tradable:
            warnings.remove(split)
            continue
        close = security.exchange.hours.get_next_market_close(security.local_time, False)
        latest = _round_down(close - MarketOnCloseOrder.submission_time_buffer, _STEPS[security.resolution])
        if security.local_time < latest:
            continue
        for option in algorithm.portfolio.invested_securities():
            if option.symbol.security_type.is_option() and option.symbol.underlying == security.symbol:
                _close_before_split(algorithm, option, split)
        warnings.remove(split)


def _round_down(local: Any, step: timedelta) -> Any:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (local - midnight) // step * step


def _close_before_split(algorithm: Any, option: Any, split: Any) -> None:
    if option.symbol.id.date.date() == option.local_time.date():
        return
    algorithm.transactions.cancel_open_orders(option.symbol, SPLIT_CANCEL_TAG)
    request = SubmitOrderRequest(OrderType.MARKET_ON_CLOSE, option.type, option.symbol, -option.holdings.quantity,
                                 algorithm._utc_now, SPLIT_CLOSE_TAG)
    algorithm.transactions.add_order(request)
    option.is_tradable = False
    algorithm.debug(f"MarketOnClose order submitted for option contract '{option.symbol}' due to impending "
                    f"{split.symbol.value} split event. Option splits are not currently supported.")
