"""Shares of portfolio value that holdings are brought to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.engine.broker.enums import OrderType
from local.engine.broker.margin import zero_price_message
from local.engine.broker.numeric import text, truncate_to_lot
from local.engine.broker.symbols import symbol_of

if TYPE_CHECKING:
    from local.engine.broker.requests import OrderProperties
    from local.engine.broker.tickets import OrderTicket
    from local.engine.market.symbol import Symbol


class PortfolioTarget:
    """A quantity of a symbol to hold, or a share of portfolio value where `set_holdings` takes it."""

    def __init__(self, symbol: Symbol, quantity: float, tag: str = "") -> None:
        self.symbol, self.quantity, self.tag = symbol_of(symbol), float(quantity), tag

    @staticmethod
    def percent(algorithm: Any, symbol: Symbol, percent: float, return_delta_quantity: bool | str = False,
                tag: str = "") -> PortfolioTarget | None:
        """The quantity that brings a holding to a share of portfolio value, or the change to it; None where there is none."""
        if isinstance(return_delta_quantity, str):
            return_delta_quantity, tag = False, return_delta_quantity
        settings, portfolio, size = algorithm.settings, algorithm.portfolio, abs(percent)
        if size > settings.max_absolute_portfolio_target_percentage or \
                0 < size < settings.min_absolute_portfolio_target_percentage:
            algorithm.error(f"The portfolio target percent: {text(percent)}, does not comply with the current "
                            "'Algorithm.Settings' 'MaxAbsolutePortfolioTargetPercentage': "
                            f"{text(settings.max_absolute_portfolio_target_percentage)} or "
                            "'MinAbsolutePortfolioTargetPercentage': "
                            f"{text(settings.min_absolute_portfolio_target_percentage)}. Skipping")
            return None
        symbol = symbol_of(symbol)
        security = algorithm.securities.get(symbol)
        if security is None:
            algorithm.error(f"{symbol} not found in portfolio. Request this data when initializing the algorithm.")
            return None
        if security.price == 0:
            algorithm.error(zero_price_message(security))
            return None
        share = percent * portfolio.total_portfolio_value_less_free_buffer / portfolio.total_portfolio_value
        share /= security.buying_power_model.get_leverage(security)
        group = portfolio.positions.get_or_create_default_group(security)
        result = group.buying_power_model.get_maximum_lots_for_target_buying_power(
            portfolio, group, share, settings.minimum_order_margin_portfolio_percentage)
        if result.is_error:
            algorithm.error(f"Unable to compute order quantity of {symbol}. Reason: {result.reason} Returning null.")
            return None
        held = 0.0 if return_delta_quantity else security.holdings.quantity
        return PortfolioTarget(security.symbol, result.quantity * security.symbol_properties.lot_size + held, tag)

    def __str__(self) -> str:
        return f"{self.symbol}: {text(self.quantity)}" + (f" ({self.tag})" if self.tag else "")


class TargetMixin:
    """What QCAlgorithm offers to hold shares of portfolio value; needs the trading mixin."""

    def calculate_order_quantity(self, symbol: Symbol, target: float) -> float:
        """Return the quantity that brings a holding to a share of portfolio value."""
        found = PortfolioTarget.percent(self, symbol, target, True)
        return 0.0 if found is None else found.quantity

    def set_holdings(self, symbol: Any, percentage: float | bool = False, liquidate_existing_holdings: bool = False,
                     asynchronous: bool = False, tag: str | None = None,
                     order_properties: OrderProperties | None = None) -> list[OrderTicket]:
        """Bring a holding, or those of a list of targets, to a share of portfolio value by market orders.

        With a list the second argument says whether all other holdings are closed first. Where the exchange is closed the
        orders wait for its open.
        """
        if isinstance(symbol, (list, tuple)):
            return self._set_targets(list(symbol), bool(percentage) or liquidate_existing_holdings, asynchronous, tag,
                                     order_properties)
        quantity = self.calculate_order_quantity(symbol, float(percentage))
        security = self.securities[symbol_of(symbol)]
        tickets = self._close_all_but({security.symbol}, tag, order_properties) if liquidate_existing_holdings else []
        return tickets + self._bring(security, quantity, asynchronous, tag, order_properties)

    def _set_targets(self, targets: list[PortfolioTarget], closes_others: bool, asynchronous: bool, tag: str | None,
                     properties: OrderProperties | None) -> list[OrderTicket]:
        tickets = self._close_all_but({target.symbol for target in targets}, tag, properties) if closes_others else []
        changes = [(self.securities[target.symbol], self.calculate_order_quantity(target.symbol, target.quantity))
                   for target in targets]
        for security, quantity in sorted(filter(self._matters, changes), key=self._impact):
            tickets += self._bring(security, quantity, asynchronous, tag, properties)
        return tickets

    @staticmethod
    def _matters(change: tuple[Any, float]) -> bool:
        security, quantity = change
        lot = security.symbol_properties.lot_size
        return security.has_data and security.is_tradable and abs(truncate_to_lot(quantity, lot)) >= lot

    def _impact(self, change: tuple[Any, float]) -> tuple[bool, float]:
        """Sort key: reductions first, then by the order's value, the largest first."""
        security, quantity = change
        held = self.transactions.get_projected_holdings(security).projected_quantity
        return not (held and abs(quantity + held) < abs(held)), -abs(quantity * security.price)

    def _close_all_but(self, kept: set[Symbol], tag: str | None, properties: OrderProperties | None) -> list[OrderTicket]:
        others = [key for key in self.portfolio.keys if key not in kept]
        return self.liquidate(sorted(others, key=lambda key: key.value), tag=tag, order_properties=properties)

    def _bring(self, security: Any, quantity: float, asynchronous: bool, tag: str | None,
               properties: OrderProperties | None) -> list[OrderTicket]:
        quantity -= self.transactions.get_open_orders_remaining_quantity(
            lambda ticket: ticket.symbol == security.symbol
            and ticket.order_type in (OrderType.MARKET, OrderType.MARKET_ON_OPEN))
        if not quantity:
            return []
        send = self.market_order if security.exchange.exchange_open else self.market_on_open_order
        return [send(security.symbol, quantity, asynchronous, tag or "", properties)]
