"""A scenario's days without files: minute bars and universes are made when the engine asks for them, and not kept long.

A day lists thousands of contracts, and a run looks at thirty. What is served is what the written folder would hold, number
by number: both come from the same functions.
"""
from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import date, datetime

import numpy as np

from local.data import calendar
from local.data.days import DayTask, SessionDay, plan_days
from local.data.equities import equity_quotes, equity_trades, index_times, minute_times
from local.data.futures import (FUTURE_SIZE, bar_ticks, future_option_sides, future_option_universe_text, future_universe_text,
                                month_tag, side_ticks, tick_scale, utc_minute)
from local.data.futures_calendar import Month, contract_months
from local.data.listing import Chain
from local.data.market import build_market
from local.data.options import option_sides, universe_text
from local.data.products import FUTURES, VIX_OPTIONS, VOLATILITY_INDICES, Future
from local.data.quoting import STRIKE_SCALE, QuotedSide
from local.data.scenario import Scenario
from local.data.text import QUOTE_SIZE
from local.data.vix_options import vix_option_sides, vix_universe_text

DAYS_KEPT, TASKS_KEPT = 3, 12
MINUTES = re.compile(r"(?P<type>[a-z]+)/[a-z]+/minute/(?P<name>[a-z]+)(/(?P<month>\d{6}))?/(?P<day>\d{8})_(?P<kind>trade|quote)"
                     r"(_american|_european)?\.zip")
UNIVERSE = re.compile(r"(?P<type>[a-z]+)/[a-z]+/universes/(?P<name>[a-z]+)(/(?P<month>\d{6}))?/(?P<day>\d{8})\.csv")
CONTRACT = re.compile(r"_(?P<word>call|put)_(?P<strike>\d+)_(?P<expiry>\d{8})\.csv")
FUTURE_MONTH = re.compile(r"_(?P<month>\d{6})\.csv")
EQUITY, INDEX, OPTION, INDEX_OPTION, FUTURE, FUTURE_OPTION = "equity", "index", "option", "indexoption", "future", "futureoption"
OPTION_FUTURES = {future.option_ticker.lower(): ticker for ticker, future in FUTURES.items()}
INDEX_DECIMALS = 2

Rows = tuple[np.ndarray, int]


class ServedDays:
    """The engine's source of a scenario's days (``local.engine.files.day_source``).

    Parameters
    ----------
    scenario, underlyings
        As for ``writer.ensure_data``.
    """

    def __init__(self, scenario: Scenario, underlyings: tuple[str, ...]) -> None:
        self._underlyings = underlyings
        self._market = build_market(scenario, underlyings)
        self._sessions = calendar.sessions(scenario.first_minute_day, scenario.end)
        self._days: OrderedDict[date, _ServedDay] = OrderedDict()
        self._tasks: OrderedDict[date, DayTask] = OrderedDict()
        self._plan: Iterator[DayTask] = iter(())
        self._planned: date | None = None

    def rows(self, path: str, entry: str) -> Rows | None:
        """One contract's minutes, as its file would hold them; None where there would be none."""
        found = MINUTES.fullmatch(path)
        day = None if found is None else self._day(found["day"])
        return None if day is None else day.rows(found, entry)

    def text(self, path: str) -> str | None:
        """One universe file; None where there would be none."""
        found = UNIVERSE.fullmatch(path)
        day = None if found is None else self._day(found["day"])
        return None if day is None else day.universe(found)

    def sessions(self) -> tuple[date, ...]:
        """Days that are served, in order."""
        return self._sessions

    def months(self, future: Future, day: date) -> list[str]:
        """A future's contract months on a day, as folders are named."""
        return [month_tag(month) for month in contract_months(future, day)]

    def _day(self, stamp: str) -> _ServedDay | None:
        day = _date(stamp)
        if day in self._days:
            self._days.move_to_end(day)
        else:
            if not self._sessions or not self._sessions[0] <= day <= self._sessions[-1] or not calendar.is_session(day):
                return None
            _keep(self._days, day, _ServedDay(SessionDay(self._market, self._task(day)), self._underlyings), DAYS_KEPT)
        return self._days[day]

    def _task(self, day: date) -> DayTask:
        """What is listed on a day: listings are made day after day, so one long gone is looked for from the first again."""
        if day not in self._tasks and (self._planned is None or day <= self._planned):
            self._plan = plan_days(self._market, self._underlyings, self._sessions)
        while day not in self._tasks:
            task = next(self._plan)
            self._planned = task.day
            _keep(self._tasks, task.day, task, TASKS_KEPT)
        return self._tasks[day]


