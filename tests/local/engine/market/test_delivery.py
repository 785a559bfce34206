"""What makes the hand-over of bars quick gives the same bars as the plain way."""
from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from local.data.static import write_static_files
from local.engine.enums import Resolution, SecurityType, TickType
from local.engine.files.bar_columns import BarColumns, parse_numbers
from local.engine.market.market_hours import MarketHoursDatabase, MarketHoursEntry
from local.engine.market.security import make_bar
from local.engine.market.series import BarLoader, BarSeries
from local.engine.market.subscription import Subscription
from local.engine.market.symbol import Symbol
from local.engine.time_zones import NEW_YORK, convert_to_utc, seconds_of

SPY = Symbol.create("SPY", SecurityType.EQUITY, "usa")
HALF_DAY, NEXT = date(2024, 7, 3), date(2024, 7, 5)
WORDS = (0.0, 1.01, 1.02)


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> MarketHoursEntry:
    folder = tmp_path_factory.mktemp("static")
    write_static_files(folder)
    return MarketHoursDatabase.of_folder(folder).get_entry("usa", "SPY", SecurityType.EQUITY)


def second_of(day: date, minute: int) -> int:
    return seconds_of(convert_to_utc(datetime(day.year, day.month, day.day) + timedelta(minutes=minute), NEW_YORK))


class Chunks(BarLoader):
    """Quotes of a few minutes of two days, some with one side, without files."""

    def _read(self, chunk: date) -> BarColumns | None:
        draw = random.Random(chunk.day)
        if chunk not in (HALF_DAY, NEXT):
            return None
        ends = np.array(sorted(second_of(chunk, 570 + draw.randrange(1, 210)) for _ in range(60)))
        names = [f"{side}_{part}" for side in ("bid", "ask") for part in ("open", "high", "low", "close", "size")]
        return BarColumns(chunk, "quote", ends - 60, ends, {name: np.array([draw.choice(WORDS) for _ in ends]) for name in names})


def loader_of(hours: MarketHoursEntry) -> BarLoader:
    return Chunks(Path(), SPY, TickType.QUOTE, Resolution.MINUTE, hours, False, lambda day: "SPY")


@pytest.mark.parametrize("resolution", [Resolution.MINUTE, Resolution.HOUR, Resolution.DAILY])
@pytest.mark.parametrize("extended", [False, True])
def test_a_slice_asks_for_what_the_days_grid_holds(hours: MarketHoursEntry, resolution: Resolution, extended: bool) -> None:
    grid = Subscription(SPY, TickType.TRADE, resolution, True, extended, hours, BarSeries(loader_of(hours), 0)).grid
    start, stop = second_of(HALF_DAY, 0), second_of(NEXT, 1440)
    expected = set(grid.between(start, stop).tolist())
    assert expected and {second for second in range(start + 60, stop + 1, 60) if grid.has(second)} == expected


@pytest.mark.parametrize("fill", [False, True])
@pytest.mark.parametrize("step", [1, 7])
def test_each_minutes_bar_is_the_one_found_by_search(hours: MarketHoursEntry, fill: bool, step: int) -> None:
    first, loader = second_of(HALF_DAY, 600), loader_of(hours)
    stream = Subscription(SPY, TickType.QUOTE, Resolution.MINUTE, fill, False, hours, BarSeries(loader, first, fill))
    stream.steps(second_of(HALF_DAY, 0), second_of(HALF_DAY, 1440))
    given = 0
    for day in (HALF_DAY, NEXT):
        for minute in range(565, 800, step):
            second = second_of(day, minute)
            afresh = BarSeries(loader, first, fill)
            real = len(afresh.ends_in(second - 1, second)) > 0
            is_due = afresh.seek(second) and (stream.grid.has(second) if fill else real)
            bar, expected = stream.bar_at(second), make_bar(SPY, afresh, NEW_YORK, second) if is_due else None
            assert repr(bar) == repr(expected)
            if bar is not None:
                given += 1
                assert (bar.time, bar.end_time, bar.is_fill_forward) == (expected.time, expected.end_time, not real)
    assert given


def test_whole_numbers_are_read_as_others_are() -> None:
    text = b"34200000,10200,0,-7,9007199254740991\n34260000,1,2,3,4\n"
    as_others = parse_numbers(text.replace(b",10200,", b",10200.0,"), 5, Path("a.zip"), "a.csv")
    assert parse_numbers(text, 5, Path("a.zip"), "a.csv").tolist() == as_others.tolist()
    assert as_others.dtype == np.float64 and as_others[0].tolist() == [34200000, 10200, 0, -7, 9007199254740991]
