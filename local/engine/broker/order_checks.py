"""What is checked before an order request reaches the transaction handler."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from local.engine.broker.enums import OrderResponseErrorCode as Code
from local.engine.broker.enums import OrderType
from local.engine.broker.events import camel
from local.engine.broker.margin import zero_price_message
from local.engine.broker.numeric import text
from local.engine.broker.orders import MarketOnCloseOrder
from local.engine.broker.requests import OrderResponse, SubmitOrderRequest
from local.engine.enums import OptionStyle, Resolution, SecurityType
from local.engine.time_zones import ONE_DAY, convert_from_utc

if TYPE_CHECKING:
    from local.engine.market.security import Security
    from local.engine.market.symbol import Symbol

_FUTURES = (SecurityType.FUTURE, SecurityType.FUTURE_OPTION)


class OrderChecks:
    """LEAN's pre-order checks, in its order; each refusal with its code."""

    def __init__(self, algorithm: Any) -> None:
        self._algorithm = algorithm

    def check(self, request: SubmitOrderRequest) -> OrderResponse:
        """Return success, or the first refusal, which is also logged as an error."""
        response = self._first_refusal(request) or OrderResponse.success(request)
        if response.is_error:
            self._algorithm.error(response.error_message)
        return response

    def _first_refusal(self, request: SubmitOrderRequest) -> OrderResponse | None:
        if self._algorithm.is_warming_up:
            return OrderResponse.warming_up(request)
        security = self._algorithm.securities.get(request.symbol)
        if security is None:
            return OrderResponse.missing_security(request)
        if request.quantity == 0:
            return OrderResponse.zero_quantity(request)
        refusal = self._tradability(request, security) or self._data(request, security)
        if refusal is None and request.order_type is OrderType.OPTION_EXERCISE:
            refusal = self._exercise(request, security)
        if refusal is None:
            refusal = self._session(request, security) or self._split(request)
        return None if refusal is None else OrderResponse.error(request, *refusal)

    def _tradability(self, request: SubmitOrderRequest, security: Security) -> tuple[Code, str] | None:
        lot = security.symbol_properties.lot_size
        kind = camel(request.order_type.name)
        if abs(request.quantity) < lot:
            return Code.ORDER_QUANTITY_LESS_THAN_LOT_SIZE, (
                f"Unable to submit order with id {request.order_id} which quantity ({text(abs(request.quantity))}) "
                f"is less than lot size ({text(lot)}).")
        if not security.is_tradable:
            return Code.NON_TRADABLE_SECURITY, (
                f"The security with symbol '{request.symbol}' is marked as non-tradable.")
        if request.order_type is OrderType.OPTION_EXERCISE and not security.exchange.exchange_open:
            return Code.EXCHANGE_NOT_OPEN, f"{kind} order and exchange not open."
        if security.type in _FUTURES and request.order_type is OrderType.MARKET_ON_OPEN:
            return Code.EXCHANGE_NOT_OPEN, f"{kind} orders not supported for {camel(security.type.name)}."
        return None

    def _data(self, request: SubmitOrderRequest, security: Security) -> tuple[Code, str] | None:
        if security.price == 0:
            return Code.SECURITY_PRICE_ZERO, zero_price_message(security)
        currency = security.symbol_properties.quote_currency
        if currency not in self._algorithm.portfolio.cash_book:
            return Code.QUOTE_CURRENCY_REQUIRED, (
                f"{request.symbol.value}: requires {currency} in the cashbook to trade.")
        if not security.has_data:
            return Code.SECURITY_HAS_NO_DATA, (
                "There is no data for this symbol yet, please check the security.HasData flag to ensure there is at "
                "least one data point.")
        if not self._algorithm.live_mode and self._algorithm.transactions.orders_count > self._algorithm._max_orders:
            self._algorithm.quit("Maximum number of orders exceeded")
            return Code.EXCEEDED_MAXIMUM_ORDERS, (
                f"You have exceeded maximum number of orders ({self._algorithm._max_orders}), for unlimited orders "
                "upgrade your account.")
        return None

    def _exercise(self, request: SubmitOrderRequest, security: Security) -> tuple[Code, str] | None:
        if not security.type.is_option():
            return Code.NON_EXERCISABLE_SECURITY, f"The security with symbol '{request.symbol}' is not exercisable."
        expiry = security.to_utc(security.symbol.id.date)
        if security.symbol.id.option_style is OptionStyle.EUROPEAN and \
                self._algorithm._utc_now.date() < expiry.date():
            return Code.EUROPEAN_OPTION_NOT_EXPIRED_ON_EXERCISE, (
                f"Cannot exercise European style option with symbol '{request.symbol}' before its expiration date.")
        if security.holdings.quantity < 0:
            return Code.UNSUPPORTED_REQUEST_TYPE, (
                f"The security with symbol '{request.symbol}' has a short option position. "
                "Only long option positions are exercisable.")
        if abs(request.quantity) > security.holdings.quantity:
            return Code.UNSUPPORTED_REQUEST_TYPE, (
                f"Cannot exercise more contracts of '{request.symbol}' than is currently available in the portfolio. ")
        return None

    def _session(self, request: SubmitOrderRequest, security: Security) -> tuple[Code, str] | None:
        if request.order_type is OrderType.MARKET_ON_OPEN:
            open_now = security.exchange.hours.is_open(security.local_time, False)
            if open_now and not self.is_daily_only(security):
                return Code.MARKET_ON_OPEN_NOT_ALLOWED_DURING_REGULAR_HOURS, (
                    "Cannot submit a MarketOnOpen order while the market is open.")
        elif request.order_type is OrderType.MARKET_ON_CLOSE and self.is_within_close_buffer(security):
            buffer = MarketOnCloseOrder.submission_time_buffer
            return Code.MARKET_ON_CLOSE_ORDER_TOO_LATE, (
                f"MarketOnClose orders must be placed within {_span(buffer)} before market close. Override this "
                "TimeSpan buffer by setting Orders.MarketOnCloseOrder.SubmissionTimeBuffer in "
                "QCAlgorithm.Initialize().")
        return None

    def _split(self, request: SubmitOrderRequest) -> tuple[Code, str] | None:
        current = self._algorithm.current_slice
        if current is None or not request.security_type.is_option() or not current.splits:
            return None
        if request.symbol.underlying not in current.splits:
            return None
        return Code.OPTION_ORDER_ON_STOCK_SPLIT, (
            "Options orders are not allowed when a split occurred for its underlying stock")

    @staticmethod
    def is_daily_only(security: Security) -> bool:
        """Tell whether a security has daily data only."""
        return security.resolution is Resolution.DAILY

    @staticmethod
    def is_within_close_buffer(security: Security) -> bool:
        """Tell whether it is too late for a MarketOnClose order."""
        close = security.exchange.hours.get_next_market_close(security.local_time, False)
        return security.utc_time > security.to_utc(close) - MarketOnCloseOrder.submission_time_buffer

    def can_add(self, symbol: Symbol) -> bool:
        """Tell whether an order may add its symbol to the algorithm."""
        if symbol.is_canonical() or symbol.security_type is SecurityType.INDEX:
            return False
        if not symbol.security_type.is_option():
            return True
        feed, expiry = self._algorithm._feed, symbol.id.date
        exchange = feed.hours_of(symbol).exchange_hours
        close = exchange.get_last_daily_market_close(feed.events.last_option_day(symbol), False)
        over = min(close, expiry.replace(hour=0, minute=0, second=0, microsecond=0) + ONE_DAY)
        return convert_from_utc(self._algorithm._utc_now, exchange.time_zone) < over


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
