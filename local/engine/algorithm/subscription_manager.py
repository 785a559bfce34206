"""What an algorithm asks `subscription_manager` for: its streams, and consolidators on them."""
from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from local.engine.enums import DataNormalizationMode, Resolution, SecurityType, TickType
from local.engine.indicators.consolidator_hub import ConsolidatorHub
from local.engine.indicators.consolidators import Consolidator
from local.engine.market.bars import QuoteBar, TradeBar
from local.engine.market.feed import Feed
from local.engine.market.series import RESOLUTION_SECONDS
from local.engine.market.subscription import Subscription
from local.engine.market.symbol import Symbol


@dataclasses.dataclass(frozen=True, slots=True)
class StreamConfiguration:
    """How a stream of bars was asked for."""

    symbol: Symbol
    resolution: Resolution
    tick_type: TickType
    type: type
    fill_data_forward: bool
    extended_market_hours: bool
    is_internal_feed: bool
    data_normalization_mode: DataNormalizationMode

    @property
    def security_type(self) -> SecurityType:
        """Kind of security."""
        return self.symbol.security_type

    @property
    def increment(self) -> timedelta:
        """Length of a bar."""
        return timedelta(seconds=RESOLUTION_SECONDS[self.resolution])


class SubscriptionManager:
    """Lists streams; adds and removes consolidators."""

    def __init__(self, feed: Feed, hub: ConsolidatorHub) -> None:
        self._feed, self._hub = feed, hub

    @property
    def subscriptions(self) -> list[StreamConfiguration]:
        """The algorithm's streams."""
        return [self._configuration(one) for one in self._running() if not one.is_internal]

    @property
    def count(self) -> int:
        """Number of streams, the engine's own and those of open interest included."""
        streams = self._running()
        interest = {one.symbol for one in streams
                    if one.symbol.security_type.is_option() or one.symbol.security_type == SecurityType.FUTURE}
        return len(streams) + len(interest)

    def _running(self) -> list[Subscription]:
        return [one for one in self._feed.subscriptions if not (one.is_ended or one.is_warm_up)]

    def _configuration(self, one: Subscription) -> StreamConfiguration:
        mode = self._feed.securities[one.symbol].data_normalization_mode
        return StreamConfiguration(one.symbol, one.resolution, one.tick_type, TradeBar if one.tick_type == TickType.TRADE else QuoteBar,
                                   one.fill_forward, one.extended_market_hours, one.is_internal, mode)

    def add_consolidator(self, symbol: Symbol, consolidator: Consolidator, tick_type: Any = None) -> None:
        """Feeds a consolidator with a security's bars."""
        self._hub.add(symbol, consolidator)

    def remove_consolidator(self, symbol: Symbol, consolidator: Consolidator) -> None:
        """Stops feeding a consolidator."""
        self._hub.remove(symbol, consolidator)
