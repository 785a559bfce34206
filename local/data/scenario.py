"""Scenarios: a strict reader of ``local/scenarios/*.toml``.

A scenario is a few dozen figures of record (anchors), levels its history passes through, minutes that are pinned, and
a seed. Everything is checked when it is read; what cannot be used is refused with one line that names the place.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

import tomllib

from local.data import calendar
from local.data.bar_files import DailyBar, read_bar_folder
from local.data.errors import ScenarioError
from local.data.listing import LISTED_YEARS
from local.data.products import FOLLOWERS

SCENARIO_FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
HISTORY_SESSIONS = 300
LONGEST_GAP_SESSIONS = 10
KEYS = frozenset({"name", "description", "seed", "start", "end", "backtest_start", "backtest_end",
                  "history", "anchors", "pins", "levels", "oil"})
OPTIONAL_KEYS = frozenset({"pins", "levels", "oil"})
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Figures of record of one day: (open, high, low, close) or (close,) of SPY and of VIX."""

    day: date
    spy: tuple[float, ...]
    vix: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """SPY and VIX at the start of one minute of a regular session (``minute`` 0 is 9:30 New York)."""

    day: date
    minute: int
    spy: float
    vix: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A checked scenario.

    ``start`` to ``end`` is what has minutes, ``backtest_start`` to ``backtest_end`` what a backtest runs by default.
    ``levels`` are closes of other tickers on the start day, ``oil`` settlements of record (they may be below zero).
    ``real_bars`` holds daily bars by ticker where a folder of bars was given; they replace the bridge day by day.
    """

    name: str
    description: str
    seed: int
    start: date
    end: date
    backtest_start: date
    backtest_end: date
    history: tuple[Anchor, ...]
    anchors: tuple[Anchor, ...]
    pins: tuple[Pin, ...]
    levels: tuple[tuple[str, float], ...] = ()
    oil: tuple[tuple[date, float], ...] = ()
    real_bars: tuple[tuple[str, tuple[DailyBar, ...]], ...] = ()

    @property
    def first_minute_day(self) -> date:
        """Session before the start: its option universe is the first chain that the start day can see."""
        return calendar.shift_session(self.start, -1)

    def pins_of(self, day: date) -> tuple[Pin, ...]:
        """Pinned minutes of one day, in order."""
        return tuple(pin for pin in self.pins if pin.day == day)

    def bars_of(self, ticker: str) -> tuple[DailyBar, ...]:
        """Real daily bars of a ticker, empty where none were given."""
        return dict(self.real_bars).get(ticker, ())


def names() -> tuple[str, ...]:
    """Names of the scenarios in ``local/scenarios``, sorted."""
    return tuple(sorted(path.stem for path in SCENARIO_FOLDER.glob("*.toml")))


def load(name_or_path: str | Path, *, seed: int | None = None, bars: str | Path | None = None) -> Scenario:
    """Read and check a scenario.

    Parameters
    ----------
    name_or_path
        A name out of ``names()`` or the path of a TOML file.
    seed
        Replaces the scenario's own seed.
    bars
        Folder of real daily bars (``spy-daily.csv``, ``vix-daily.csv`` and more) that replace the bridge.

    Raises
    ------
    ScenarioError
        Anything unknown, missing, out of order or impossible, in one line.
    """
    path = _find(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path.name}: not valid TOML: {error}") from error
    except OSError as error:
        raise ScenarioError(f"{path.name}: cannot be read: {error.strerror}") from error
    return parse(path.name, text, seed=seed, bars=bars)


def parse(place: str, text: str, *, seed: int | None = None, bars: str | Path | None = None) -> Scenario:
    """Check the text of a scenario file; ``place`` is what messages call it. See :func:`load`.

    Raises
    ------
    ScenarioError
        As :func:`load`.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{place}: not valid TOML: {error}") from error
    return _check(place, raw, seed, bars)


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not path.is_file():
            raise ScenarioError(f"no scenario file {path}")
        return path
    if str(name_or_path) not in names():
        raise ScenarioError(f"unknown scenario '{name_or_path}'; known: {', '.join(names())}")
    return SCENARIO_FOLDER / f"{name_or_path}.toml"


