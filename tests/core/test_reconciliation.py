from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.model import ContractKind, HeldLeg, Right
from core.reconciliation import VerdictKind, reconcile
from tests.builders import make_contract, make_position

TODAY = date(2024, 8, 5)
EXPIRY = date(2024, 11, 15)
SHORT, LONG = make_contract(500.0, expiry=EXPIRY), make_contract(495.0, expiry=EXPIRY)
CALL = make_contract(560.0, Right.CALL, expiry=EXPIRY)
SHARES = make_contract(0.0, Right.CALL, expiry=date.max, kind=ContractKind.EQUITY, multiplier=1.0)


def position(key: str = "a", **quantities: int):
    named = {"short": SHORT, "long": LONG, "call": CALL}
    return make_position(*(HeldLeg(contract=named[name], quantity=quantity, average_price=1.0)
                           for name, quantity in quantities.items()), id=key)


def verdicts(positions, holdings, busy=(), today=TODAY):
    found = reconcile(positions, holdings, busy=busy, today=today)
    return [verdict.kind.value for verdict in found.verdicts], dict(found.unknown)


SPREAD = position(short=-2, long=2)


@pytest.mark.parametrize("holdings, kind, unknown", [
    ({SHORT: -2, LONG: 2}, "MATCH", {}),
    ({}, "GONE", {}),
    ({SHORT: 0, LONG: 0}, "GONE", {}),
    ({SHORT: -1, LONG: 1}, "FEWER", {}),
    ({SHORT: -2, LONG: 1}, "UNEVEN", {}),
    ({LONG: 2}, "UNEVEN", {}),
    ({SHORT: -3, LONG: 2}, "MATCH", {SHORT: -1}),
    ({SHORT: 2, LONG: 2}, "UNEVEN", {SHORT: 2}),
    ({SHORT: -2, LONG: 2, CALL: 1}, "MATCH", {CALL: 1}),
])
def test_one_spread_against_the_brokers_word(holdings, kind, unknown):
    assert verdicts([SPREAD], holdings) == ([kind], unknown)


def test_fewer_keeps_ratios():
    ratio = position(short=-4, long=2)
    assert verdicts([ratio], {SHORT: -2, LONG: 1})[0] == ["FEWER"]
    assert verdicts([ratio], {SHORT: -3, LONG: 1})[0] == ["UNEVEN"]


def test_contracts_shared_by_positions():
    other = position("b", short=-1, call=1)
    assert verdicts([SPREAD, other], {SHORT: -3, LONG: 2, CALL: 1})[0] == ["MATCH", "MATCH"]
    assert verdicts([SPREAD, other], {SHORT: -2, LONG: 2, CALL: 1})[0] == ["MATCH", "UNEVEN"]
    offsetting = position("c", short=2, call=1)
    assert verdicts([SPREAD, offsetting], {LONG: 2, CALL: 1})[0] == ["MATCH", "MATCH"]


@pytest.mark.parametrize("today, kinds", [(EXPIRY, ["MATCH", "MATCH"]), (date(2024, 11, 16), ["EXPIRED", "EXPIRED"])])
def test_positions_that_offset_each_other_expire_too(today, kinds):
    """The account shows nothing of them either way."""
    assert verdicts([position("a", short=-1), position("b", short=1)], {}, today=today)[0] == kinds


def test_an_unresolved_order_keeps_its_position_out_of_it():
    assert verdicts([SPREAD], {LONG: 1, CALL: 1}, busy={LONG, CALL}) == (["WAITING"], {})


@pytest.mark.parametrize("today, kind", [(EXPIRY, "GONE"), (date(2024, 11, 16), "EXPIRED")])
def test_expiry_is_expected_from_the_day_after(today, kind):
    assert verdicts([SPREAD], {}, today=today)[0] == [kind]


