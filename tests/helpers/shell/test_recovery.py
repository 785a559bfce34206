"""Recovery: every way the broker's books can differ from the stored positions ends in its verdict's action, and only
there; nothing is doubled, naked or forgotten."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from core.day_book import DayBook
from core.position_log import PositionLog
from core.model import Contract, ContractKind, Event, HeldLeg, Intent, Position, Purpose, Right, State, Urgency
from core.spy_concentration_manager import SpyConcentrationManager, SpyRequest
from core.unified_state_manager import UnifiedStateManager
from helpers.orders.port import OpenOrder, RecoveryReport
from helpers.shell.recovery import UNDECIDED, Recovery
from strategies import ALL
from tests.builders import make_contract, make_position

NOW = datetime(2024, 7, 26, 9, 31)
EXPIRY = date(2024, 11, 15)
SHORT, LONG = make_contract(525.0, expiry=EXPIRY), make_contract(520.0, expiry=EXPIRY)
SHARES = Contract(underlying="SPY", expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.EQUITY, multiplier=1.0)
KEY = "lt112/202407011000"


class Executor:
    """Notes what it is asked; ``busy`` are contracts of orders without an outcome."""

    def __init__(self) -> None:
        self.contracts: tuple[Contract, ...] = ()
        self.started: list[Intent] = []
        self.at_work: set[str] = set()
        self.report = RecoveryReport(adopted=(), orphan_ids=(), foreign_ids=())
        self.reconciled: list[dict[Contract, int]] = []

    def recover(self, now: datetime, orders: Any, holdings: Any) -> RecoveryReport:
        return self.report

    def reconcile(self, now: datetime, holdings: dict[Contract, int]) -> None:
        self.reconciled.append(dict(holdings))

    @property
    def working_positions(self) -> frozenset[str]:
        return frozenset(self.at_work)

    def working(self, position_id: str) -> bool:
        return position_id in self.at_work or any(intent.position_id == position_id for intent in self.started)

    def start(self, intent: Intent, now: datetime) -> None:
        self.started.append(intent)


class World:
    """One LT112 spread of two units as stored, and a broker that holds ``holdings``."""

    def __init__(self, *, state: State = State.ACTIVE, holdings: dict[Contract, int] | None = None, units: int = 2,
                 legs: tuple[HeldLeg, ...] | None = None) -> None:
        own = legs if legs is not None else (HeldLeg(contract=SHORT, quantity=-units, average_price=3.0),
                                             HeldLeg(contract=LONG, quantity=units, average_price=2.0))
        self.states = UnifiedStateManager({name: strategy.transitions for name, strategy in ALL.items()})
        stored = make_position(*own, state=State.WAITING, units=units)
        self.states.open(stored, NOW)
        self.states._positions[KEY] = replace(stored, state=state)
        self.executor, self.book, self.events = Executor(), DayBook(65_000.0), []
        self.holdings = {SHORT: -units, LONG: units} if holdings is None else holdings
        self.orders: list[OpenOrder] = []
        self.subscribed: set[Contract] = set()
        self.closed: list[tuple[str, str]] = []
        gateway = SimpleNamespace(holdings=lambda: dict(self.holdings), open_orders=lambda: tuple(self.orders),
                                  subscribe=self.subscribed.update, has_price=lambda ticker: ticker in self.closes,
                                  daily_closes=lambda ticker: list(self.closes[ticker].items()))
        self.closes: dict[str, dict[date, float]] = {"SPY": {date(2024, 7, 25): 540.0}}
        self.lost: list[str] = []
        journal = SimpleNamespace(event=lambda now, name, **facts: self.events.append((name, facts)))
        results = SimpleNamespace(drain=lambda now: False, closed_elsewhere=self._closed, lose_track=self.lost.append)
        self.concentration = SpyConcentrationManager()
        parts = SimpleNamespace(states=self.states, executor=self.executor, book=self.book, position_log=PositionLog(),
                                concentration=self.concentration)
        self.timed_out: list[str] = []
        rounds = SimpleNamespace(time_out=lambda key, now: self.timed_out.append(key))
        self.recovery = Recovery(gateway, parts, journal, rounds, results)

    def _closed(self, position_id: str, now: datetime, reason: str) -> None:
        assert self.states.position(position_id).state is State.COMPLETE
        self.closed.append((position_id, reason))
        self.states.apply(position_id, Event.RESET, now, reason)
        self.states.archive(position_id)

    def run(self, *, restored: bool = True) -> Position | None:
        self.recovery.run(NOW, restored=restored)
        return self.states.position(KEY) if KEY in self.states else None

    def names(self) -> list[str]:
        return [name for name, _ in self.events]


def test_what_matches_goes_on_untouched() -> None:
    world = World()
    before = world.states.position(KEY)
    assert world.run() == before
    assert world.executor.started == [] and world.events == [] and world.closed == []
    assert world.subscribed == {SHORT, LONG}


@pytest.mark.parametrize("name", ALL)
def test_every_machine_can_be_recovered_from_every_undecided_state_it_knows(name: str) -> None:
    table = ALL[name].transitions
    known = {source for source, _ in table} | set(table.values())
    for state in (known & UNDECIDED) - {State.RECOVERY}:
        assert table[state, Event.RECOVER] is State.RECOVERY, state
    assert table[State.RECOVERY, Event.RECOVERED_HELD] in (State.ACTIVE, State.ERROR)
    assert table[State.RECOVERY, Event.RECOVERED_FLAT] is State.COMPLETE


@pytest.mark.parametrize("state", [State.EXITING, State.DEFENSIVE_EXIT, State.DEFENSIVE_21DTE,
                                   State.ERROR, State.ENTERING])
def test_a_machine_between_two_states_that_holds_everything_is_active_again(state: State) -> None:
    world = World(state=state)
    assert world.run().state is State.ACTIVE
    assert world.executor.started == []


def test_a_machine_whose_order_still_works_is_left_alone() -> None:
    world = World(state=State.EXITING)
    world.executor.at_work.add(KEY)
    assert world.run().state is State.EXITING


def test_machines_are_not_moved_at_a_first_start() -> None:
    assert World(state=State.EXITING).run(restored=False).state is State.EXITING


def test_what_is_gone_is_recorded_as_closed_elsewhere() -> None:
    world = World(holdings={})
    assert world.run() is None
    assert world.closed == [(KEY, "GONE")] and world.executor.started == []
    assert world.names() == ["RECONCILED"]


def test_what_expired_over_night_is_recorded_and_not_traded() -> None:
    past = date(2024, 7, 25)
    legs = (HeldLeg(contract=make_contract(525.0, expiry=past), quantity=-2, average_price=3.0),)
    world = World(legs=legs, holdings={})
    assert world.run() is None
    assert world.closed == [(KEY, "EXPIRED")] and world.executor.started == []


def expired_legs(strike: float, right: Right = Right.PUT, **overrides: Any) -> tuple[HeldLeg, ...]:
    """A spread whose legs' last day was the 25th, a put (call) at ``strike`` and its wing."""
    wing = strike - 5.0 if right is Right.PUT else strike + 5.0
    return tuple(HeldLeg(contract=make_contract(found, right, date(2024, 7, 25), **overrides), quantity=quantity,
                         average_price=1.0) for found, quantity in ((strike, -2), (wing, 2)))