def _check(place: str, raw: dict[str, object], seed: int | None, bars: str | Path | None) -> Scenario:
    unknown, missing = sorted(set(raw) - KEYS), sorted(KEYS - OPTIONAL_KEYS - set(raw))
    if unknown or missing:
        raise ScenarioError(f"{place}: " + "; ".join(
            f"{what} key {', '.join(keys)}" for what, keys in (("unknown", unknown), ("missing", missing)) if keys))
    dates = {key: _session(place, key, raw[key]) for key in ("start", "end", "backtest_start", "backtest_end")}
    start, end = dates["start"], dates["end"]
    if end < start:
        raise ScenarioError(f"{place}: end {end} is before start {start}")
    check_listed_years(place, end)
    if not start <= dates["backtest_start"] <= dates["backtest_end"] <= end:
        raise ScenarioError(f"{place}: backtest {dates['backtest_start']} to {dates['backtest_end']} is not inside "
                            f"{start} to {end}")
    history = _anchors(place, "history", raw["history"])
    anchors = _anchors(place, "anchors", raw["anchors"])
    _check_cover(place, history, anchors, start, end)
    used_seed = check_seed(place, raw["seed"] if seed is None else seed)
    real = () if bars is None else read_bar_folder(Path(bars), history[0].day, end)
    return Scenario(name=_text(place, "name", raw["name"]), seed=used_seed,
                    description=_text(place, "description", raw["description"]), history=history, anchors=anchors,
                    pins=_pins(place, raw.get("pins", {}), {anchor.day: anchor for anchor in anchors}),
                    levels=_levels(place, raw.get("levels", {})), real_bars=real,
                    oil=_oil(place, raw.get("oil", {}), history[0].day, end), **dates)


def check_listed_years(place: str, end: date) -> None:
    """Refuse a last day from which options are listed beyond the exchange calendar.

    Raises
    ------
    ScenarioError
        It is too late.
    """
    if end.year + LISTED_YEARS > calendar.LAST_YEAR:
        raise ScenarioError(f"{place}: end {end}: options are listed to {end.year + LISTED_YEARS}, the exchange calendar ends "
                            f"with {calendar.LAST_YEAR}")


def check_seed(place: str, seed: object) -> int:
    """A seed that the generators take.

    Raises
    ------
    ScenarioError
        It is no whole number, or out of bounds.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise ScenarioError(f"{place}: seed {seed!r} is not a whole number from 0 to {LARGEST_SEED}")
    return seed


def _text(place: str, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise ScenarioError(f"{place}: {key} must be one line of text")
    if key == "name" and not value.replace("_", "").isalnum():
        raise ScenarioError(f"{place}: name {value!r} may hold letters, digits and underscores only")
    return value


def _session(place: str, key: str, value: object) -> date:
    """A TOML date, or a date as a table key, that is a session of the exchange."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError as error:
            raise ScenarioError(f"{place}: {key} {value!r} is not a date") from error
    if type(value) is not date:
        raise ScenarioError(f"{place}: {key} must be a date, not {value!r}")
    try:
        if not calendar.is_session(value):
            raise ScenarioError(f"{place}: {key} {value} is not a trading day")
    except calendar.CalendarError as error:
        raise ScenarioError(f"{place}: {key} {value}: {error}") from error
    return value


