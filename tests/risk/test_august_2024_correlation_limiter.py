from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.instruments import INSTRUMENTS
from config.strategy_parameters import SPECS
from core.codes import RefusalCode
from core.errors import IntegrityError
from core.guards import OpenRisk
from core.model import HeldLeg, Refused
from risk.august_2024_correlation_limiter import (CORR_TOO_SHORT, August2024CorrelationLimiter, CorrelationReading,
                                                  check_counts, pair_correlation)
from tests.builders import make_contract, make_position, make_quote, make_snapshot, make_underlying

START = datetime(2024, 8, 5, 9, 35)
STEP = timedelta(minutes=5)


def risk(underlying: str = "SPY", short_volatility: bool = True) -> OpenRisk:
    return OpenRisk(strategy="lt112", underlying=underlying, short_volatility=short_volatility)


def code(answer: Refused | None) -> RefusalCode | None:
    return None if answer is None else answer.code


def orthogonal(count: int, length: int = 64) -> list[np.ndarray]:
    """Series of mean 0 and equal length, uncorrelated with each other."""
    angle = 2.0 * math.pi * np.arange(length) / length
    return [np.cos(angle * (k + 1)) for k in range(count)]


def limiter(pnl: dict[str, np.ndarray], returns: dict[str, np.ndarray] | None = None
            ) -> tuple[August2024CorrelationLimiter, datetime]:
    made = August2024CorrelationLimiter()
    returns = returns or {}
    length = len(next(iter((pnl | returns).values())))
    for place in range(length):
        made.record_marks(START + place * STEP, {name: float(series[place]) for name, series in pnl.items()},
                          {name: float(series[place]) for name, series in returns.items()})
    return made, START + (length - 1) * STEP


def correlated(value: float, length: int = 64) -> tuple[np.ndarray, np.ndarray]:
    one, other = orthogonal(2, length)
    return one, value * one + math.sqrt(1.0 - value * value) * other


# --- counts


def test_three_per_group() -> None:
    assert check_counts(risk("QQQ"), [risk("SPY"), risk("/ES")]) is None
    assert code(check_counts(risk("QQQ"), [risk("SPY"), risk("/ES"), risk("IWM")])) is RefusalCode.GROUP_FULL
    assert check_counts(risk("/CL"), [risk("SPY"), risk("/ES"), risk("IWM")]) is None


def test_five_short_volatility() -> None:
    book = [risk("SPY"), risk("/ES"), risk("/CL"), risk("/GC")]
    assert check_counts(risk("/MCL"), book) is None
    assert code(check_counts(risk("/MCL"), [*book, risk("TLT")])) is RefusalCode.SHORT_VOLATILITY_FULL
    assert check_counts(risk("/MCL", short_volatility=False), [*book, risk("TLT")]) is None


def test_ten_in_all() -> None:
    quiet = [risk(name, short_volatility=False) for name in ("SPY", "QQQ", "/CL", "/MCL", "/GC", "/SI", "TLT", "/ZB",
                                                             "AAPL")]
    assert check_counts(risk("MSFT"), quiet) is None
    full = [*quiet, risk("MSFT", short_volatility=False)]
    assert code(check_counts(risk("AAPL"), full)) is RefusalCode.LIMITER_FULL


def test_an_underlying_without_a_group_cannot_be_counted() -> None:
    assert code(check_counts(risk("TSLA"), [])) is RefusalCode.GUARD_CANNOT_COMPUTE


# --- correlation


def test_sixty_common_marks_are_enough_and_59_are_not() -> None:
    one, other = correlated(0.5)
    assert pair_correlation(one[:60], other[:60])[0] is not None
    assert pair_correlation(one[:59], other[:59]) == (None, 59)
    holes = one.copy()
    holes[:5] = np.nan
    assert pair_correlation(holes, other) == (None, 59)


def test_a_series_that_does_not_move_has_no_correlation() -> None:
    assert pair_correlation(np.zeros(64), orthogonal(1)[0]) == (None, 64)


