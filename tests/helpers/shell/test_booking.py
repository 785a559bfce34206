"""What the exchange does by itself: one event tells of all contracts of the account, whoever holds them."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace

import pytest

from core.day_book import DayBook
from core.model import Contract, ContractKind, Event, HeldLeg, Purpose, Right, State
from core.order_figures import OrderFigures
from core.position_log import PositionLog
from core.serialization import contract_to_json
from core.spy_concentration_manager import SpyConcentrationManager, SpyRequest
from core.trade_ledger import TradeLedger
from core.unified_state_manager import UnifiedStateManager
from helpers.orders.port import OrderStatus, OrderUpdate, Outcome, OutcomeKind
from helpers.shell.booking import Booking
from risk.circuit_breakers import CircuitBreakers
from strategies import ALL
from tests.builders import make_contract, make_position
from tests.helpers.orders.fake_broker import make_intent

NOW = datetime(2024, 8, 17)
SHORT = make_contract(537.0, expiry=date(2024, 8, 16))
ENDED = {"orders": 1, "contracts": 1, "slippage_usd": 0.0, "half_spread_usd": 0.0}
SHARES = Contract(underlying="SPY", expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.EQUITY, multiplier=1.0)


class World:
    """Calendars ``c/0``, ``c/1``, … that each hold some of one near put."""

    def __init__(self, *held: int, strategy: str = "calendar") -> None:
        self.states = UnifiedStateManager({name: strategy.transitions for name, strategy in ALL.items()})
        for number, quantity in enumerate(held):
            position = make_position(HeldLeg(contract=SHORT, quantity=quantity, average_price=6.0), state=State.WAITING)
            position = replace(position, id=f"c/{number}", strategy=strategy, cash_flow_usd=0.0, fees_usd=0.0)
            self.states.open(position, NOW)
            self.states._positions[position.id] = replace(position, state=State.ACTIVE)
        self.changes: list[tuple[str, int]] = []             # what the executor was told: position, quantity
        self.book = DayBook(65_000.0)
        executor = SimpleNamespace(holding_changed=lambda owner, contract, quantity, now: self.changes.append(
            (owner, quantity)), working=lambda key: False)
        self.figures, self.log = OrderFigures(), PositionLog()
        parts = SimpleNamespace(
            order_figures=self.figures, position_log=self.log, states=self.states, executor=executor, book=self.book, strategies=ALL,
            concentration=SpyConcentrationManager(), ledger=TradeLedger(65_000.0), breakers=CircuitBreakers(),
            specs={name: strategy.spec for name, strategy in ALL.items()})
        journal = SimpleNamespace(event=lambda *args, **facts: None)
        self.results = Booking(None, parts, journal, None)

    def tell(self, contract: Contract, quantity: int, price: float, fee: float = 0.0, order: int = 7) -> None:
        self.results.exchange_event(OrderUpdate(
            order_id=order, contract=contract, status=OrderStatus.FILLED, fill_quantity=quantity, fill_price=price, fee=fee,
            message="", time=NOW, event_id="1"), NOW)

    def legs(self) -> list[dict[Contract, int]]:
        return [{leg.contract: leg.quantity for leg in position.legs} for position in self.states.positions]


def test_options_that_leave_leave_every_position_that_holds_them():
    world = World(-1, -2)
    world.tell(SHORT, 3, 0.0, fee=3.0)
    assert world.legs() == [{}, {}] and world.book.quarantined == ()
    assert [position.fees_usd for position in world.states.positions] == [1.0, 2.0]
    assert world.changes == [("c/0", 1), ("c/1", 2)]


def test_assigned_shares_go_where_their_options_were():
    world = World(-1, -2)
    world.tell(SHORT, 3, 0.0)
    world.tell(SHARES, 300, 537.0)
    assert world.legs() == [{SHARES: 100}, {SHARES: 200}]
    assert world.states.position("c/1").cash_flow_usd == -200 * 537.0


def test_part_of_an_assignment_takes_the_oldest_first():
    world = World(-1, -2)
    world.tell(SHORT, 2, 0.0)
    world.tell(SHARES, 200, 537.0)
    assert world.legs() == [{SHARES: 100}, {SHORT: -1, SHARES: 100}]


def test_what_goes_beyond_what_positions_hold_is_quarantined():
    world = World(-1)
    world.tell(SHORT, 3, 0.0)
    assert world.legs() == [{}] and world.book.quarantined == (SHORT.id,)
    world.tell(SHARES, 300, 537.0)
    assert world.legs() == [{SHARES: 100}] and set(world.book.quarantined) == {SHORT.id, SHARES.id}


@pytest.mark.parametrize("held, told, left", [((-2, 1), 1, [{SHORT: -1}, {SHORT: 1}]), ((1, -2), 1, [{SHORT: 1}, {SHORT: -1}])])
def test_the_account_tells_of_the_net_where_positions_offset_each_other(held, told, left):
    world = World(*held)
    world.tell(SHORT, told, 0.0)
    assert world.legs() == left                      # the rest leaves with the morning's reconciliation


def test_what_was_closed_elsewhere_gives_its_slot_back():
    world = World(-1)
    slots = world.results._parts.concentration
    slots.ask(SpyRequest(id="c/0:ENTRY:1", strategy="calendar", underlying="SPY", delta_per_unit=1.0, contracts=1), 0.0, 3,
              False)
    assert len(slots.reservations) == 1
    world.states.remove_leg("c/0", SHORT)
    for event in (Event.RECOVER, Event.RECOVERED_FLAT):
        world.states.apply("c/0", event, NOW, "GONE")
    world.results.closed_elsewhere("c/0", NOW, "GONE")
    assert slots.reservations == () and world.states.positions == ()


@pytest.mark.parametrize("strategy", ALL)
def test_a_position_that_the_exchange_emptied_ends_whatever_its_machine_knows(strategy):
    world = World(-1, strategy=strategy)
    world.states.remove_leg("c/0", SHORT)
    world.results.settle_expired(NOW)
    assert world.states.positions == () and "c/0" in world.results._parts.ledger


def test_a_late_fill_has_its_contracts_quoted_again():
    world = World(-1)
    intent = make_intent({SHORT: -1}, position_id="c/0", strategy="calendar")
    subscribed: list[Contract] = []
    world.results._gateway = SimpleNamespace(subscribe=subscribed.extend)
    world.results._outcome(Outcome(sequence=1, kind=OutcomeKind.UNKNOWN, intent=intent, final=False, reason="LATE_FILL",
                                   units=0, price=None, time=NOW), NOW)
    assert subscribed == [SHORT]


@pytest.mark.parametrize("kind, unfilled, held_back, eager", [
    (OutcomeKind.NOT_FILLED, {"calendar": (1, NOW)}, [], True), (OutcomeKind.REFUSED, {}, ["calendar"], False),
    (OutcomeKind.UNEVEN_REPAIRED, {"calendar": (1, NOW)}, [], False), (OutcomeKind.FILLED, {}, [], None)])
def test_an_entry_that_ended_unfilled_counts_against_the_days_tries(kind, unfilled, held_back, eager):
    world, back = World(), []
    world.states.open(make_position(id="c/0", strategy="calendar", state=State.WAITING, opened=None, cash_flow_usd=0.0,
                                    fees_usd=0.0, units=0), NOW)
    for event in (Event.SELECTED, Event.ORDER_SENT):
        world.states.apply("c/0", event, NOW, "test")
    units = 1 if kind is OutcomeKind.FILLED else 0
    if units:
        world.states.apply_fill("c/0", SHORT, -1, 6.0, 0.0)
    world.results._rounds = rounds = SimpleNamespace(eager=None, hold_back=lambda name, now: back.append(name))
    world.results._journal.refused = lambda *facts: None
    intent = make_intent({SHORT: -1}, 1, Purpose.ENTRY, position_id="c/0", strategy="calendar")
    world.results._outcome(Outcome(sequence=1, kind=kind, intent=intent, final=True, reason="TIMEOUT", units=units,
                                   price=-6.0 if units else None, time=NOW, facts=ENDED), NOW)
    assert (world.book.unfilled, back, rounds.eager) == (unfilled, held_back, eager)
    (row,) = world.figures.rows()
    assert (row["filled"], row["unfilled"], row["refused"], row["orders"]) == (
        units, kind in (OutcomeKind.NOT_FILLED, OutcomeKind.UNEVEN_REPAIRED), kind is OutcomeKind.REFUSED, 1)


@pytest.mark.parametrize("held, left", [(-3, {SHORT: -1}), (-1, {}), (2, {SHORT: 2})])
def test_what_was_missing_leaves_its_position_as_far_as_that_has_it(held, left):
    """A closing of two that was decided a moment before a fill."""
    world = World(held)
    intent = make_intent({SHORT: 1}, 2, Purpose.EXIT, position_id="c/0", strategy="calendar")
    world.states.change("c/0", opened=None)
    world.results._outcome(Outcome(sequence=1, kind=OutcomeKind.REFUSED, intent=intent, final=True, reason="NOTHING_HELD",
                                   units=0, price=None, time=NOW, facts=ENDED | {"missing": [
                                       {"contract": contract_to_json(SHORT), "quantity": 2}]}), NOW)
    assert world.legs() == [left]


def closed(world: World, **facts):
    """What the ledger keeps of ``c/0`` after it was found to hold nothing."""
    held = world.states.position("c/0")
    world.states.change("c/0", facts=dict(held.facts) | facts)
    world.states.remove_leg("c/0", SHORT)
    for event in (Event.RECOVER, Event.RECOVERED_FLAT):
        world.states.apply("c/0", event, NOW, "GONE")
    world.results.closed_elsewhere("c/0", NOW, "GONE")
    (trade,) = world.results._parts.ledger.trades
    return trade


def test_what_left_at_a_price_nobody_told_is_no_win():
    """Booked as it was, a credit would be kept whole: a loss closed by hand would raise the win rate and Kelly's size."""
    world = World(-1)
    world.states._positions["c/0"] = replace(world.states.position("c/0"), cash_flow_usd=600.0)
    world.results.lose_track("c/0")
    trade = closed(world)
    assert (trade.pnl_usd, trade.result_known, trade.won) == (600.0, False, False)
    assert world.results._parts.ledger.sample("calendar").trades == 0
    assert world.results._parts.ledger.unknown_results == ("c/0",)


