"""Expiry, exercise, assignment and delisting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.engine.broker.enums import OrderStatus, direction_of
from local.engine.broker.events import OrderEvent
from local.engine.broker.numeric import fixed
from local.engine.broker.orders import MarketOrder, OptionExerciseOrder, OrderSubmissionData
from local.engine.enums import OptionRight, OptionStyle, SecurityType, SettlementType

if TYPE_CHECKING:
    from local.engine.broker.handler import TransactionHandler
    from local.engine.market.derivatives import Option
    from local.engine.market.symbol import Symbol

DELISTING_TAG = "Liquidate from delisting"


@dataclass(slots=True)
class OptionAssignmentResult:
    """Contracts assigned (0 for nothing) and why."""

    quantity: float
    tag: str = ""


@dataclass(frozen=True, slots=True)
class OptionAssignmentParameters:
    """The option a model is asked about."""

    option: Any


class DefaultExerciseModel:
    """LEAN's exercise: the option goes at 0, and in the money its shares trade at the strike (or cash is paid)."""

    def option_exercise(self, option: Option, order: OptionExerciseOrder) -> Iterator[OrderEvent]:
        """Yield the events of an exercise or assignment."""
        underlying = option.underlying
        in_the_money = option.is_auto_exercised(underlying.close)
        assigned = in_the_money and option.holdings.quantity < 0
        word = "OTM" if not in_the_money else "Assigned" if assigned else "Automatic Exercise"
        event = _filled(order, option, order.quantity, 0.0, f"{word}. Underlying: {_price_text(underlying)}")
        event.is_assignment, event.is_in_the_money = assigned, in_the_money
        yield event
        if in_the_money and option.exercise_settlement is SettlementType.PHYSICAL_DELIVERY:
            shares = option.get_exercise_quantity(order.quantity)
            message = "Option Assignment" if assigned else "Option Exercise"
            event = _filled(order, underlying, shares, option.strike_price, message)
            event.is_in_the_money = True
            yield event


def _price_text(security: Any) -> str:
    """Return a price with the decimals of its file: four where prices are stored × 10,000."""
    return fixed(security.price, 4 if security.type is SecurityType.EQUITY else 0)


def _filled(order: OptionExerciseOrder, security: Any, quantity: float, price: float, message: str) -> OrderEvent:
    event = OrderEvent(order, security.utc_time, message=message)
    event.symbol = security.symbol
    event.status = OrderStatus.FILLED
    event.direction = direction_of(quantity)
    event.fill_price, event.fill_quantity = price, quantity
    event.fill_price_currency = ""
    return event


class DefaultOptionAssignmentModel:
    """LEAN's early assignment: shorts deep in the money and near expiry, where the holder gains by exercising."""

    def __init__(self, required_in_the_money_percent: float = 0.05, prior_expiration: timedelta | None = None) -> None:
        self.required_in_the_money_percent = float(required_in_the_money_percent)
        self.prior_expiration = timedelta(days=4) if prior_expiration is None else prior_expiration

    def get_assignment(self, parameters: OptionAssignmentParameters) -> OptionAssignmentResult:
        """Return what is assigned of a short option now."""
        option = parameters.option
        if not self._is_near_expiry(option) or not self._is_deep_in_the_money(option):
            return OptionAssignmentResult(0.0)
        if _gain_of_exercising(option) <= 0:
            return OptionAssignmentResult(0.0)
        return OptionAssignmentResult(option.holdings.absolute_quantity,
                                      "Simulated option assignment before expiration")

    def _is_near_expiry(self, option: Option) -> bool:
        expiry = option.symbol.id.date
        if option.symbol.id.option_style is OptionStyle.AMERICAN:
            return expiry - option.local_time <= self.prior_expiration
        return expiry.date() == option.local_time.date()

    def _is_deep_in_the_money(self, option: Option) -> bool:
        price = option.underlying.close
        return price != 0 and option.get_payoff(price) / price > self.required_in_the_money_percent


class NullOptionAssignmentModel(DefaultOptionAssignmentModel):
    """No early assignment."""

    def get_assignment(self, parameters: OptionAssignmentParameters) -> OptionAssignmentResult:
        """Return nothing assigned."""
        return OptionAssignmentResult(0.0)


