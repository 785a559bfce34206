from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.constants import PHASES
from config.strategy_parameters import FRIDAY_0DTE, FUTURES_STRANGLE, HEDGE, IPMCC, LT112, RATIO, SPECS, StrategySpec
from core.codes import RefusalCode as Code
from core.entry.gate import ORDER
from core.errors import IntegrityError
from core.model import ContractKind, EmergencyLevel, HeldLeg, Mode, PortfolioView, Position, Refused, Snapshot, State
from tests.builders import (FRIDAY, make_account, make_calendar, make_contract, make_position, make_quote,
                            make_snapshot, make_underlying, make_view, make_vix)
from tests.builders_gate import make_gate

NAN = math.nan
ALL = frozenset(SPECS)


def ask(spec: StrategySpec = FRIDAY_0DTE, view: PortfolioView | None = None, **overrides: Any) -> Code | None:
    answer = make_gate().before(spec, make_snapshot(**overrides), view or make_view(enabled=ALL))
    return None if answer is None else answer.code


def viewed(**overrides: Any) -> Code | None:
    return ask(view=make_view(**({"enabled": ALL} | overrides)))


def short(strategy: str = "ratio", underlying: str = "SPY", **overrides: Any) -> Position:
    leg = HeldLeg(contract=make_contract(500.0, expiry=date(2024, 10, 18), underlying=underlying), quantity=-1,
                  average_price=1.0)
    return make_position(leg, strategy=strategy, underlying=underlying, id=f"{strategy}/{underlying}", **overrides)


def long_put(strategy: str = "leap_put_ladder") -> Position:
    leg = HeldLeg(contract=make_contract(500.0, expiry=date(2025, 10, 17)), quantity=1, average_price=9.0)
    return make_position(leg, strategy=strategy, id=f"{strategy}/long")


# --- the order


def test_the_order_is_the_methods_and_nothing_is_left_out() -> None:
    gate = make_gate()
    rows = [row.name for row in gate.before_table] + [row.name for row in gate.after_table]
    assert tuple(dict.fromkeys(rows)) == ORDER
    assert gate.unbuilt == ()
    gate.self_check()


def test_a_gate_that_lacks_a_row_says_so() -> None:
    gate = make_gate()
    gate.unbuilt = ("Greeks",)
    with pytest.raises(IntegrityError):
        gate.self_check()
    gate = make_gate()
    gate.before_table = gate.before_table[::-1]
    with pytest.raises(IntegrityError):
        gate.self_check()


# Each row makes exactly one check refuse; they are stacked from the last to the first, and the first must always win.
FAULTS: tuple[tuple[Code, dict[str, Any], dict[str, Any]], ...] = (
    (Code.MODE_EXITS_ONLY, {}, {"mode": Mode.EXITS_ONLY}),
    (Code.HALTED, {}, {"halted": "operator"}),
    (Code.NO_SESSION, {"calendar": make_calendar(session_open=None, session_close=None)}, {}),
    (Code.VIX_STALE, {"vix": make_vix(5.0, FRIDAY - timedelta(minutes=6))}, {}),
    (Code.UNDERLYING_STALE, {"underlyings": {"SPY": make_underlying(quote_time=FRIDAY - timedelta(minutes=3))}}, {}),
    (Code.VIX_BELOW_BAND, {"vix": make_vix(5.0)}, {}),
    (Code.GUARD_CANNOT_COMPUTE, {"phase": 9}, {}),
    (Code.DAILY_ENTRIES, {}, {"entries_today": 10}),
    (Code.ENTRY_PAUSE, {}, {"unfilled": {"friday_0dte": (1, FRIDAY)}}),
    (Code.COUNT_PHASE, {"positions": tuple(short(underlying=name) for name in ("SPY", "QQQ", "IWM", "/CL", "/GC", "TLT",
                                                                               "AAPL"))}, {}),
    (Code.SHORT_VOLATILITY_FULL, {"positions": tuple(short(underlying=name) for name in ("QQQ", "/CL", "/GC", "TLT",
                                                                                         "AAPL"))}, {}),
    (Code.EDGE_LOST, {}, {"suspended": {"friday_0dte": Code.EDGE_LOST}}),
)


def test_the_first_check_in_the_order_answers() -> None:
    snapshot: dict[str, Any] = {}
    view: dict[str, Any] = {"enabled": ALL}
    assert ask(view=make_view(**view), **snapshot) is None
    for code, snapshot_fault, view_fault in reversed(FAULTS):
        snapshot, view = snapshot | snapshot_fault, view | view_fault
        assert ask(view=make_view(**view), **snapshot) is code


