"""The two weeks of ``faults.toml`` as a ground for order tests: data written once and kept in the project's cache."""
from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from local.broker_faults.broker import FaultyBroker
from local.broker_faults.faults import Fault
from local.broker_faults.lives import Lives
from local.broker_faults.plan import always
from local.broker_faults.seeds import Ground
from local.commands.scenario_data import underlyings_of
from local.data import scenario
from local.data.writer import ensure_data

PROJECT = Path(__file__).resolve().parents[2]
FRIDAY = date(2024, 7, 26)
MONDAY = date(2024, 7, 15)
TWO = "friday_0dte,lt112"
# The broker of these tests meets limits in its own way; without it, fills are LEAN's own. Nobody reads along unless a test
# is about that: what is published changes no order (tests/helpers/shell/test_published.py).
PARAMETERS = (("cash", "65000.0"), ("starting_phase", "3"), ("fills", "natural"), ("publish", "no"))


@lru_cache(maxsize=1)
def data() -> Path:
    """Data folder of the two weeks."""
    found = scenario.load(str(PROJECT / "tests" / "scenarios" / "faults.toml"))
    return ensure_data(found, PROJECT / ".cache" / "data", underlyings=underlyings_of(TWO.split(",")))


def ground(*, live: bool = False) -> Ground:
    """Both weeks, both strategies."""
    return Ground(project=PROJECT, data=data(), first=MONDAY, last=FRIDAY, parameters=PARAMETERS, strategies=TWO,
                  live=live)


def lives(out: Path, *faults: Fault, live: bool = False, first: date = FRIDAY, last: date = FRIDAY,
          fills_after: int | None = 1, **parameters: str) -> Lives:
    """The framework on one broker, by default for the one Friday on which both strategies enter."""
    known = (*always(), *faults)
    return Lives(project=PROJECT, data=data(), out=out, broker=FaultyBroker(known, fills_after=fills_after),
                 parameters=dict(PARAMETERS) | {"strategies": TWO} | parameters, first=first, last=last, faults=known, live=live)