def _gain_of_exercising(option: Option) -> float:
    """Holder's gain of exercising over selling the option at its bid, as LEAN estimates it."""
    holding, underlying = option.holdings, option.underlying
    multiplier = option.symbol_properties.contract_multiplier
    now = option.utc_time
    price = underlying.bid_price if option.right is OptionRight.CALL else underlying.ask_price
    shares = option.get_exercise_quantity(holding.quantity)
    sale = MarketOrder(option.symbol, -holding.quantity, now)
    selling = (option.bid_price - holding.average_price) * -holding.quantity * multiplier
    selling -= float(option.fee_model.order_fee(option, sale).value.amount)
    exercise = OptionExerciseOrder(option.symbol, float(int(holding.absolute_quantity)), now)
    fees = float(option.fee_model.order_fee(option, exercise).value.amount)
    if option.exercise_settlement is SettlementType.PHYSICAL_DELIVERY:
        close = MarketOrder(underlying.symbol, -shares, now)
        fees += float(underlying.fee_model.order_fee(underlying, close).value.amount)
    exercising = (price - option.scaled_strike_price) * shares * option.contract_unit_of_trade
    exercising -= holding.average_price * holding.absolute_quantity * multiplier + fees
    return exercising - selling


class OptionLifecycle:
    """Turns notices of the broker (assigned, exercised, expired, delisted) into orders and events."""

    def __init__(self, algorithm: Any, handler: TransactionHandler) -> None:
        self._algorithm = algorithm
        self._handler = handler

    def notify_option(self, symbol: Symbol, position: float, tag: str | None = None) -> None:
        """The broker's position in an option is now `position`: book the exercise, assignment or expiry.

        Raises
        ------
        RuntimeError
            When the broker reports a position in an expired contract.
        """
        security = self._algorithm.securities.get(symbol)
        if security is None:
            return
        held = security.holdings.quantity
        if self.is_expired(security):
            if position:
                raise RuntimeError(f"OptionLifecycle: position {position} in expired contract {symbol.value}")
            if held:
                self._emit(security, self._exercise_order(security, -held, tag))
        elif abs(position) < abs(held):
            if held > 0:
                for order in list(self._handler.open_orders.values()):
                    if order.symbol == symbol and isinstance(order, OptionExerciseOrder):
                        self._emit(security, order)
                        break
            else:
                self._emit(security, self._exercise_order(security, position - held, tag))

    @staticmethod
    def is_expired(security: Any) -> bool:
        """Tell whether an option's last session is over at the current time."""
        return option_expiry_utc(security) <= security.utc_time

    def _exercise_order(self, security: Any, quantity: float, tag: str | None) -> OptionExerciseOrder:
        order = OptionExerciseOrder(security.symbol, quantity, self._algorithm._utc_now, tag)
        order.order_submission_data = OrderSubmissionData(security.bid_price, security.ask_price, security.close,
                                                          security.written_decimals)
        order.price_currency = security.symbol_properties.quote_currency
        self._handler.add_open_order(order)
        return order

    def _emit(self, security: Any, order: OptionExerciseOrder) -> None:
        for event in security.option_exercise_model.option_exercise(security, order):
            self._handler.handle_events([event])
            if event.is_assignment:
                if order.tag:
                    event.message = f"{event.message}. {order.tag}" if event.message else order.tag
                self._algorithm._call_user("OnAssignmentOrderEvent", self._algorithm.on_assignment_order_event, event)

    def notify_delisting(self, symbol: Symbol) -> None:
        """A security other than an option is gone: sell what is held at the last price, without a fee."""
        security = self._algorithm.securities.get(symbol)
        if security is None or security.holdings.quantity == 0:
            return
        order = MarketOrder(symbol, -security.holdings.quantity, self._algorithm._utc_now, DELISTING_TAG)
        self._handler.add_open_order(order)
        fill = OrderEvent(order, self._algorithm._utc_now, message=DELISTING_TAG)
        fill.fill_price, fill.fill_quantity, fill.status = security.price, order.quantity, OrderStatus.FILLED
        self._handler.handle_events([fill])


def option_expiry_utc(security: Any) -> datetime:
    """Return the UTC instant from which an option counts as expired.

    That is the last regular close of its expiry date, or of the session before when that date has none, but never
    later than the end of the expiry date.
    """
    hours = security.exchange.hours
    expiry = security.symbol.id.date
    day = datetime(expiry.year, expiry.month, expiry.day)
    session = day if hours.is_date_open(day) else hours.get_previous_trading_day(day)
    close = hours.get_last_daily_market_close(session, False)
    return security.to_utc(min(close, day + timedelta(days=1)))
