"""Which quotes are marks: a lie of a minute is none, the market's own jumps are, whatever held is one in the end."""
from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Contract, ContractKind, HeldLeg, Quote, Right
from core.quote_screen import QuoteScreen
from tests.builders import make_contract, make_position, make_quote

NOON = datetime(2024, 7, 26, 12, 0)
MINUTE = timedelta(minutes=1)
EXPIRY = date(2024, 11, 15)
SHORT, LONG = make_contract(525.0, expiry=EXPIRY), make_contract(520.0, expiry=EXPIRY)
BESIDE = make_contract(530.0, expiry=EXPIRY)


class World:
    """A market that stands still unless it is told to move."""

    def __init__(self) -> None:
        self.price: float | None = 544.0
        self.volatility: float | None = 16.0
        self.raw: dict[Contract, Quote] = {}
        self.screen = QuoteScreen(self)

    def price_under(self, contract: Contract) -> float | None:
        return self.price

    def vix(self) -> float | None:
        return self.volatility

    def last_quote(self, contract: Contract) -> Quote | None:
        return self.raw.get(contract)

    def at(self, minutes: float, mid: float, contract: Contract = SHORT, half: float = 0.02) -> float:
        """Mid that is believed of a quote around ``mid``."""
        quote = self.raw[contract] = Quote(bid=mid - half, ask=mid + half, time=NOON + minutes * MINUTE)
        return round(self.screen.believed(contract, quote).mid, 9)

    def asked(self, contract: Contract = SHORT) -> float:
        """What is believed of the last quote when it is asked for again."""
        return round(self.screen.believed(contract, self.raw[contract]).mid, 9)

    def held(self, *legs: tuple[Contract, int]) -> None:
        position = make_position(*(HeldLeg(contract=leg, quantity=count, average_price=1.0) for leg, count in legs))
        self.screen.positions = lambda: (position,)


def test_a_lie_of_one_minute_never_counts() -> None:
    """0.05 by ten times its ask, everything else calm."""
    world = World()
    assert world.at(0, 2.00) == 2.00
    lie = world.raw[SHORT] = Quote(bid=0.05, ask=20.2, time=NOON + MINUTE)
    assert world.screen.believed(SHORT, lie) == Quote(bid=1.98, ask=2.02, time=NOON), "with its own time"
    assert world.asked() == 2.00 and world.at(2, 2.01) == 2.01


@pytest.mark.parametrize("mid, believed", [(3.00, 3.00), (3.01, 2.00), (1.00, 1.00), (0.99, 2.00)])
def test_half_of_its_value_is_no_jump_and_more_is(mid: float, believed: float) -> None:
    world = World()
    world.at(0, 2.00)
    assert world.at(1, mid) == believed


@pytest.mark.parametrize("price, volatility, believed", [
    (544.0 * 1.003, 16.0, 4.0), (544.0 * 1.00299, 16.0, 2.0), (544.0 * 0.997, 16.0, 4.0), (544.0 * 0.99701, 16.0, 2.0),
    (544.0, 17.0, 4.0), (544.0, 16.99, 2.0), (544.0, 15.0, 4.0), (None, 16.0, 2.0), (544.0, None, 2.0), (None, None, 2.0)])
def test_a_market_that_moved_explains_a_jump(price: float | None, volatility: float | None, believed: float) -> None:
    world = World()
    world.at(0, 2.0)
    world.price, world.volatility = price, volatility
    assert world.at(1, 4.0) == believed


def test_the_move_is_measured_from_the_quote_that_was_believed() -> None:
    """Not from the minute before: a slow move of ten minutes explains what the first new quote shows."""
    world = World()
    world.at(0, 2.0)
    for minute in range(1, 9):
        world.price = 544.0 * (1.0 + 0.0005 * minute)
        world.at(minute, 1.0, BESIDE)
    assert world.at(8, 4.0) == 4.0


def test_what_holds_for_three_minutes_counts() -> None:
    world = World()
    world.at(0, 2.0)
    assert [world.at(minute, mid) for minute, mid in ((1, 4.0), (2, 4.1), (3, 3.9))] == [2.0] * 3
    assert world.at(4, 4.0) == 4.0 and world.at(5, 4.2) == 4.2


def test_what_is_merely_followed_by_no_other_quote_has_not_held() -> None:
    world = World()
    world.at(0, 2.0)
    assert world.at(1, 4.0) == 2.0
    assert [world.asked() for _ in range(20)] == [2.0] * 20


@pytest.mark.parametrize("mids", [(4.0, 2.0, 4.0, 4.0), (4.0, 8.0, 8.0, 8.0), (4.0, 0.5, 4.0, 0.5)])
def test_what_does_not_stay_where_it_jumped_begins_anew(mids: tuple[float, ...]) -> None:
    world = World()
    world.at(0, 2.0)
    for minute, mid in enumerate(mids, 1):
        assert world.at(minute, mid) == 2.0


