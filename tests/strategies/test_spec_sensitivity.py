"""Some decision changes when any field of a specification changes: no figure is there for show.

``general`` and ``OWN`` give, for every strategy and field, another value and the situation in which it matters. A field
without an entry fails the test, and so does an entry without a field.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Callable

import pytest

from config.strategy_spec import OpenUnit
from core.entry import checks
from core.entry.gate import EntryGate
from core.entry.size_limits import changed_risk_usd
from core.errors import ConfigError
from core.model import Enter, IvHistory, Select, State, StrategySample
from core.trade_ledger import TradeLedger
from core.trade_records import ClosedTrade
from strategies import ALL
from tests.builders import make_account, make_calendar, make_position, make_vix
from tests.builders_chains import exact_quotes
from tests.strategies.worlds import RISING, WORLDS, decide, house, position_of, weekdays_after

ENTRIES = {name: decide(world) for name, world in WORLDS.items()}
HELD = {name: position_of(world, ENTRIES[name].intent) for name, world in WORLDS.items()}


# --- situations -----------------------------------------------------------------------------------------------------

def enter(quotes: Callable[..., Any] | None = None, at: time | None = None, **overrides: Any) -> Callable[[Any], Any]:
    """The whole way of an entry, with the strategy at hand among the others."""
    def ask(strategy: Any) -> Any:
        world = WORLDS[strategy.spec.name]
        if at is not None:
            world = replace(world, time=datetime.combine(world.time.date(), at))
        parts = house(dict(ALL) | {strategy.spec.name: strategy})
        found = decide(world, parts, overrides.get("view"), None if quotes is None else lambda chosen: quotes(
            world, chosen), **{key: value for key, value in overrides.items() if key != "view"})
        return _shape(found)
    return ask


def select(**overrides: Any) -> Callable[[Any], Any]:
    """What the strategy alone selects."""
    def ask(strategy: Any) -> Any:
        world = WORLDS[strategy.spec.name]
        given = dict(overrides)
        view = world.view(**given.pop("view", {}))
        if "days" in given:
            given["chains"] = {world.symbol: (world.chain(days=given.pop("days")),)}
        if "market" in given:
            given["underlyings"] = {world.symbol: world.underlying(**given.pop("market"))}
        if "price" in given:
            given["underlyings"] = {world.symbol: replace(world.underlying(), price=given.pop("price"))}
        return strategy.select(world.snapshot(**given), view)
    return ask


def propose(**overrides: Any) -> Callable[[Any], Any]:
    """What the strategy alone proposes for what it selects."""
    def ask(strategy: Any) -> Any:
        world = WORLDS[strategy.spec.name]
        chosen = strategy.select(world.snapshot(**overrides), world.view())
        if not isinstance(chosen, Select):
            return chosen
        quotes = world.quotes(chosen.contracts)
        return strategy.propose(world.snapshot(quotes=quotes, **overrides), world.view(), chosen)
    return ask


def manage(debit: float | None = None, left: int | None = None, clock: time = time(11, 0), price: float | None = None,
           position: Callable[[Any], Any] = lambda held: held, chain: bool = False, far: bool = False,
           **overrides: Any) -> Callable[[Any], Any]:
    """What is done with the world's position. ``debit``: closing it costs that a unit; ``left``: days to the first
    (``far``: the last) expiry among its legs."""
    def ask(strategy: Any) -> Any:
        world, held = WORLDS[strategy.spec.name], position(HELD[strategy.spec.name])
        day = world.time.date()
        if left is not None:
            expiries = [leg.contract.expiry for leg in held.legs]
            day = (max if far else min)(expiries) - timedelta(days=left)
        now = datetime.combine(day, clock)
        moved = world if price is None else replace(world, price=price)
        quotes = moved.quotes([leg.contract for leg in held.legs], now) if debit is None else _priced(held, debit, now)
        given: dict[str, Any] = {"chains": {}, "quotes": quotes} | overrides
        if chain:
            days = sorted({*range(1, 20), *(leg.contract.dte(day) for leg in held.legs), 400})
            given["chains"] = {world.symbol: (moved.chain(days=days, today=day),)}
        if "calendar" in given:
            given["calendar"] = make_calendar(day, next_session=weekdays_after(day, 1)[0], **given["calendar"])
        return strategy.manage(moved.snapshot(now, **given), world.view(), held)
    return ask


def missing(*shares: float, cost: float) -> Callable[[Any], Any]:
    """Selection of the ladder that already holds rungs of ``shares`` at ``cost`` each."""
    def ask(strategy: Any) -> Any:
        rungs = tuple(make_position(*HELD["leap_put_ladder"].legs, id=f"rung/{share}", strategy="leap_put_ladder",
                                    opened=datetime(2024, 5, 1, 10), entry_risk_usd=cost, facts={"rung": share})
                      for share in shares)
        return propose(positions=rungs)(strategy)
    return ask


def record(trades: int, wins: int) -> Callable[[Any], Any]:
    """Whether the ledger suspends the strategy after that many trades."""
    def ask(strategy: Any) -> Any:
        ledger, now = TradeLedger(65_000.0), datetime(2024, 7, 1, 10)
        for number in range(trades):
            ledger.record(ClosedTrade(
                id=f"{strategy.spec.name}/{number}", strategy=strategy.spec.name, underlying="SPY", opened=now,
                closed=now, legs=(), units=1, entry_price=-1.0, exit_price=0.5,
                pnl_usd=100.0 if number < wins else -1.0, fees_usd=0.0, entry_reason="x", exit_reason="x",
                forced=False, protection=False))
        return ledger.edge_lost(strategy.spec)
    return ask


def crowded(*underlyings: str) -> Callable[[Any], Any]:
    """An entry beside short-volatility positions of another strategy on ``underlyings``."""
    def ask(strategy: Any) -> Any:
        other = "lt112" if strategy.spec.name == "futures_strangle" else "futures_strangle"
        shorts = tuple(replace(HELD["lt112"], id=f"{other}/{symbol}", strategy=other, underlying=symbol)
                       for symbol in underlyings)
        quotes = WORLDS["lt112"].quotes(leg.contract for leg in HELD["lt112"].legs)
        return enter(lambda world, chosen: quotes | world.quotes(chosen.contracts), positions=shorts, phase=4,
                     account=make_account(400_000.0))(strategy)
    return ask


def _shape(found: Any) -> Any:
    """An entry's order and size, or the refusal."""
    if isinstance(found, Enter):
        return found.intent.strategy, found.intent.legs, found.intent.quantity
    return found.code


