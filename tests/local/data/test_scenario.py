"""The scenario reader accepts the six files of the project and refuses everything else in one line."""
from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest

from local.data import calendar, scenario
from local.data.errors import ScenarioError
from local.data.listing import LISTED_YEARS, compact_expiries, equity_expiries

SIX = ("august_2024", "bear_2022", "covid_2020", "fed_2018", "quiet_2017", "volmageddon_2018")


def refusal(folder: Path, text: str) -> str:
    """The one line a scenario of this text is refused with."""
    path = folder / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_names() -> None:
    assert scenario.names() == SIX


@pytest.mark.parametrize("name", SIX)
def test_loads(name: str) -> None:
    found = scenario.load(name)
    assert found.name == name
    assert found.anchors[0].day == found.start <= found.backtest_start <= found.backtest_end <= found.end
    assert found.history[0].day <= scenario.calendar.shift_session(found.start, -300)


def test_figures_of_record() -> None:
    found = scenario.load("august_2024", seed=9)
    day = next(anchor for anchor in found.anchors if anchor.day == date(2024, 8, 5))
    assert day.spy == (511.64, 523.58, 510.27, 517.38)
    assert day.vix == (23.39, 65.73, 23.39, 38.57)
    assert [(pin.minute, pin.spy, pin.vix) for pin in found.pins_of(date(2024, 8, 5))] == [
        (0, 511.6, 48.0), (30, 515.0, 40.0), (150, 521.0, 34.0), (270, 517.0, 36.0), (389, 517.4, 38.6)]
    assert found.seed == 9
    assert found.first_minute_day == date(2024, 4, 30)


def test_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        scenario.load("quiet_2017").seed = 3


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ScenarioError, match="unknown scenario 'august'; known: august_2024, bear_2022"):
        scenario.load("august")
    with pytest.raises(ScenarioError, match="no scenario file"):
        scenario.load("nowhere/else.toml")


@pytest.mark.parametrize("seed", [-1, 2**31, True, 1.5, "1"])
def test_bad_seed(seed: object) -> None:
    with pytest.raises(ScenarioError, match="seed"):
        scenario.load("quiet_2017", seed=seed)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("seed = 7", "seed = 7\nspeed = 2", "unknown key speed"),
    ("seed = 7\n", "", "missing key seed"),
    ("seed = 7", "seed = seven", "not valid TOML"),
    ("end = 2024-08-06\nb", "end = 2024-08-01\nb", "end 2024-08-01 is before start 2024-08-02"),
    ("end = 2024-08-06\nb", "end = 2024-08-07\nb", "missing day: anchors run 2024-08-02 to 2024-08-06"),
    ("end = 2024-08-06\nb", "end = 2024-08-04\nb", "end 2024-08-04 is not a trading day"),
    ("backtest_end = 2024-08-06", "backtest_end = 2024-08-07", "is not inside"),
    ("backtest_end = 2024-08-06", 'backtest_end = "soon"', "backtest_end 'soon' is not a date"),
    ("2024-08-05 = {S", "2024-08-04 = {S", "2024-08-04 is not a trading day"),
    ("2024-08-05 = {S", "2024-08-07 = {S", "dates must ascend"),
    ("V = [20.52, 29.66, 20.01, 23.39]", "V = []", "VIX is blank"),
    (", V = [20.52, 29.66, 20.01, 23.39]", "", "VIX is blank"),
    ("V = [20.52, 29.66, 20.01, 23.39]", "V = nan", "must be a number above zero"),
    ("V = [20.52, 29.66, 20.01, 23.39]", "V = 23.39", "must both have one or four"),
    ("[535.75, 536.99, 528.60, 532.90]", "[535.75, 528.60, 536.99, 532.90]", "high 528.6 is below low 536.99"),
    ("[535.75, 536.99, 528.60, 532.90]", "[535.75, 535.70, 528.60, 532.90]", "open 535.75 or close 532.9 is outside"),
    ("[535.75, 536.99, 528.60, 532.90]", "[535.75, 536.99, 533.00, 532.90]", "is outside 533 to 536.99"),
    ("[535.75, 536.99, 528.60, 532.90]", "[535.75, 536.99, 532.90]", "must be a close or"),
    ("[535.75, 536.99, 528.60, 532.90]", "[535.75, 536.99, -528.60, 532.90]", "must be a number above zero"),
    ("2024-08-01 = {S = 543.01, V = 18.59}\n", "", "history must end on 2024-08-01"),
    ("2023-05-22 = {S = 418.79, V = 17.21}\n", "", "later than 300 sessions"),
    ('"12:00" = {S = 521', '"12:00" = {S = 524', "SPY 524 is outside the day's 510.27 to 523.58"),
    ('"12:00"', '"16:00"', "outside the session"),
    ('"12:00"', '"09:29"', "outside the session"),
    ('"12:00"', '"noon"', "not a time of day"),
    ("[pins.2024-08-05]", "[pins.2024-08-01]", "an anchor with four figures on that day"),
    ('name = "short"', 'name = "../up"', "letters, digits and underscores"),
])
def test_refused(tmp_path: Path, short_text: str, old: str, new: str, message: str) -> None:
    assert short_text.count(old) >= 1
    assert message in refusal(tmp_path, short_text.replace(old, new, 1))


def test_a_long_hole_is_a_missing_day(tmp_path: Path) -> None:
    text = (scenario.SCENARIO_FOLDER / "august_2024.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(("2024-05-17", "2024-05-24"))]
    assert "missing day: no anchor in the 14 sessions from 2024-05-10 to 2024-05-31" in refusal(
        tmp_path, "\n".join(lines))


def moved(text: str, years: int) -> str:
    """The scenario on the sessions of a later August, by count."""
    dates = sorted({date.fromisoformat(found) for found in re.findall(r"\d{4}-\d\d-\d\d", text)})
    first = next(day for day in calendar.sessions(date(dates[-1].year + years, 8, 5), date(dates[-1].year + years, 8, 20)))
    shift = calendar.session_number(first) - calendar.session_number(dates[-1])
    for day in dates:
        text = text.replace(day.isoformat(), f"<{calendar.shift_session(day, shift)}>")
    return text.replace("<", "").replace(">", "")


@pytest.mark.parametrize("years", [2, 3, 4])
def test_every_year_up_to_2028_can_be_written(tmp_path: Path, short_text: str, years: int) -> None:
    """Options are listed to the January three years on: the exchange calendar reaches that far."""
    path = tmp_path / "later.toml"
    path.write_text(moved(short_text, years), encoding="utf-8")
    found = scenario.load(str(path))
    assert found.end.year == 2024 + years
    for day in calendar.sessions(found.start, found.end):
        assert max(equity_expiries(day)).year == 2024 + years + LISTED_YEARS
        assert compact_expiries(day, True)


def test_a_year_whose_expiries_nobody_knows_is_refused_in_one_line(tmp_path: Path, short_text: str) -> None:
    path = tmp_path / "later.toml"
    path.write_text(moved(short_text, 5), encoding="utf-8")
    with pytest.raises(ScenarioError, match="options are listed to 2032, the exchange calendar ends with 2031"):
        scenario.load(str(path))
