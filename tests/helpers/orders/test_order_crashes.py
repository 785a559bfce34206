"""A crash at every step: whatever the executor was doing, a restart ends in a known state."""

from __future__ import annotations

import json
from datetime import date

import pytest

from core.errors import IntegrityError
from core.model import Purpose, Right, Urgency
from helpers.atomic_order_executor import AtomicOrderExecutor, OpenOrder, OrderStatus
from tests.builders import make_contract, make_quote
from tests.helpers.orders.fake_broker import Desk, make_intent

EXPIRY = date(2024, 11, 15)
SHORT = make_contract(500.0, expiry=EXPIRY)
LONG = make_contract(495.0, expiry=EXPIRY)
NEW = make_contract(610.0, Right.CALL, expiry=EXPIRY)
OLD = make_contract(600.0, Right.CALL, expiry=EXPIRY)
QUOTES = {SHORT: make_quote(3.00, 3.10), LONG: make_quote(2.00, 2.10), OLD: make_quote(1.50, 1.60),
          NEW: make_quote(1.00, 1.10)}
UNITS = 2


class Crash(BaseException):
    """Not an Exception: nothing may catch it."""


class CrashingDesk(Desk):
    """Counts every call of the port and the journal; the n-th one kills the process before or after it acts."""

    def __init__(self, at: int, before: bool, holdings) -> None:
        super().__init__(quotes=dict(QUOTES), holdings=dict(holdings))
        self.at, self.before, self.calls = at, before, 0
        for owner, names in ((self.broker, ("submit", "update", "cancel")), (self.journal, ("save",))):
            for name in names:
                setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, function):
        def call(*arguments):
            self.calls += 1
            mine = self.calls
            if mine == self.at and self.before:
                raise Crash
            answer = function(*arguments)
            if mine == self.at:
                raise Crash
            return answer
        return call

    def reborn(self, tags: bool) -> None:
        """Restart on what was journalled last and recover."""
        self.at = -1
        self.broker.restart(tags)
        saved = self.journal.saved
        self.executor = AtomicOrderExecutor(self.broker, self.journal, self.positions, clock_seconds=60)
        self.broker.hear = self.executor.on_order_event
        self.seen = getattr(self, "seen", 0)
        if saved is not None:
            self.executor.restore(json.loads(json.dumps(saved)))
        self.report = self.executor.recover(self.now, self.broker.open_orders(), self.broker.holdings)

    def outcomes(self):
        self.take()
        return super().outcomes()

    def take(self) -> None:
        """Apply the stream once, as the state manager's ``accept`` does."""
        for report in self.executor.drain():
            if report.sequence > getattr(self, "seen", 0):
                self.seen = report.sequence
                self.reports.append(report)


def whole(desk):
    desk.broker.fill_all()


def partial(desk):
    desk.broker.fill(SHORT, 1)
    desk.broker.fill(LONG, 1)
    desk.minutes(6)


def uneven(desk):
    desk.broker.fill(SHORT, 2)
    desk.minutes(1)
    desk.broker.fill_all()


def timed_out(desk):
    desk.minutes(6)


def over_the_minutes(desk):
    desk.minutes(2)
    desk.broker.fill(LONG, 1)
    desk.minutes(3)
    desk.broker.fill_all()


def roll_half(desk):
    desk.broker.fill(NEW, 1)
    desk.minutes(2)
    desk.broker.fill_all()


SPREAD = make_intent({SHORT: -1, LONG: 1}, UNITS)
CLOSE = make_intent({SHORT: 1, LONG: -1}, UNITS, Purpose.EXIT, Urgency.WALK)
ROLL = make_intent({OLD: 1, NEW: -1}, UNITS, Purpose.MANAGE)
HELD = {SHORT: -UNITS, LONG: UNITS}
SCRIPTS = {
    "entry filled": (SPREAD, {}, whole), "entry partial": (SPREAD, {}, partial), "entry uneven": (SPREAD, {}, uneven),
    "entry timed out": (SPREAD, {}, timed_out), "exit filled": (CLOSE, HELD, whole),
    "exit slow": (CLOSE, HELD, over_the_minutes), "exit uneven": (CLOSE, HELD, uneven),
    "roll half": (ROLL, {OLD: -UNITS}, roll_half)}


