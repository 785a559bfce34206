"""The price steps orders are rounded to are those the framework prices its orders in."""
from __future__ import annotations

import pytest

from config.instruments import INSTRUMENTS
from config.strategy_parameters import SPECS
from config.venues import VENUES
from core.model import ContractKind
from local.data.static import write_static_files
from local.engine.broker.numeric import round_to_increment
from local.engine.broker.security_models import index_option_step
from local.engine.market.futures_option_tickers import option_of_future
from local.engine.market.properties import SymbolPropertiesDatabase
from local.engine.market.symbol import SecurityType

KINDS = {ContractKind.EQUITY_OPTION: SecurityType.OPTION, ContractKind.INDEX_OPTION: SecurityType.INDEX_OPTION,
         ContractKind.FUTURE_OPTION: SecurityType.FUTURE_OPTION}


@pytest.mark.parametrize("ticker", sorted(INSTRUMENTS))
def test_options_have_the_size_that_lean_gives_them(ticker, tmp_path):
    assert properties(ticker, tmp_path).contract_multiplier == INSTRUMENTS[ticker].multiplier


def properties(ticker, folder):
    instrument = INSTRUMENTS[ticker]
    write_static_files(folder)
    root = option_of_future(instrument.root) if instrument.security == "future" else instrument.root
    return SymbolPropertiesDatabase.of_folder(folder).get(instrument.market, root, KINDS[instrument.option_kind])


@pytest.mark.parametrize("ticker", sorted(VENUES))
@pytest.mark.parametrize("alone", [True, False])
def test_lean_leaves_every_price_of_the_grid_alone(ticker, alone, tmp_path):
    """A limit is rounded to the security's own step, a combo's to the smallest of its legs' steps."""
    venue, instrument = VENUES[ticker], INSTRUMENTS[ticker]
    found, grid = properties(ticker, tmp_path), venue.alone if alone else venue.combo
    place = 0.0
    for _ in range(2_000):
        place = round(place + grid.step(place + 1e-9), 9)
        legs = [place] if alone else [1.0, 40.0]
        steps = [index_option_step(instrument.root, price) if instrument.security == "index" else
                 found.minimum_price_variation for price in legs]
        assert round_to_increment(place, min(steps)) == place


@pytest.mark.parametrize("ticker, alone, combo", [
    ("SPY", {0.5: 0.01, 3.0: 0.01, 50.0: 0.01}, 0.01), ("QQQ", {3.0: 0.01}, 0.01), ("IWM", {3.0: 0.01}, 0.01),
    ("AAPL", {2.99: 0.01, 3.0: 0.05}, 0.01), ("MSFT", {2.99: 0.01, 3.0: 0.05}, 0.01), ("VIX", {2.99: 0.01, 3.0: 0.05}, 0.05),
    ("/ES", {5.0: 0.25}, 0.25), ("/MES", {50.0: 0.25}, 0.25), ("/CL", {2.0: 0.01}, 0.01), ("/MCL", {2.0: 0.01}, 0.01),
    ("/GC", {20.0: 0.10}, 0.10), ("/MGC", {20.0: 0.10}, 0.10), ("/SI", {0.5: 0.001}, 0.001)])
def test_the_grids_are_the_exchanges(ticker, alone, combo):
    assert {price: VENUES[ticker].alone.step(price) for price in alone} == alone
    assert VENUES[ticker].combo.step(1.0) == VENUES[ticker].combo.step(100.0) == combo


def test_everything_a_strategy_trades_has_a_grid():
    assert {ticker for spec in SPECS.values() for ticker in spec.underlyings} == set(VENUES)
