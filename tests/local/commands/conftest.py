"""The backtest command with a stand-in for the engine."""
from __future__ import annotations

from pathlib import Path

import pytest

from local.commands import backtest
from local.commands.execute import Job
from tests.local.commands.fake_engine import completing


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Job]:
    """Jobs the command would have run; data and results stay in the test's folder."""
    noted: list[Job] = []
    monkeypatch.setattr(backtest, "execute", completing(noted))
    monkeypatch.setattr(backtest, "data_folder", lambda *_: tmp_path)
    monkeypatch.setattr(backtest, "OUTPUT_FOLDER", tmp_path / "runs")
    return noted