def test_reading_is_the_mean_of_the_pairs() -> None:
    one, two, three = orthogonal(3)
    made, now = limiter({"SPY": one, "/CL": one + 0.0, "/GC": two, "TLT": three})
    assert made.reading().value == pytest.approx(1.0 / 6.0)
    assert made.reading().underlyings == 4 and made.reading().note == ""


def test_one_underlying_is_too_few() -> None:
    made, now = limiter({"SPY": orthogonal(1)[0]})
    reading = made.reading()
    assert (reading.value, reading.underlyings, reading.note) == (None, 1, CORR_TOO_SHORT)
    empty = August2024CorrelationLimiter().reading()
    assert (empty.value, empty.underlyings, empty.marks, empty.note) == (None, 0, 0, CORR_TOO_SHORT)


def test_two_underlyings_are_enough() -> None:
    made, now = limiter(dict(zip(("SPY", "/CL"), correlated(0.9))))
    reading = made.reading()
    assert reading.value == pytest.approx(0.9) and (reading.underlyings, reading.marks) == (2, 64)
    assert reading.for_recovery == reading.value


def test_recovery_takes_one_underlying_for_none_and_two_unknown_for_unknown() -> None:
    assert CorrelationReading(value=None, underlyings=1, marks=0).for_recovery == 0.0
    assert CorrelationReading(value=None, underlyings=2, marks=59).for_recovery is None


def test_too_few_marks_are_recorded_as_such() -> None:
    one, other = correlated(0.9, 59)
    made, now = limiter({"SPY": one, "/CL": other})
    reading = made.reading()
    assert (reading.value, reading.marks, reading.note) == (None, 59, CORR_TOO_SHORT)


def test_the_last_78_marks_count_whatever_nights_lie_between() -> None:
    """A day's of session time: Friday's marks on a Monday morning, as on 5 August 2024."""
    one, other = correlated(0.9, 100)
    made, friday = limiter({"SPY": one, "/CL": other})
    assert made.reading().marks == 78 and len(made.facts()["marks"]) == 78
    latest = August2024CorrelationLimiter()
    monday = friday + timedelta(days=3)
    for place in range(100):
        day, step = (friday, place - 99) if place < 40 else (monday, place)
        latest.record_marks(day + step * STEP, {"SPY": float(one[place]), "/CL": float(other[place])}, {})
    assert latest.reading() == made.reading() and latest.reading().value is not None


def test_the_book_is_what_the_last_mark_holds() -> None:
    one, other = correlated(0.9)
    made, now = limiter({"SPY": one, "/CL": other})
    made.record_marks(now + STEP, {"SPY": 1.0}, {})
    assert made.reading().underlyings == 1


def blocked(book: dict[str, np.ndarray], candidate: np.ndarray, delta: float | None = 1.0, underlying: str = "/GC"
            ) -> bool:
    made, _ = limiter(book, {underlying: candidate})
    answer = made.check(risk(underlying), [], delta)
    assert code(answer) in (None, RefusalCode.CORRELATION_HIGH)
    return answer is not None


def test_070_blocks_and_a_little_less_does_not() -> None:
    one, other = correlated(0.70)
    assert blocked({"SPY": one}, other)
    one, other = correlated(0.699)
    assert not blocked({"SPY": one}, other)


def test_a_book_that_is_not_correlated_takes_a_candidate_that_is_with_a_part_of_it() -> None:
    one, other = orthogonal(2)
    assert not blocked({"SPY": one, "/CL": other}, one + other), "0, 0.71 and 0.71: a mean of 0.47"


def test_the_sign_of_the_delta_turns_the_candidate() -> None:
    one, other = correlated(0.9)
    assert blocked({"SPY": one}, other, delta=0.01)
    assert not blocked({"SPY": one}, other, delta=-0.01)
    assert blocked({"SPY": one}, -other, delta=-5.0)


def test_without_a_delta_or_marks_the_counts_decide() -> None:
    one, other = correlated(0.9)
    assert not blocked({"SPY": one}, other, delta=None)
    assert not blocked({"SPY": one}, other, delta=0.0)
    one, other = correlated(0.9, 59)
    assert not blocked({"SPY": one}, other)


