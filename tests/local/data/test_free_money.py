"""A chain seen at any minute through fill-forward gives nothing away: six days, from VIX 10 to the shock of August 2024."""
from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from local.data import scenario, writer

CALM = """
name = "calm"
description = "Two sessions at VIX 10, an ex-dividend day the second."
seed = 3
start = 2017-12-15
end = 2017-12-15
backtest_start = 2017-12-15
backtest_end = 2017-12-15

[history]
2016-09-30 = {S = 216.30, V = 13.29}
2017-08-10 = {S = 243.76, V = 16.04}
2017-12-14 = {S = 265.66, V = 10.49}

[anchors]
2017-12-15 = {S = [265.50, 267.04, 265.20, 266.51], V = [9.9, 10.2, 9.3, 9.42]}
"""
SHOCK = (date(2024, 8, 1), date(2024, 8, 2), date(2024, 8, 5), date(2024, 8, 6))
QUIET = (date(2017, 12, 14), date(2017, 12, 15))
MINUTES = (7, 61, 197, 333)
OPEN, MINUTE = 34_200_000, 60_000


@pytest.fixture(scope="module")
def calm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of the two quiet days."""
    path = tmp_path_factory.mktemp("calm") / "calm.toml"
    path.write_text(CALM, encoding="utf-8")
    return writer.ensure_data(scenario.load(path), path.parent / "cache")


def chains(folder: Path, day: date) -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """(right, strikes, bids, asks) of every expiry and right, in cents, at each of the minutes, filled forward."""
    found: dict[tuple[str, str], dict[float, np.ndarray]] = {}
    with zipfile.ZipFile(folder / f"option/usa/minute/spy/{day:%Y%m%d}_quote_american.zip") as archive:
        for name in archive.namelist():
            *_, right, strike, expiry = name.removesuffix(".csv").split("_")
            rows = np.array([line.split(b",") for line in archive.read(name).splitlines()], dtype=np.int64)
            last = np.searchsorted(rows[:, 0], [OPEN + minute * MINUTE for minute in MINUTES], side="right") - 1
            found.setdefault((expiry, right), {})[int(strike) / 100] = rows[last][:, [4, 9]] / 100
    return [(right, np.array(sorted(chain)), *np.moveaxis(np.array([chain[strike] for strike in sorted(chain)]), 2, 0))
            for (_, right), chain in found.items()]


def given_away(right: str, strikes: np.ndarray, bid: np.ndarray, ask: np.ndarray) -> tuple[int, float]:
    """(neighbouring verticals and butterflies, the most that one can be had for below its least worth), bought at the ask
    and sold at the bid."""
    dearer, cheaper = (slice(1, None), slice(None, -1)) if right == "put" else (slice(None, -1), slice(1, None))
    steps = np.diff(strikes)[:, None]
    left, beyond = steps[:-1], steps[1:]
    costs = (ask[dearer] - bid[cheaper], steps - (bid[dearer] - ask[cheaper]),
             (ask[:-2] * beyond + ask[2:] * left) / (left + beyond) - bid[1:-1])
    return sum(cost.size for cost in costs), -min(float(cost.min(initial=0.0)) for cost in costs)


@pytest.mark.parametrize("day", [*QUIET, *SHOCK], ids=str)
def test_nothing_is_given_away(short_folder: Path, calm_folder: Path, day: date) -> None:
    looked = [given_away(*chain) for chain in chains(short_folder if day in SHOCK else calm_folder, day)]
    assert sum(count for count, _ in looked) > 10_000
    assert max(worst for _, worst in looked) < 1e-6