class _ServedDay:
    """One session: each expiry is priced once, when a contract of it is first asked for."""

    def __init__(self, session: SessionDay, underlyings: tuple[str, ...]) -> None:
        self._session, self._underlyings = session, set(underlyings)
        self._sides: dict[tuple[str, str, str, date], dict[str, QuotedSide]] = {}
        self._alive: dict[tuple[str, str, str, date, str], np.ndarray] = {}

    # --- bars -------------------------------------------------------------------------------------------------------
    def rows(self, found: re.Match[str], entry: str) -> Rows | None:
        """See ``ServedDays.rows``."""
        kind, name, is_trade = found["type"], found["name"], found["kind"] == "trade"
        ticker = name.upper()
        if kind == EQUITY and ticker in self._underlyings and ticker in self._session.paths and ticker != "VIX":
            path = self._session.paths[ticker]
            columns = equity_trades(path, self._session.volume(ticker)) if is_trade else equity_quotes(path, self._session.vix)
            return _table(minute_times(len(path.close)), columns), 0
        if kind == INDEX and is_trade and ticker in self._underlyings and (ticker == "VIX" or ticker in VOLATILITY_INDICES):
            path = self._session.index(ticker)
            columns = [np.rint(values * 100) / 100 for values in (path.open, path.high, path.low, path.close)]
            return _table(index_times(ticker, len(path.close)), [*columns, np.zeros(len(path.close))]), INDEX_DECIMALS
        if kind == FUTURE and ticker in self._underlyings and ticker in FUTURES:
            return self._future(ticker, entry, is_trade)
        return None if is_trade else self._option(kind, name, found["month"] or "", entry)

    def _future(self, ticker: str, entry: str, is_trade: bool) -> Rows | None:
        market = self._session.future(ticker)
        future, wanted = market.future, _month(FUTURE_MONTH.search(entry)["month"])
        if wanted not in contract_months(future, market.day):
            return None
        scale, size = tick_scale(future.tick, future.decimals), np.full(len(market.vix), float(FUTURE_SIZE))

        def priced(bars: list[np.ndarray]) -> list[np.ndarray]:
            return [bar * scale / 10**future.decimals for bar in bars]

        bars = bar_ticks(market, wanted)
        if is_trade:
            columns = [*priced(bars), size]
        else:
            bid, ask = side_ticks(bars, market.vix)
            columns = [*priced(bid), size, *priced(ask), size]
        return _table(minute_times(len(size), utc_minute(market.day)), columns), future.decimals

    def _option(self, kind: str, name: str, month: str, entry: str) -> Rows | None:
        contract = CONTRACT.search(entry)
        if contract is None:
            return None
        expiry, word, key = _date(contract["expiry"]), contract["word"], (kind, name, month, _date(contract["expiry"]))
        if key not in self._sides:
            chain = next((chain for chain in self._chains(kind, name, month) if chain.expiry == expiry), None)
            sides = [] if chain is None else self._maker(kind, name, month)(chain)
            self._sides[key] = {side.word: side for side in sides}
        side = self._sides[key].get(word)
        at = () if side is None else np.flatnonzero(np.rint(side.strikes * STRIKE_SCALE) == int(contract["strike"]))
        if not len(at):
            return None
        if (*key, word) not in self._alive:
            self._alive[*key, word] = side.alive()
        first = utc_minute(self._session.day) if kind == FUTURE_OPTION else calendar.OPEN_MINUTE_OF_DAY
        written = self._alive[*key, word][at[0]]
        times = minute_times(len(self._session.vix), first)[written]
        bid, ask = (_quote_columns(side, ticks[at[0]][written]) for ticks in (side.bid, side.ask))
        return _table(times, [*bid, *ask]), side.decimals

    def _maker(self, kind: str, name: str, month: str) -> Callable[[Chain], list[QuotedSide]]:
        if kind == OPTION:
            return lambda chain: option_sides(self._session.share(name.upper()), chain)
        if kind == INDEX_OPTION:
            return lambda chain: vix_option_sides(self._session.vix_options(), chain)
        return lambda chain: future_option_sides(self._session.future(OPTION_FUTURES[name]), _month(month), chain)

    def _chains(self, kind: str, name: str, month: str) -> tuple[Chain, ...] | list[Chain]:
        task = self._session.task
        if kind == OPTION:
            return task.shares.get(name.upper(), ())
        if kind == INDEX_OPTION:
            return task.vix.get(name, ())
        if kind != FUTURE_OPTION or name not in OPTION_FUTURES:
            return ()
        return task.futures.get(OPTION_FUTURES[name], {}).get(_month(month), ())

    # --- universes --------------------------------------------------------------------------------------------------
    def universe(self, found: re.Match[str]) -> str | None:
        """See ``ServedDays.text``."""
        kind, name, month = found["type"], found["name"], found["month"] or ""
        ticker = name.upper()
        if kind == OPTION and ticker in self._session.task.shares:
            return universe_text(self._session.share(ticker), self._chains(kind, name, month))
        if kind == INDEX_OPTION and VIX_OPTIONS in self._underlyings and name in self._session.task.vix:
            return vix_universe_text(self._session.vix_options(), self._chains(kind, name, month))
        if kind == FUTURE and ticker in self._underlyings and ticker in FUTURES:
            return future_universe_text(self._session.future(ticker))
        if kind == FUTURE_OPTION and OPTION_FUTURES.get(name) in self._underlyings:
            market = self._session.future(OPTION_FUTURES[name])
            if _month(month) in contract_months(market.future, market.day):
                return future_option_universe_text(market, _month(month), list(self._chains(kind, name, month)))
        return None


def _quote_columns(side: QuotedSide, ticks: np.ndarray) -> list[np.ndarray]:
    """One side of a contract's quotes as its file has it: open, high, low and close alike, then the size."""
    price = ticks * side.scale / 10**side.decimals if side.decimals else ticks * float(side.scale)
    return [price, price, price, price, np.where(ticks > 0, float(QUOTE_SIZE), 0.0)]


def _table(times: np.ndarray, columns: list[np.ndarray]) -> np.ndarray:
    return np.stack([times, *columns], axis=1).astype(np.float64)


def _date(stamp: str) -> date:
    return datetime.strptime(stamp, "%Y%m%d").date()


def _month(tag: str) -> Month:
    return int(tag[:4]), int(tag[4:])


def _keep(kept: OrderedDict, key: date, value: object, count: int) -> None:
    """Add one and forget the oldest beyond ``count``."""
    kept[key] = value
    while len(kept) > count:
        kept.popitem(last=False)