@pytest.mark.parametrize("strategy, index, underlying", [
    ("friday_0dte", "VIX", "SPY"), ("butterfly", "VIX", "SPY"), ("futures_strangle", "OVX", "/MCL")])
def test_a_bet_on_volatility_counts_with_minus_the_change_of_its_volatility(strategy: str, index: str,
                                                                            underlying: str) -> None:
    """A condor, a butterfly and a strangle have no direction: what hurts them is volatility, whatever their delta says."""
    volatility, other = orthogonal(2)
    candidate = OpenRisk(strategy=strategy, underlying=underlying, short_volatility=True,
                         bets_on_volatility=SPECS[strategy].bets_on_volatility)
    hurt, _ = limiter({"QQQ": -volatility, "/GC": other}, {index: volatility, underlying: other})
    for delta in (None, 0.0, 1.0, -1.0):
        alone, _ = limiter({"QQQ": -volatility}, {index: volatility, underlying: other})
        assert code(alone.check(candidate, [], delta)) is RefusalCode.CORRELATION_HIGH
        assert hurt.check(candidate, [], delta) is None, "1, 0 and 0"
    spared, _ = limiter({"QQQ": volatility}, {index: volatility, underlying: other})
    assert spared.check(candidate, [], 1.0) is None
    with_its_price, _ = limiter({"QQQ": other}, {index: volatility, underlying: other})
    assert with_its_price.check(candidate, [], 1.0) is None, "its return is not what it is about"
    assert code(with_its_price.check(risk(underlying), [], 1.0)) is RefusalCode.CORRELATION_HIGH


def test_every_bet_on_volatility_is_short_volatility_on_both_sides() -> None:
    neutral = {name for name, spec in SPECS.items() if spec.short_volatility} - {"lt112", "ratio"}
    assert {name for name, spec in SPECS.items() if spec.bets_on_volatility} == neutral
    assert all(INSTRUMENTS[ticker].volatility_index for name in neutral for ticker in SPECS[name].underlyings)


def test_a_candidate_that_moves_against_the_book_is_let_through() -> None:
    one, other = correlated(0.95)
    made, _ = limiter({"SPY": one, "/CL": other}, {"/GC": one})
    assert made.check(risk("/GC"), [], -1.0) is None
    assert code(made.check(risk("/GC"), [], 1.0)) is RefusalCode.CORRELATION_HIGH


def test_an_underlying_of_the_book_adds_no_second_series() -> None:
    one, other = correlated(0.95)
    made, _ = limiter({"SPY": one, "/CL": other}, {"SPY": one})
    assert code(made.check(risk("SPY"), [], 1.0)) is RefusalCode.CORRELATION_HIGH
    assert made.check(risk("SPY"), [], -1.0) is None
    alone, _ = limiter({"SPY": one}, {"SPY": one})
    assert alone.check(risk("SPY"), [], 1.0) is None, "one underlying is too few"


def test_a_delta_that_is_no_number_cannot_be_judged() -> None:
    made = August2024CorrelationLimiter()
    assert code(made.check(risk(), [], math.nan)) is RefusalCode.GUARD_CANNOT_COMPUTE


def test_counts_come_first() -> None:
    one, other = correlated(0.95)
    made, _ = limiter({"SPY": one}, {"/GC": other})
    answer = made.check(risk("/GC"), [risk("/GC"), risk("/MGC"), risk("/SI")], 1.0)
    assert code(answer) is RefusalCode.GROUP_FULL


# --- marks


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_marks_must_be_finite_and_ascend(value: float) -> None:
    made = August2024CorrelationLimiter()
    with pytest.raises(IntegrityError):
        made.record_marks(START, {"SPY": value}, {})
    with pytest.raises(IntegrityError):
        made.record_marks(START, {}, {"SPY": value})
    made.record_marks(START, {}, {})
    with pytest.raises(IntegrityError):
        made.record_marks(START, {}, {})


def snapshot(time: datetime, bid: float, price: float, cash: float = 100.0, quoted: bool = True):
    contract = make_contract(500.0)
    position = make_position(HeldLeg(contract=contract, quantity=-2, average_price=1.0), cash_flow_usd=cash)
    quotes = {contract.id: make_quote(bid, bid + 0.02, time)} if quoted else {}
    return make_snapshot(time, positions=(position,), quotes=quotes,
                         underlyings={"SPY": make_underlying(price=price, time=time)})


