from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date

import pytest

from config.run_parameters import Environment, Fills, LogLevel, MarginAuthority, parse
from config.strategy_parameters import STRATEGY_PRIORITY
from core.errors import ConfigError
from core.model import Mode


def test_a_backtest_trades_by_default_and_a_live_run_observes() -> None:
    backtest, live = parse({}, live=False), parse({}, live=True)
    assert (backtest.mode, backtest.environment) == (Mode.TRADE, Environment.DEVELOPMENT)
    assert (live.mode, live.environment) == (Mode.OBSERVE, Environment.STAGING)
    assert backtest.starting_phase == 1 and backtest.cash == 35_000.0
    assert backtest.strategies == STRATEGY_PRIORITY and backtest.margin is MarginAuthority.OWN
    assert backtest.fills is Fills.WORKED


def test_every_key_is_read() -> None:
    parameters = parse({"mode": "exits_only", "strategies": " lt112 , friday_0dte", "starting_phase": "4",
                        "cash": "80000.50", "margin": "lean", "fills": "natural", "environment": "development", "start": "2024-07-01",
                        "end": "2024-08-30", "log_level": "debug"}, live=False)
    assert parameters.mode is Mode.EXITS_ONLY
    assert parameters.strategies == ("friday_0dte", "lt112")
    assert parameters.starting_phase == 4 and parameters.cash == 80_000.5
    assert parameters.fills is Fills.NATURAL
    assert parameters.margin is MarginAuthority.LEAN and parameters.log_level is LogLevel.DEBUG
    assert (parameters.start, parameters.end) == (date(2024, 7, 1), date(2024, 8, 30))


def test_one_day_is_a_run() -> None:
    assert parse({"start": "2024-07-01", "end": "2024-07-01"}, live=False).end == date(2024, 7, 1)


@pytest.mark.parametrize("mapping", [
    {"phase": "1"}, {"Mode": "trade"}, {"mode": "TRADE"}, {"mode": ""}, {"mode": " "}, {"mode": None},
    {"starting_phase": "0"}, {"starting_phase": "5"}, {"starting_phase": "1.0"}, {"starting_phase": "-1"},
    {"starting_phase": "²"}, {"cash": "0"}, {"cash": "-1"}, {"cash": "nan"}, {"cash": "inf"}, {"cash": "35k"},
    {"strategies": "lt112,"}, {"strategies": "lt113"}, {"strategies": "lt112,lt112"}, {"margin": "none"}, {"fills": "mid"},
    {"environment": "staging"}, {"environment": "production"}, {"start": "2024-07-01"}, {"end": "2024-07-01"},
    {"start": "2024-07-02", "end": "2024-07-01"}, {"start": "2024-02-30", "end": "2024-03-01"},
    {"log_level": "loud"}, {"starting_phase": 1},
])
def test_bad_values_are_one_line(mapping: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(mapping, live=False)
    assert str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("mapping", [{"environment": "development"}, {"start": "2024-07-02", "end": "2024-07-01"}])
def test_a_live_run_is_no_backtest(mapping: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        parse(mapping, live=True)


def test_the_days_of_a_backtest_are_left_out_of_a_live_run() -> None:
    live = parse({"start": "2024-07-01", "end": "2024-07-02"}, live=True)
    assert live.start is None and live.end is None


def test_production_is_a_live_run() -> None:
    assert parse({"environment": "production"}, live=True).environment is Environment.PRODUCTION


def test_parameters_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        parse({}, live=False).cash = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("text, out", [("all,-hedge", {"hedge"}), ("all,-strangle", {"futures_strangle"}),
                                       ("-lt112, all", {"lt112"}), ("all,-hedge,-ladder", {"hedge", "leap_put_ladder"})])
def test_a_name_behind_a_minus_is_left_out(text: str, out: set[str]) -> None:
    assert set(STRATEGY_PRIORITY) - set(parse({"strategies": text}, live=False).strategies) == out


@pytest.mark.parametrize("mapping, words", [
    ({"strategies": "all,-nothing"}, "leaves out 'nothing'"), ({"strategies": "lt112,-hedge"}, "leaves out 'hedge'"),
    ({"strategies": "all,-al"}, "more than one"), ({"strategies": "all,-"}, "leaves out ''"),
    ({"strategies": "lt112,-lt112"}, "at least one"),
    ({"strategies": "lt12"}, "did you mean 'lt112'"), ({"strategys": "lt112"}, "did you mean 'strategies'")])
def test_what_was_meant_is_suggested(mapping: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(mapping, live=False)


def test_a_live_run_publishes_and_a_backtest_when_asked() -> None:
    assert parse({}, live=True).publish and not parse({}, live=False).publish
    assert parse({"publish": "yes"}, live=False).publish and not parse({"publish": "no"}, live=True).publish
    with pytest.raises(ConfigError, match="publish must be one of yes, no"):
        parse({"publish": "1"}, live=False)
