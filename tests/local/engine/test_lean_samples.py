"""LEAN's own sample data, where a checkout is (``TOMKING_LEAN_DATA``): a small strategy trades it here, and with the same
orders on LEAN where there is one (``TOMKING_LEAN``)."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.local.data.importers.test_both_engines import ENGINES, facts, fills_on

DATA = os.environ.get("TOMKING_LEAN_DATA", "")
pytestmark = pytest.mark.skipif(not DATA, reason="TOMKING_LEAN_DATA names no data folder of LEAN's")
NEAR_2023 = "20230901:C:430;20230901:P:430;20230901:C:470;20230901:P:470"
SAMPLES = {
    "AAPL 2014": (dict(ticker="AAPL", start="2014-06-06", end="2014-06-09", resolution="hour", wait="120"), 8),
    "GOOG 2015": (dict(ticker="GOOG", start="2015-12-24", end="2015-12-28"), 4),
    "SPX 2021": (dict(ticker="SPX", target="SPX", start="2021-01-04", end="2021-01-04"), 4),
    "SPXW 2021": (dict(ticker="SPX", target="SPXW", start="2021-01-04", end="2021-01-04"), 4),
    "SPY 2023": (dict(ticker="SPY", start="2023-08-03", end="2023-08-03", contracts=NEAR_2023), 4),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_data_trade(name: str, tmp_path: Path) -> None:
    parameters, count = SAMPLES[name]
    runs = [fills_on(engine, Path(DATA), tmp_path, **parameters) for engine in ENGINES]
    assert len(runs[0]) == count
    assert all(facts(run) == facts(runs[0]) for run in runs)