def _priced(held: Any, debit: float, now: datetime) -> dict[str, Any]:
    """Quotes under which closing one unit costs ``debit``: one leg has all the value, the others next to none."""
    legs = sorted(held.legs, key=lambda leg: leg.quantity, reverse=debit < 0)
    ratio = -legs[0].quantity / held.units
    mids = [(leg.contract, debit / ratio if leg is legs[0] else 0.0) for leg in legs]
    return exact_quotes(now, mids, spread=1e-7)


def _wide(share: float, least: float = 0.0) -> Callable[..., Any]:
    """Quotes ``share`` of their mid wide (points where ``least`` is larger)."""
    def quotes(world: Any, chosen: Any) -> dict[str, Any]:
        found = world.quotes(chosen.contracts)
        return {key: replace(quote, bid=max(0.0, quote.mid - max(share * quote.mid, least) / 2),
                             ask=quote.mid + max(share * quote.mid, least) / 2) for key, quote in found.items()}
    return quotes


def _phases(value: int) -> Any:
    return MappingProxyType({1: value, 2: value, 3: value, 4: value})


def _rank(value: float) -> dict[str, Any]:
    return {"iv": IvHistory(current=0.2, rank=value, percentile=value, samples=252)}


def _bull() -> dict[str, Any]:
    return {"indicators": replace(RISING, vwap=543.0)}


def _leap_left(left: int) -> Callable[[Any], Any]:
    """The position with a LEAP that has ``left`` days, and no weekly that is due."""
    def change(held: Any) -> Any:
        end = WORLDS[held.strategy].time.date() + timedelta(days=left)
        long = held.legs[0]
        return replace(held, legs=(replace(long, contract=replace(long.contract, expiry=end)), *held.legs[1:]))
    return change


