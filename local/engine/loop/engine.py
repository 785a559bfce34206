"""The loop: time slices in LEAN's order, with minutes skipped in which nothing can happen."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local.engine.algorithm import qc_algorithm
from local.engine.algorithm.qc_algorithm import QCAlgorithm
from local.engine.broker.broker import Broker
from local.engine.enums import DelistingType
from local.engine.errors import EngineError
from local.engine.files.day_source import DaySource
from local.engine.loop.clock import ONE_TICK, Clock
from local.engine.loop.commands import Command, CommandFolder
from local.engine.loop.configuration import Config
from local.engine.loop.day_ends import DayEnds
from local.engine.loop.object_store import ObjectStore
from local.engine.loop.project_loader import load_algorithm_class
from local.engine.loop.run_log import RunLog
from local.engine.loop.schedule import NEVER, ScheduledEvent, Scheduler
from local.engine.loop.services import Services
from local.engine.loop.typed_commands import run_typed
from local.engine.loop.warm_up import WarmUp, first_instant
from local.engine.market.bars import BaseData, Delisting, Dividend, Split, SymbolChangedEvent, TradeBar
from local.engine.market.feed import Feed
from local.engine.market.security_changes import SecurityChanges
from local.engine.market.slice import Slice
from local.engine.market.symbol import Symbol
from local.engine.pricing.default_models import DefaultPriceModel
from local.engine.pricing.volatility_models import feed_models, warm_up
from local.engine.time_zones import EPOCH, convert_to_utc, seconds_of
from local.engine.universes.chain_universes import OptionChainUniverse
from local.engine.universes.universe_selection import Universe, UniverseSelection

RUN_ID = "run"
MARGIN_CALL_INTERVAL = timedelta(minutes=5)
_FIRST_TIME = datetime.min
_HEALTHY_SHARE = 0.3


class Engine:
    """One run of one algorithm on a data folder.

    Parameters
    ----------
    project
        Folder with `main.py`.
    out
        Folder for the log and, under `storage`, the object store.
    broker
        A broker that outlives the algorithm; a new one when none is given.
    live
        Whether the algorithm sees live mode (data still come from files).
    start, end
        First and last day, which win over the algorithm's own.
    run_id
        The algorithm's id, which it learns once it runs, as on LEAN.
    store
        Folder of the object store, where it is not `out`'s own.
    configuration
        What the algorithm may read of LEAN's configuration.
    source
        Makes the days, where no files hold them.
    command_folder
        Where live commands arrive, where it is not `out`: LEAN reads them from the folder its process runs in.
    """

    def __init__(self, project: Path, data_folder: Path, out: Path, parameters: Mapping[str, str] | None = None, *,
                 broker: Broker | None = None, live: bool = False, start: datetime | None = None,
                 end: datetime | None = None, algorithm_type_name: str | None = None,
                 progress: Callable[[datetime, datetime, datetime], None] | None = None, name: str = "main",
                 run_id: str = RUN_ID, store: Path | None = None,
                 configuration: Mapping[str, Any] | None = None, command_folder: Path | None = None,
                 source: DaySource | None = None) -> None:
        self.project, self.data_folder, self.out = Path(project), Path(data_folder), Path(out)
        self.live, self._start, self._end, self._progress = live, start, end, progress
        self.out.mkdir(parents=True, exist_ok=True)
        self.clock, self.scheduler = Clock(), Scheduler()
        self.feed = Feed(self.data_folder, self.clock, source)
        self.feed.make_price_model = lambda: DefaultPriceModel(self.feed)
        self.object_store = ObjectStore(self.out / "storage" if store is None else Path(store))
        self.log = RunLog(self.out / "log.txt")
        self.broker = Broker() if broker is None else broker
        self.universes = UniverseSelection(self.feed, self._is_held)
        self.services = Services(clock=self.clock, feed=self.feed, scheduler=self.scheduler,
                                 object_store=self.object_store, parameters=dict(parameters or {}),
                                 write_log=self.log.write, engine=self, name=name, live=live)
        self.commands = CommandFolder(self.out if command_folder is None else command_folder, self._run_command,
                                      lambda text: self.log.write("ERROR:: ", self.clock.local, text),
                                      lambda fields: run_typed(self.algorithm, fields))
        self._type_name, self.run_id, self._configuration = algorithm_type_name, run_id, dict(configuration or {})
        self.algorithm: QCAlgorithm | None = None
        self.is_finished, self.slices = False, 0
        self._next_margin = self._next_worth = _FIRST_TIME
        self._last_second, self._most_worth = 0, 0.0
        self._waiting_for_clearing: list[Symbol] = []
        self._day_ends = DayEnds(self.clock, self.scheduler)
        self._sees_every_slice = False

    def _is_held(self, symbol: Symbol) -> bool:
        """Whether a security has a holding or an open order, which keep it in the feed."""
        return self.feed.securities[symbol].holdings.invested or self.broker.has_open_orders_for(symbol)

    # set-up -----------------------------------------------------------------------------------------------------
    def set_initial_time(self, algorithm: QCAlgorithm) -> None:
        """Puts the clock at the algorithm's start, as LEAN does while `initialize` runs."""
        start = self._start or algorithm.start_date
        self.clock.utc = convert_to_utc(start, self.clock.time_zone)
        self.clock.second = seconds_of(self.clock.utc)

    def initialize(self) -> None:
        """Loads the algorithm, runs its `initialize` and opens the feed."""
        Config.reset(self._configuration)
        qc_algorithm.prepare(self.services)
        algorithm = self.algorithm = load_algorithm_class(self.project, self._type_name)()
        self.feed.initialize_security = algorithm._prepare_new_security
        self.set_initial_time(algorithm)
        algorithm.initialize()
        if self._start is not None:
            algorithm._start_date = self._start
        if self._end is not None:
            algorithm._end_date = self._end.replace(hour=0, minute=0) + timedelta(days=1) - ONE_TICK
        if algorithm.end_date < algorithm.start_date:
            raise EngineError("Please select an algorithm end date greater than start date.")
        self.set_initial_time(algorithm)
        self._open_feed(algorithm)

    def _open_feed(self, algorithm: QCAlgorithm) -> None:
        end = convert_to_utc((algorithm.end_date + ONE_TICK), self.clock.time_zone)
        self._start_warm_up(algorithm)
        self.feed.start(self.clock.second, seconds_of(end))
        algorithm._start_custom()
        self.broker.attach(algorithm)
        algorithm._refresh_models()
        self._take_changes()
        if self.live and self.clock.has_volatility_models:
            for security in algorithm.securities.values():
                warm_up(security, algorithm.history[TradeBar])
        algorithm.algorithm_id = self.run_id
        algorithm._locked, algorithm.is_warming_up = True, self.feed.warm_up is not None
        owner = type(algorithm)
        self._sees_every_slice = owner.on_data is not QCAlgorithm.on_data
        self._day_ends.watch(algorithm)
        self.scheduler.skip_until(self.clock.utc)
        midnight = algorithm.time_rules.midnight.create_utc_event_times(
            algorithm.schedule._dates(algorithm.date_rules.every_day()))
        algorithm.schedule.add(ScheduledEvent("Daily Sampling", midnight, lambda: self.broker.sample(self.clock.utc)))
        if not algorithm.is_warming_up:
            algorithm._call_user("OnWarmupFinished", algorithm.on_warmup_finished)
        self._last_second = self.clock.second
        self._first_slice()

    def _start_warm_up(self, algorithm: QCAlgorithm) -> None:
        """Goes back to where the warm-up begins, when the algorithm asked for one."""
        if algorithm._warm_up is None:
            return
        begin = first_instant(algorithm, algorithm._warm_up, self.clock.utc)
        if begin < self.clock.utc:
            self.feed.warm_up = WarmUp(self.clock.second, algorithm._warm_up.resolution)
            self.clock.utc, self.clock.second = begin, seconds_of(begin)

    def _pass_warm_up_end(self) -> None:
        """Comes before the first slice after the start: a warm-up no slice ended at its end ends there."""
        algorithm, end = self.algorithm, self.feed.warm_up.end
        if algorithm.is_warming_up:
            self.scheduler.scan_past(EPOCH + timedelta(seconds=end), self._set_time)
            self.clock.utc, self.clock.second = EPOCH + timedelta(seconds=end), end
            self._finish_warm_up()
        self.feed.end_warm_up()

    def _finish_warm_up(self) -> None:
        self.algorithm.is_warming_up = False
        self.algorithm._call_user("OnWarmupFinished", self.algorithm.on_warmup_finished)

    def _first_slice(self) -> None:
        due = self.universes.take_due(self.clock.utc, next_tick=True)
        self._run_slice(self.clock.utc, self.clock.second, False, due)
        if self.feed.warm_up is not None and self.feed.has_bars_at(self.clock.second):
            self._run_slice(self.clock.utc, self.clock.second, True, [])

    def _take_changes(self) -> None:
        """Hands what the algorithm added and removed to the universes."""
        algorithm, universes = self.algorithm, self.universes
        for change in algorithm._pending_changes:
            if isinstance(change, OptionChainUniverse) and not change.is_disposed:
                algorithm._add_underlying_of(change)
        changes, algorithm._pending_changes = algorithm._pending_changes, []
        for change in changes:
            if isinstance(change, Symbol):
                universes.remove(change)
            elif not isinstance(change, Universe):
                universes.add(change)
            elif change.is_disposed:
                universes.dispose(change)
            else:
                universes.add_planned(change)

    # the loop ---------------------------------------------------------------------------------------------------
    def run(self) -> None:
        """Runs to the end."""
        self.run_until(None)
        self.finish()

    def run_until(self, until: datetime | None) -> None:
        """Runs all slices and scheduled events up to a time in the algorithm's zone (None: to the end)."""
        if self.algorithm is None:
            self.initialize()
        limit = None if until is None else convert_to_utc(until, self.clock.time_zone)
        while not self.is_finished and not self.algorithm._has_ended:
            when = self._next_instant()
            if when is None:
                self.is_finished = True
                break
            if limit is not None and when > limit:
                self.scheduler.scan_past(limit + ONE_TICK, self._set_time)
                break
            self._step(when)

    def _next_instant(self) -> datetime | None:
        due = self.universes.due_time(self.clock.utc)
        if due is not None:
            return due
        step, event = self.feed.next_step(), self.feed.events.next_event()
        planned = self.universes.next_planned()
        if planned is not None and (event is None or planned < event):
            event = planned
        if step is None and planned is None and (event is None or seconds_of(event) >= self.feed.end_second):
            return None
        if step is None:
            return event
        if self._can_skip():
            step = self._skip_to(step, event)
        when = EPOCH + timedelta(seconds=step)
        return when if event is None or when <= event else max(event, self.clock.utc)

    def _run_command(self, data: Command) -> Any:
        algorithm = self.algorithm
        try:
            return algorithm.on_command(data)
        except Exception as error:  # noqa: BLE001 - the boundary to user code, as in LEAN
            algorithm.error(f"CallbackCommand Error: {error}")
            return False

    def _can_skip(self) -> bool:
        if self.live and self.commands.is_waiting or self.feed.warm_up is not None:
            return False
        return not (self._sees_every_slice or self.clock.has_volatility_models or self._waiting_for_clearing
                    or not self.algorithm._hub.is_idle
                    or self.broker.needs_slice(self.clock.utc))

    def _skip_to(self, step: int, event: datetime | None) -> int:
        """The first slice at or after the next thing that can happen; the last of the day when there is none."""
        target = self.scheduler.next_time()
        wakeup = self.broker.next_wakeup(self.clock.utc)
        for other in (event, wakeup):
            target = target if other is None else min(target, other)
        target_second = self.feed.end_second if target == NEVER else seconds_of(target) + (1 if target.microsecond else 0)
        if target_second <= step:
            return step
        found, before = self.feed.step_at_or_after(target_second)
        if before is not None:
            self._pass_over(self.feed.steps_between(step, found))
        return found

    def _pass_over(self, skipped: list[int]) -> None:
        """Keeps what LEAN would have done in slices that are skipped: the margin call rhythm and the last price seen."""
        if not skipped:
            return
        self._last_second = skipped[-1]
        index = 0
        while index < len(skipped):
            when = EPOCH + timedelta(seconds=skipped[index])
            if when >= self._next_margin:
                self._next_margin = when + MARGIN_CALL_INTERVAL
            wanted = seconds_of(self._next_margin)
            index = next((i for i in range(index + 1, min(index + 301, len(skipped))) if skipped[i] >= wanted), len(skipped))

    def _step(self, when: datetime) -> None:
        second = seconds_of(when)
        if self.feed.warm_up is not None and second > self.feed.warm_up.end:
            self._pass_warm_up_end()
        if when.microsecond or when == self.clock.utc:
            self._run_slice(when, self.clock.second, False, self.universes.take_due(when, next_tick=when != self.clock.utc))
            return
        has_bars = self.feed.next_step() is not None and self._has_step(second)
        self._run_slice(when, second, has_bars, self.universes.take_due(when, next_tick=False))

    def _has_step(self, second: int) -> bool:
        return bool(self.feed.steps_between(second, second + 1))

    def _set_time(self, utc: datetime) -> None:
        self.clock.utc = utc

    # one slice --------------------------------------------------------------------------------------------------
    def _run_slice(self, utc: datetime, second: int, has_bars: bool, due: list[Universe]) -> None:
        algorithm, broker = self.algorithm, self.broker
        self.slices += 1
        if self.live:
            self.commands.process()
        elif self._is_bankrupt(utc):
            self.is_finished = True
            return
        self.clock.second = self._last_second
        self.scheduler.scan_past(utc, self._set_time)
        if not algorithm._hub.is_idle:
            algorithm._call_user("Consolidators update", algorithm._hub.scan_past, utc, self._set_time)
        self.clock.utc, self.clock.second = utc, second
        self._last_second = second
        self.feed.consume(second)
        events = self.feed.events.pop_events(utc)
        changes = self._before_delistings(events)
        if due and second < self.feed.end_second:
            selected = algorithm._call_user("Universe selection", self.universes.select, due, utc)
            changes = selected if changes is None else changes.plus(selected)
        algorithm.current_slice = Slice(self.feed, second, algorithm.time, utc, events, has_bars)
        if self.clock.has_volatility_models:
            feed_models(algorithm.current_slice.bars_of_instant)
        if changes is not None:
            self._day_ends.plan(changes)
        broker.scan_settlements(utc)
        if algorithm.is_warming_up and second >= self.feed.warm_up.end:
            self._finish_warm_up()
        delistings = [e for e in events if isinstance(e, Delisting)]
        if events:
            self._symbol_changes(events)
        broker.process_synchronous_events(delistings or None)
        self._run_scheduled(utc)
        if algorithm._has_ended:
            return
        self._margin_calls(utc)
        if changes is not None:
            algorithm._call_user("OnSecuritiesChanged", algorithm.on_securities_changed, changes)
        if events:
            self._corporate_actions(events)
        if has_bars and not algorithm._hub.is_idle:
            algorithm._call_user("Consolidators update", algorithm._hub.hand_over, second)
        self._hand_over(events)
        broker.process_synchronous_events()
        broker.on_slice_end(utc)
        self._end_of_time_step(delistings)

    def _is_bankrupt(self, utc: datetime) -> bool:
        """LEAN ends a backtest whose portfolio is worth nothing; a healthy one is looked at every five minutes here."""
        if utc < self._next_worth:
            return False
        worth = self.algorithm.portfolio.total_portfolio_value
        self._most_worth = max(self._most_worth, worth)
        if worth > _HEALTHY_SHARE * self._most_worth:
            self._next_worth = utc + MARGIN_CALL_INTERVAL
        return worth <= 0

    def _run_scheduled(self, utc: datetime) -> None:
        self.scheduler.set_time(utc)
        self.broker.process_split_symbols()

    def _margin_calls(self, utc: datetime) -> None:
        if utc >= self._next_margin:
            self.broker.process_margin_calls(utc)
            self._next_margin = utc + MARGIN_CALL_INTERVAL

    def _symbol_changes(self, events: list[BaseData]) -> None:
        if any(isinstance(e, SymbolChangedEvent) for e in events):
            algorithm = self.algorithm
            changes = algorithm.current_slice.symbol_changed_events
            algorithm._call_user("OnSymbolChangedEvents", algorithm.on_symbol_changed_events, changes)
            for symbol in list(changes.keys()):
                algorithm.transactions.cancel_open_orders(symbol, "Open order cancelled on symbol changed event")

    def _corporate_actions(self, events: list[BaseData]) -> None:
        dividends = [e for e in events if isinstance(e, Dividend)]
        splits = [e for e in events if isinstance(e, Split)]
        if dividends:
            self.broker.apply_dividends(dividends)
        if splits:
            self.broker.apply_splits(splits)

    def _hand_over(self, events: list[BaseData]) -> None:
        algorithm = self.algorithm
        slice_ = algorithm.current_slice
        if events:
            for kind, name in ((Split, "splits"), (Dividend, "dividends"), (Delisting, "delistings")):
                if any(isinstance(e, kind) for e in events):
                    algorithm._call_user(f"On{name.title()}", getattr(algorithm, f"on_{name}"), getattr(slice_, name))
        if self._sees_every_slice and slice_.has_data and not algorithm._has_ended:
            algorithm._call_user("OnData", algorithm.on_data, slice_)
        algorithm._refresh_models()
        algorithm._chained_options.refresh()

    # securities coming and going --------------------------------------------------------------------------------
    def _before_delistings(self, events: list[BaseData]) -> SecurityChanges | None:
        removed, unseen = [], 0
        for event in events:
            security = self.feed.securities.get(event.symbol) if isinstance(event, Delisting) else None
            if security is None:
                continue
            if event.type == DelistingType.DELISTED:
                security.is_delisted, security.is_tradable = True, False
                self.feed.securities.remove(event.symbol)
                if self.universes.is_out_of_sight(event.symbol):
                    unseen += 1
                elif not self.universes.is_waiting(event.symbol):
                    removed.append(security)
        return SecurityChanges([], removed, unseen) if removed or unseen else None

    def _end_of_time_step(self, delistings: list[Delisting]) -> None:
        algorithm = self.algorithm
        self._waiting_for_clearing += [d.symbol for d in delistings if d.type == DelistingType.DELISTED]
        for symbol in list(self._waiting_for_clearing):
            security = self.feed.securities.get(symbol)
            if security is None or not security.holdings.invested:
                self.feed.unsubscribe(symbol, clear_cache=True)
                self._waiting_for_clearing.remove(symbol)
                self.universes.forget(symbol)
                self._day_ends.drop(symbol)
                self.feed.rebuild()
        if algorithm._pending_changes:
            self._take_changes()
        if self.live:
            self.object_store.flush()
        if self._progress is not None:
            self._progress(algorithm.time, algorithm.start_date, algorithm.end_date)

    def get_or_add_security(self, symbol: Symbol) -> Any:
        """The listed security of a symbol, added when it is not there."""
        found = self.feed.securities.get(symbol)
        return found if found is not None else self.algorithm.add_security(symbol)

    # the end ----------------------------------------------------------------------------------------------------
    def finish(self) -> None:
        """Ends the run: `on_end_of_algorithm`, last sample, store and log written."""
        algorithm = self.algorithm
        if algorithm.runtime_error is None:
            algorithm._call_user("OnEndOfAlgorithm", algorithm.on_end_of_algorithm)
        self.broker.sample(self.clock.utc)
        self.broker.on_end_of_algorithm()
        self.stop()

    def stop(self) -> None:
        """Leaves the broker as it is and lets go of the algorithm; a new engine can go on from there."""
        self.is_finished = True
        self.object_store.flush()
        self.log.close()
        self.broker.detach()