@pytest.mark.parametrize("strike, mids, believed", [
    (530.0, (3.0, 6.0), 4.0), (520.0, (1.5, 3.0), 4.0), (530.0, (3.0, 3.1), 2.0), (530.0, (3.0, 1.0), 2.0)])
def test_a_jump_that_a_neighbour_follows_counts(strike: float, mids: tuple[float, float], believed: float) -> None:
    world, beside = World(), make_contract(strike, expiry=EXPIRY)
    world.at(0, 2.0)
    world.at(0, mids[0], beside)
    world.raw[beside] = make_quote(mids[1] - 0.02, mids[1] + 0.02, NOON + MINUTE)
    assert world.at(1, 4.0) == believed


def test_both_of_two_neighbours_that_jump_together_count_whichever_is_asked_first() -> None:
    for first, other in ((SHORT, LONG), (LONG, SHORT)):
        world = World()
        world.at(0, 2.0, first)
        world.at(0, 2.0, other)
        world.raw[other] = make_quote(3.98, 4.02, NOON + MINUTE)
        assert world.at(1, 4.0, first) == 4.0 and world.asked(other) == 4.0


@pytest.mark.parametrize("beside", [
    make_contract(530.0, Right.CALL, EXPIRY), make_contract(530.0, expiry=date(2024, 11, 22)),
    make_contract(530.0, expiry=EXPIRY, underlying="QQQ"), make_contract(530.0, expiry=EXPIRY, root="SPYW")])
def test_only_strikes_of_the_same_series_are_neighbours(beside: Contract) -> None:
    world = World()
    world.at(0, 2.0)
    world.at(0, 2.0, beside)
    world.raw[beside] = make_quote(3.98, 4.02, NOON + MINUTE)
    assert world.at(1, 4.0) == 2.0


def test_only_the_nearest_strike_on_each_side_is_a_neighbour() -> None:
    world, far = World(), make_contract(540.0, expiry=EXPIRY)
    for contract in (SHORT, BESIDE, far):
        world.at(0, 2.0, contract)
    world.raw[far] = make_quote(3.98, 4.02, NOON + MINUTE)
    assert world.at(1, 4.0) == 2.0


@pytest.mark.parametrize("mid, believed", [(4.9, 4.9), (6.06, 6.06), (6.08, 0.6)])
def test_a_jump_in_a_wild_market_must_fit_the_structures(mid: float, believed: float) -> None:
    """A 5-wide spread is worth 5 at most, within half the spreads its quotes had."""
    world = World()
    world.held((SHORT, -4), (LONG, 4))
    world.at(0, 0.6)
    world.at(0, 1.03, LONG)
    world.price = 500.0
    assert world.at(1, mid) == believed


@pytest.mark.parametrize("mid, believed", [(10.50, 10.50), (10.57, 10.57), (10.58, 8.00), (11.90, 8.00)])
def test_a_change_that_is_no_jump_must_fit_them_too(mid: float, believed: float) -> None:
    """Of a dear leg less than half its value is more than a 5-wide spread can be worth."""
    world = World()
    world.held((SHORT, -4), (LONG, 4))
    world.at(0, 8.00)
    world.at(0, 5.53, LONG)
    assert world.at(1, mid) == believed
    assert world.at(2, 8.10) == 8.10


def test_what_does_not_fit_a_structure_counts_once_it_has_held() -> None:
    world = World()
    world.held((SHORT, -4), (LONG, 4))
    world.at(0, 0.6)
    world.at(0, 1.03, LONG)
    world.price = 500.0
    assert [world.at(minute, 7.0) for minute in (1, 2, 3, 4)] == [0.6, 0.6, 0.6, 7.0]


@pytest.mark.parametrize("first, other", [(SHORT, LONG), (LONG, SHORT)])
def test_in_a_crash_all_legs_of_a_structure_count_at_once_whichever_is_asked_first(first: Contract, other: Contract) -> None:
    """A leg is held against the other legs' quotes of its own moment, not against those before the fall."""
    world = World()
    world.held((SHORT, -4), (LONG, 4))
    before, after = {SHORT: 10.2, LONG: 9.1}, {SHORT: 46.0, LONG: 43.5}
    for contract, mid in before.items():
        world.at(0, mid, contract)
    world.price = 520.0
    for contract, mid in after.items():
        world.raw[contract] = Quote(bid=mid - 0.02, ask=mid + 0.02, time=NOON + MINUTE)
    assert world.asked(first) == after[first] and world.asked(other) == after[other]
    assert world.screen.drain_notes() == ()


def test_a_leg_that_waited_for_the_others_quote_counts_as_soon_as_that_is_there() -> None:
    """Far expiries are not all quoted in the same minute."""
    world = World()
    world.held((SHORT, -4), (LONG, 4))
    world.at(0, 10.2)
    world.at(0, 9.1, LONG)
    world.price = 520.0
    assert world.at(1, 46.0) == 10.2
    assert world.at(2, 43.5, LONG) == 43.5 and world.asked() == 46.0


