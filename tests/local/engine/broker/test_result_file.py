"""LEAN's whole result: the charts its report draws, at LEAN's times and in LEAN's shapes."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

from local.engine.broker.result_file import _span, result_charts, result_document
from local.engine.broker.statistics import PortfolioStatistics, portfolio_statistics
from local.engine.broker.trades import Trade
from local.engine.enums import Market, SecurityType
from local.engine.market.symbol import Symbol

DAYS = [datetime(2024, 7, 15, 4) + timedelta(days=number) for number in range(4)]
VALUES = [65_000.0, 65_130.0, 64_220.5, 64_900.0]


def sampler() -> SimpleNamespace:
    between = DAYS[0] + timedelta(hours=10)
    return SimpleNamespace(starting_value=VALUES[0], equity={**dict(zip(DAYS, VALUES)), between: 65_010.25},
                           performance=dict(zip(DAYS, (0.0, 0.2, -1.3964, 1.0580))),
                           benchmark=dict(zip(DAYS, (0.0, 559.47, 554.2, 547.24))),
                           turnover=dict(zip(DAYS[1:], (0.05, 0.0, 0.0))))


def test_equity_is_a_candle_a_sample_in_order_and_closes_at_it() -> None:
    series = result_charts(sampler())["Strategy Equity"]["series"]
    equity = series["Equity"]["values"]
    assert [row[0] for row in equity] == sorted(row[0] for row in equity) and equity[0][0] == 1721016000
    assert [row[4] for row in equity] == [65_000.0, 65_010.25, 65_130.0, 64_220.5, 64_900.0]
    assert series["Equity"]["seriesType"] == 2 and (series["Return"]["seriesType"], series["Return"]["index"]) == (3, 1)


def test_drawdown_is_of_the_daily_samples_in_per_cent() -> None:
    falls = result_charts(sampler())["Drawdown"]["series"]["Equity Drawdown"]["values"]
    assert [value for _, value in falls] == [0.0, 0.0, -1.4, -0.35]


def test_the_benchmark_and_the_turnover_are_there() -> None:
    charts = result_charts(sampler())
    assert [value for _, value in charts["Benchmark"]["series"]["Benchmark"]["values"]] == [0.0, 559.47, 554.2, 547.24]
    assert len(charts["Portfolio Turnover"]["series"]["Portfolio Turnover"]["values"]) == 3


def test_a_time_span_is_written_as_dotnet_does() -> None:
    assert _span(timedelta(days=4, hours=6, minutes=23, seconds=12)) == "4.06:23:12" and _span(timedelta(minutes=91)) == "01:31:00"


def test_the_document_holds_orders_by_id_trades_with_their_symbols_and_figures_as_text() -> None:
    trade = Trade(Symbol.create("SPY", SecurityType.EQUITY, Market.USA), DAYS[0], 550.0, 1, 10.0, 1.0, [1], exit=DAYS[1], exit_price=551.0)
    results = {"orders": [{"id": 7}], "profitLoss": {}, "statistics": {"Win Rate": "50%"}, "runtimeStatistics": {}}
    figures = portfolio_statistics(sampler(), {}, 0, 0, 0.05)
    found = result_document(results, sampler(), figures, [trade], name="X", start=DAYS[0], end=DAYS[-1], parameters={"cash": "1"}, state={})
    assert found["orders"] == {"7": {"id": 7}} and found["statistics"] == {"Win Rate": "50%"}
    own, = found["totalPerformance"]["closedTrades"]
    assert own["symbols"][0]["value"] == "SPY" and own["duration"] == "1.00:00:00"
    written = found["totalPerformance"]["portfolioStatistics"]
    assert (written["startEquity"], written["endEquity"]) == ("65000.0000", "64900.0000")
    assert written["drawdownRecovery"] == str(figures.drawdown_recovery)
    assert set(written) == {"".join(word if not place else word.title() for place, word in enumerate(name.split("_")))
                            for name in PortfolioStatistics.__dataclass_fields__}
