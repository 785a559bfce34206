"""Bought protection beside the book it protects: what it makes is told apart, raises nothing and excuses nothing, and is
sold when RED has closed the book. One live Friday on the embedded engine, with a condor, an LT112 and a rung."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.model import EmergencyLevel
from helpers.shell.framework_shell import FrameworkShell
from local.broker_faults.lives import Lives
from risk.defence import excess_protection_delta
from tests.scenarios.order_world import FRIDAY, TWO, lives

RUNG = "leap_put_ladder"


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def until(moment: datetime, out: Path) -> tuple[Lives, FrameworkShell]:
    run = lives(out, live=True, strategies=f"{TWO},{RUNG}")
    run.begin()
    assert run.run(moment), run.error
    return run, run.engine.algorithm.shell


def held(shell: FrameworkShell) -> list[str]:
    return sorted(position.strategy for position in shell.parts.states.open_positions)


def begin_day_with(shell: FrameworkShell, *, income_loss: float = 0.0, protection_loss: float = 0.0) -> None:
    """The day began with so much more, in shares of the account, made by the book and by its protection."""
    book = shell.parts.book
    start = book.equity_last / (1.0 - income_loss - protection_loss)
    book.equity_day_start, book.protection_day_start = start, book.protection_last + protection_loss * start


def test_what_protection_makes_is_told_apart_while_it_is_held_and_after(tmp_path: Path) -> None:
    run, shell = until(at(13, 0), tmp_path)
    assert held(shell) == ["friday_0dte", RUNG, "lt112"]
    (rung,) = [position for position in shell.parts.states.open_positions if position.strategy == RUNG]
    quote = shell.builder.snapshot(at(13, 0)).quotes[rung.legs[0].contract.id]
    account = shell.builder.snapshot(at(13, 0)).account
    assert account.protection == pytest.approx(rung.cash_flow_usd + 100.0 * rung.legs[0].quantity * quote.mid)
    assert shell.parts.book.protection_last == pytest.approx(account.protection, abs=60.0)
    row = SimpleNamespace(action="flatten", strategy=RUNG, reason=None, amount=None, position=None, reference=None)
    shell.command(row, at(13, 0))
    assert run.run(at(13, 10)), run.error
    (sold,) = [trade for trade in shell.parts.ledger.trades if trade.strategy == RUNG]
    assert sold.protection and shell.builder.snapshot(at(13, 10)).account.protection == pytest.approx(sold.pnl_usd)


@pytest.mark.parametrize("income, protection, level", [
    (0.0, 0.028, EmergencyLevel.NONE), (0.0, 0.03, EmergencyLevel.RED), (0.009, -0.02, EmergencyLevel.YELLOW),
    (0.016, -0.02, EmergencyLevel.ORANGE), (0.03, -0.04, EmergencyLevel.RED)])
def test_levels_judge_the_book(tmp_path: Path, income: float, protection: float, level: EmergencyLevel) -> None:
    run, shell = until(at(13, 4), tmp_path)
    begin_day_with(shell, income_loss=income, protection_loss=protection)
    assert run.run(at(13, 7)), run.error
    assert shell.parts.emergency.report.level is level
    assert RUNG in held(shell), "protection stays"


def test_a_book_that_fell_while_its_protection_gained_trips_the_drawdown_breaker(tmp_path: Path) -> None:
    _, shell = until(at(13, 0), tmp_path)
    found = shell.builder.snapshot(at(13, 0))
    gained = replace(found.account, protection=found.account.protection + 0.04 * found.account.equity)
    for minute, account in ((1, found.account), (2, gained), (3, gained)):
        shell.risk.check(replace(found, time=at(13, minute), account=account))
    assert shell.parts.breakers.report.level >= 2


def test_red_says_so_and_once_the_book_is_closed_how_much_protection_is_left_over(tmp_path: Path) -> None:
    run, shell = until(at(13, 4), tmp_path)
    assert not shell.builder.view().book_closing
    begin_day_with(shell, income_loss=0.03)
    assert run.run(at(13, 6)), run.error
    view = shell.builder.view()
    assert view.book_closing and view.excess_spy_delta == 0.0
    assert run.run(at(13, 15)), run.error
    assert held(shell) == [RUNG] and shell.builder.view().excess_spy_delta == 0.0, "one rung is inside the limit"
    found = shell.builder.snapshot(at(13, 15))
    small = replace(found, account=replace(found.account, equity=1_000.0, equity_day_start=1_100.0))
    shell.risk.check(small)
    assert shell.builder.view().excess_spy_delta == excess_protection_delta(small, shell.parts.greeks) < -20.0
