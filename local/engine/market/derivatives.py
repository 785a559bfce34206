"""Options and futures as securities, and the chains they belong to."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from local.engine.enums import DataMappingMode, OptionRight, OptionStyle, SecurityType, SettlementType
from local.engine.market.security import Equity, Index, Security
from local.engine.market.symbol import Symbol
from local.engine.universes.option_filters import (default_option_selection, future_selection, no_contracts,
                                                   option_selection)


class Option(Security):
    """An option contract, or the chain it stands for when the symbol is canonical."""

    contract_selection: Callable[[Any], Any] = staticmethod(default_option_selection)
    price_model: Any = None

    def set_price_model(self, model: Any) -> None:
        """Sets the model that gives theoretical prices, implied volatilities and Greeks; None is LEAN's default."""
        self.price_model = model

    def set_filter(self, *args: Any, **named: Any) -> None:
        """Sets which contracts of the chain enter the feed: a function, or strikes and expiries around today's."""
        self.contract_selection = option_selection(*args, **named)

    @property
    def bid_price(self) -> float:
        """Last bid that was not zero, 0 when there was none."""
        return self._side("bid_close")

    @property
    def ask_price(self) -> float:
        """Last ask that was not zero, 0 when there was none."""
        return self._side("ask_close")

    @property
    def strike_price(self) -> float:
        """Strike."""
        return self.symbol.id.strike_price

    @property
    def expiry(self) -> datetime:
        """Expiration date."""
        return self.symbol.id.date

    @property
    def right(self) -> OptionRight:
        """Call or put."""
        return self.symbol.id.option_right

    @property
    def style(self) -> OptionStyle:
        """American or European."""
        return self.symbol.id.option_style

    @property
    def contract_multiplier(self) -> float:
        """Units of account currency per point."""
        return self.symbol_properties.contract_multiplier

    @property
    def contract_unit_of_trade(self) -> int:
        """Units of the underlying one contract delivers."""
        return self.symbol_properties.contract_unit_of_trade

    @property
    def exercise_settlement(self) -> SettlementType:
        """Delivery of the underlying, or cash for options on indices."""
        return SettlementType.CASH if self.type == SecurityType.INDEX_OPTION else SettlementType.PHYSICAL_DELIVERY


class IndexOption(Option):
    """A cash-settled option on an index."""


class FutureOption(Option):
    """An option on a future."""


class Future(Security):
    """A futures contract, or the continuous future when the symbol is canonical.

    Attributes
    ----------
    mapped, mapping
        The contract a continuous future stands for, and how that is chosen.
    """

    contract_selection: Callable[[Any], Any] = staticmethod(no_contracts)
    mapped: Symbol | None = None
    mapping = DataMappingMode.OPEN_INTEREST

    def set_filter(self, *args: Any, **named: Any) -> None:
        """Sets which contracts of the chain enter the feed: a function, or a span of expiries from today."""
        self.contract_selection = future_selection(*args, **named)

    @property
    def expiry(self) -> datetime:
        """Last trading day."""
        return self.symbol.id.date

    @property
    def settlement_type(self) -> SettlementType:
        """LEAN settles every future in cash."""
        return SettlementType.CASH


CLASS_OF_TYPE = {SecurityType.EQUITY: Equity, SecurityType.INDEX: Index, SecurityType.OPTION: Option,
                 SecurityType.INDEX_OPTION: IndexOption, SecurityType.FUTURE_OPTION: FutureOption,
                 SecurityType.FUTURE: Future}
