"""QCAlgorithm: the base class of algorithms."""
from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from local.engine.algorithm.chains import ChainMixin
from local.engine.algorithm.custom import CustomDataMixin
from local.engine.algorithm.data import DataMixin
from local.engine.algorithm.indicators import IndicatorMixin
from local.engine.algorithm.own_commands import BareAlgorithm, CommandMixin
from local.engine.algorithm.universes import UniverseMixin
from local.engine.broker.algorithm_trading import TradingMixin
from local.engine.collections import LeanDictionary
from local.engine.enums import AlgorithmMode, DeploymentTarget, Market, SecurityType
from local.engine.errors import InvalidOperationException
from local.engine.loop.schedule import ScheduleManager
from local.engine.loop.schedule_rules import DateRules, TimeRules
from local.engine.loop.services import Services
from local.engine.loop.warm_up import WarmUpRequest, requested
from local.engine.market.slice import Slice
from local.engine.market.symbol import Symbol, SymbolCache
from local.engine.net_names import other_member
from local.engine.time_zones import convert_from_utc

_LAST_INSTANT = timedelta(days=1) - timedelta(microseconds=1)
_pending_services: list[Services] = []


def prepare(services: Services) -> None:
    """Hands the services of a run to the algorithm that is constructed next."""
    _pending_services[:] = [services]


class AlgorithmSettings:
    """Settings of a run."""

    def __init__(self) -> None:
        self.automatic_indicator_warm_up, self.daily_precise_end_time = False, True
        self.warmup_resolution = None
        self.stale_price_time_span = timedelta(hours=1)
        self.free_portfolio_value_percentage, self.free_portfolio_value = 0.0025, None
        self.minimum_order_margin_portfolio_percentage = 0.001
        self.liquidate_enabled, self.seed_initial_prices = True, False
        self.maximum_order_history, self.trading_days_per_year = None, None
        self.ignore_unknown_asset_holdings, self.data_subscription_limit = True, 2**31 - 1
        self.rebalance_portfolio_on_security_changes = self.rebalance_portfolio_on_insight_changes = None
        self.max_absolute_portfolio_target_percentage = 1_000_000_000.0
        self.min_absolute_portfolio_target_percentage = 0.0000000001


