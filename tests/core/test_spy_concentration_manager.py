"""Asking, holding and freeing at the limit and one past; memory; impossible facts."""

from __future__ import annotations

import json
from dataclasses import replace
from math import floor, inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codes import RefusalCode
from core.errors import CannotCompute, IntegrityError
from core.model import Refused
from core.spy_concentration_manager import Reservation, SpyConcentrationManager, SpyRequest


def request(id: str = "a", delta: float = 10.0, contracts: int = 1, **overrides) -> SpyRequest:
    values = dict(id=id, strategy="ratio", underlying="SPY", delta_per_unit=delta, contracts=contracts)
    return SpyRequest(**(values | overrides))


def refusal(answer: Reservation | Refused | None) -> RefusalCode | None:
    return answer.code if isinstance(answer, Refused) else None


@pytest.mark.parametrize("phase, limit", [(1, 300), (2, 500), (3, 750), (4, 1000)])
@pytest.mark.parametrize("sign", [1, -1])
def test_limit_by_phase_and_half_of_it_on_fomc_days(phase: int, limit: float, sign: int) -> None:
    for fomc, bound in ((False, limit), (True, limit / 2)):
        manager = SpyConcentrationManager()
        assert refusal(manager.check(request(delta=sign * bound), 0.0, phase, fomc)) is None
        assert refusal(manager.check(request(delta=sign * (bound + 0.01)), 0.0, phase, fomc)) is RefusalCode.SPY_DELTA
        assert refusal(manager.check(request(delta=sign * 1.0), sign * bound, phase, fomc)) is RefusalCode.SPY_DELTA


def test_what_is_held_counts() -> None:
    manager = SpyConcentrationManager()
    assert refusal(manager.ask(request(delta=10, contracts=5), 250.0, 1, False)) is None
    assert refusal(manager.ask(request("b", delta=0.01), 250.0, 1, False)) is RefusalCode.SPY_DELTA
    assert manager.reserved_delta == 50.0


def test_reductions_pass_even_beyond_the_limit() -> None:
    manager = SpyConcentrationManager()
    assert refusal(manager.check(request(delta=-10, contracts=5), 800.0, 1, True)) is None
    assert refusal(manager.check(request(delta=-10, contracts=160), 800.0, 1, True)) is None
    assert refusal(manager.check(request(delta=-10, contracts=161), 800.0, 1, True)) is RefusalCode.SPY_DELTA
    assert refusal(manager.check(request(delta=0.0), 800.0, 1, True)) is None


def test_working_entries_of_the_other_side_do_not_make_room() -> None:
    manager = SpyConcentrationManager()
    assert isinstance(manager.ask(request("short", delta=-200), 0.0, 1, False), Reservation)
    assert refusal(manager.check(request("long", delta=301), 0.0, 1, False)) is RefusalCode.SPY_DELTA
    assert refusal(manager.check(request("long", delta=300), 0.0, 1, False)) is None
    assert refusal(manager.check(request("more", delta=-101), 0.0, 1, False)) is RefusalCode.SPY_DELTA


def test_a_reject_frees_and_a_fill_moves_into_the_book() -> None:
    manager = SpyConcentrationManager()
    manager.ask(request(delta=100, contracts=3, margin_per_unit_usd=500.0, risk_per_unit_usd=400.0), 0.0, 1, False)
    assert (manager.reserved_delta, manager.reserved_margin_usd, manager.reserved_risk_usd) == (300.0, 1500.0, 1200.0)
    assert refusal(manager.check(request("b"), 0.0, 1, False)) is RefusalCode.SPY_DELTA
    assert manager.free("a") and not manager.free("a")
    assert refusal(manager.ask(request("b", delta=100, contracts=3), 0.0, 1, False)) is None
    manager.confirm("b", 2)
    assert manager.reserved_delta == 0.0 and manager.reserved_margin_usd == 0.0
    assert manager.reservations[0].delta == 200.0
    # the fill is in the book now: the caller's held delta carries it
    assert refusal(manager.check(request("c", delta=100), 200.0, 1, False)) is None
    assert manager.retain([]) == ("b",) and manager.reservations == ()


def test_working_entries_hold_gamma_and_vega_on_the_short_side_only() -> None:
    manager = SpyConcentrationManager()
    manager.ask(request("short", contracts=2, gamma_per_unit=-1.5, vega_per_unit=-20.0), 0.0, 1, False)
    manager.ask(request("long", gamma_per_unit=4.0, vega_per_unit=90.0), 0.0, 1, False)
    assert (manager.reserved_short_gamma, manager.reserved_short_vega) == (-3.0, -40.0)
    manager.confirm("short", 1)
    assert (manager.reserved_short_gamma, manager.reserved_short_vega) == (0.0, 0.0)


def test_one_reservation_an_entry() -> None:
    manager = SpyConcentrationManager()
    manager.ask(request(), 0.0, 1, False)
    with pytest.raises(IntegrityError):
        manager.ask(request(), 0.0, 1, False)


@pytest.mark.parametrize("id, contracts", [("unknown", 1), ("a", 0), ("a", 3)])
def test_a_fill_must_match_its_reservation(id: str, contracts: int) -> None:
    manager = SpyConcentrationManager()
    manager.ask(request(contracts=2), 0.0, 1, False)
    with pytest.raises(IntegrityError):
        manager.confirm(id, contracts)