def _weekly_at(share: float) -> Callable[[Any], Any]:
    """The decision with the weekly quoted at ``share`` of what was taken for it."""
    def ask(strategy: Any) -> Any:
        held = HELD[strategy.spec.name]
        world, weekly = WORLDS[strategy.spec.name], held.legs[1]
        now = world.time
        quotes = world.quotes([held.legs[0].contract]) | exact_quotes(
            now, [(weekly.contract, weekly.average_price * share)], spread=1e-6)
        return strategy.manage(world.snapshot(now, chains={}, quotes=quotes), world.view(), held)
    return ask


def _apple(day: datetime) -> Callable[[Any], Any]:
    def ask(strategy: Any) -> Any:
        world = WORLDS[strategy.spec.name]
        apple = replace(world.underlying(day), symbol="AAPL")
        return strategy.screen(world.snapshot(day, underlyings={"AAPL": apple}), world.view())
    return ask


def _both_oils(strategy: Any) -> Any:
    """A micro whose full size is held already: one exposure, unless they are no pair."""
    micro = WORLDS["futures_strangle"]
    full = replace(micro, symbol="/CL", multiplier=1_000.0)
    given = {"underlyings": {"/CL": full.underlying(), "/MCL": micro.underlying()}, "phase": 4,
             "chains": {"/CL": (full.chain(),), "/MCL": (micro.chain(),)}, "account": make_account(80_000.0),
             "positions": (make_position(strategy="futures_strangle", underlying="/CL"),)}
    return strategy.select(micro.snapshot(**given), micro.view())


CREDIT = {name: -held.entry_price for name, held in HELD.items()}
DEBIT = {name: held.entry_price for name, held in HELD.items()}
# Flags and figures that say what a strategy is: another value contradicts it and stops the start.
DESCRIBES = {"defensive_21dte", "counts_as_position", "sells_against_leap"}
DESCRIBES_KELLY = DESCRIBES | {"total_share"}
DESCRIBES_FIXED = DESCRIBES | {"win_rate", "payoff_ratio"}
DESCRIBES_PROTECTION = DESCRIBES_FIXED | {"min_win_rate", "min_sample", "short_volatility", "bets_on_volatility",
                                          "counts_on_underlying", "max_spy_slots"}


# --- what each field changes ----------------------------------------------------------------------------------------

def general(name: str) -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """Fields that every strategy has: read by the gate, the sizer, the ledger and the strategy itself."""
    spec, world = ALL[name].spec, WORLDS[name]
    days = world.days
    main = max(leg.contract.dte(world.time.date()) for leg in ENTRIES[name].intent.legs)
    kelly = spec.win_rate is not None
    return {
        "name": ("another", lambda strategy: strategy.select(world.snapshot(), world.view()).strategy),
        "underlyings": (("XSP",), enter()),
        "entry_dte_min": (main + 1, select(days=[day for day in days if day <= main])),
        "entry_dte_max": (main - 1, select(days=[day for day in days if day >= main or day < 20])) if main else
        (7, select(days=(7, 28))),
        "vix_min": (world.vix + 1.0, enter()),
        "vix_max": (world.vix - 1.0, enter()),
        "vix_open": (not spec.vix_open, _at_the_edge(name)),
        "window_open": (time(11, 1), enter()),
        "window_close": ((world.time - timedelta(minutes=1)).time(), enter()),
        "max_capital_share": (0.0001, enter()),
        "max_risk_usd": (1.0, enter()),
        "max_risk_share": (0.5, lambda strategy: enter()(
            type(strategy)(spec=replace(strategy.spec, max_risk_usd=1.0)))),
        "risk_credit_multiple": (3.0, lambda strategy: changed_risk_usd(strategy.spec, HELD[name])),
        "max_open": (_phases(0), enter()),
        "open_unit": (OpenUnit.PRODUCT if spec.open_unit is OpenUnit.POSITION else OpenUnit.POSITION, _counted),
        "max_contracts": (0, enter()),
        "total_share": (_phases(0), enter()),
        "phase_products": (MappingProxyType({phase: ("XSP",) for phase in (1, 2, 3, 4)}), enter()),
        "max_spy_slots": (0, _beside()),
        "waits_for": (() if spec.waits_for else ("lt112",), _while_lt112_leaves),
        "win_rate": (0.2 if kelly else 0.5, enter()),
        "payoff_ratio": (0.01 if kelly else 0.5, enter()),
        "min_win_rate": (0.99 if spec.min_win_rate else 0.5, record(60, 55)),
        "min_sample": (61 if spec.min_sample else 5, record(60, 1)),
        "short_volatility": (not spec.short_volatility, crowded("/SI", "/GC", "/CL", "TLT", "/ZB")),
        "sells_against_leap": (not spec.sells_against_leap, enter()),
        "bets_on_volatility": (not spec.bets_on_volatility, _candidate_of_the_limiter),
        "counts_as_position": (not spec.counts_as_position, enter()),
        "counts_on_underlying": (not spec.counts_on_underlying, _beside("TLT", "TLT", on="TLT")),
        "defensive_21dte": (not spec.defensive_21dte, enter()),
        "max_spread_share": (0.01, _no_leg_is_cheap),
        "cheap_leg_usd": (0.0, enter(_wide(0.0, least=0.12))) if name in CHEAP else (1_000.0, enter(_wide(0.09))),
        "max_spread_usd": (0.001, _every_leg_is_cheap),
    }