@pytest.mark.parametrize("legs, closes, known", [
    (expired_legs(535.0), {"SPY": {date(2024, 7, 25): 540.0}}, True),
    (expired_legs(535.0), {"SPY": {date(2024, 7, 24): 540.0}}, False), (expired_legs(535.0), {}, False),
    (expired_legs(541.0), {"SPY": {date(2024, 7, 25): 540.0}}, False),
    (expired_legs(545.0, Right.CALL), {"SPY": {date(2024, 7, 25): 540.0}}, True),
    (expired_legs(80.0, underlying="/CL", kind=ContractKind.FUTURE_OPTION, future_expiry=date(2024, 8, 20)),
     {"SPY": {date(2024, 7, 25): 540.0}, "/CL": {date(2024, 7, 25): 90.0}}, False)])
def test_what_expired_worthless_made_what_it_was_sold_for_and_anything_else_nobody_knows(
        legs: tuple[HeldLeg, ...], closes: dict[str, dict[date, float]], known: bool) -> None:
    world = World(holdings={}, legs=legs)
    world.closes = closes
    assert world.run() is None and world.closed == [(KEY, "EXPIRED")]
    assert bool(world.lost) is not known


@pytest.mark.parametrize("holdings, lost", [
    ({SHORT: -2, LONG: 2}, False), ({}, True), ({SHORT: -1, LONG: 1}, True), ({SHORT: -2, LONG: 1}, True),
    ({SHORT: -1, LONG: 2, SHARES: 100}, False), ({SHORT: -1, LONG: 1, SHARES: 100}, True)])
def test_at_what_price_something_left_that_nobody_sold_here_is_not_known(holdings: dict[Contract, int], lost: bool) -> None:
    """Closed by hand, or moved to other strikes by a special dividend: what it made is not what is booked."""
    world = World(holdings=holdings)
    world.run()
    assert (KEY in world.lost) is lost


def test_one_leg_expired_leaves_the_other_in_care() -> None:
    near = make_contract(525.0, expiry=date(2024, 7, 25))
    legs = (HeldLeg(contract=near, quantity=-1, average_price=3.0), HeldLeg(contract=LONG, quantity=1, average_price=2.0))
    world = World(legs=legs, holdings={LONG: 1}, units=1)
    position = world.run()
    assert [leg.contract for leg in position.legs] == [LONG] and position.state is State.ACTIVE
    assert world.executor.started == [] and world.closed == []


