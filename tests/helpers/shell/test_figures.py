"""Figures the operator is shown: which exchange margins nobody has confirmed for a year."""
from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from config.run_parameters import parse
from helpers.shell import framework_shell
from helpers.shell.figures import margins_unconfirmed
from tests.scenarios.order_world import FRIDAY, lives


@pytest.mark.parametrize("strategies, day, old", [
    ("futures_strangle", date(2024, 8, 5), []), ("futures_strangle", date(2026, 1, 5), ["/CL", "/ES", "/MCL", "/MES"]),
    ("futures_strangle", date(2027, 2, 1), ["/CL", "/ES", "/GC", "/MCL", "/MES", "/MGC", "/SI"]),
    ("lt112,friday_0dte", date(2027, 2, 1), [])])
def test_only_products_that_may_be_traded_are_named(strategies: str, day: date, old: list[str]) -> None:
    run = parse({"strategies": strategies}, live=False)
    assert list(margins_unconfirmed(run, day)) == old


def test_the_start_says_which_margins_are_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framework_shell, "margins_unconfirmed", lambda run, day: {"/ES": date(2023, 1, 2)})
    run = lives(tmp_path, live=True)
    run.begin()
    assert run.run(datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, 9, 32)), run.error
    run.engine.algorithm.shell.journal.flush()
    told = [row["facts"] for row in run.audit() if row["event"] == "MARGIN_UNCONFIRMED"]
    assert told == [{"product": "/ES", "confirmed": "2023-01-02"}]