def _counted(strategy: Any) -> int:
    """How many of the most at once two open positions are."""
    held = replace(HELD[strategy.spec.name], units=3)
    return checks.open_units(strategy.spec, (held, replace(held, underlying="TLT")), held.underlying)


def _beside(*underlyings: str, on: str = "SPY") -> Callable[[Any], Any]:
    """What the gate's counts say to an entry ``on`` one underlying beside positions of others."""
    def ask(strategy: Any) -> Any:
        world = WORLDS[strategy.spec.name]
        other = "ratio" if strategy.spec.name == "lt112" else "lt112"
        shorts = tuple(replace(HELD["lt112"], id=f"{other}/{place}", strategy=other, underlying=symbol)
                       for place, symbol in enumerate(underlyings))
        return checks.counts(checks.Candidate(spec=strategy.spec, snapshot=world.snapshot(positions=shorts, phase=4),
                                              view=world.view(), underlying=on))
    return ask


def _candidate_of_the_limiter(strategy: Any) -> Any:
    """What the gate tells the limiter an entry is."""
    told = []

    class Limiter:
        def check(self, candidate: Any, open_risks: Any, delta: Any) -> None:
            told.append(candidate.bets_on_volatility)
    world, parts = WORLDS[strategy.spec.name], house()
    gate = EntryGate(parts.validator, Limiter(), parts.margin, parts.greeks, parts.concentration)
    gate.before(strategy.spec, world.snapshot(), world.view())
    return told


def _while_lt112_leaves(strategy: Any) -> Any:
    """The entry while a position of LT112 is in its exit at 21 days."""
    leaving = replace(HELD["lt112"], state=State.DEFENSIVE_21DTE)
    return enter(positions=(leaving,), phase=4)(strategy)


# Worlds with a leg below 1 USD, whose spread is bound in points.
CHEAP = ("friday_0dte", "hedge")


def _every_leg_is_cheap(strategy: Any) -> Any:
    """The entry where the bound in points decides for every leg."""
    return enter()(type(strategy)(spec=replace(strategy.spec, cheap_leg_usd=10_000.0)))


def _no_leg_is_cheap(strategy: Any) -> Any:
    """The entry where the share of the mid decides for every leg."""
    return enter(_wide(0.05))(type(strategy)(spec=replace(strategy.spec, cheap_leg_usd=0.0)))


def _at_the_edge(name: str) -> Callable[[Any], Any]:
    """The entry with a VIX exactly at an edge of the band (moved to where the house enters at all)."""
    def ask(strategy: Any) -> Any:
        world = WORLDS[name]
        spec = replace(strategy.spec, vix_min=world.vix)
        return enter()(type(strategy)(spec=spec))
    return ask


