"""The trading members of the algorithm: orders, cash, brokerage model, liquidation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any

from local.engine.broker.benchmark import FuncBenchmark, SecurityBenchmark, benchmark_of
from local.engine.broker.brokerage_models import DefaultBrokerageModel, create_brokerage_model
from local.engine.broker.enums import AccountType, BrokerageName, OrderDirection, OrderType
from local.engine.broker.events import OrderEvent
from local.engine.broker.numeric import decimal_of, whole_of
from local.engine.broker.option_strategies import OptionStrategy
from local.engine.broker.order_checks import OrderChecks
from local.engine.broker.orders import GroupOrderManager, Leg, TrailingStopOrder
from local.engine.broker.portfolio import SecurityPortfolioManager
from local.engine.broker.requests import OrderResponse, SubmitOrderRequest
from local.engine.broker.symbols import symbol_of
from local.engine.broker.targets import TargetMixin
from local.engine.broker.tickets import OrderTicket
from local.engine.broker.time_in_force import GoodTilDateTimeInForce, OrderProperties, TimeInForce
from local.engine.broker.transactions import SecurityTransactionManager
from local.engine.enums import SecurityType
from local.engine.errors import ArgumentException, InvalidOperationException
from local.engine.market.seeding import seed

if TYPE_CHECKING:
    from local.engine.broker.trades import TradeBuilder
    from local.engine.market.security import Security
    from local.engine.market.symbol import Symbol

MAXIMUM_ORDERS = 10_000


class TradingMixin(TargetMixin):
    """What QCAlgorithm offers to trade. Quantities are signed, prices in quote currency."""

    def _init_trading(self) -> None:
        """Create transactions, portfolio and the default brokerage model; needs `self.securities`."""
        self.transactions = SecurityTransactionManager(self)
        self.portfolio = SecurityPortfolioManager(self)
        self.brokerage_model: DefaultBrokerageModel = DefaultBrokerageModel()
        self.default_order_properties: OrderProperties = OrderProperties()
        self._max_orders = MAXIMUM_ORDERS
        self._order_checks = OrderChecks(self)
        self.benchmark: FuncBenchmark | SecurityBenchmark = SecurityBenchmark(self)

    @property
    def trade_builder(self) -> TradeBuilder:
        """What builds closed trades from the fills."""
        return self.transactions.processor.trade_builder

    # -- set-up --------------------------------------------------------------------------------------------------

    def set_cash(self, *arguments: Any) -> None:
        """Set the starting cash: (amount) or (currency, amount[, conversion rate])."""
        self.portfolio.set_cash(*arguments)

    def set_benchmark(self, *benchmark: Any) -> None:
        """Set what statistics compare with: a ticker, a symbol, (type, ticker) or a function of time."""
        if self._locked:
            raise InvalidOperationException("QCAlgorithm.SetBenchmark(): Cannot change Benchmark after algorithm "
                                            "initialized.")
        self.benchmark = benchmark_of(self, *benchmark)

    def set_brokerage_model(self, brokerage: BrokerageName | DefaultBrokerageModel,
                            account_type: AccountType = AccountType.MARGIN) -> None:
        """Set the brokerage model; securities added before get its models too.

        With an initializer of the algorithm's own, no security gets the models by itself.
        """
        if isinstance(brokerage, DefaultBrokerageModel):
            self.brokerage_model = brokerage
        else:
            self.brokerage_model = create_brokerage_model(brokerage, account_type)
        if getattr(self, "_security_initializers", None) is not None:
            return
        for pair in self.securities:
            self.brokerage_model.initialize(pair.value)

    def _initialize_security(self, security: Security) -> None:
        """Give a new security the brokerage's models and follow its holding."""
        self.brokerage_model.initialize(security)
        self.portfolio.watch(security)

    def _trading_on_remove(self, security: Security, tag: str | None = None) -> None:
        """Cancel the open orders of a security that is removed, and close its holding at the market."""
        tag = "Removed" if tag is None else tag
        if not self.is_warming_up:
            self.transactions.cancel_open_orders(security.symbol, tag)
        if security.holdings.invested:
            self.liquidate(security.symbol, tag=tag)

    def set_maximum_orders(self, maximum: int) -> None:
        """Set how many orders a backtest may send."""
        self._max_orders = int(maximum)

    # -- callbacks an algorithm overrides --------------------------------------------------------------------------

    def on_order_event(self, order_event: OrderEvent) -> None:
        """Handle an order event."""

    def on_assignment_order_event(self, assignment_event: OrderEvent) -> None:
        """Handle the assignment of a short option."""

    def on_margin_call(self, requests: list[SubmitOrderRequest]) -> list[SubmitOrderRequest]:
        """Return the margin call orders to send."""
        return requests

    def on_margin_call_warning(self) -> None:
        """Handle the warning that margin is nearly used up."""

    # -- single orders -------------------------------------------------------------------------------------------

    def market_order(self, symbol: Symbol, quantity: float, asynchronous: bool = False, tag: str = "",
                     order_properties: OrderProperties | None = None) -> OrderTicket:
        """Send a market order; outside regular hours it becomes MarketOnOpen (not for futures and their options)."""
        security = self._security_for_order(symbol)
        if security.type not in (SecurityType.FUTURE, SecurityType.FUTURE_OPTION):
            if not security.exchange.exchange_open:
                return self.market_on_open_order(security.symbol, quantity, asynchronous, tag, order_properties)
            if not self.live_mode and self._order_checks.is_daily_only(security):
                late = self._order_checks.is_within_close_buffer(security)
                convert = self.market_on_open_order if late else self.market_on_close_order
                return convert(security.symbol, quantity, asynchronous, tag, order_properties)
        return self._submit(OrderType.MARKET, security, quantity, asynchronous, tag, order_properties)

    def order(self, what: Symbol | OptionStrategy, quantity: float, *arguments: Any, **options: Any) -> Any:
        """Trade a signed quantity of a symbol at the market, or an option strategy."""
        return self._trade(what, quantity, arguments, options)

    def buy(self, what: Symbol | OptionStrategy, quantity: float, *arguments: Any, **options: Any) -> Any:
        """Buy a quantity of a symbol, or an option strategy."""
        return self._trade(what, abs(quantity), arguments, options)

    def sell(self, what: Symbol | OptionStrategy, quantity: float, *arguments: Any, **options: Any) -> Any:
        """Sell a quantity of a symbol, or an option strategy."""
        return self._trade(what, -abs(quantity), arguments, options)

    def _trade(self, what: Any, quantity: float, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if isinstance(what, OptionStrategy):
            return self._order_strategy(what, quantity, *arguments, **options)
        return self.market_order(what, quantity, *arguments, **options)

    def limit_order(self, symbol: Symbol, quantity: float, limit_price: float, asynchronous: bool = False,
                    tag: str = "", order_properties: OrderProperties | None = None) -> OrderTicket:
        """Send a limit order."""
        return self._submit(OrderType.LIMIT, self._security_for_order(symbol), quantity, asynchronous, tag,
                            order_properties, limit_price=limit_price)

    def stop_market_order(self, symbol: Symbol, quantity: float, stop_price: float, asynchronous: bool = False,
                          tag: str = "", order_properties: OrderProperties | None = None) -> OrderTicket:
        """Send a stop order."""
        return self._submit(OrderType.STOP_MARKET, self._security_for_order(symbol), quantity, asynchronous, tag,
                            order_properties, stop_price=stop_price)

    def stop_limit_order(self, symbol: Symbol, quantity: float, stop_price: float, limit_price: float,
                         asynchronous: bool = False, tag: str = "",
                         order_properties: OrderProperties | None = None) -> OrderTicket:
        """Send a stop limit order."""
        return self._submit(OrderType.STOP_LIMIT, self._security_for_order(symbol), quantity, asynchronous, tag,
                            order_properties, stop_price=stop_price, limit_price=limit_price)

    def limit_if_touched_order(self, symbol: Symbol, quantity: float, trigger_price: float, limit_price: float,
                               asynchronous: bool = False, tag: str = "",
                               order_properties: OrderProperties | None = None) -> OrderTicket:
        """Send a limit-if-touched order."""
        return self._submit(OrderType.LIMIT_IF_TOUCHED, self._security_for_order(symbol), quantity, asynchronous,
                            tag, order_properties, trigger_price=trigger_price, limit_price=limit_price)

    def trailing_stop_order(self, symbol: Symbol, quantity: float, *arguments: Any, **options: Any) -> OrderTicket:
        """Send a trailing stop: (amount, as percentage) or (stop, amount, as percentage), then the common options."""
        names = ["trailing_amount", "trailing_as_percentage", "asynchronous", "tag", "order_properties"]
        with_stop = len(arguments) > 2 and not isinstance(arguments[1], bool) or "stop_price" in options
        if with_stop and "stop_price" not in options:
            names.insert(0, "stop_price")
        options.update(zip(names, arguments))
        security = self._security_for_order(symbol)
        amount, percentage = options["trailing_amount"], bool(options["trailing_as_percentage"])
        stop = options.get("stop_price")
        if stop is None:
            side = OrderDirection.BUY if quantity > 0 else OrderDirection.SELL
            stop = TrailingStopOrder.calculate_stop_price(security.price, amount, percentage, side)
        return self._submit(OrderType.TRAILING_STOP, security, quantity, options.get("asynchronous", False),
                            options.get("tag", ""), options.get("order_properties"), stop_price=stop,
                            trailing_amount=amount, trailing_as_percentage=percentage)

    def market_on_open_order(self, symbol: Symbol, quantity: float, asynchronous: bool = False, tag: str = "",
                             order_properties: OrderProperties | None = None) -> OrderTicket:
        """Send an order for the next open."""
        return self._submit(OrderType.MARKET_ON_OPEN, self._security_for_order(symbol), quantity, asynchronous, tag,
                            self._without_date(order_properties))

    def market_on_close_order(self, symbol: Symbol, quantity: float, asynchronous: bool = False, tag: str = "",
                              order_properties: OrderProperties | None = None) -> OrderTicket:
        """Send an order for the next close."""
        return self._submit(OrderType.MARKET_ON_CLOSE, self._security_for_order(symbol), quantity, asynchronous, tag,
                            self._without_date(order_properties))

    def exercise_option(self, option_symbol: Symbol, quantity: int, asynchronous: bool = False, tag: str = "",
                        order_properties: OrderProperties | None = None) -> OrderTicket:
        """Exercise long options."""
        return self._submit(OrderType.OPTION_EXERCISE, self._security_for_order(option_symbol), -abs(quantity),
                            asynchronous, tag, order_properties)

    # -- combos --------------------------------------------------------------------------------------------------

    def combo_market_order(self, legs: Sequence[Leg], quantity: int, asynchronous: bool = False, tag: str = "",
                           order_properties: OrderProperties | None = None) -> list[OrderTicket]:
        """Send legs as one market order."""
        return self._submit_combo(legs, quantity, 0.0, asynchronous, tag, order_properties)

    def combo_limit_order(self, legs: Sequence[Leg], quantity: int, limit_price: float, asynchronous: bool = False,
                          tag: str = "", order_properties: OrderProperties | None = None) -> list[OrderTicket]:
        """Send legs as one limit order.

        Parameters
        ----------
        legs : sequence of Leg
            Legs with whole ratios without a common divisor.
        quantity : int
            Units of the combo.
        limit_price : float
            Limit for one unit: positive is paid, negative received.

        Raises
        ------
        ArgumentException
            For a limit of 0, limits on legs, or ratios with a common divisor.
        """
        if limit_price == 0:
            raise ArgumentException("ComboLimitOrder requires a limit price")
        if any(leg.order_price for leg in legs):
            raise ArgumentException("ComboLimitOrder does not support limit prices for individual legs")
        return self._submit_combo(legs, quantity, limit_price, asynchronous, tag, order_properties)

    def combo_leg_limit_order(self, legs: Sequence[Leg], quantity: int, asynchronous: bool = False, tag: str = "",
                              order_properties: OrderProperties | None = None) -> list[OrderTicket]:
        """Send legs as one order, each leg with its own limit; ArgumentException when a leg has none."""
        if any(not leg.order_price for leg in legs):
            raise ArgumentException("ComboLegLimitOrder requires a limit price for each leg")
        return self._submit_combo(legs, quantity, 0.0, asynchronous, tag, order_properties)

    def _order_strategy(self, strategy: OptionStrategy, quantity: int, asynchronous: bool = False,
                        tag: str = "", order_properties: OrderProperties | None = None) -> list[OrderTicket]:
        strategy.set_symbols()
        legs = [*strategy.underlying_legs, *strategy.option_legs]
        return self._submit_combo(legs, quantity, 0.0, asynchronous, tag, order_properties)

    def _submit_combo(self, legs: Sequence[Leg], quantity: float, limit_price: float, asynchronous: bool, tag: str,
                      order_properties: OrderProperties | None) -> list[OrderTicket]:
        legs = list(legs)
        if not all(isinstance(leg, Leg) for leg in legs):
            raise TypeError("No method matches given arguments: legs are made with Leg.create")
        quantity = whole_of(quantity, "quantity")
        _check_ratios(legs, quantity)
        kind = OrderType.COMBO_LIMIT if limit_price else OrderType.COMBO_MARKET
        group = GroupOrderManager(len(legs), quantity, limit_price,
                                  self.transactions.get_increment_group_order_manager_id())
        requests: list[SubmitOrderRequest] = []
        for leg in legs:
            security = self._security_for_order(leg.symbol)
            if leg.order_price is not None:
                limit_price, kind = leg.order_price, OrderType.COMBO_LEG_LIMIT
            request = self._request(kind, security, leg.quantity * group.quantity, asynchronous, tag,
                                    order_properties, limit_price=limit_price, group_order_manager=group)
            response = self._order_checks.check(request)
            if response.is_error:
                return [OrderTicket.invalid_submit_request(self.transactions, request, response)]
            requests.append(request)
        return [self.transactions.add_order(request) for request in requests]

    # -- liquidation and targets ---------------------------------------------------------------------------------

    def liquidate(self, symbol: Symbol | Iterable[Symbol] | None = None, asynchronous: bool = False,
                  tag: str | None = None, order_properties: OrderProperties | None = None) -> list[OrderTicket]:
        """Cancel open orders and close holdings at the market: of one symbol, several, or all."""
        if not self.settings.liquidate_enabled:
            self.debug("Liquidate() is currently disabled by settings. To re-enable please set "
                       "'Settings.LiquidateEnabled' to true")
            return []
        if symbol is None:
            symbols = sorted((pair.key for pair in self.securities), key=lambda item: item.value)
        elif isinstance(symbol, (list, tuple, set)):
            symbols = [symbol_of(item) for item in symbol]
        else:
            symbols = [symbol_of(symbol)]
        tickets: list[OrderTicket] = []
        for each in symbols:
            if each not in self.securities:
                self.debug(f"Warning: liquidate ignored symbol '{each}' because it has not been added to the "
                           "algorithm. Add the security before liquidating it.")
                continue
            tickets += self._liquidate_one(each, asynchronous, tag or "Liquidated", order_properties)
        return tickets

    def _liquidate_one(self, symbol: Symbol, asynchronous: bool, tag: str,
                       order_properties: OrderProperties | None) -> list[OrderTicket]:
        holding = self.portfolio[symbol]
        symbol = holding.symbol
        orders = self.transactions.get_open_orders(symbol)
        quantity = holding.quantity if holding.invested else 0.0
        closing = len(orders) == 1 and orders[0].type is OrderType.MARKET and orders[0].quantity == -quantity
        if closing and quantity:
            return []
        pending = 0.0
        for order in orders:
            if order.type is OrderType.MARKET:
                pending += self.transactions.get_order_ticket(order.id).quantity_remaining
            else:
                self.transactions.cancel_order(order.id, tag)
        if not quantity:
            return []
        return [self.market_order(symbol, -quantity - pending, asynchronous, tag, order_properties)]

    def is_market_open(self, symbol: Symbol) -> bool:
        """Tell whether the regular session of a symbol is open."""
        return self.securities[symbol_of(symbol)].exchange.exchange_open

    # -- plumbing ------------------------------------------------------------------------------------------------

    def _request(self, kind: OrderType, security: Security, quantity: float, asynchronous: bool, tag: str,
                 properties: OrderProperties | None, **prices: Any) -> SubmitOrderRequest:
        chosen = properties if properties is not None else self.default_order_properties.clone()
        if not isinstance(tag, (str, NoneType)) or not isinstance(asynchronous, bool):
            raise TypeError(f"No method matches given arguments: asynchronous is {asynchronous!r}, tag is {tag!r}")
        prices = {name: decimal_of(value, name) if name.endswith(("price", "amount")) else value
                  for name, value in prices.items()}
        return SubmitOrderRequest(kind, security.type, security.symbol, decimal_of(quantity, "quantity"), self._utc_now, tag,
                                  properties=chosen, asynchronous=asynchronous, **prices)

    def _submit(self, kind: OrderType, security: Security, quantity: float, asynchronous: bool, tag: str,
                properties: OrderProperties | None, **prices: Any) -> OrderTicket:
        request = self._request(kind, security, quantity, asynchronous, tag, properties, **prices)
        response: OrderResponse = self._order_checks.check(request)
        if response.is_error:
            return OrderTicket.invalid_submit_request(self.transactions, request, response)
        return self.transactions.add_order(request)

    def _without_date(self, properties: OrderProperties | None) -> OrderProperties:
        """Return the properties with good-til-date taken off, which orders for open and close do not know."""
        chosen = properties if properties is not None else self.default_order_properties.clone()
        if isinstance(chosen.time_in_force, GoodTilDateTimeInForce):
            chosen.time_in_force = TimeInForce.GOOD_TIL_CANCELED
            self.debug("Warning: Good-Til-Date Time-In-Force is not supported for MOO and MOC orders. "
                       "The time-in-force will be reset to Good-Til-Canceled (GTC).")
        return chosen

    def _security_for_order(self, symbol: Symbol | str) -> Security:
        """Return the security to trade, added when it can be.

        Raises
        ------
        InvalidOperationException
            When the symbol is not in the algorithm and cannot be added.
        """
        symbol = symbol_of(symbol)
        security = self.securities.get(symbol)
        if security is not None and (security.symbol.is_canonical() or security.is_tradable or security.is_delisted):
            return security
        found = symbol if security is None else security.symbol
        if isinstance(found, str):
            return self._add_unknown(found)
        if self._order_checks.can_add(found):
            added = self._add_symbol(found)
            seed(self._feed, added)
            return added
        raise InvalidOperationException(
            f"The symbol {symbol} is not found in the algorithm's securities collection and cannot be re-added due to "
            "it being delisted or no longer tradable.")


def _check_ratios(legs: Sequence[Leg], quantity: float) -> None:
    """Refuse ratios with a common divisor."""
    divisor = math.gcd(*(leg.quantity for leg in legs))
    if divisor == 1:
        return
    now = ", ".join(f"{leg.quantity} {leg.symbol.value}" for leg in legs)
    better = ", ".join(f"{leg.quantity // divisor if divisor else 0} {leg.symbol.value}" for leg in legs)
    raise ArgumentException(
        "The global combo quantity should be used to increase or reduce the size of the order, while the leg "
        "quantities should be used to specify the ratio of the order. The combo order quantities should be reduced "
        f"from {quantity:g}x({now}) to {quantity * divisor:g}x({better}).")