def test_observe_marks_changes_five_minutes_apart() -> None:
    made = August2024CorrelationLimiter()
    assert not made.observe(snapshot(START, 1.00, 500.0))
    assert not made.observe(snapshot(START + timedelta(minutes=1), 9.0, 500.0)), "between two marks"
    assert made.observe(snapshot(START + STEP, 1.10, 505.0))
    [[text, pnl, returns]] = made.facts()["marks"]
    assert text == (START + STEP).isoformat()
    assert pnl["SPY"] == pytest.approx(-20.0) and returns["SPY"] == pytest.approx(0.01)


def test_observe_counts_cash_and_skips_nights_and_unquoted_positions() -> None:
    made = August2024CorrelationLimiter()
    made.observe(snapshot(START, 1.00, 500.0))
    assert not made.observe(snapshot(START + timedelta(minutes=10, seconds=1), 1.0, 500.0)), "no 5-minute change"
    assert made.observe(snapshot(START + timedelta(minutes=20, seconds=1), 1.0, 500.0, cash=130.0)), "ten minutes"
    assert made.facts()["marks"][-1][1]["SPY"] == pytest.approx(30.0)
    made.observe(snapshot(START + timedelta(minutes=25, seconds=1), 1.0, 500.0, quoted=False))
    assert made.facts()["marks"][-1][1] == {}


def book_of_two(time: datetime, bid: float = 1.0, quoted: bool = True):
    """A short put on SPY and one on QQQ; QQQ's may be without a quote."""
    spy, qqq = make_contract(500.0), make_contract(400.0, underlying="QQQ")
    held = tuple(make_position(HeldLeg(contract=contract, quantity=-1, average_price=1.0), id=contract.underlying,
                               underlying=contract.underlying) for contract in (spy, qqq))
    quotes = {contract.id: make_quote(bid, bid + 0.02, time) for contract in ((spy, qqq) if quoted else (spy,))}
    return make_snapshot(time, positions=held, quotes=quotes)


def marked_day() -> tuple[August2024CorrelationLimiter, datetime]:
    """65 checks of a book of two whose options move as one."""
    made, now = August2024CorrelationLimiter(), START
    for number in range(65):
        now = START + number * STEP
        made.observe(book_of_two(now, 1.0 + 0.1 * (number % 2)))
    return made, now


def test_a_leg_without_a_quote_does_not_make_a_book_of_one() -> None:
    """Fewer than two underlyings count as uncorrelated in a recovery; two of which one is dark do not."""
    made, now = marked_day()
    assert made.reading().value == pytest.approx(1.0)
    made.observe(book_of_two(now + STEP, quoted=False))
    reading = made.reading()
    assert (reading.underlyings, reading.marks) == (2, 64) and reading.for_recovery == pytest.approx(1.0)


def test_on_monday_morning_what_was_held_on_friday_is_known() -> None:
    made, now = marked_day()
    monday = now + timedelta(days=3)
    made.observe(book_of_two(monday))
    reading = made.reading()
    assert (reading.underlyings, reading.marks) == (2, 64) and reading.for_recovery == pytest.approx(1.0)
    made.observe(make_snapshot(monday + timedelta(minutes=1)))
    assert made.reading().for_recovery == 0.0, "nothing is held any more"


def test_the_night_itself_is_no_mark() -> None:
    made, now = marked_day()
    before = len(made.facts()["marks"])
    assert not made.observe(book_of_two(now + timedelta(hours=17), 9.0))
    assert len(made.facts()["marks"]) == before
    assert made.observe(book_of_two(now + timedelta(hours=17) + STEP, 9.1))
    assert made.facts()["marks"][-1][1]["SPY"] == pytest.approx(-10.0), "only the five minutes"