OWN: dict[str, dict[str, tuple[Any, Callable[[Any], Any]]]] = {
    "friday_0dte": {
        "entry_weekday": (0, select()),
        "days_between_entries": (8, select(view={"entry_dates": {"friday_0dte": (datetime(2024, 7, 19).date(),)}})),
        "atr_multiple": (1.2, select()),
        "wing_points": (4.0, select()),
        "broken_wing_points": (4.0, select(market=_bull())),
        "broken_wing_min_phase": (4, select(market=_bull())),
        "max_gap_share": (0.03, select(market={"open_price": 544.0 * 1.02})),
        "min_credit_share_of_wing": (0.5, propose()),
        "min_iv_percentile": (70.0, select()),
        "loss_budget_share": (0.1, propose()),
        "profit_target_share": (0.9, manage(debit=CREDIT["friday_0dte"] * 0.3)),
        "stop_credit_multiple": (1.0, manage(debit=CREDIT["friday_0dte"] * 2.5)),
        "danger_from": (time(15, 0), manage(clock=time(14, 30), price=540.1)),
        "danger_atr_multiple": (0.01, manage(clock=time(14, 30), price=540.1)),
        "broker_wall": (time(15, 45), manage(clock=time(15, 20))),
        "triple_witching_wall": (time(15, 20), manage(clock=time(14, 50), calendar={"is_triple_witching": True})),
        "early_close_wall_minutes": (30, manage(clock=time(12, 0), calendar={
            "is_early_close": True, "session_close": datetime(2024, 7, 26, 13, 0)})),
        "natural_before_wall_minutes": (5, manage(clock=time(15, 20))),
        "flat_before_wall_minutes": (5, manage(clock=time(15, 26))),
    },
    "lt112": {
        "target_dte": (136, select()),
        "width_points": (10.0, propose()),
        "walk_from_otm_share": (0.05, select()),
        "walk_to_otm_share": (0.06, select()),
        "min_credit_share_of_width": (0.10, propose()),
        "min_iv_percentile": (70.0, select()),
        "min_probability_otm": (0.9, propose()),
        "profit_target_share": (0.9, manage(debit=CREDIT["lt112"] * 0.3)),
        "days_between_entries": (21, select(view={"entry_dates": {"lt112": (datetime(2024, 7, 9).date(),)}})),
        "max_quoted_contracts": (6, select()),
    },
    "ipmcc": {
        "leap_strike_share": (0.75, select()),
        "leap_strike_window_share": (0.001, select()),
        "leap_target_delta": (0.99, select()),
        "weekly_target_dte": (3, select()),
        "weekly_min_otm_share": (0.12, propose()),
        "weekly_min_fees": (30.0, propose()),
        "weekly_profit_share": (0.95, _weekly_at(0.1)),
        "weekly_roll_dte": (4, manage(left=3, price=212.0)),
        "leap_roll_dte": (200, manage(position=_leap_left(150))),
        "min_iv_rank": (70.0, select()),
        "earnings_days": (10, _apple(datetime(2024, 7, 2, 10))),
        "max_contracts": (1, propose()),
    },
    "diagonal": {
        "leap_strike_share": (0.75, select()),
        "leap_strike_window_share": (0.001, select()),
        "leap_target_delta": (0.99, select()),
        "weekly_target_dte": (3, select()),
        "weekly_delta": (0.10, select()),
        "weekly_min_fees": (200.0, propose()),
        "weekly_profit_share": (0.95, _weekly_at(0.1)),
        "weekly_roll_dte": (4, manage(left=3, price=205.0)),
        "leap_roll_dte": (200, manage(position=_leap_left(150))),
        "min_iv_rank": (70.0, select()),
        "earnings_days": (10, _apple(datetime(2024, 7, 2, 10))),
        "max_contracts": (1, propose()),
    },
    "futures_strangle": {
        "put_move_share": (0.8, select()),
        "call_move_share": (0.8, select()),
        "tested_delta": (0.30, manage()),
        "untested_roll_delta": (0.15, manage(price=74.0, chain=True)),
        "profit_target_share": (0.9, manage(debit=CREDIT["futures_strangle"] * 0.3)),
        "stop_credit_multiple": (1.0, manage(debit=CREDIT["futures_strangle"] * 2.5)),
        "phase_products": (MappingProxyType({phase: ("/MGC",) for phase in (1, 2, 3, 4)}), select()),
        "micros": (MappingProxyType({}), _both_oils),
    },
    "leap_put_ladder": {
        "rungs_otm_share": ((0.08, 0.10), select()),
        "rung_min_share": (0.03, propose(account=make_account(1_100_000.0))),
        "total_share": (MappingProxyType({1: 0.02, 2: 0.02, 3: 0.02, 4: 0.02}), missing(0.05, cost=2_000.0)),
        "harvest_multiple": (1.5, manage(debit=-2.0 * DEBIT["leap_put_ladder"])),
        "roll_dte": (150, manage(left=120)),
    },
    "butterfly": {
        "wing_points": (5.0, select()),
        "max_risk_usd": (150.0, propose()),
        "max_risk_share": (0.02, propose()),
        "profit_target_share": (0.9, manage(debit=CREDIT["butterfly"] * 0.5)),
        "stop_loss_share": (0.2, manage(debit=CREDIT["butterfly"] + 0.3 * (10.0 - CREDIT["butterfly"]))),
    },
    "calendar": {
        "far_target_dte": (52, select(days=(10, 52, 59))),
        "near_min_dte": (9, select(days=(8, 10, 59))),
        "near_max_dte": (8, select(days=(10, 59))),
        "near_roll_dte": (4, manage(debit=-DEBIT["calendar"], left=3)),
        "profit_target_share": (0.9, manage(debit=-1.5 * DEBIT["calendar"])),
        "stop_loss_share": (0.9, manage(debit=-0.4 * DEBIT["calendar"])),
        "far_exit_dte": (40, manage(debit=-DEBIT["calendar"], left=35, far=True)),
    },
    "ratio": {
        "long_delta": (0.40, select()),
        "short_max_delta": (0.10, propose()),
        "min_credit_fees": (80.0, propose()),
        "shock_spot_share": (-0.20, propose()),
        "shock_vix_points": (30.0, propose()),
        "danger_spot_share": (0.20, manage()),
        "profit_target_share": (0.9, manage(debit=CREDIT["ratio"] * 0.3)),
        "ratio_2x3_min_phase": (3, select()),
        "max_quoted_contracts": (5, select()),
    },
    "hedge": {
        "quiet_vix": (12.0, select()),
        "strike_above_vix": (15.0, select()),
        "event_sessions": (6, select(vix=make_vix(18.0, WORLDS["hedge"].time))),
        "min_share": (0.005, propose()),
        "exit_vix": (26.0, manage(vix=make_vix(28.0, WORLDS["hedge"].time))),
        "profit_multiple": (1.0, manage(debit=-2.5 * DEBIT["hedge"])),
        "exit_dte": (40, manage(left=30)),
    },
}
CASES = [(name, field.name) for name, strategy in ALL.items() for field in fields(strategy.spec)]