def _price(place: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ScenarioError(f"{place} must be a number above zero, not {value!r}")
    return float(value)


def _figures(place: str, value: object) -> tuple[float, ...]:
    """(close,) or (open, high, low, close), checked."""
    if not isinstance(value, list):
        return (_price(place, value),)
    if len(value) != 4:
        raise ScenarioError(f"{place} must be a close or [open, high, low, close], not {value!r}")
    figures = tuple(_price(place, item) for item in value)
    opening, high, low, close = figures
    if high < low:
        raise ScenarioError(f"{place}: high {high:g} is below low {low:g}")
    if not low <= min(opening, close) <= max(opening, close) <= high:
        raise ScenarioError(f"{place}: open {opening:g} or close {close:g} is outside {low:g} to {high:g}")
    return figures


def _pair(place: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict) or set(value) - {"S", "V"}:
        raise ScenarioError(f"{place} must be a table with S and V only")
    for key, what in (("S", "SPY"), ("V", "VIX")):
        if value.get(key) in (None, "", []):
            raise ScenarioError(f"{place}: {what} is blank")
    return value


def _anchors(place: str, section: str, raw: object) -> tuple[Anchor, ...]:
    if not isinstance(raw, dict) or not raw:
        raise ScenarioError(f"{place}: [{section}] is empty")
    found: list[Anchor] = []
    for key, value in raw.items():
        day, where = _session(place, section, key), f"{place}: {section} {key}"
        pair = _pair(where, value)
        spy, vix = _figures(f"{where} SPY", pair["S"]), _figures(f"{where} VIX", pair["V"])
        if len(spy) != len(vix):
            raise ScenarioError(f"{where}: SPY and VIX must both have one or four figures")
        if found and day <= found[-1].day:
            raise ScenarioError(f"{where} comes after {found[-1].day}: dates must ascend")
        found.append(Anchor(day=day, spy=spy, vix=vix))
    return tuple(found)


def _check_cover(place: str, history: tuple[Anchor, ...], anchors: tuple[Anchor, ...], start: date, end: date) -> None:
    """Anchors reach from the first day to the last without long holes; the history is long enough and before them."""
    if anchors[0].day != start or anchors[-1].day != end:
        raise ScenarioError(f"{place}: missing day: anchors run {anchors[0].day} to {anchors[-1].day}, "
                            f"not {start} to {end}")
    for before, after in zip(anchors, anchors[1:]):
        gap = calendar.session_number(after.day) - calendar.session_number(before.day)
        if gap > LONGEST_GAP_SESSIONS:
            raise ScenarioError(f"{place}: missing day: no anchor in the {gap} sessions from {before.day} "
                                f"to {after.day}")
    eve = calendar.shift_session(start, -1)
    if history[-1].day != eve:
        raise ScenarioError(f"{place}: history must end on {eve}, the session before start")
    if history[0].day > calendar.shift_session(start, -HISTORY_SESSIONS):
        raise ScenarioError(f"{place}: history begins {history[0].day}, later than {HISTORY_SESSIONS} sessions before "
                            f"{start}")


def _pins(place: str, raw: object, anchors: dict[date, Anchor]) -> tuple[Pin, ...]:
    if not isinstance(raw, dict):
        raise ScenarioError(f"{place}: [pins] must hold one table a day")
    found: list[Pin] = []
    for key, minutes in raw.items():
        day = _session(place, "pins", key)
        if day not in anchors or len(anchors[day].spy) != 4 or not isinstance(minutes, dict) or not minutes:
            raise ScenarioError(f"{place}: pins {key} need minutes, and an anchor with four figures on that day")
        for clock, value in minutes.items():
            where = f"{place}: pins {key} {clock}"
            pair, minute = _pair(where, value), _minute(where, clock, day)
            spy, vix = _price(f"{where} SPY", pair["S"]), _price(f"{where} VIX", pair["V"])
            _, high, low, _ = anchors[day].spy
            if not low <= spy <= high:
                raise ScenarioError(f"{where}: SPY {spy:g} is outside the day's {low:g} to {high:g}")
            if found and found[-1].day == day and minute <= found[-1].minute:
                raise ScenarioError(f"{where}: minutes must ascend")
            found.append(Pin(day=day, minute=minute, spy=spy, vix=vix))
    return tuple(found)


def _levels(place: str, raw: object) -> tuple[tuple[str, float], ...]:
    if not isinstance(raw, dict):
        raise ScenarioError(f"{place}: [levels] must hold one price a ticker")
    unknown = sorted(set(raw) - set(FOLLOWERS))
    if unknown:
        raise ScenarioError(f"{place}: [levels] knows no {unknown[0]}; known: {', '.join(FOLLOWERS)}")
    return tuple((ticker, _price(f"{place}: levels {ticker}", value)) for ticker, value in raw.items())


def _oil(place: str, raw: object, first: date, last: date) -> tuple[tuple[date, float], ...]:
    """Settlements of record, ascending; the only prices that may be below zero."""
    if not isinstance(raw, dict):
        raise ScenarioError(f"{place}: [oil] must hold one price a day")
    found: list[tuple[date, float]] = []
    for key, value in raw.items():
        day = _session(place, "oil", key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value == 0:
            raise ScenarioError(f"{place}: oil {key} must be a price other than zero, not {value!r}")
        if not first <= day <= last or (found and day <= found[-1][0]):
            raise ScenarioError(f"{place}: oil {key}: dates must ascend and lie between {first} and {last}")
        found.append((day, float(value)))
    return tuple(found)


def _minute(where: str, clock: str, day: date) -> int:
    try:
        at = time.fromisoformat(clock)
    except ValueError as error:
        raise ScenarioError(f"{where} is not a time of day") from error
    minute = at.hour * 60 + at.minute - calendar.OPEN_MINUTE_OF_DAY
    if at.second or not 0 <= minute < calendar.session_minutes(day):
        raise ScenarioError(f"{where} is outside the session")
    return minute