class QCAlgorithm(DataMixin, ChainMixin, UniverseMixin, CustomDataMixin, IndicatorMixin, TradingMixin, CommandMixin):
    """Base class of algorithms; what it does not have raises with the member's name."""

    def __init__(self) -> None:
        self._ensure_set_up()

    def __new__(cls, *args: Any, **named: Any) -> QCAlgorithm:
        self = super().__new__(cls)
        self._set_up()
        return self

    def _ensure_set_up(self) -> None:
        if "_clock" not in self.__dict__:
            self._set_up()

    def _set_up(self) -> None:
        if not _pending_services:
            raise RuntimeError("an algorithm is constructed by the engine's runner")
        services = _pending_services[0]
        self._services, self._feed, self._clock = services, services.feed, services.clock
        self._engine = services.engine
        self.securities = self._feed.securities
        self.settings, self.object_store = AlgorithmSettings(), services.object_store
        self._parameters, self.live_mode = dict(services.parameters), services.live
        self.name, self.algorithm_id, self.project_id, self.tags = services.name, "", 0, []
        self._locked, self.is_warming_up, self._status_quit = False, True, False
        self.current_slice: Slice | None = None
        self._start_date, self._end_date = services.default_start, services.default_end
        self._warm_up: WarmUpRequest | None = None
        self.runtime_error: BaseException | None = None
        self.runtime_statistics: dict[str, str] = {}
        self._init_data()
        self._init_chains()
        self._init_universes()
        self._init_custom()
        self._init_indicators()
        rules = (self._hours_of, lambda: self._clock.utc, lambda: self._clock.time_zone)
        self.date_rules, self.time_rules = DateRules(*rules), TimeRules(*rules, self._all_hours)
        self.schedule = ScheduleManager(self.date_rules, self.time_rules, services.scheduler,
                                        lambda: self._clock.utc, lambda: self._locked)
        self._init_trading()
        self._init_commands()
        self._bare = BareAlgorithm(self, frozenset((*self.__dict__, *dir(QCAlgorithm))))

    # time -------------------------------------------------------------------------------------------------------
    @property
    def time(self) -> datetime:
        """Time in the algorithm's zone."""
        return self._clock.local

    @property
    def _utc_now(self) -> datetime:
        """Naive UTC time, for the engine's own use."""
        return self._clock.utc

    @property
    def utc_time(self) -> datetime:
        """UTC time, with its zone as LEAN's has."""
        return self._clock.utc.replace(microsecond=0, tzinfo=timezone.utc)

    @property
    def time_zone(self) -> str:
        """The algorithm's zone."""
        return self._clock.time_zone

    def set_time_zone(self, zone: str) -> None:
        """Sets the algorithm's zone; only in `initialize`."""
        self._only_in_initialize("set_time_zone")
        self._clock.set_time_zone(zone)

    @property
    def start_date(self) -> datetime:
        """First day of the run."""
        return self._start_date

    @property
    def end_date(self) -> datetime:
        """Last instant of the run."""
        return self._end_date

    def set_start_date(self, *args: Any) -> None:
        """Sets the first day, as a date or as year, month and day."""
        self._only_in_initialize("set_start_date")
        self._start_date = _date_of(args)
        self._engine.set_initial_time(self)

    def set_end_date(self, *args: Any) -> None:
        """Sets the last day, as a date or as year, month and day."""
        self._only_in_initialize("set_end_date")
        self._end_date = _date_of(args) + _LAST_INSTANT

    def _only_in_initialize(self, what: str) -> None:
        if self._locked:
            raise ValueError(f"{what} can only be called in initialize")

    def _hours_of(self, symbol: Any) -> Any:
        if isinstance(symbol, str):
            symbol = SymbolCache.try_get(symbol) or Symbol.create(symbol, SecurityType.EQUITY, Market.USA)
        return self._feed.hours_of(getattr(symbol, "symbol", symbol)).exchange_hours

    def _all_hours(self) -> list[Any]:
        spy = self._feed.hours.get_entry(Market.USA, "SPY", SecurityType.EQUITY).exchange_hours
        others = {id(s.exchange.hours): s.exchange.hours for s in self.securities.values()
                  if not s.exchange.hours.is_market_always_open}
        return [spy, *(hours for key, hours in others.items() if key != id(spy))]

    # parameters and modes ---------------------------------------------------------------------------------------
    def get_parameter(self, name: str, default: Any = None) -> Any:
        """A parameter's text, or a default; with a numeric default the text becomes that kind of number."""
        text = self._parameters.get(name)
        if text is None:
            return default
        if isinstance(default, bool) or not isinstance(default, (int, float)):
            return text
        return type(default)(float(text)) if isinstance(default, float) else int(text)

    def get_parameters(self) -> LeanDictionary[str, str]:
        """All parameters; iterating gives pairs, as LEAN's read-only dictionary does."""
        return LeanDictionary(dict(self._parameters))

    def set_parameters(self, parameters: Mapping[str, str]) -> None:
        """Replaces the parameters."""
        self._parameters = dict(parameters)

    @property
    def algorithm_mode(self) -> AlgorithmMode:
        """Backtest or live."""
        return AlgorithmMode.LIVE if self.live_mode else AlgorithmMode.BACKTESTING

    @property
    def deployment_target(self) -> DeploymentTarget:
        """Always the local platform."""
        return DeploymentTarget.LOCAL_PLATFORM

    def set_name(self, name: str) -> None:
        """Names the run."""
        self.name = name

    # messages ---------------------------------------------------------------------------------------------------
    def log(self, message: Any) -> None:
        """Writes to the run's log."""
        self._services.write_log("", self.time, message)

    def debug(self, message: Any) -> None:
        """Writes a debug message to the run's log."""
        self._services.write_log("", self.time, message)

    def error(self, message: Any) -> None:
        """Writes an error to the run's log; the run goes on."""
        self._services.write_log("ERROR:: ", self.time, message)

    def quit(self, message: str = "") -> None:
        """Ends the run after this time step."""
        self.debug(f"Quit(): {message}")
        self._status_quit = True

    def set_runtime_statistic(self, name: str, value: Any) -> None:
        """Sets a figure shown with the results."""
        self.runtime_statistics[name] = str(value)

    def set_summary_statistic(self, name: str, value: Any) -> None:
        """Sets a figure among the statistics."""
        self._services.summary_statistics[name] = str(value)

    def plot(self, *args: Any) -> None:
        """Charts are not kept."""

    def plot_indicator(self, *args: Any) -> None:
        """Charts are not kept."""

    def add_chart(self, chart: Any) -> None:
        """Charts are not kept."""

    # warm-up ----------------------------------------------------------------------------------------------------
    def set_warm_up(self, *args: Any, **named: Any) -> None:
        """Has data of a span, or of a number of bars, come before the start; no order can be placed until then."""
        if self._locked:
            raise InvalidOperationException("set_warm_up can only be called in initialize")
        self._warm_up = requested(args, named)
        self.settings.warmup_resolution = self._warm_up.resolution

    set_warmup = set_warm_up

    # callbacks an algorithm may define --------------------------------------------------------------------------
    def initialize(self) -> None:
        """Sets the run up."""
        raise NotImplementedError("Please override the initialize() method")

    def on_data(self, slice: Slice) -> None:
        """Gets each slice."""

    def on_end_of_algorithm(self) -> None:
        """Comes after the last slice."""

    def on_warmup_finished(self) -> None:
        """Comes when the run starts."""

    def on_securities_changed(self, changes: Any) -> None:
        """Comes when securities are added or removed."""

    def on_end_of_time_step(self) -> None:
        """Comes at the end of each time step."""

    def on_splits(self, splits: Any) -> None:
        """Comes with splits."""

    def on_dividends(self, dividends: Any) -> None:
        """Comes with dividends."""

    def on_delistings(self, delistings: Any) -> None:
        """Comes with delistings."""

    def on_symbol_changed_events(self, events: Any) -> None:
        """Comes with renamed tickers."""

    def on_command(self, data: Any) -> bool | None:
        """Gets a live command."""
        return None

    # user code --------------------------------------------------------------------------------------------------
    def _call_user(self, where: str, function: Callable[..., Any], *args: Any) -> Any:
        """Runs a callback; an exception becomes the run's error, which stops the loop at its next check."""
        try:
            return function(*args)
        except Exception as error:  # noqa: BLE001 - the boundary to user code, as in LEAN
            self._set_runtime_error(error, where)
            return None

    def _set_runtime_error(self, error: BaseException, where: str) -> None:
        if self.runtime_error is None:
            self.runtime_error = error
            text = "".join(traceback.format_exception(error))
            self._services.write_log("ERROR:: ", self.time, f"Runtime Error: {error} ({where})\n{text}")

    @property
    def _has_ended(self) -> bool:
        return self._status_quit or self.runtime_error is not None

    def _local_midnight(self, days: int = 0) -> datetime:
        return convert_from_utc(self._clock.utc, self._clock.time_zone).replace(
            hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            return other_member(self, name, "QCAlgorithm")


def _date_of(args: tuple[Any, ...]) -> datetime:
    if len(args) == 3:
        return datetime(*args)
    day = args[0]
    if isinstance(day, (datetime, date)):
        return datetime(day.year, day.month, day.day)
    raise TypeError("a date is given as a datetime or as year, month and day")