def test_a_closing_that_found_legs_missing_does_not_know_its_result():
    world = World(-3)
    intent = make_intent({SHORT: 1}, 2, Purpose.EXIT, position_id="c/0", strategy="calendar")
    world.results._outcome(Outcome(sequence=1, kind=OutcomeKind.REFUSED, intent=intent, final=True, reason="NOTHING_HELD",
                                   units=0, price=None, time=NOW, facts=ENDED | {"missing": [
                                       {"contract": contract_to_json(SHORT), "quantity": 2}]}), NOW)
    assert world.states.position("c/0").facts["result_unknown"] is True


@pytest.mark.parametrize("known, streak", [(True, 1), (False, 0)])
def test_an_unknown_result_is_no_loss_in_a_row(known, streak):
    world = World(-1)
    if not known:
        world.results.lose_track("c/0")
    held = replace(world.states.position("c/0"), cash_flow_usd=-50.0)
    world.results._record(held, NOW, "STOP", forced=False)
    assert world.results._parts.breakers.streak == streak


def rolled(strategy: str, cash: float, fees: float, kind: OutcomeKind = OutcomeKind.FILLED, units: int = 1) -> float:
    """Risk in USD that a position shows once a roll has ended with ``cash`` in all."""
    world = World(1, strategy=strategy)
    world.states._positions["c/0"] = replace(world.states.position("c/0"), state=State.MANAGING, cash_flow_usd=cash,
                                             fees_usd=fees, entry_risk_usd=6_001.0)
    intent = make_intent({SHORT: 1}, 1, Purpose.MANAGE, position_id="c/0", strategy=strategy)
    world.results._outcome(Outcome(sequence=1, kind=kind, intent=intent, final=True, reason="", units=units, price=1.0,
                                   time=NOW, facts=ENDED), NOW)
    return world.states.position("c/0").entry_risk_usd


@pytest.mark.parametrize("strategy", ["ipmcc", "diagonal", "calendar", "leap_put_ladder"])
def test_after_a_roll_a_bought_position_risks_all_that_was_paid_for_it(strategy):
    assert rolled(strategy, cash=-9_502.0, fees=4.0) == 9_502.0
    assert rolled(strategy, cash=310.0, fees=4.0) == 0.0


def test_after_its_roll_a_strangle_risks_twice_all_premium_taken():
    assert rolled("futures_strangle", cash=1_195.0, fees=5.0) == 2_400.0


@pytest.mark.parametrize("kind, units", [(OutcomeKind.NOT_FILLED, 0), (OutcomeKind.REFUSED, 0)])
def test_a_roll_that_did_not_fill_changes_no_risk(kind, units):
    assert rolled("ipmcc", cash=-9_502.0, fees=4.0, kind=kind, units=units) == 6_001.0


def test_every_strategy_that_rolls_is_among_those():
    rolling = {name for name, strategy in ALL.items() if (State.ACTIVE, Event.MANAGE) in strategy.transitions}
    assert rolling == {"ipmcc", "diagonal", "calendar", "leap_put_ladder", "futures_strangle"}