@pytest.mark.parametrize("name, field", CASES, ids=[f"{name}-{field}" for name, field in CASES])
def test_some_decision_changes_with_every_field(name, field):
    value, ask = (general(name) | OWN[name])[field]
    strategy = ALL[name]
    assert value != getattr(strategy.spec, field)
    spec = strategy.spec
    describes = DESCRIBES_KELLY if spec.win_rate else DESCRIBES_FIXED if spec.counts_as_position else DESCRIBES_PROTECTION
    if field in describes or (name, field) == ("friday_0dte", "entry_dte_min"):     # 0 days is all there is below 0
        with pytest.raises(ConfigError):
            type(strategy)(spec=replace(spec, **{field: value}))
    else:
        assert ask(strategy) != ask(type(strategy)(spec=replace(spec, **{field: value})))


def test_every_probe_belongs_to_a_field():
    for name, strategy in ALL.items():
        assert set(general(name) | OWN[name]) == {field.name for field in fields(strategy.spec)}


def test_a_sample_is_what_the_sizer_reads_too():
    world = WORLDS["lt112"]
    lost = world.view(samples={"lt112": StrategySample(trades=30, wins=3, mean_win_usd=50.0, mean_loss_usd=100.0)})
    assert isinstance(decide(world), Enter) and not isinstance(decide(world, view=lost), Enter)
