"""The part of QCAlgorithm that adds universes: selectors, and models that choose chains of options."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from local.engine.collections import LeanDictionary
from local.engine.enums import Resolution
from local.engine.errors import ArgumentException
from local.engine.market.security import Security
from local.engine.market.symbol import Symbol
from local.engine.universes.selector_universes import FundamentalUniverse, TimedUniverse
from local.engine.universes.universe_selection import Universe


class OptionUniverseSelectionModel:
    """Chains of options a function selects anew after an interval; subclasses may filter their contracts."""

    def __init__(self, refresh_interval: timedelta, option_chain_symbol_selector: Callable[[datetime], Iterable[Symbol]],
                 universe_settings: Any = None) -> None:
        if universe_settings is not None:
            raise NotImplementedError("OptionUniverseSelectionModel with settings of its own")
        self._interval, self._selector, self._next = refresh_interval, option_chain_symbol_selector, None

    def filter(self, universe: Any) -> Any:
        """Which contracts enter the feed: all."""
        return universe

    def get_next_refresh_time_utc(self) -> datetime | None:
        """Time of the next selection, None for at once."""
        return self._next

    def chains(self, utc: datetime) -> list[Symbol]:
        """The chains from a time on."""
        self._next = utc + self._interval
        selected = list(self._selector(utc))
        if any(not symbol.security_type.is_option() for symbol in selected):
            raise ArgumentException("optionChainSymbolSelector must return option, index options, or futures options symbols.")
        return list(dict.fromkeys(symbol if symbol.is_canonical() else symbol.canonical for symbol in selected))


class OptionChainedUniverseSelectionModel:
    """Chains of options on whatever another universe selects."""

    def __init__(self, universe: Universe, option_filter: Callable[[Any], Any], universe_settings: Any = None) -> None:
        if universe_settings is not None:
            raise NotImplementedError("OptionChainedUniverseSelectionModel with settings of its own")
        self.universe, self.option_filter = universe, option_filter


class UniverseMixin:
    """Universes; needs the data and chain mixins."""

    def _init_universes(self) -> None:
        self._selection_models: list[OptionUniverseSelectionModel] = []
        self._model_chains: set[Symbol] = set()

    def add_universe(self, *args: Any) -> Universe:
        """Adds a universe: (name, [resolution,] function of a time) gives tickers, (function[, function]) selects shares."""
        if args and isinstance(args[0], Universe):
            return self._plan_universe(args[0])
        settings, mode = self._member_settings(None, None, None, 0.0), self.universe_settings.data_normalization_mode
        name = f"qc-universe-{len(self._pending_changes)}-{len(self._selection_models)}"
        if args and isinstance(args[0], str) and callable(args[-1]) and len(args) in (2, 3):
            resolution = args[1] if len(args) == 3 else Resolution.DAILY
            return self._plan_universe(TimedUniverse(self._feed, settings, mode, resolution, args[0], args[-1]))
        if args and len(args) <= 2 and all(callable(one) for one in args):
            return self._plan_universe(FundamentalUniverse(self._feed, settings, mode, name, *args))
        raise NotImplementedError("add_universe with these arguments")

    def _plan_universe(self, universe: Universe) -> Universe:
        self._pending_changes.append(universe)
        return universe

    def add_universe_options(self, universe: Universe | Symbol, option_filter: Callable[[Any], Any] | None = None) -> None:
        """Adds chains of options on whatever a universe selects."""
        if not isinstance(universe, Universe):
            raise NotImplementedError("add_universe_options of a symbol")
        self._chained_options.add(universe, option_filter)

    def set_universe_selection(self, model: Any) -> None:
        """Sets the model that chooses chains of options."""
        self._selection_models.clear()
        self.add_universe_selection(model)

    def add_universe_selection(self, model: Any) -> None:
        """Adds a model that chooses chains of options."""
        if isinstance(model, OptionChainedUniverseSelectionModel):
            self._chained_options.add(model.universe, model.option_filter)
        elif isinstance(model, OptionUniverseSelectionModel):
            self._selection_models.append(model)
        else:
            raise NotImplementedError(f"universe selection model {type(model).__name__}")

    def _refresh_models(self) -> None:
        """Lets the models whose time has come select, and drops the chains none of them selects any more."""
        if not self._selection_models:
            return
        now = self.utc_time
        if not any((model.get_next_refresh_time_utc() or now) <= now for model in self._selection_models):
            return
        chosen = set()
        for model in self._selection_models:
            for symbol in model.chains(now):
                chosen.add(symbol)
                self._add_chained(symbol).set_filter(model.filter)
        for symbol in sorted(self._model_chains - chosen):
            self._drop_chain(symbol)
        self._model_chains = chosen

    @property
    def active_securities(self) -> LeanDictionary[Symbol, Security]:
        """Securities that stream now."""
        return LeanDictionary({symbol: one for symbol, one in self.securities.items() if self._feed.is_subscribed(symbol)})
