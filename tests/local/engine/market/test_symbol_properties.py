"""The price steps orders are rounded to are those the framework prices its orders in."""
from __future__ import annotations

import pytest

from config.instruments import INSTRUMENTS
from core.model import ContractKind
from local.data.static import write_static_files
from local.engine.market.futures_option_tickers import option_of_future
from local.engine.market.properties import SymbolPropertiesDatabase
from local.engine.market.symbol import SecurityType

KINDS = {ContractKind.EQUITY_OPTION: SecurityType.OPTION, ContractKind.INDEX_OPTION: SecurityType.INDEX_OPTION,
         ContractKind.FUTURE_OPTION: SecurityType.FUTURE_OPTION}


@pytest.mark.parametrize("ticker", sorted(INSTRUMENTS))
def test_options_are_priced_in_the_steps_that_orders_are_rounded_to(ticker, tmp_path):
    instrument = INSTRUMENTS[ticker]
    write_static_files(tmp_path)
    root = option_of_future(instrument.root) if instrument.security == "future" else instrument.root
    found = SymbolPropertiesDatabase.of_folder(tmp_path).get(instrument.market, root, KINDS[instrument.option_kind])
    assert (found.minimum_price_variation, found.contract_multiplier) == (instrument.tick_usd, instrument.multiplier)
