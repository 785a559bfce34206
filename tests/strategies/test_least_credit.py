"""What a strategy states as its least credit (or largest debit) is where its own conditions end: an entry that is worked
goes no further."""
from __future__ import annotations

import pytest

from tests.strategies.worlds import WORLDS, decide

ENTRIES = {name: decide(world).intent for name, world in WORLDS.items()}


def strikes(name: str) -> list[float]:
    return sorted(leg.contract.strike for leg in ENTRIES[name].legs)


def test_every_entry_stands_on_the_right_side_of_its_own_limit() -> None:
    for name, intent in ENTRIES.items():
        assert intent.worst is None or intent.facts["entry_mid"] <= intent.worst, name
    assert {name for name, intent in ENTRIES.items() if intent.worst is None} == {"futures_strangle", "calendar", "diagonal"}


def test_credits_end_where_the_refusal_begins() -> None:
    assert ENTRIES["friday_0dte"].worst == pytest.approx(-0.10 * 3.0)      # of the wider wing
    assert ENTRIES["lt112"].worst == pytest.approx(-0.20 * 5.0)            # of the width
    legs = ENTRIES["ratio"].legs
    assert ENTRIES["ratio"].worst == pytest.approx(-8.0 * sum(abs(leg.ratio) for leg in legs) * 1.00 / 100.0)


def test_a_covered_call_costs_at_most_what_an_assignment_gives_back() -> None:
    leap, weekly = strikes("ipmcc")
    assert ENTRIES["ipmcc"].worst == pytest.approx(weekly - leap)


def test_what_has_a_dollar_limit_costs_no_more_than_that() -> None:
    intent, low = ENTRIES["butterfly"], strikes("butterfly")
    limit_usd = max(500.0, 0.003 * WORLDS["butterfly"].equity)
    count = intent.facts["limits"]["contract_cap"]
    assert (10.0 + intent.worst) * 100.0 * count == pytest.approx(limit_usd) and low[-1] - low[1] == 10.0
    for name, share in (("hedge", 0.02), ("leap_put_ladder", 0.03)):
        intent, equity = ENTRIES[name], WORLDS[name].equity
        count = intent.facts["limits"]["contract_cap"]
        assert (intent.worst * 100.0 + 1.00) * count == pytest.approx(share * equity), name