# --- mode, halts


def test_mode() -> None:
    assert viewed() is None
    assert viewed(mode=Mode.OBSERVE) is Code.MODE_OBSERVE
    assert viewed(mode=Mode.EXITS_ONLY) is Code.MODE_EXITS_ONLY
    assert viewed(mode="trade?") is Code.GUARD_CANNOT_COMPUTE
    assert viewed(enabled=ALL - {"friday_0dte"}) is Code.STRATEGY_OFF


def test_halts() -> None:
    assert viewed(quarantined=("SPY 240816P00500.000",)) is Code.QUARANTINE
    assert viewed(emergency=EmergencyLevel.YELLOW) is Code.EMERGENCY
    assert viewed(breaker_level=1) is None
    assert viewed(breaker_level=2) is Code.BREAKER
    assert viewed(suspended={"friday_0dte": Code.STRATEGY_SUSPENDED}) is Code.STRATEGY_SUSPENDED
    assert viewed(suspended={"lt112": Code.STRATEGY_SUSPENDED}) is None


def test_one_position_at_a_time_after_a_recovery() -> None:
    one = make_view(enabled=ALL, one_entry_at_a_time=True)
    yesterday = short(opened=FRIDAY - timedelta(days=1))
    today = short(opened=FRIDAY - timedelta(hours=1))
    assert ask(view=one, positions=(yesterday,)) is None
    assert ask(view=one, positions=(today,)) is Code.BREAKER
    assert ask(positions=(today,)) is None
    assert ask(view=replace(one, pending={"lt112": "SPY"})) is Code.BREAKER
    assert ask(view=replace(one, pending={"friday_0dte": "SPY"})) is None


# --- clock


def at(hour: int, minute: int, spec: StrategySpec = LT112, **calendar: Any) -> Code | None:
    now = FRIDAY.replace(hour=hour, minute=minute)
    facts = make_calendar(now.date(), **calendar)
    return ask(spec, time=now, calendar=facts, phase=4, underlyings={
        name: make_underlying(name, time=now) for name in ("SPY", "/MES")})


@pytest.mark.parametrize("spec, first, last, after", [
    (FRIDAY_0DTE, (10, 30), (13, 29), (13, 30)), (LT112, (9, 45), (13, 59), (14, 0)),
    (FUTURES_STRANGLE, (9, 45), (14, 59), (15, 0))])
def test_windows(spec: StrategySpec, first: tuple[int, int], last: tuple[int, int], after: tuple[int, int]) -> None:
    assert at(first[0], first[1] - 1, spec) is Code.OUTSIDE_WINDOW
    assert at(*first, spec) is None
    assert at(*last, spec) is None
    assert at(*after, spec) is Code.OUTSIDE_WINDOW


def test_hours_end_a_minute_before_the_close() -> None:
    early = {"session_close": datetime.combine(FRIDAY.date(), time(13, 0)), "is_early_close": True}
    assert at(12, 58, **early) is None
    assert at(12, 59, **early) is Code.OUTSIDE_HOURS
    assert at(9, 29) is Code.OUTSIDE_HOURS
    assert at(9, 30) is Code.OUTSIDE_WINDOW


@pytest.mark.parametrize("missing", ["session_open", "session_close"])
def test_a_day_without_an_opening_or_a_close_has_no_session(missing: str) -> None:
    assert ask(calendar=make_calendar(**{missing: None})) is Code.NO_SESSION


def test_calendars_must_fit_and_reach_today() -> None:
    assert ask(calendar=make_calendar(date(2024, 7, 25))) is Code.GUARD_CANNOT_COMPUTE
    assert ask(calendar=make_calendar(uncovered=("FOMC",))) is Code.CALENDAR_UNCOVERED


# --- data


def test_vix_data() -> None:
    assert ask(vix=None) is Code.VIX_MISSING
    assert ask(vix=None, vix_refusal=Refused(code=Code.VIX_STALE)) is Code.VIX_STALE
    assert ask(vix=make_vix(24.0, FRIDAY - timedelta(minutes=5))) is None
    assert ask(vix=make_vix(24.0, FRIDAY - timedelta(minutes=5, seconds=1))) is Code.VIX_STALE
    assert ask(vix=make_vix(24.0, FRIDAY + timedelta(seconds=1))) is Code.GUARD_CANNOT_COMPUTE
    for value in (NAN, 0.0, -1.0, math.inf):
        assert ask(vix=make_vix(value)) is Code.VIX_MISSING