def test_three_spy_slots_equivalents_included() -> None:
    manager = SpyConcentrationManager()
    for id, underlying in (("a", "SPY"), ("b", "/MES"), ("c", "/ES")):
        assert refusal(manager.ask(request(id, underlying=underlying), 0.0, 4, False)) is None
    assert refusal(manager.ask(request("d", underlying="XSP"), 0.0, 4, False)) is RefusalCode.COUNT_SPY_EQUIVALENT
    assert refusal(manager.ask(request("d", underlying="QQQ"), 0.0, 4, False)) is None
    assert refusal(manager.ask(request("e", takes_slot=False), 0.0, 4, False)) is None
    manager.retain(["a", "c", "d", "e"])
    assert refusal(manager.ask(request("f", underlying="SPX"), 0.0, 4, False)) is None


def test_a_strategy_takes_its_own_most_of_them() -> None:
    manager = SpyConcentrationManager()
    for id in ("a", "b"):
        assert refusal(manager.ask(request(id, strategy="lt112", max_slots=2), 0.0, 4, False)) is None
        manager.confirm(id, 1)
    manager.ask(request("other", underlying="QQQ"), 0.0, 4, False)
    read = manager.reading(0.0, 4, False)
    assert (read.spy_slots, dict(read.slots_of)) == (2, {"lt112": 2})
    third = manager.ask(request("c", strategy="lt112", max_slots=2), 0.0, 4, False)
    assert refusal(third) is RefusalCode.COUNT_STRATEGY_SPY
    assert refusal(manager.ask(request("c", strategy="ratio"), 0.0, 4, False)) is None


def test_warning_begins_at_three_quarters() -> None:
    manager = SpyConcentrationManager()
    assert not manager.reading(224.9, 1, False).warned
    assert manager.reading(225.0, 1, False).warned and manager.reading(-225.0, 1, False).warned
    assert manager.reading(112.5, 1, True).warned
    manager.ask(request(delta=25.0), 200.0, 1, False)
    read = manager.reading(200.0, 1, False)
    assert read.warned and read.highest_delta == 225.0 and read.lowest_delta == 200.0 and read.spy_slots == 1


@pytest.mark.parametrize("held", [None, nan, inf])
def test_without_the_books_delta_nothing_is_granted(held: float | None) -> None:
    manager = SpyConcentrationManager()
    assert refusal(manager.ask(request(), held, 1, False)) is RefusalCode.GUARD_CANNOT_COMPUTE
    assert manager.reservations == ()
    with pytest.raises(CannotCompute):
        manager.room(1.0, held, 1, False)


@pytest.mark.parametrize("field, value", [("delta_per_unit", nan), ("delta_per_unit", inf), ("contracts", 0),
                                          ("gamma_per_unit", nan), ("vega_per_unit", inf),
                                          ("margin_per_unit_usd", nan), ("risk_per_unit_usd", -1.0)])
def test_an_impossible_request_is_refused(field: str, value: float) -> None:
    asked = replace(request(), **{field: value})
    assert refusal(SpyConcentrationManager().ask(asked, 0.0, 1, False)) is RefusalCode.GUARD_CANNOT_COMPUTE


def test_an_unknown_phase_is_refused() -> None:
    assert refusal(SpyConcentrationManager().check(request(), 0.0, 5, False)) is RefusalCode.GUARD_CANNOT_COMPUTE


@given(st.floats(-1200, 1200), st.floats(-80, 80), st.integers(1, 4), st.booleans(),
       st.lists(st.floats(-100, 100), max_size=3))
def test_room_is_where_check_begins_to_refuse(held: float, unit: float, phase: int, fomc: bool,
                                              working: list[float]) -> None:
    manager = SpyConcentrationManager()
    for place, delta in enumerate(working):
        manager.ask(request(str(place), delta=delta, underlying="QQQ"), 0.0, 4, False)
    room = manager.room(unit, held, phase, fomc)
    if room == inf or room > 1e5 or abs(room - round(room)) * min(1.0, abs(unit)) < 2e-6:
        return
    asked = request("new", delta=unit, underlying="QQQ")
    if floor(room) >= 1:
        assert refusal(manager.check(replace(asked, contracts=floor(room)), held, phase, fomc)) is None
    assert refusal(manager.check(replace(asked, contracts=floor(room) + 1), held, phase, fomc)) is RefusalCode.SPY_DELTA


def test_memory_survives_a_restart() -> None:
    manager = SpyConcentrationManager()
    manager.ask(request("a", delta=20, contracts=2, margin_per_unit_usd=100.0), 0.0, 1, False)
    manager.ask(request("b", strategy="lt112"), 0.0, 1, False)
    manager.confirm("b", 1)
    stored = json.loads(json.dumps(manager.facts()))
    again = SpyConcentrationManager()
    again.restore(stored)
    assert again.facts() == manager.facts() and again.reserved_delta == 40.0
    assert again.retain(["b"]) == ("a",) and [found.request.id for found in again.reservations] == ["b"]


@pytest.mark.parametrize("break_it", [
    lambda facts: facts.pop("reservations"), lambda facts: facts["reservations"].append(facts["reservations"][0]),
    lambda facts: facts["reservations"][0].update(contracts=0),
    lambda facts: facts["reservations"][0].update(delta_per_unit=nan),
    lambda facts: facts["reservations"][0].update(confirmed="yes"),
    lambda facts: facts["reservations"][0].update(surprise=1), lambda facts: facts["reservations"][0].pop("id")])
def test_impossible_facts_are_not_restored(break_it) -> None:
    manager = SpyConcentrationManager()
    manager.ask(request(), 0.0, 1, False)
    facts = manager.facts()
    break_it(facts)
    with pytest.raises(IntegrityError):
        SpyConcentrationManager().restore(facts)