def test_even_but_fewer_units_are_kept() -> None:
    world = World(holdings={SHORT: -1, LONG: 1})
    position = world.run()
    assert (position.units, position.entry_risk_usd, position.entry_margin_usd) == (1, 200.0, 250.0)
    assert {leg.contract: leg.quantity for leg in position.legs} == {SHORT: -1, LONG: 1}
    assert world.executor.started == [] and position.state is State.ACTIVE


@pytest.mark.parametrize("holdings, sold", [({SHORT: -2}, {SHORT: 1}), ({LONG: 2}, {LONG: -1}),
                                            ({SHORT: -2, LONG: 1}, {SHORT: 2, LONG: -1})])
def test_what_is_uneven_is_flattened_at_the_natural_price(holdings: dict, sold: dict) -> None:
    world = World(holdings=holdings)
    position = world.run()
    (intent,) = world.executor.started
    assert (intent.purpose, intent.urgency, intent.reason) == (Purpose.FLATTEN, Urgency.NATURAL, "UNEVEN")
    assert {leg.contract: leg.ratio for leg in intent.legs} == sold
    assert {leg.contract: leg.quantity for leg in position.legs} == holdings
    assert position.state is State.DEFENSIVE_EXIT and position.facts["exit_forced"] is True


def test_assigned_shares_are_booked_at_the_strike_and_closed_with_the_rest() -> None:
    world = World(holdings={SHORT: -1, LONG: 2, SHARES: 100})
    position = world.run()
    held = {leg.contract: (leg.quantity, leg.average_price) for leg in position.legs}
    assert held[SHARES] == (100, SHORT.strike) and held[SHORT][0] == -1
    (intent,) = world.executor.started
    assert {leg.contract: leg.ratio for leg in intent.legs} == {SHORT: 1, LONG: -2, SHARES: -100}
    assert (intent.reason, intent.urgency) == ("ASSIGNED", Urgency.NATURAL)
    assert world.book.quarantined == ()


@pytest.mark.parametrize("shares, booked", [(300, [(200, SHORT.strike), (100, SHORT.strike - 25.0)]), (200, [(200, SHORT.strike)])])
def test_two_strikes_assigned_at_once_are_booked_each_at_its_own(shares: int, booked: list[tuple[int, float]]) -> None:
    """LT112 is short at two strikes; of shares sold since, the first strike's are booked first."""
    lower = make_contract(SHORT.strike - 25.0, expiry=EXPIRY)
    world = World(legs=(HeldLeg(contract=SHORT, quantity=-2, average_price=3.0), HeldLeg(contract=lower, quantity=-1, average_price=2.0)),
                  holdings={SHARES: shares})
    position = world.run()
    (held,) = [leg for leg in position.legs if leg.contract == SHARES]
    assert held.quantity == shares
    assert held.average_price == pytest.approx(sum(count * strike for count, strike in booked) / shares)
    (row,) = world.recovery._parts.position_log.rows()
    fills = row["fills"]
    assert [(fill["quantity"], fill["price"]) for fill in fills] == booked


def test_what_expired_worthless_gives_no_strike_to_the_shares_of_another() -> None:
    lower, higher = (HeldLeg(contract=make_contract(strike, expiry=date(2024, 7, 25)), quantity=-1, average_price=3.0)
                     for strike in (535.0, 545.0))
    world = World(legs=(lower, higher), holdings={SHARES: 100}, units=1)      # SPY closed at 540
    (held,) = world.run().legs
    assert (held.contract, held.quantity, held.average_price) == (SHARES, 100, 545.0)


def test_shares_of_a_second_assignment_join_those_of_the_first() -> None:
    world = World(legs=(HeldLeg(contract=SHARES, quantity=100, average_price=530.0),
                         HeldLeg(contract=SHORT, quantity=-1, average_price=3.0)),
                  holdings={SHARES: 200}, units=1)
    (held,) = world.run().legs
    assert (held.contract, held.quantity, held.average_price) == (SHARES, 200, (530.0 + SHORT.strike) / 2.0)


def test_the_owners_shares_stay_his_when_the_spread_is_closed_by_hand() -> None:
    world = World(holdings={SHORT: -2, LONG: 2, SHARES: 300})
    assert world.run() is not None and dict(world.book.others) == {SHARES.id: 300}
    world.book.accept_quarantined()
    world.holdings = {SHARES: 300}
    assert world.run() is None and world.closed == [(KEY, "GONE")] and world.executor.started == []


