"""A four-day scenario around 5 August 2024, and the folder the writer makes of it (shared by the tests, never written
to).
"""
from __future__ import annotations

from pathlib import Path

import pytest

from local.data import scenario, writer

SHORT = """
name = "short"
description = "Four sessions with a shock in the middle."
seed = 7
start = 2024-08-02
end = 2024-08-06
backtest_start = 2024-08-02
backtest_end = 2024-08-06

[history]
2023-05-22 = {S = 418.79, V = 17.21}
2024-03-01 = {S = 512.85, V = 13.11}
2024-08-01 = {S = 543.01, V = 18.59}

[anchors]
2024-08-02 = {S = [535.75, 536.99, 528.60, 532.90], V = [20.52, 29.66, 20.01, 23.39]}
2024-08-05 = {S = [511.64, 523.58, 510.27, 517.38], V = [23.39, 65.73, 23.39, 38.57]}
2024-08-06 = {S = [519.22, 529.75, 517.87, 522.15], V = [33.71, 34.77, 24.02, 27.71]}

[pins.2024-08-05]
"09:30" = {S = 511.6, V = 48}
"12:00" = {S = 521, V = 34}
"15:59" = {S = 517.4, V = 38.6}
"""


@pytest.fixture(scope="session")
def short_text() -> str:
    """The scenario file's text."""
    return SHORT


@pytest.fixture(scope="session")
def short_scenario(tmp_path_factory: pytest.TempPathFactory) -> scenario.Scenario:
    """The scenario, loaded."""
    path = tmp_path_factory.mktemp("scenario") / "short.toml"
    path.write_text(SHORT, encoding="utf-8")
    return scenario.load(path)


@pytest.fixture(scope="session")
def short_folder(short_scenario: scenario.Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder written for it."""
    return writer.ensure_data(short_scenario, tmp_path_factory.mktemp("cache"))
