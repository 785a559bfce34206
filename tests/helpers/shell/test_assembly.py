"""One run put together on the embedded engine: every part is the one the others speak to, and the mode decides the rest."""
from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.constants import ORDERS_PER_SECOND
from config.run_parameters import parse
from core.errors import ConfigError
from core.model import HeldLeg
from local.engine.loop.engine import Engine
from tests.builders import make_contract, make_position
from tests.scenarios.order_world import PARAMETERS, PROJECT, TWO, data

FRIDAY = datetime(2024, 7, 26)


def engine(folder: Path, *, live: bool = False, brokerage: str = "", **parameters: str) -> Engine:
    """The framework's own algorithm at the first moment of a Friday."""
    given = dict(PARAMETERS) | {"strategies": TWO} | parameters
    given |= {} if live else {"start": "2024-07-26", "end": "2024-07-26"}
    made = Engine(PROJECT, data(), folder / "out", given, live=live, start=FRIDAY, end=FRIDAY,
                  configuration={"live-mode-brokerage": brokerage})
    made.initialize()
    return made


def shell(folder: Path, **options: Any) -> Any:
    return engine(folder, **options).algorithm.shell


def test_every_part_is_the_one_the_others_speak_to(tmp_path: Path) -> None:
    made = shell(tmp_path)
    gateway, parts = made._gateway, made.parts
    assert gateway._iv_record is parts.iv_record
    executor = parts.executor
    assert (executor._port, executor._write_ahead) == (gateway, made.memory) and executor._desk._port is gateway
    assert made.memory._parts.states is parts.states and made.memory._parts.book is parts.book
    assert made.builder._gateway is made.rounds._gateway is made.results._gateway is gateway
    assert made.risk._parts is made.rounds._parts is made.builder._parts is parts


def test_what_is_held_is_what_the_screen_of_quotes_knows(tmp_path: Path) -> None:
    made = shell(tmp_path)
    held = make_position(HeldLeg(contract=make_contract(), quantity=-1, average_price=1.0))
    made.parts.states._positions[held.id] = held
    assert [position.id for position in made._gateway.screen.positions()] == [held.id]


def test_a_start_verifies_all_of_it_and_trading_goes_on(tmp_path: Path) -> None:
    run = engine(tmp_path)
    run.run_until(FRIDAY.replace(hour=9, minute=40))
    made = run.algorithm.shell
    assert run.algorithm.runtime_error is None and made.started and made.parts.blind is None
    made.parts.verify()


@pytest.mark.parametrize("strategies, tickers", [
    ("lt112", {"SPY", "VIX"}),
    ("ipmcc", {"SPY", "VIX", "QQQ", "VXN", "IWM", "RVX", "AAPL", "VXAPL", "MSFT"}),
    ("hedge", {"SPY", "VIX"}),
])
def test_underlyings_are_those_of_the_strategies_and_their_volatility_indices(tmp_path: Path, strategies: str,
                                                                              tickers: set[str]) -> None:
    shell(tmp_path)         # AlgorithmImports is found from here on
    from helpers.shell.assembly import tickers_of
    found = tickers_of(parse({"strategies": strategies}, live=False))
    assert set(found) == tickers and len(found) == len(tickers)


# --- what the mode decides


@pytest.mark.parametrize("live, seconds", [(False, 60), (True, 1)])
def test_a_backtests_minute_holds_a_minutes_requests(tmp_path: Path, live: bool, seconds: int) -> None:
    executor = shell(tmp_path, live=live, **({"environment": "staging"} if live else {})).parts.executor
    most = ORDERS_PER_SECOND * seconds
    assert sum(executor._desk.paced(FRIDAY) for _ in range(most + 5)) == most


@pytest.mark.parametrize("live", [False, True])
def test_live_events_wait_for_the_shells_own_thread(tmp_path: Path, live: bool) -> None:
    executor = shell(tmp_path, live=live, **({"environment": "staging"} if live else {})).parts.executor
    executor.on_order_event(SimpleNamespace(order_id=77, event_id="77:1"), FRIDAY)
    assert bool(executor._inbox) is live


@pytest.mark.parametrize("margin", ["own", "lean"])
def test_the_margin_authority_is_the_runs(tmp_path: Path, margin: str) -> None:
    made = engine(tmp_path, margin=margin).algorithm
    import AlgorithmImports as lean
    model = made.securities["SPY"].buying_power_model
    assert (model is lean.BuyingPowerModel.NULL) is (margin == "own")


@pytest.mark.parametrize("fills, worked", [("worked", True), ("natural", False)])
def test_the_fill_model_is_the_runs(tmp_path: Path, fills: str, worked: bool) -> None:
    model = engine(tmp_path, fills=fills).algorithm.securities["SPY"].fill_model
    assert (type(model).__name__ == "WorkedFillModel") is worked


# --- where it may trade


@pytest.mark.parametrize("brokerage, mode, refused", [
    ("TastytradeBrokerage", "trade", True), ("TastytradeBrokerage", "observe", False), ("PaperBrokerage", "trade", False),
    ("", "trade", False)])
def test_staging_sends_nothing_to_a_real_broker(tmp_path: Path, brokerage: str, mode: str, refused: bool) -> None:
    def begin() -> Any:
        return shell(tmp_path, live=True, brokerage=brokerage, environment="staging", mode=mode)
    if refused:
        with pytest.raises(ConfigError, match="paper trading"):
            begin()
    else:
        assert begin().run.mode.value == mode


def test_a_backtest_asks_no_brokerage(tmp_path: Path) -> None:
    assert shell(tmp_path, brokerage="TastytradeBrokerage").run.mode.value == "trade"


@pytest.mark.parametrize("live", [False, True])
def test_live_and_backtest_keep_their_keys_apart(tmp_path: Path, live: bool) -> None:
    run = engine(tmp_path, live=live, **({"environment": "staging", "account": "mine"} if live else {}))
    run.run_until(FRIDAY.replace(hour=9, minute=40))
    prefix = run.algorithm.shell.store.prefix
    assert prefix.startswith("paper/mine/" if live else "backtest/")
    assert all(key.startswith(prefix) for key in run.algorithm.object_store.keys)