@pytest.mark.parametrize("shares, unknown", [(200, {}), (300, {SHARES: 100}), (100, {})])
def test_assigned_puts_become_shares_of_the_position(shares, unknown):
    found = reconcile([SPREAD], {LONG: 2, SHARES: shares}, busy=(), today=TODAY)
    verdict, = found.verdicts
    assert verdict.kind is VerdictKind.ASSIGNED and dict(found.unknown) == unknown
    assert verdict.actual == {LONG: 2, SHARES: min(shares, 200)} and verdict.missing == {SHORT: -2}


@pytest.mark.parametrize("there, before, assigned, unknown", [
    (300, 300, 0, 300), (500, 300, 200, 300), (400, 300, 100, 300), (200, 300, 0, 200), (100, -100, 100, 0), (-100, -100, 0, -100)])
def test_shares_that_were_there_before_are_nobodys_assignment(there, before, assigned, unknown):
    """The condor was closed by hand, or assigned, while the process was away; the owner's own shares stay his."""
    found = reconcile([SPREAD], {SHARES: there}, busy=(), today=TODAY, others={SHARES.id: before})
    verdict, = found.verdicts
    assert verdict.actual.get(SHARES, 0) == assigned and dict(found.unknown) == ({SHARES: unknown} if unknown else {})
    assert verdict.kind is (VerdictKind.ASSIGNED if assigned else VerdictKind.GONE)


@pytest.mark.parametrize("worthless, kind, unknown", [((SHORT, LONG), "EXPIRED", {SHARES: 300}), ((), "ASSIGNED", {SHARES: 100})])
def test_what_is_known_to_have_expired_worthless_became_no_shares(worthless, kind, unknown):
    found = reconcile([SPREAD], {SHARES: 300}, busy=(), today=date(2024, 11, 16), worthless=worthless)
    assert [verdict.kind.value for verdict in found.verdicts] == [kind] and dict(found.unknown) == unknown


def test_assigned_calls_sell_shares_and_the_wrong_side_is_nobodys():
    covered = position(call=-1)
    assert verdicts([covered], {SHARES: -100}) == (["ASSIGNED"], {})
    assert verdicts([covered], {SHARES: 100}) == (["GONE"], {SHARES: 100})


def test_two_assignments_share_the_shares():
    positions = [position("a", short=-1), position("b", short=-1)]
    found = reconcile(positions, {SHARES: 100}, busy=(), today=TODAY)
    assert [verdict.kind.value for verdict in found.verdicts] == ["ASSIGNED", "GONE"]
    found = reconcile(positions, {SHARES: 200}, busy=(), today=TODAY)
    assert [verdict.actual.get(SHARES) for verdict in found.verdicts] == [100, 100]
    assert not found.quarantined


quantities = some.dictionaries(some.sampled_from([SHORT, LONG, CALL, SHARES]), some.integers(-3, 3))


@given(some.lists(some.dictionaries(some.sampled_from(["short", "long", "call"]), some.integers(-2, 2).filter(bool),
                                    min_size=1), max_size=3), quantities)
def test_every_holding_is_attributed_exactly_once_or_unknown(stored, holdings):
    positions = [position(str(number), **legs) for number, legs in enumerate(stored)]
    found = reconcile(positions, holdings, busy=(), today=TODAY)
    total = dict(found.unknown)
    for verdict in found.verdicts:
        for contract, quantity in verdict.actual.items():
            total[contract] = total.get(contract, 0) + quantity
    assert {c: q for c, q in total.items() if q} == {c: q for c, q in holdings.items() if q}
    for item, verdict in zip(positions, found.verdicts):
        legs = {leg.contract: leg.quantity for leg in item.legs}
        for contract, quantity in legs.items():
            assert quantity == verdict.actual.get(contract, 0) + verdict.missing.get(contract, 0)
        assert (verdict.kind is VerdictKind.MATCH) == (not verdict.missing)


def test_contracts_that_a_split_has_adjusted_are_nobodys():
    """Four for one: 500 has become 125, and one contract four. What was held is gone at a price nobody told, and what is
    there instead is quarantined."""
    adjusted = {make_contract(125.0, expiry=EXPIRY): -8, make_contract(123.75, expiry=EXPIRY): 8}
    assert verdicts([SPREAD], adjusted) == (["GONE"], adjusted)
