"""Enumerations of orders, requests and brokerages, with LEAN's numbers."""

from __future__ import annotations

from local.engine.enums import LeanEnum


class OrderType(LeanEnum):
    """Kind of order."""

    MARKET = 0
    LIMIT = 1
    STOP_MARKET = 2
    STOP_LIMIT = 3
    MARKET_ON_OPEN = 4
    MARKET_ON_CLOSE = 5
    OPTION_EXERCISE = 6
    LIMIT_IF_TOUCHED = 7
    COMBO_MARKET = 8
    COMBO_LIMIT = 9
    COMBO_LEG_LIMIT = 10
    TRAILING_STOP = 11


class OrderDirection(LeanEnum):
    """Side of an order."""

    BUY = 0
    SELL = 1
    HOLD = 2


class OrderPosition(LeanEnum):
    """Effect of an order on the holding."""

    BUY_TO_OPEN = 0
    BUY_TO_CLOSE = 1
    SELL_TO_OPEN = 2
    SELL_TO_CLOSE = 3


class OrderStatus(LeanEnum):
    """State of an order."""

    NEW = 0
    SUBMITTED = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 5
    NONE = 6
    INVALID = 7
    CANCEL_PENDING = 8
    UPDATE_SUBMITTED = 9


class OrderField(LeanEnum):
    """Field of an order that a ticket can read."""

    LIMIT_PRICE = 0
    STOP_PRICE = 1
    TRIGGER_PRICE = 2
    TRAILING_AMOUNT = 3
    TRAILING_AS_PERCENTAGE = 4


class OrderRequestType(LeanEnum):
    """Kind of order request."""

    SUBMIT = 0
    UPDATE = 1
    CANCEL = 2


class OrderRequestStatus(LeanEnum):
    """State of an order request."""

    UNPROCESSED = 0
    PROCESSING = 1
    PROCESSED = 2
    ERROR = 3


class OrderResponseErrorCode(LeanEnum):
    """Why a request was refused."""

    NONE = 0
    PROCESSING_ERROR = -1
    ORDER_ALREADY_EXISTS = -2
    INSUFFICIENT_BUYING_POWER = -3
    BROKERAGE_MODEL_REFUSED_TO_SUBMIT_ORDER = -4
    BROKERAGE_FAILED_TO_SUBMIT_ORDER = -5
    BROKERAGE_FAILED_TO_UPDATE_ORDER = -6
    BROKERAGE_HANDLER_REFUSED_TO_UPDATE_ORDER = -7
    BROKERAGE_FAILED_TO_CANCEL_ORDER = -8
    INVALID_ORDER_STATUS = -9
    UNABLE_TO_FIND_ORDER = -10
    ORDER_QUANTITY_ZERO = -11
    UNSUPPORTED_REQUEST_TYPE = -12
    PRE_ORDER_CHECKS_ERROR = -13
    MISSING_SECURITY = -14
    EXCHANGE_NOT_OPEN = -15
    SECURITY_PRICE_ZERO = -16
    FOREX_BASE_AND_QUOTE_CURRENCIES_REQUIRED = -17
    FOREX_CONVERSION_RATE_ZERO = -18
    SECURITY_HAS_NO_DATA = -19
    EXCEEDED_MAXIMUM_ORDERS = -20
    MARKET_ON_CLOSE_ORDER_TOO_LATE = -21
    INVALID_REQUEST = -22
    REQUEST_CANCELED = -23
    ALGORITHM_WARMING_UP = -24
    BROKERAGE_MODEL_REFUSED_TO_UPDATE_ORDER = -25
    QUOTE_CURRENCY_REQUIRED = -26
    CONVERSION_RATE_ZERO = -27
    NON_TRADABLE_SECURITY = -28
    NON_EXERCISABLE_SECURITY = -29
    ORDER_QUANTITY_LESS_THAN_LOT_SIZE = -30
    EXCEEDS_SHORTABLE_QUANTITY = -31
    INVALID_NEW_ORDER_STATUS = -32
    EUROPEAN_OPTION_NOT_EXPIRED_ON_EXERCISE = -33
    OPTION_ORDER_ON_STOCK_SPLIT = -34
    MARKET_ON_OPEN_NOT_ALLOWED_DURING_REGULAR_HOURS = -35


CLOSED_STATUSES = frozenset((OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.INVALID))
FILL_STATUSES = frozenset((OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED))
LIMIT_TYPES = frozenset((OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED))
STOP_TYPES = frozenset((OrderType.STOP_MARKET, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP))


def is_closed(status: OrderStatus) -> bool:
    """Tell whether an order of this status is over."""
    return status in CLOSED_STATUSES


def is_fill(status: OrderStatus) -> bool:
    """Tell whether the status reports a fill."""
    return status in FILL_STATUSES


def direction_of(quantity: float) -> OrderDirection:
    """Return the side of a signed quantity."""
    if quantity > 0:
        return OrderDirection.BUY
    return OrderDirection.SELL if quantity < 0 else OrderDirection.HOLD


class AccountType(LeanEnum):
    """Kind of account."""

    MARGIN = 0
    CASH = 1


class BrokerageName(LeanEnum):
    """Brokerages LEAN models; the engine supports DEFAULT, INTERACTIVE_BROKERS_BROKERAGE and TASTYTRADE."""

    DEFAULT = 0
    INTERACTIVE_BROKERS_BROKERAGE = 1
    TRADIER_BROKERAGE = 2
    OANDA_BROKERAGE = 3
    FXCM_BROKERAGE = 4
    BITFINEX = 5
    BINANCE = 6
    ALPACA = 13
    ALPHA_STREAMS = 14
    ZERODHA = 15
    SAMCO = 16
    TRADING_TECHNOLOGIES = 18
    KRAKEN = 19
    EXANTE = 22
    WOLVERINE = 24
    TD_AMERITRADE = 25
    RBI = 28
    BYBIT = 29
    EZE = 30
    AXOS = 31
    COINBASE = 32
    TRADE_STATION = 33
    TERMINAL_LINK = 34
    CHARLES_SCHWAB = 35
    TASTYTRADE = 36
    WEBULL = 39
    PUBLIC = 40