def test_underlying_data() -> None:
    assert ask(underlyings={}) is Code.UNDERLYING_MISSING
    assert ask(underlyings={"SPY": make_underlying(price=NAN)}) is Code.UNDERLYING_MISSING
    assert ask(underlyings={"SPY": make_underlying(price=0.0)}) is Code.UNDERLYING_MISSING


def test_every_leg_is_asked_for() -> None:
    one, other = make_contract(500.0), make_contract(505.0)
    snapshot = make_snapshot(quotes={one.id: make_quote(), other.id: make_quote(time=FRIDAY - timedelta(minutes=11))})
    gate, view = make_gate(), make_view(enabled=ALL)
    assert gate.before(FRIDAY_0DTE, snapshot, view, underlying="SPY", contracts=(one,)) is None
    stale = gate.before(FRIDAY_0DTE, snapshot, view, underlying="SPY", contracts=(one, other))
    assert stale is not None and stale.code is Code.QUOTE_STALE


def test_one_usable_underlying_is_enough_to_go_on_and_the_others_are_named() -> None:
    gate, view = make_gate(), make_view(enabled=ALL)
    seen = {name: make_underlying(name) for name in ("SPY", "QQQ")} | {
        "IWM": make_underlying("IWM", quote_time=FRIDAY - timedelta(minutes=5))}
    snapshot = make_snapshot(underlyings=seen)
    assert gate.admissible(IPMCC, snapshot, view) == (("SPY", "QQQ"), None)
    assert gate.before(IPMCC, snapshot, view) is None
    refused = gate.before(IPMCC, snapshot, view, underlying="IWM")
    assert refused is not None and refused.code is Code.UNDERLYING_STALE
    none_left = gate.before(IPMCC, replace(snapshot, underlyings={}), view)
    assert none_left is not None and none_left.code is Code.UNDERLYING_MISSING


def test_a_future_is_found_by_its_month() -> None:
    gate, view = make_gate(), make_view(enabled=ALL)
    spec = replace(FUTURES_STRANGLE, underlyings=("/MES",))
    month = date(2024, 9, 20)
    contract = make_contract(5000.0, underlying="/MES", expiry=month, kind=ContractKind.FUTURE_OPTION, multiplier=5.0,
                             future_expiry=month)
    stale = make_underlying("/MES", quote_time=FRIDAY - timedelta(minutes=9))
    snapshot = make_snapshot(underlyings={"/MES@240920": make_underlying("/MES"), "/MES": stale},
                             quotes={contract.id: make_quote()})
    assert gate.before(spec, snapshot, view, underlying="/MES", contracts=(contract,)) is None
    later = replace(snapshot, underlyings={"/MES@241220": make_underlying("/MES"),
                                           "/MES@240920": replace(stale, symbol="/MES")})
    first = gate.before(spec, later, view, underlying="/MES")
    assert first is not None and first.code is Code.UNDERLYING_STALE, "the first month stands for the product"
    only_month = replace(snapshot, underlyings={"/MES@240920": make_underlying("/MES")})
    assert gate.before(spec, only_month, view, underlying="/MES") is None


# --- VIX band


@pytest.mark.parametrize("spec, value, expected", [
    (FRIDAY_0DTE, 22.0, Code.VIX_BELOW_BAND), (FRIDAY_0DTE, 22.01, None), (LT112, 12.0, None),
    (LT112, 11.99, Code.VIX_BELOW_BAND), (LT112, 35.0, None), (LT112, 35.01, Code.VIX_ENTRY_STOP),
    (SPECS["calendar"], 19.99, None), (SPECS["calendar"], 20.0, Code.VIX_ABOVE_BAND)])
def test_bands_at_their_edges(spec: StrategySpec, value: float, expected: Code | None) -> None:
    assert ask(spec, vix=make_vix(value)) is expected


def test_the_stop_above_35_lasts_while_the_reading_says_so() -> None:
    assert ask(vix=make_vix(31.0, entry_stopped=True)) is Code.VIX_ENTRY_STOP
    assert ask(vix=make_vix(31.0)) is None


# --- phase, day


def test_phases() -> None:
    assert ask(RATIO, phase=1) is Code.PHASE_FORBIDS
    assert ask(RATIO, phase=2) is None
    assert ask(LT112, phase=1) is None
    assert ask(phase=0) is Code.GUARD_CANNOT_COMPUTE
    gate, view = make_gate(), make_view(enabled=ALL)
    snapshot = make_snapshot(phase=1, underlyings={name: make_underlying(name) for name in ("/MCL", "/MGC")})
    assert gate.admissible(FUTURES_STRANGLE, snapshot, view) == (("/MCL",), None)
    refused = gate.before(FUTURES_STRANGLE, snapshot, view, underlying="/MGC")
    assert refused is not None and refused.code is Code.PHASE_FORBIDS
    foreign = gate.before(LT112, make_snapshot(underlyings={"QQQ": make_underlying("QQQ")}), view, underlying="QQQ")
    assert foreign is not None and foreign.code is Code.GUARD_CANNOT_COMPUTE


