"""Days that are made when they are asked for, against the same days in files."""
from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from local.data import products, scenario, served, writer
from local.engine.files.bar_columns import parse_numbers, written_decimals
from tests.local.data.test_all_underlyings import SCENARIO

PLAIN = ("index", "future", "futureoption")         # whose files do not scale prices


def test_each_entry_is_what_its_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "oil.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    oil = scenario.load(path)
    folder, source = writer.ensure_data(oil, tmp_path / "cache", underlyings=products.ALL), served.ServedDays(oil, products.ALL)
    kinds = set()
    for file in sorted(folder.rglob("*20200420*")):
        name = file.relative_to(folder).as_posix()
        if file.suffix == ".csv":
            assert source.text(name) == file.read_text(encoding="utf-8"), name
            continue
        with zipfile.ZipFile(file) as archive:
            for entry in archive.namelist():
                text, is_quote = archive.read(entry), "_quote" in entry
                numbers, found = parse_numbers(text, 11 if is_quote else 6, file, entry), source.rows(name, entry)
                assert found is not None and np.array_equal(found[0], numbers), entry
                decimals = written_decimals(text, numbers, "quote" if is_quote else "trade")
                assert found[1] == (decimals if name.split("/")[0] in PLAIN else 0), entry
                kinds.add((name.split("/")[0], is_quote))
    assert {kind for kind, _ in kinds} == {"equity", "index", "option", "indexoption", "future", "futureoption"}


def test_what_no_folder_would_hold_is_not_served(short_scenario: scenario.Scenario) -> None:
    source = served.ServedDays(short_scenario, products.CORE)
    minutes, chain = "option/usa/minute/spy/{}_quote_american.zip", "option/usa/universes/spy/{}.csv"
    entry = "{}_spy_minute_quote_american_put_{}_20240816.csv"
    assert source.rows(minutes.format("20240805"), entry.format("20240805", 5_000_000)) is not None
    assert source.rows(minutes.format("20240805"), entry.format("20240805", 5_000_001)) is None          # no such strike
    assert source.rows(minutes.format("20240804"), entry.format("20240804", 5_000_000)) is None          # a Sunday
    assert source.rows(minutes.format("20240807"), entry.format("20240807", 5_000_000)) is None          # after the end
    assert source.rows(minutes.format("20240805").replace("quote", "trade"), entry.format("20240805", 5_000_000)) is None
    assert source.rows("equity/usa/minute/vix/20240805_trade.zip", "20240805_vix_minute_trade.csv") is None     # an index
    assert source.rows("equity/usa/minute/qqq/20240805_trade.zip", "20240805_qqq_minute_trade.csv") is None
    assert source.text(chain.format("20240805")).startswith("#expiry")
    assert source.text(chain.format("20240804")) is None and source.text(chain.format("20240805").replace("spy", "qqq")) is None


def test_a_day_long_gone_is_as_it_was(short_scenario: scenario.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "TASKS_KEPT", 1)
    monkeypatch.setattr(served, "DAYS_KEPT", 1)
    source = served.ServedDays(short_scenario, products.CORE)
    days = [date(2024, 8, 1), date(2024, 8, 6), date(2024, 8, 1), date(2024, 8, 2), date(2024, 8, 6)]
    texts = [source.text(f"option/usa/universes/spy/{day:%Y%m%d}.csv") for day in days]
    assert texts[0] == texts[2] and texts[1] == texts[4] and len(set(texts)) == 3