def run(script, at: int, before: bool, tags: bool) -> CrashingDesk:
    intent, holdings, steps = SCRIPTS[script]
    desk = CrashingDesk(at, before, holdings)
    try:
        desk.start(intent)
        steps(desk)
        desk.take()
    except Crash:
        desk.reborn(tags)
    desk.at = -1
    return desk


def calm_down(desk: CrashingDesk, purpose: Purpose) -> None:
    """Nothing misbehaves any more: exits fill, and so do single legs, which even something out."""
    for _ in range(15):
        desk.minutes(1)
        desk.broker.fill_all(legs=0 if purpose is Purpose.EXIT else 1)
    desk.take()


@pytest.mark.parametrize("tags", [True, False], ids=["tags kept", "tags lost"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_crash_at_any_step_ends_in_a_known_state(script, before, tags):
    steps = run(script, at=-1, before=before, tags=tags).calls
    assert steps > 3
    for at in range(1, steps + 1):
        desk = run(script, at, before, tags)
        intent, held, _ = SCRIPTS[script]
        calm_down(desk, intent.purpose)
        said = f"crash {'before' if before else 'after'} step {at}"
        assert desk.executor.working_positions == frozenset(), said
        assert not desk.broker.open_orders(), said
        # what the reports say and what the broker holds is one and the same
        told = dict(held)
        for fill in desk.reports:
            if hasattr(fill, "quantity"):
                told[fill.contract] = told.get(fill.contract, 0) + fill.quantity
        assert {c: q for c, q in told.items() if q} == {c: q for c, q in desk.broker.holdings.items() if q}, said
        finals = [report for report in desk.reports if getattr(report, "final", False)]
        assert len(finals) <= 1, said
        if intent.purpose is Purpose.ENTRY:
            units = {desk.broker.holdings.get(leg.contract, 0) / leg.ratio for leg in intent.legs}
            assert len(units) == 1 and 0 <= units.pop() <= UNITS, said
        elif intent.purpose is Purpose.EXIT and finals:
            assert not any(desk.broker.holdings.values()), said


def test_an_exit_that_was_stored_but_not_sent_goes_on_after_the_restart():
    desk = CrashingDesk(-1, True, HELD)
    desk.at = 2                                    # 1: the journal; 2: the send
    with pytest.raises(Crash):
        desk.start(CLOSE)
    desk.reborn(tags=False)
    desk.minutes(1)
    assert [sent[3] for sent in desk.broker.sent] == [f"{CLOSE.id}#2"]


def test_an_entry_that_was_stored_but_not_sent_is_over_after_the_restart():
    desk = CrashingDesk(2, True, {})
    with pytest.raises(Crash):
        desk.start(SPREAD)
    desk.reborn(tags=True)
    desk.minutes(1)
    desk.take()
    assert [outcome[0] for outcome in desk.finals()] == ["NOT_FILLED"]
    assert desk.start(SPREAD) is False and desk.broker.sent == []


def test_open_orders_without_an_intent_are_cancelled_when_ours_and_left_alone_otherwise():
    desk = Desk(quotes=dict(QUOTES))
    tagged = OpenOrder(order_id=7, contract=SHORT, quantity=-1, tag="lt112/202407261100:ENTRY:202407261100#1")
    strange = OpenOrder(order_id=8, contract=LONG, quantity=1, tag="")
    desk.broker.cancel = lambda ids: desk.broker.cancels.append(ids) or True
    report = desk.executor.recover(desk.now, (tagged, strange), {})
    assert (report.orphan_ids, report.foreign_ids) == ((7,), (8,))
    assert desk.broker.cancels == [(7,)]


def test_order_filled_while_we_were_away_is_found_in_the_holdings():
    desk = CrashingDesk(-1, True, {})
    desk.start(SPREAD)
    desk.broker.fill(SHORT, told=False)
    desk.broker.fill(LONG, told=False)
    desk.reborn(tags=False)
    desk.take()
    assert [outcome[:2] + outcome[3:] for outcome in desk.finals()] == [("FILLED", True, UNITS)]


def test_holdings_that_cannot_come_from_the_order_wait_for_the_operator():
    desk = CrashingDesk(-1, True, {})
    desk.start(SPREAD)
    desk.broker.fill(SHORT, told=False)
    desk.broker.fill(LONG, told=False)
    desk.broker.holdings[SHORT] = -5
    desk.reborn(tags=False)
    desk.take()
    assert desk.outcomes() == [("UNKNOWN", False, "HOLDINGS_DISAGREE", 0)]
    assert desk.executor.halted_by == (SPREAD.id,)
    desk.executor.reconcile(desk.now, desk.broker.holdings, accept=True)
    assert [outcome[0] for outcome in desk.outcomes()] == ["UNKNOWN", "NOT_FILLED"]


def test_a_send_that_never_returned_is_found_again_by_its_tag():
    desk = Desk(quotes=dict(QUOTES), explode=True)
    with pytest.raises(RuntimeError):
        desk.start(SPREAD)
    desk.minutes(1)
    desk.broker.fill_all()
    assert [outcome[0] for outcome in desk.finals()] == ["FILLED"]
    assert len(desk.broker.sent) == 1


def test_restore_refuses_contradictions():
    desk = Desk(quotes=dict(QUOTES))
    desk.start(SPREAD)
    facts = desk.executor.facts()
    facts["finished"] = [SPREAD.id]
    with pytest.raises(IntegrityError, match="both working and finished"):
        AtomicOrderExecutor(desk.broker, desk.journal, desk.positions).restore(facts)


@pytest.mark.parametrize("script", SCRIPTS)
def test_facts_survive_json_in_every_state(script):
    intent, holdings, steps = SCRIPTS[script]
    desk = Desk(quotes=dict(QUOTES), holdings=dict(holdings))

    def check() -> None:
        facts = json.loads(json.dumps(desk.executor.facts()))
        other = AtomicOrderExecutor(desk.broker, desk.journal, desk.positions)
        other.restore(facts)
        assert other.facts() == facts

    original = desk.journal.save
    desk.journal.save = lambda facts: (original(facts), check())
    desk.start(intent)
    steps(desk)
    assert desk.journal.count > 2


def test_fills_told_again_after_a_restart_count_once():
    desk = CrashingDesk(-1, True, {})
    desk.start(SPREAD)
    desk.broker.fill(SHORT, 1, told=False)
    desk.reborn(tags=False)
    order = next(order for order in desk.broker.orders.values() if order.contract == SHORT)
    desk.broker.say(order.id, OrderStatus.PARTIALLY_FILLED, -1, 3.05)
    desk.take()
    assert desk.net() == {SHORT: -1}


def test_events_that_come_before_the_recovery_are_kept_for_it():
    desk = CrashingDesk(-1, True, {})
    desk.start(SPREAD)
    desk.broker.restart(tags=True)
    executor = AtomicOrderExecutor(desk.broker, desk.journal, desk.positions)
    executor.restore(json.loads(json.dumps(desk.journal.saved)))
    desk.broker.hear, desk.executor = executor.on_order_event, executor
    before = desk.broker.open_orders(), dict(desk.broker.holdings)
    desk.broker.fill_all()
    executor.recover(desk.now, *before)
    desk.take()
    assert [outcome[0] for outcome in desk.finals()] == ["FILLED"] and not any(fill.deduced for fill in desk.fills())


def test_an_event_of_this_life_is_not_taken_for_one_of_the_last_with_its_numbers():
    desk = CrashingDesk(-1, True, {})
    desk.start(SPREAD)
    desk.broker.fill(SHORT, 1)
    desk.reborn(tags=True)
    desk.broker.fill_all()
    desk.take()
    assert [fill.quantity for fill in desk.fills() if fill.contract == SHORT] == [-1, 1 - UNITS]


def test_an_open_order_on_our_contract_with_another_tag_is_not_taken_for_ours():
    desk = CrashingDesk(-1, True, {})
    desk.start(SPREAD)
    other = OpenOrder(order_id=90, contract=SHORT, quantity=-1, tag="by hand")
    desk.broker.restart(tags=True)
    desk.executor = AtomicOrderExecutor(desk.broker, desk.journal, desk.positions)
    desk.executor.restore(json.loads(json.dumps(desk.journal.saved)))
    report = desk.executor.recover(desk.now, (other,) + desk.broker.open_orders(), {})
    assert report.foreign_ids == (90,) and report.adopted == (SPREAD.id,)


def test_legs_that_came_apart_while_we_were_away_are_evened_out_after_a_minute():
    desk = CrashingDesk(-1, True, {})
    desk.start(SPREAD)
    desk.broker.fill(SHORT, 1, told=False)
    desk.reborn(tags=False)
    assert desk.broker.cancels == []
    desk.minutes(1)
    assert len(desk.broker.cancels) == 1 and [sent[0] for sent in desk.broker.sent[1:]] == [((SHORT, 1),)]


def test_facts_older_than_the_positions_can_be_told():
    desk = CrashingDesk(-1, True, {})
    desk.start(SPREAD)
    old = json.loads(json.dumps(desk.journal.saved))
    desk.broker.fill_all()
    taken = desk.executor.drain()[-1].sequence
    for facts, stale in ((old, True), (desk.journal.saved, False)):
        executor = AtomicOrderExecutor(desk.broker, desk.journal, desk.positions)
        executor.restore(facts)
        assert (executor.reported < taken) is stale


# --- prices of fills that nobody told -------------------------------------------------------------------------------
# After a restart nothing has a quote yet: what an unreported fill cost is what the broker says it cost, or follows from
# the limit.

def filled_while_dead(legs, quantity=UNITS, purpose=Purpose.ENTRY, held=(), filled=None, paid=None):
    """An order goes out, the process dies, ``filled`` (or all) is traded, and the new process has no quotes."""
    desk = CrashingDesk(at=-1, before=False, holdings=dict(held))
    desk.start(make_intent(legs, quantity, purpose))
    limit = desk.broker.orders[1].limit
    for contract in (legs if filled is None else filled):
        desk.broker.fill(contract, told=False)
    desk.broker.orders = {}
    desk.broker.paid = dict(paid or {})
    desk.broker.quotes.clear()
    desk.reborn(tags=True)
    return desk, limit


@pytest.mark.parametrize("legs", ({LONG: 1, SHORT: -1}, {SHORT: -1, LONG: 1}, {OLD: 1, NEW: -1}, {NEW: -1}, {OLD: 1}))
def test_without_quotes_a_deduced_entry_costs_its_limit(legs):
    desk, limit = filled_while_dead(legs)
    fills = desk.fills()
    assert {fill.contract: fill.quantity for fill in fills} == {leg: UNITS * ratio for leg, ratio in legs.items()}
    assert sum(fill.quantity * fill.price for fill in fills) / UNITS == pytest.approx(limit)
    assert all(fill.price >= 0.0 for fill in fills)


def test_what_the_broker_says_it_cost_goes_before_the_limit():
    desk, _ = filled_while_dead({LONG: 1, SHORT: -1}, paid={LONG: 2.04, SHORT: 3.07})
    assert {fill.contract: fill.price for fill in desk.fills()} == {LONG: 2.04, SHORT: 3.07}


def test_one_leg_alone_costs_what_the_broker_says():
    """The limit of the whole says nothing of one leg: its repair would be booked as a great loss."""
    desk, _ = filled_while_dead({LONG: 1, SHORT: -1}, filled=(SHORT,), paid={SHORT: 3.07})
    assert [(fill.contract, fill.price) for fill in desk.fills()] == [(SHORT, 3.07)]


def test_a_deduced_exit_without_quotes_costs_its_limit():
    legs = {SHORT: 1, LONG: -1}
    desk, limit = filled_while_dead(legs, purpose=Purpose.EXIT, held=HELD)
    assert sum(fill.quantity * fill.price for fill in desk.fills()) / UNITS == pytest.approx(limit)


def test_an_average_over_more_than_the_fill_is_not_its_price():
    desk, limit = filled_while_dead({OLD: 1, NEW: -1}, held={OLD: 3}, paid={OLD: 9.0, NEW: 1.05})
    prices = {fill.contract: fill.price for fill in desk.fills()}
    assert prices[NEW] == 1.05 and prices[OLD] == pytest.approx(limit + 1.05)
