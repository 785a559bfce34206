"""Cash, holdings, portfolio value, futures settlement and the record of trades."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from local.engine.broker.broker import Broker
from local.engine.broker.enums import AccountType, BrokerageName, OrderDirection
from local.engine.broker.future_margin import MarginFileError, read_margin_file
from local.engine.broker.margin import BuyingPowerModel
from local.engine.broker.margin_calls import MarginCallModel
from local.engine.broker.orders import Leg
from local.engine.broker.position_groups import SecurityPositionGroupModel
from local.engine.enums import Market, OptionRight
from local.engine.market.symbol import Symbol
from tests.local.engine.broker.fakes import FakeAlgorithm, FakeSecurity, utc


def shares() -> tuple[FakeAlgorithm, FakeSecurity]:
    algorithm = FakeAlgorithm()
    algorithm.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
    spy = algorithm.add_spy(100.0)
    algorithm.start()
    return algorithm, spy


def trade_at(algorithm: FakeAlgorithm, security: FakeSecurity, quantity: float, price: float) -> None:
    algorithm.advance()
    security.quote(price, price)
    algorithm.market_order(security.symbol, quantity)


def test_average_price_adds_reduces_and_crosses_zero() -> None:
    algorithm, spy = shares()
    trade_at(algorithm, spy, 100, 100.0)
    trade_at(algorithm, spy, 100, 110.0)
    assert (spy.holdings.quantity, spy.holdings.average_price) == (200, 105.0)
    trade_at(algorithm, spy, -50, 120.0)
    assert (spy.holdings.quantity, spy.holdings.average_price) == (150, 105.0)
    assert spy.holdings.profit == 750.0
    trade_at(algorithm, spy, -200, 90.0)
    assert (spy.holdings.quantity, spy.holdings.average_price) == (-50, 90.0)
    trade_at(algorithm, spy, 50, 80.0)
    assert (spy.holdings.quantity, spy.holdings.average_price) == (0, 0.0)
    assert spy.holdings.profit == 750 - 2_250 + 500
    assert algorithm.portfolio.cash == 99_000.0


def test_record_of_closing_fills_is_unique_in_time_and_counts_wins() -> None:
    algorithm, spy = shares()
    trade_at(algorithm, spy, 100, 100.0)
    algorithm.advance()
    spy.quote(101.0, 101.0)
    algorithm.market_order(spy.symbol, -50)
    algorithm.market_order(spy.symbol, -50)
    record = algorithm.transactions.transaction_record
    assert list(record.values()) == [50.0, 50.0]
    first, second = record
    assert second - first == timedelta(milliseconds=1)
    assert (algorithm.transactions.win_count, algorithm.transactions.loss_count) == (2, 0)


def test_portfolio_is_a_dictionary_of_holdings() -> None:
    algorithm, spy = shares()
    trade_at(algorithm, spy, 10, 100.0)
    pairs = [(pair.key, pair.value.quantity) for pair in algorithm.portfolio]
    assert pairs == [(spy.symbol, 10.0)]
    assert spy.symbol in algorithm.portfolio
    assert algorithm.portfolio[spy.symbol].invested


def test_buying_power_of_a_closing_side_counts_the_position_twice() -> None:
    algorithm, spy = shares()
    trade_at(algorithm, spy, 100, 100.0)
    assert algorithm.portfolio.margin_remaining == 95_000.0
    assert algorithm.portfolio.get_buying_power(spy.symbol, OrderDirection.BUY) == 95_000.0
    assert algorithm.portfolio.get_buying_power(spy.symbol, OrderDirection.SELL) == 105_000.0


def test_set_holdings_spends_the_target_less_the_buffer() -> None:
    algorithm, spy = shares()
    algorithm.set_holdings(spy.symbol, 0.5)
    assert spy.holdings.quantity == 498
    algorithm.set_holdings(spy.symbol, 0)
    assert spy.holdings.quantity == 0


def test_null_models_hold_no_margin_and_let_everything_in() -> None:
    algorithm = FakeAlgorithm(cash=100.0)
    spy = algorithm.add_spy()
    short = algorithm.add_option(spy, 500, OptionRight.PUT, 4.0, 4.1)
    long = algorithm.add_option(spy, 490, OptionRight.PUT, 3.0, 3.1)
    algorithm.start()
    algorithm.portfolio.set_positions(SecurityPositionGroupModel.NULL)
    for security in (spy, short, long):
        security.set_buying_power_model(BuyingPowerModel.NULL)
    algorithm.combo_limit_order([Leg.create(short.symbol, -1), Leg.create(long.symbol, 1)], 1, 5.0)
    algorithm.advance()
    short.quote(4.0, 4.1)
    long.quote(3.0, 3.1)
    algorithm.step()
    assert short.holdings.quantity == -1
    assert algorithm.portfolio.total_margin_used == 0.0


@pytest.mark.parametrize(("cash", "warned", "orders"), [(53_000.0, 0, 0), (52_000.0, 1, 0), (45_000.0, 0, 1)])
def test_margin_calls_warn_at_five_percent_and_sell_beyond_the_buffer(cash: float, warned: int, orders: int) -> None:
    """A thousand shares at 100: 50,000 of margin; the value is what cash makes it."""
    algorithm, spy = shares()
    spy.holdings.set_holdings(100.0, 1_000)
    spy.quote(100.0, 100.0)
    algorithm.set_cash(cash - 100_000.0)
    assert algorithm.portfolio.total_portfolio_value == cash
    algorithm.broker.process_margin_calls(algorithm._utc_now)
    assert algorithm.warnings == warned
    assert algorithm.transactions.orders_count == orders
    if orders:
        assert algorithm.transactions.get_order_by_id(1).tag == "Margin Call"
        assert algorithm.portfolio.margin_remaining >= 0


def test_an_empty_answer_to_a_margin_call_is_an_error() -> None:
    algorithm, spy = shares()
    spy.holdings.set_holdings(100.0, 1_000)
    algorithm.set_cash(45_000.0 - 100_000.0)
    algorithm.on_margin_call = lambda requests: []
    algorithm.broker.process_margin_calls(algorithm._utc_now)
    assert "non-empty list" in str(algorithm.runtime_error)


def test_null_margin_call_model_never_calls() -> None:
    algorithm, spy = shares()
    spy.holdings.set_holdings(100.0, 1_000)
    algorithm.set_cash(45_000.0 - 100_000.0)
    algorithm.portfolio.set_margin_call_model(MarginCallModel.NULL)
    algorithm.broker.process_margin_calls(algorithm._utc_now)
    assert algorithm.warnings == algorithm.transactions.orders_count == 0


# -- futures -----------------------------------------------------------------------------------------------------


@pytest.fixture
def margins(tmp_path: Path) -> Path:
    folder = tmp_path / "future" / "cme" / "margins"
    folder.mkdir(parents=True)
    (folder / "ES.csv").write_text("# comment\ndate,initial,maintenance\n20230101,11000,10000\n20240701,13200,12000\n")
    return tmp_path


def future_market(folder: Path) -> tuple[FakeAlgorithm, FakeSecurity]:
    algorithm = FakeAlgorithm(data_folder=folder)
    algorithm.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
    future = algorithm.add(Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20)), 50.0)
    future.quote(5_000.0, 5_000.0)
    algorithm.start()
    return algorithm, future


def test_a_future_costs_no_cash_but_margin_and_pays_its_profit(margins: Path) -> None:
    algorithm, future = future_market(margins)
    algorithm.market_order(future.symbol, 1)
    assert algorithm.portfolio.cash == 100_000 - 1.25
    assert algorithm.portfolio.total_margin_used == 12_000.0
    algorithm.advance()
    future.quote(5_010.0, 5_010.0)
    assert algorithm.portfolio.total_portfolio_value == 100_000 - 1.25 + 500 - 1.25
    algorithm.market_order(future.symbol, -1)
    assert algorithm.portfolio.cash == 100_000 - 2.5 + 500


def test_open_profit_of_a_future_is_settled_into_cash_once_a_day(margins: Path) -> None:
    algorithm, future = future_market(margins)
    algorithm.broker.scan_settlements(utc(datetime(2024, 7, 24, 11, 0)))
    algorithm.market_order(future.symbol, 2)
    future.quote(5_010.0, 5_010.0)
    algorithm.broker.scan_settlements(utc(datetime(2024, 7, 24, 12, 0)))
    assert algorithm.portfolio.cash == 100_000 - 2.5
    algorithm.time = datetime(2024, 7, 25, 0, 0)
    algorithm.broker.scan_settlements(algorithm._utc_now)
    assert algorithm.portfolio.cash == 100_000 - 2.5 + 1_000
    value = algorithm.portfolio.total_portfolio_value
    assert value == 100_000 - 2.5 + 1_000 - 2.5
    algorithm.time = datetime(2024, 7, 25, 10, 0)
    future.quote(5_020.0, 5_020.0)
    algorithm.market_order(future.symbol, -1)
    assert algorithm.portfolio.cash == 100_000 - 3.75 + 1_000 + 500


def test_margin_follows_the_date_of_the_last_bar(margins: Path) -> None:
    entries = read_margin_file(margins / "future" / "cme" / "margins" / "ES.csv")
    assert [entry.maintenance_overnight for entry in entries] == [10_000.0, 12_000.0]
    assert entries[0].maintenance_intraday == 4_000.0


@pytest.mark.parametrize(("text", "message"), [
    ("date,initial,maintenance\n2024,1,2\n", "ES.csv:2: malformed"),
    ("date,initial,maintenance\n20240101,x,2\n", "ES.csv:2: malformed"),
    ("date,initial,maintenance\n20240101,1,2,3\n", "ES.csv:2: expected 3 or 5 columns"),
    ("date,initial,maintenance\n20240101,-1,2\n", "ES.csv:2: a margin that cannot be"),
    ("date,initial,maintenance\n20240101,1,nan\n", "ES.csv:2: a margin that cannot be"),
    ("date,initial,maintenance\n20240101,1,inf\n", "ES.csv:2: a margin that cannot be"),
    ("date,initial,maintenance\n", "no margin entries")])
def test_a_malformed_margin_file_names_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "ES.csv"
    path.write_text(text)
    with pytest.raises(MarginFileError, match=message):
        read_margin_file(path)


def test_an_unknown_margin_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarginFileError, match="not found"):
        read_margin_file(tmp_path / "NO.csv")


# -- restart -----------------------------------------------------------------------------------------------------


def test_a_new_algorithm_on_the_same_broker_finds_cash_holdings_and_open_orders() -> None:
    broker = Broker()
    first = FakeAlgorithm(broker)
    first.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
    spy = first.add_spy()
    short = first.add_option(spy, 500, OptionRight.PUT, 4.0, 4.1)
    long = first.add_option(spy, 490, OptionRight.PUT, 3.0, 3.1)
    first.start()
    first.market_order(short.symbol, -1)
    legs = [Leg.create(short.symbol, -1), Leg.create(long.symbol, 1)]
    first.combo_limit_order(legs, 2, -0.5, tag="id-7")
    cash, price = first.portfolio.cash, first.securities[short.symbol].price
    broker.detach()

    second = FakeAlgorithm(broker, cash=1.0, live=True)
    second.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
    spy = second.add_spy()
    for strike in (500, 490):
        second.add_option(spy, strike, OptionRight.PUT, 0.0, 0.0)
    second.start()
    assert second.portfolio.cash == cash
    assert second.securities[short.symbol].price == price > 0.0
    assert broker.brokerage.accepted == {1, 2}
    assert second.portfolio[short.symbol].quantity == -1
    assert second.portfolio[short.symbol].average_price == 4.0
    tickets = second.transactions.get_open_order_tickets()
    assert [(ticket.order_id, ticket.quantity, ticket.tag) for ticket in tickets] == [(1, -2, "id-7"), (2, 2, "id-7")]
    assert not second.events
    second.advance()
    second.securities[short.symbol].quote(4.0, 4.1)
    second.securities[long.symbol].quote(3.0, 3.1)
    second.step()
    assert second.statuses() == [(1, "FILLED"), (2, "FILLED")]
    assert second.portfolio[short.symbol].quantity == -3