def test_daily_limits() -> None:
    assert viewed(entries_today=9) is None
    assert viewed(entries_today=10) is Code.DAILY_ENTRIES
    assert viewed(entries_today=9, pending={"hedge": "VIX"}) is Code.DAILY_ENTRIES
    assert viewed(entries_today=9, pending={"friday_0dte": "SPY"}) is None
    start = 100_000.0
    for equity, flows, expected in ((98_571.0, 0.0, None), (98_570.0, 0.0, Code.DAILY_LOSS),
                                    (99_570.0, 1_000.0, Code.DAILY_LOSS), (97_571.0, -1_000.0, None)):
        account = make_account(equity, equity_day_start=start, flows_today=flows)
        assert ask(account=account) is expected
    for equity, protection, expected in ((97_000.0, -3_000.0, None), (98_571.0, 1.0, Code.DAILY_LOSS),
                                         (101_000.0, 2_430.0, Code.DAILY_LOSS), (98_000.0, -571.0, None)):
        account = make_account(equity, equity_day_start=start, protection=protection)
        assert ask(account=account) is expected, "of the book without bought protection"
    for account in (make_account(NAN), make_account(65_000.0, equity_day_start=0.0), make_account(protection=NAN),
                    make_account(0.0, equity_day_start=65_000.0)):
        assert ask(account=account) is Code.GUARD_CANNOT_COMPUTE


def test_an_unfilled_entry_is_tried_again_after_a_pause_and_three_times_a_day() -> None:
    def tried(tries: int, minutes: int, name: str = "friday_0dte") -> Code | None:
        return viewed(unfilled={name: (tries, FRIDAY - timedelta(minutes=minutes))})

    assert [tried(1, minutes) for minutes in (0, 19, 20)] == [Code.ENTRY_PAUSE, Code.ENTRY_PAUSE, None]
    assert [tried(tries, 60) for tries in (2, 3, 4)] == [None, Code.ENTRY_TRIES, Code.ENTRY_TRIES]
    assert tried(3, 0) is Code.ENTRY_TRIES and tried(3, 0, "lt112") is None


# --- counts


@pytest.mark.parametrize("phase", sorted(PHASES))
def test_positions_of_the_phase(phase: int) -> None:
    limit = PHASES[phase].max_positions
    names = ("/CL", "/GC", "TLT", "AAPL", "QQQ", "/ZB", "MSFT", "GLD", "IWM", "/MCL")
    quiet = [short("calendar", underlying=name) for name in names[:limit]]
    assert ask(phase=phase, positions=tuple(quiet[:limit - 1])) is None
    assert ask(phase=phase, positions=tuple(quiet)) is Code.COUNT_PHASE


def test_bought_protection_is_not_counted_and_not_held_to_counts() -> None:
    seven = tuple(short(underlying=name) for name in ("SPY", "QQQ", "IWM", "/CL", "/GC", "TLT", "AAPL"))
    assert ask(positions=seven) is Code.COUNT_PHASE
    assert ask(positions=(long_put(),) * 3) is None
    vix = {"VIX": make_underlying("VIX", price=24.0)}
    assert ask(HEDGE, positions=seven, underlyings=vix) is None
    assert ask(HEDGE, positions=(long_put("hedge"),), underlyings=vix) is Code.COUNT_STRATEGY


def test_pending_entries_count_but_not_ones_own_nor_twice() -> None:
    two = tuple(short(underlying=name) for name in ("/CL", "/GC"))
    view = make_view(enabled=ALL, pending={"calendar": "IWM"})
    assert ask(phase=1, positions=two) is None
    assert ask(phase=1, positions=two, view=view) is Code.COUNT_PHASE
    assert ask(phase=1, positions=two, view=replace(view, pending={"friday_0dte": "SPY"})) is None
    assert ask(phase=1, positions=two, view=replace(view, pending={"hedge": "VIX"})) is None
    entering = short("calendar", underlying="IWM", state=State.ENTERING)
    assert ask(phase=2, positions=(*two, entering), view=view) is None
    four = (*two, entering, short("ipmcc", underlying="QQQ"))
    assert ask(phase=2, positions=four, view=view) is None, "the filling entry is counted once"


