"""Ten sessions each: the written-to-measure scenarios beside this file, run whole on the embedded engine."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

from local.broker_faults.broker import FaultyBroker
from local.broker_faults.faults import Fault
from local.broker_faults.lives import Lives
from local.broker_faults.plan import always
from local.commands.scenario_data import underlyings_of
from local.data import scenario
from local.data.writer import ensure_data

PROJECT = Path(__file__).resolve().parents[2]
SPY_ONLY = ("friday_0dte", "lt112", "butterfly", "ratio")


@lru_cache(maxsize=None)
def data(name: str) -> Path:
    """Data folder of one scenario of this folder, SPY and VIX only; written once and kept in the project's cache."""
    found = scenario.load(str(PROJECT / "tests" / "scenarios" / f"{name}.toml"))
    return ensure_data(found, PROJECT / ".cache" / "data", underlyings=underlyings_of(SPY_ONLY))


def run(name: str, out: Path, first: date, last: date, *, strategies: Sequence[str] = SPY_ONLY, phase: int = 3,
        cash: float = 65_000.0, faults: Sequence[Fault] = (), **more: str) -> Lives:
    """The framework from ``first`` to ``last``, with ``more`` parameters; it must come through."""
    parameters = {"starting_phase": str(phase), "cash": str(cash), "strategies": ",".join(strategies)} | more
    known = (*always(), *faults)
    lives = Lives(project=PROJECT, data=data(name), out=out, broker=FaultyBroker(known, fills_after=1),
                  parameters=parameters, first=first, last=last, faults=known)
    assert lives.whole(), lives.error
    return lives