@pytest.mark.parametrize("before", [0, 300])
def test_nor_are_they_sold_when_it_expired_while_nobody_looked(before: int) -> None:
    """Also where they were bought meanwhile: the close of its last day says that the put became none."""
    world = World(holdings={SHARES: 300}, legs=expired_legs(535.0))
    world.book.others = {SHARES.id: before}
    assert world.run() is None and world.closed == [(KEY, "EXPIRED")] and world.executor.started == []
    assert dict(world.book.others) == {SHARES.id: 300}


def test_holdings_of_nobody_are_quarantined_and_left_alone() -> None:
    stranger = make_contract(480.0, expiry=EXPIRY)
    world = World(holdings={SHORT: -2, LONG: 2, stranger: 3})
    assert world.run().state is State.ACTIVE
    assert world.book.quarantined == (stranger.id,)
    assert world.names() == ["QUARANTINE"] and world.executor.started == []
    world.run()
    assert world.names() == ["QUARANTINE"]                           # told once


def test_more_than_is_stored_is_quarantined_too() -> None:
    world = World(holdings={SHORT: -3, LONG: 2})
    world.run()
    assert world.book.quarantined == (SHORT.id,)
    assert world.executor.started == []


def test_contracts_of_an_order_without_an_outcome_are_waited_for() -> None:
    world = World(holdings={LONG: 2})
    world.executor.contracts = (SHORT,)
    world.executor.at_work.add(KEY)
    position = world.run()
    assert {leg.contract: leg.quantity for leg in position.legs} == {SHORT: -2, LONG: 2}
    assert world.executor.started == [] and world.book.quarantined == ()


def test_orders_of_nobody_are_told() -> None:
    world = World()
    world.executor.report = RecoveryReport(adopted=(), orphan_ids=(7,), foreign_ids=(9,))
    world.run()
    assert world.events == [("ORDERS_FOUND", {"orphans": [7], "foreign": [9]})]


def test_orders_of_nobody_stop_entries_until_they_are_gone_or_accepted() -> None:
    world = World()
    stranger, ours = (OpenOrder(order_id=number, contract=SHORT, quantity=-1, tag="") for number in (9, 10))
    world.orders = [stranger, ours]
    world.executor.report = RecoveryReport(adopted=(), orphan_ids=(), foreign_ids=(9,))
    world.run()
    assert world.book.quarantined == (f"order -1 {SHORT.id}",)
    world.book.accept_quarantined()
    world.recovery.unexplained(NOW)
    assert world.book.quarantined == ()
    world.book.accepted = ()
    world.orders = [ours]
    world.recovery.unexplained(NOW)
    assert world.book.quarantined == ()


def test_an_entry_that_never_filled_ends_flat() -> None:
    world = World(state=State.ENTERING, legs=(), holdings={}, units=0)
    assert world.run() is None
    assert world.closed == [(KEY, "RESTART")]


def test_each_morning_the_books_are_compared_and_machines_stay() -> None:
    world = World(state=State.EXITING, holdings={SHORT: -1, LONG: 1})
    world.recovery.unexplained(NOW)
    assert world.executor.reconciled == [{SHORT: -1, LONG: 1}]
    assert world.states.position(KEY).units == 1
    assert world.states.position(KEY).state is State.EXITING


def test_a_reservation_outlives_a_restart_only_with_its_position() -> None:
    """The other one's process died after the reservation was stored and before its position was."""
    world = World()
    for position in (KEY, "lt112/202407011005"):
        world.concentration.ask(SpyRequest(id=f"{position}:ENTRY:202407011000", strategy="lt112", underlying="SPY",
                                           delta_per_unit=1.0, contracts=1, takes_slot=False), 0.0, 3, False)
    world.run()
    assert [found.request.id for found in world.concentration.reservations] == [f"{KEY}:ENTRY:202407011000"]
    assert "RESERVATIONS_FREED" in world.names()


@pytest.mark.parametrize("seconds, over", [(299, False), (300, True)])
def test_a_choice_ends_after_five_minutes_even_if_nobody_could_be_asked(seconds: int, over: bool) -> None:
    world = World(state=State.VALIDATION, legs=(), holdings={}, units=0)
    assert world.recovery.overdue(NOW + timedelta(seconds=seconds)) is over
    assert world.timed_out == ([KEY] if over else [])


@pytest.mark.parametrize("at_work, over", [(True, False), (False, True)])
def test_an_entry_without_an_order_ends_after_five_minutes(at_work: bool, over: bool) -> None:
    world = World(state=State.ENTERING, legs=(), holdings={}, units=0)
    world.executor.at_work = {KEY} if at_work else set()
    assert world.recovery.overdue(NOW + timedelta(minutes=5)) is over
    assert world.closed == ([(KEY, "ENTRY_TIMEOUT")] if over else [])
