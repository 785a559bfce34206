"""What the bench of the dashboard counts and how it says it."""
from __future__ import annotations

import pytest

from local.bench.dashboard import Load, changed, crowded, growth, load_lines
from local.commands.errors import CommandError

LEG = {"contract": "SPY 241115P00520.000", "bid": 1.0, "ask": 1.1, "mid": 1.05}
STATUS = {"checksum": "x", "sequence": 1, "body": {"positions": [{"strategy": "lt112", "id": "lt112/1", "legs": [LEG, LEG]}],
                                                   "run": {"ended": True, "in_session": False}}}


def load(*, refresh: float = 0.1, answer: float = 0.01, memory: tuple[int, ...] = (1, 1), lost: int = 0) -> Load:
    return Load(refreshes=[refresh] * 100, answers=[answer] * 100, memory=[2**20 * size for size in memory], lost=lost)


def lines(found: Load) -> str:
    return "\n".join(load_lines(found, pages=20, changes_a_second=1000.0, seconds=60.0))


def test_every_quote_of_a_crowded_status_changes() -> None:
    found = crowded(STATUS, 100)
    assert changed(found, 1) == 100
    legs = [leg for position in found["body"]["positions"] for leg in position["legs"]]
    before = [dict(leg) for leg in legs]
    changed(found, 2)
    assert all(leg["bid"] != was["bid"] and leg["ask"] > leg["bid"] for leg, was in zip(legs, before))
    assert len({leg["contract"] for leg in legs}) == 100
    assert STATUS["body"]["run"]["ended"] is True, "the one it was made of is as it was"


def test_a_run_without_a_position_is_refused() -> None:
    with pytest.raises(CommandError):
        crowded({"body": {"positions": []}}, 100)


@pytest.mark.parametrize("memory, grown", [((9, 1, 1, 1, 1), 0.0), ((1, 10, 10, 10, 11), 0.1), ((5,), 0.0)])
def test_growth_leaves_the_start_out(memory: tuple[int, ...], grown: float) -> None:
    assert growth(list(memory)) == pytest.approx(grown)


@pytest.mark.parametrize("found, missed", [(load(), 0), (load(refresh=1.0), 1), (load(answer=0.1), 1), (load(lost=1), 1),
                                           (load(memory=(100, 100, 100, 100, 106)), 1), (load(memory=(100, 100, 100, 100, 104)), 0)])
def test_goals(found: Load, missed: int) -> None:
    assert lines(found).count("MISSED") == missed


def test_nothing_measured_is_no_result() -> None:
    with pytest.raises(CommandError):
        lines(Load())