def protection(strategy: str, underlying: str, bid: float):
    """One bought contract that is worth ``bid``, and its quote."""
    contract = make_contract(480.0, underlying=underlying)
    held = make_position(HeldLeg(contract=contract, quantity=1, average_price=1.0), id=strategy, strategy=strategy,
                         underlying=underlying)
    return held, {contract.id: make_quote(bid, bid + 0.02)}


def test_bought_protection_is_in_no_series() -> None:
    """Two hedges alone are no book; a rung beside a short put does not pay for its losses."""
    made = August2024CorrelationLimiter()
    for number in range(70):
        now, bid = START + number * STEP, 1.0 + 0.1 * (number % 2)
        short = snapshot(now, bid, 500.0)
        rung, quotes = protection("leap_put_ladder", "SPY", bid)
        call, more = protection("hedge", "VIX", bid)
        made.observe(replace(short, positions=(*short.positions, rung, call), quotes={**short.quotes, **quotes, **more}))
    pnl = [row[1] for row in made.facts()["marks"]]
    assert {tuple(row) for row in pnl} == {("SPY",)} and {round(abs(row["SPY"]), 6) for row in pnl} == {20.0}
    assert made.reading().underlyings == 1
    made.observe(replace(short, time=START + 70 * STEP, positions=(rung, call), quotes={**quotes, **more}))
    assert made.reading().underlyings == 0 and made.reading().for_recovery == 0.0


def test_returns_of_futures_are_those_of_the_first_month() -> None:
    made = August2024CorrelationLimiter()
    for time, near, far in ((START, 5_000.0, 5_100.0), (START + STEP, 5_050.0, 5_100.0)):
        months = {"/ES@240920": make_underlying("/ES", near), "/ES@241220": make_underlying("/ES", far),
                  "BAD": make_underlying("BAD", math.nan, bid=1.0, ask=1.0),
                  "DEAD": make_underlying("DEAD", 0.0)}
        made.observe(make_snapshot(time, underlyings=months))
    assert made.facts()["marks"][-1][2] == {"/ES": pytest.approx(0.01)}


# --- memory


def test_facts_survive_json() -> None:
    one, other = correlated(0.8)
    made, _ = limiter({"SPY": one, "/CL": other}, {"SPY": one})
    restored = August2024CorrelationLimiter()
    restored.restore(json.loads(json.dumps(made.facts())))
    restored.self_check()
    assert restored.reading() == made.reading()
    assert restored.facts() == made.facts()


def test_a_window_that_moves_reads_as_one_laid_out_anew() -> None:
    """Underlyings come and go, marks leave the window: the arrays kept never tell."""
    seen, random = August2024CorrelationLimiter(), np.random.default_rng(1)
    for place in range(400):
        now = START + place * STEP
        held = [name for name, every in (("SPY", 1), ("/ES", 150), ("/GC", 90)) if place // every % 2 == 0 or every == 1]
        seen.record_marks(now, {name: float(random.normal()) for name in held}, {})
        fresh = August2024CorrelationLimiter()
        fresh.restore(seen.facts())
        assert seen.reading() == fresh.reading()


@pytest.mark.parametrize("facts", [{}, {"marks": [], "x": 1}, {"marks": [["soon", {}, {}]]}, {"marks": [[1]]},
                                   {"marks": [["2024-08-05T10:00:00", {"SPY": math.nan}, {}]]}])
def test_foreign_facts_are_refused(facts: dict) -> None:
    with pytest.raises(IntegrityError):
        August2024CorrelationLimiter().restore(facts)


# --- laws


@given(st.permutations(range(4)), st.integers(min_value=0, max_value=1000))
def test_correlation_stays_between_its_bounds_and_does_not_depend_on_names(order: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    series = generator.normal(size=(4, 64))
    names = ("SPY", "/CL", "/GC", "TLT")
    made, _ = limiter({name: series[k] for k, name in enumerate(names)})
    other, _ = limiter({name: series[order[k]] for k, name in enumerate(names)})
    value = made.reading().value
    assert value is not None and -1.0 <= value <= 1.0
    assert other.reading().value == pytest.approx(value)


def test_permutations_of_two_series_agree() -> None:
    for one, other in permutations(correlated(0.6), 2):
        assert pair_correlation(one, other)[0] == pytest.approx(0.6)
