"""Fee models. Fees are positive amounts paid by the account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.engine.broker.enums import OrderDirection, OrderPosition, OrderType
from local.engine.broker.events import CashAmount, OrderFee
from local.engine.broker.numeric import exact
from local.engine.enums import SecurityType

if TYPE_CHECKING:
    from local.engine.broker.orders import Order
    from local.engine.market.security import Security

USD = "USD"


@dataclass(frozen=True, slots=True)
class OrderFeeParameters:
    """What a fee model is asked about."""

    security: Security
    order: Order


class FeeModel:
    """Base of fee models; a user's model overrides `get_order_fee`."""

    def get_order_fee(self, parameters: OrderFeeParameters) -> OrderFee:
        """Return the fee of an order: none."""
        return OrderFee(CashAmount(0.0, USD))

    def order_fee(self, security: Security, order: Order) -> OrderFee:
        """Return the fee of an order that fills whole."""
        return self.get_order_fee(OrderFeeParameters(security, order))


class ConstantFeeModel(FeeModel):
    """The same fee for every order."""

    def __init__(self, fee: float, currency: str = USD) -> None:
        self.fee = abs(float(fee))
        self.currency = currency

    def get_order_fee(self, parameters: OrderFeeParameters) -> OrderFee:
        """Return the constant."""
        return OrderFee(CashAmount(self.fee, self.currency))


def order_position(direction: OrderDirection, holding: float) -> OrderPosition:
    """Tell whether an order opens or closes, from the holding before it.

    Raises
    ------
    ValueError
        When the order has no direction.
    """
    if direction is OrderDirection.BUY:
        return OrderPosition.BUY_TO_OPEN if holding >= 0 else OrderPosition.BUY_TO_CLOSE
    if direction is OrderDirection.SELL:
        return OrderPosition.SELL_TO_OPEN if holding <= 0 else OrderPosition.SELL_TO_CLOSE
    raise ValueError(f"order_position: no direction {direction}")


class TastytradeFeeModel(FeeModel):
    """Tastytrade: 1.00 an option to open, 2.50 a futures option to open, 1.25 a future, closing options free."""

    OPTION_OPEN = 1.0
    FUTURE = 1.25
    FUTURE_OPTION_OPEN = 2.5

    def get_order_fee(self, parameters: OrderFeeParameters) -> OrderFee:
        """Return the fee in USD for the order's whole quantity."""
        security, order = parameters.security, parameters.order
        rate = 0.0
        if security.type is SecurityType.FUTURE:
            rate = self.FUTURE
        elif security.type.is_option():
            opening = order_position(order.direction, security.holdings.quantity)
            if opening in (OrderPosition.BUY_TO_OPEN, OrderPosition.SELL_TO_OPEN):
                future = security.type is SecurityType.FUTURE_OPTION
                rate = self.FUTURE_OPTION_OPEN if future else self.OPTION_OPEN
        return OrderFee(CashAmount(exact(order.absolute_quantity * rate), USD))


_MICROS = ("MYM", "M2K", "MES", "MNQ", "2YY", "5YY", "10Y", "30Y", "MCL", "MGC", "SIL")
_E_MINIS = ("ES", "NQ", "YM", "RTY", "EMD")
_FX_E_MINIS = ("E7", "J7")
_FX_MICROS = ("M6E", "M6A", "M6B", "MCD", "MJY", "MSF", "M6J", "MIR", "M6C", "M6S", "MNH")
_CRYPTO = ("BTC", "MBT", "ETH", "MET", "MIB", "MRB")


def _table(*rows: tuple[tuple[str, ...], float | tuple[float, ...]]) -> dict[str, float]:
    table: dict[str, float] = {}
    for names, fees in rows:
        values = fees if isinstance(fees, tuple) else (fees,) * len(names)
        table.update(zip(names, values))
    return table


_FUTURE_FEES = _table((_MICROS, 0.25), (_CRYPTO, (5, 2.25, 3, 0.20, 2.25, 0.20)), (_FX_E_MINIS, 0.50),
                      (_FX_MICROS, 0.15))
_FUTURE_EXCHANGE_FEES = _table((_E_MINIS, 1.28), (_MICROS, 0.30), (_CRYPTO, (6, 2.5, 4, 0.20, 2.5, 0.20)),
                               (_FX_E_MINIS, 0.85), (_FX_MICROS, 0.24))
_FOP_FEES = _table((_MICROS, 0.25), (_CRYPTO, (5, 1.25, 3, 0.10, 1.25, 0.10)))
_FOP_EXCHANGE_FEES = _table((_E_MINIS, 0.55), (_MICROS, 0.20), (_CRYPTO, (5, 2.5, 4, 0.20, 2.5, 0.20)))
_OTHER_FUTURE_FEE, _OTHER_EXCHANGE_FEE, _REGULATORY_FEE = 0.85, 1.60, 0.02


class InteractiveBrokersFeeModel(FeeModel):
    """LEAN's default fees: Interactive Brokers, United States, smallest volume tier."""

    def get_order_fee(self, parameters: OrderFeeParameters) -> OrderFee:
        """Return the fee in USD.

        Raises
        ------
        NotImplementedError
            For a kind of security the engine does not trade.
        """
        security, order = parameters.security, parameters.order
        if order.type is OrderType.OPTION_EXERCISE and order.symbol.security_type is SecurityType.OPTION:
            return OrderFee.ZERO
        quantity = order.absolute_quantity
        if security.type in (SecurityType.OPTION, SecurityType.INDEX_OPTION):
            fee = self._option_fee(quantity, _expected_price(order, security))
        elif security.type in (SecurityType.FUTURE, SecurityType.FUTURE_OPTION):
            fee = quantity * self._contract_fee(security)
        elif security.type is SecurityType.EQUITY:
            fee = self._share_fee(quantity, abs(order.get_value(security)))
        else:
            raise NotImplementedError(f"InteractiveBrokersFeeModel: security type {security.type}")
        return OrderFee(CashAmount(exact(fee), USD))

    @staticmethod
    def _option_fee(quantity: float, premium: float) -> float:
        rate = 0.65 if premium >= 0.1 else 0.5 if premium >= 0.05 else 0.25
        return max(quantity * rate, 1.0)

    @staticmethod
    def _share_fee(quantity: float, value: float) -> float:
        fee = 0.005 * quantity
        if fee < 1:
            return 1.0
        return min(fee, 0.005 * value)

    @staticmethod
    def _contract_fee(security: Security) -> float:
        if security.type is SecurityType.FUTURE:
            name, fees, exchange = security.symbol.id.symbol, _FUTURE_FEES, _FUTURE_EXCHANGE_FEES
        else:
            name, fees, exchange = security.symbol.underlying.id.symbol, _FOP_FEES, _FOP_EXCHANGE_FEES
        return fees.get(name, _OTHER_FUTURE_FEE) + exchange.get(name, _OTHER_EXCHANGE_FEE) + _REGULATORY_FEE


def _expected_price(order: Order, security: Security) -> float:
    """Price LEAN's fee schedule assumes: the limit or stop, for market orders the opposite side of the book."""
    kind = order.type
    if kind in (OrderType.MARKET, OrderType.COMBO_MARKET, OrderType.MARKET_ON_OPEN, OrderType.MARKET_ON_CLOSE):
        return security.bid_price if order.direction is OrderDirection.BUY else security.ask_price
    if kind in (OrderType.STOP_MARKET, OrderType.TRAILING_STOP):
        return order.stop_price
    if kind is OrderType.OPTION_EXERCISE:
        return 0.0
    return order.limit_price