def test_a_lie_beside_it_does_not_hold_back_an_honest_leg() -> None:
    world = World()
    world.held((SHORT, -4), (LONG, 4))
    world.at(0, 1.6)
    world.at(0, 1.1, LONG)
    world.raw[SHORT] = Quote(bid=0.05, ask=50.0, time=NOON + MINUTE)
    assert world.at(1, 1.25, LONG) == 1.25 and world.asked() == 1.6


def test_a_structure_that_cannot_be_judged_holds_nothing_back() -> None:
    shares = Contract(underlying="SPY", expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.EQUITY, multiplier=1.0)
    for legs in (((SHORT, -4), (LONG, 4)), ((SHORT, -1), (shares, 100))):
        world = World()
        world.held(*legs)
        world.at(0, 0.6)
        world.price = 500.0
        assert world.at(1, 7.0) == 7.0


def test_after_a_long_while_there_is_nothing_to_compare_with() -> None:
    world = World()
    world.at(0, 2.0)
    assert world.at(10, 4.0) == 2.0
    assert World().at(0, 9.0) == 9.0
    other = World()
    other.at(0, 2.0)
    assert other.at(10.02, 4.0) == 4.0


@pytest.mark.parametrize("quote", [make_quote(1.0, 0.0, NOON + MINUTE), make_quote(3.0, 2.0, NOON + MINUTE),
                                   make_quote(float("nan"), 2.0, NOON + MINUTE)])
def test_a_quote_without_a_price_is_handed_on_and_forgets_nothing(quote: Quote) -> None:
    world = World()
    world.at(0, 2.0)
    assert world.screen.believed(SHORT, quote) is quote
    assert world.at(2, 4.0) == 2.0


def test_a_contract_that_was_unsubscribed_begins_anew() -> None:
    world = World()
    world.at(0, 2.0)
    world.screen.forget(SHORT)
    world.screen.forget(SHORT)
    assert world.at(1, 9.0) == 9.0


def test_a_doubt_is_told_once() -> None:
    world = World()
    world.at(0, 2.0)
    for minute in (1, 2, 3):
        world.at(minute, 4.0)
    ((event, facts),) = world.screen.drain_notes()
    assert event == "QUOTE_DOUBTED" and facts["contract"] == SHORT.id and facts["believed_time"] == NOON
    assert (facts["bid"], facts["ask"], facts["believed_bid"], facts["believed_ask"]) == (3.98, 4.02, 1.98, 2.02)
    assert world.screen.drain_notes() == ()


def test_the_market_is_read_once_for_each_new_time_of_an_underlying() -> None:
    world, reads = World(), []
    world.price_under = lambda contract: reads.append(contract) or 544.0  # type: ignore[method-assign]
    for contract in (SHORT, LONG, BESIDE):
        world.at(0, 2.0, contract)
        world.at(1, 2.0, contract)
    assert len(reads) == 2


@given(st.lists(st.floats(min_value=0.20, max_value=50.0), min_size=1, max_size=30), st.integers(0, 29))
def test_one_lying_minute_changes_nothing_but_itself(mids: list[float], where: int) -> None:
    """Whatever a contract did before, a lie of one minute among quotes that stand still is never believed."""
    world, last = World(), mids[0]
    for minute, mid in enumerate(mids):
        last = world.at(4 * minute, mid)
    truth = [world.at(4 * len(mids) + minute, last) for minute in range(3)]
    assert truth == [pytest.approx(last)] * 3
    start = 4 * len(mids) + 3
    assert world.at(start, 0.2 * last if where % 2 else 6.0 * last) == pytest.approx(last)
    assert world.at(start + 1, last) == pytest.approx(last)


def test_whoever_only_looks_moves_nothing() -> None:
    """Two worlds, one of them looked at each minute: what is believed stays the same, and a jump is not shown."""
    quiet, watched = World(), World()
    for minutes, mid in enumerate((2.00, 2.01, 9.00, 2.02, 2.02, 4.50, 4.50, 4.50, 4.50, 4.55)):
        shown = Quote(bid=mid - 0.02, ask=mid + 0.02, time=NOON + minutes * MINUTE)
        seen = watched.screen.shown(SHORT, shown)
        if minutes % 3 == 0:
            assert quiet.at(minutes, mid) == watched.at(minutes, mid)
        assert minutes == 0 or seen.mid < 3.0 or minutes > 8, "the jump is shown once it is believed"
    assert quiet.screen.drain_notes() == watched.screen.drain_notes()


def test_a_quote_without_a_price_is_shown_as_it_is() -> None:
    world, dead = World(), Quote(bid=0.0, ask=0.0, time=NOON)
    world.at(0, 2.00)
    assert world.screen.shown(SHORT, dead) is dead