def test_a_bare_leap_counts_while_its_weekly_may_be_sold() -> None:
    two = tuple(short(underlying=name) for name in ("/CL", "/GC"))
    bare = make_position(strategy="ipmcc", underlying="QQQ", state=State.MANAGING,
                         legs=(HeldLeg(contract=make_contract(underlying="QQQ"), quantity=1, average_price=60.0),))
    assert not bare.has_short_options
    assert ask(phase=1, positions=(*two, bare)) is Code.COUNT_PHASE
    assert ask(phase=1, positions=(*two, replace(bare, state=State.ACTIVE))) is None
    assert ask(phase=1, positions=(*two, replace(long_put(), state=State.MANAGING))) is None, "protection sells nothing"


def test_a_strategys_own_most_at_once() -> None:
    calendar = SPECS["calendar"]
    quiet = make_vix(15.0)
    spy = {"SPY": make_underlying()}
    assert ask(calendar, phase=3, vix=quiet, underlyings=spy) is None
    assert ask(calendar, phase=3, vix=quiet, underlyings=spy, positions=(short("calendar", "IWM"),)
               ) is Code.COUNT_STRATEGY
    condors = short("friday_0dte", units=3)
    assert ask(phase=3, positions=(condors,)) is None
    assert ask(phase=3, positions=(replace(condors, units=4),)) is Code.COUNT_STRATEGY


def test_symbols_and_products_are_counted_as_such() -> None:
    gate, view = make_gate(), make_view(enabled=ALL)
    snapshot = make_snapshot(phase=1, underlyings={name: make_underlying(name) for name in IPMCC.underlyings},
                             positions=(long_put("ipmcc"),))
    assert gate.admissible(IPMCC, snapshot, view) == (("SPY",), None), "the symbol held is the strategy's own question"
    products = make_snapshot(phase=2, positions=(short("futures_strangle", "/MCL"),),
                             underlyings={name: make_underlying(name) for name in ("/MCL", "/MGC")})
    assert gate.admissible(FUTURES_STRANGLE, products, view) == (("/MGC",), None)


def test_two_per_underlying_without_the_condors() -> None:
    one, condor = short("ratio"), short("friday_0dte")
    two = (one, replace(one, id="ratio/2"))
    assert ask(LT112, positions=(one, condor)) is None
    assert ask(LT112, positions=two) is Code.COUNT_UNDERLYING
    assert ask(FRIDAY_0DTE, positions=two) is None


def test_three_on_spy_and_its_equivalents() -> None:
    two = (short("futures_strangle", "/ES"), short("ratio"))
    assert ask(positions=two) is None
    assert ask(positions=(*two, short("futures_strangle", "/MES"))) is Code.COUNT_SPY_EQUIVALENT
    assert ask(SPECS["calendar"], vix=make_vix(15.0), positions=(*two, short("futures_strangle", "/MES")),
               underlyings={"IWM": make_underlying("IWM")}) is Code.GROUP_FULL


def test_lt112_takes_two_of_the_three() -> None:
    one = short("lt112")
    assert ask(replace(LT112, max_open={3: 9}), positions=(one,)) is None
    elsewhere = replace(one, underlying="/ES", id="lt112/2")
    assert ask(replace(LT112, max_open={3: 9}), positions=(one, elsewhere)) is Code.COUNT_STRATEGY_SPY
    assert ask(positions=(one, elsewhere)) is None


# --- correlation


def test_groups_and_short_volatility() -> None:
    index = tuple(short("calendar", name) for name in ("QQQ", "IWM"))
    assert ask(positions=index) is None
    assert ask(positions=(*index, short("calendar", "VIX"))) is Code.GROUP_FULL
    volatile = tuple(short("ratio", name) for name in ("/CL", "/GC", "TLT", "AAPL"))
    assert ask(positions=volatile) is None
    assert ask(positions=(*volatile, short("ratio", "QQQ"))) is Code.SHORT_VOLATILITY_FULL


# --- laws


@given(st.floats(min_value=0.0, max_value=200.0, allow_nan=False), st.sampled_from(sorted(SPECS)))
def test_no_entry_outside_a_band_or_above_the_stop(value: float, name: str) -> None:
    spec = SPECS[name]
    underlyings = {symbol: make_underlying(symbol) for symbol in spec.underlyings}
    snapshot: Snapshot = make_snapshot(vix=make_vix(value), phase=4, underlyings=underlyings)
    if make_gate().before(spec, snapshot, make_view(enabled=ALL)) is None:
        assert 0.0 < value <= 35.0
        assert spec.vix_min <= value <= spec.vix_max
        assert not spec.vix_open or spec.vix_min < value < spec.vix_max
