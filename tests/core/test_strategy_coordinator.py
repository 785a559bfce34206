from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from config.strategy_parameters import SPECS, STRATEGY_PRIORITY
from core.codes import RefusalCode as Code
from core.entry.gate import EntryGate
from core.errors import IntegrityError
from core.model import (EmergencyLevel, Enter, Exit, HeldLeg, Hold, Leg, Mode, PortfolioView, Position, Proposal,
                        Purpose, Refused, Right, Select, Snapshot, State, Urgency)
from core.spy_concentration_manager import SpyConcentrationManager
from core.strategy_coordinator import StrategyCoordinator
from core.unified_position_sizer import UnifiedPositionSizer
from helpers.data_freshness_validator import DataFreshnessValidator
from risk.august_2024_correlation_limiter import August2024CorrelationLimiter
from risk.dynamic_margin_manager import DynamicMarginManager
from risk.greeks_monitor import GreeksMonitor
from tests.builders import (FRIDAY, make_account, make_contract, make_position, make_quote, make_snapshot,
                            make_underlying, make_view, make_vix)

EXPIRY = date(2024, 11, 15)
SHORT, LONG = (make_contract(strike, Right.PUT, EXPIRY) for strike in (500.0, 495.0))
QUOTES = {SHORT.id: make_quote(5.00, 5.10), LONG.id: make_quote(3.60, 3.70)}
POSITION = "lt112/202407261000"
ALL = frozenset(SPECS)


class Scripted:
    """A strategy that answers what the test told it, and remembers what it was shown."""

    transitions: dict[Any, Any] = {}

    def __init__(self, name: str) -> None:
        self.spec = SPECS[name]
        self.screened: Refused | None = None
        self.proposed: Proposal | Refused | None = None
        self.seen: list[Snapshot] = []
        self.views: list[PortfolioView] = []

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        self.seen.append(snapshot)
        self.views.append(view)
        return self.screened

    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select:
        self.seen.append(snapshot)
        return Select(strategy=self.spec.name, underlying=self.spec.underlyings[0], contracts=(SHORT, LONG))

    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused:
        return self.proposed or Proposal(
            strategy=self.spec.name, underlying=selection.underlying,
            legs=(Leg(contract=SHORT, ratio=-1), Leg(contract=LONG, ratio=1)), credit=1.40, risk_usd=360.0,
            contract_cap=50, reason="scripted", short_strike_probability_otm=0.8, facts={"note": 1})

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Hold:
        return Hold(reason=f"asked {self.spec.name}")


class House:
    """A coordinator with real components and scripted strategies."""

    def __init__(self) -> None:
        margin, greeks, self.concentration = DynamicMarginManager(), GreeksMonitor(), SpyConcentrationManager()
        self.limiter = August2024CorrelationLimiter()
        gate = EntryGate(DataFreshnessValidator(), self.limiter, margin, greeks, self.concentration)
        self.strategies = {name: Scripted(name) for name in reversed(STRATEGY_PRIORITY)}
        self.coordinator = StrategyCoordinator(
            self.strategies, gate, UnifiedPositionSizer(margin, greeks, self.concentration), margin, greeks,
            self.concentration)

    def screen(self, name: str = "lt112", view: PortfolioView | None = None, **overrides: Any) -> Code | None:
        refused = self.coordinator.screen(name, moment(**overrides), view or make_view(enabled=ALL))
        return None if refused is None else refused.code

    def propose(self, name: str = "lt112", view: PortfolioView | None = None, **overrides: Any) -> Enter | Refused:
        selection = self.strategies[name].select(moment(), make_view())
        return self.coordinator.propose(name, moment(**overrides), view or make_view(enabled=ALL), selection, POSITION)

    def share(self, name: str, view: PortfolioView | None = None, **overrides: Any) -> float:
        answer = self.coordinator.buying_power_share_usd(name, moment(**overrides), view or make_view(enabled=ALL))
        assert isinstance(answer, float)
        return answer


def moment(time: datetime = FRIDAY, **overrides: Any) -> Snapshot:
    names = ("SPY", "QQQ", "IWM", "AAPL", "MSFT", "VIX", "/MCL", "/MGC", "/MES", "/ES", "/CL", "/GC", "/SI")
    values: dict[str, Any] = dict(
        underlyings={name: make_underlying(name, time=time) for name in names}, phase=4, quotes=QUOTES,
        account=make_account(100_000.0), vix=make_vix(24.0, time))
    return make_snapshot(time, **(values | overrides))


def code(answer: Enter | Refused) -> Code | None:
    return answer.code if isinstance(answer, Refused) else None


# --- wiring


def test_names_are_in_order_of_priority() -> None:
    assert House().coordinator.names() == STRATEGY_PRIORITY


def test_wiring_is_checked() -> None:
    house = House()
    parts = (house.coordinator._gate, house.coordinator._sizer, house.coordinator._margin, house.coordinator._greeks,
             house.concentration)
    with pytest.raises(IntegrityError):
        StrategyCoordinator({"lt112": Scripted("ratio")}, *parts)
    with pytest.raises(IntegrityError):
        StrategyCoordinator({"lt113": Scripted("lt112")}, *parts)
    with pytest.raises(IntegrityError):
        house.coordinator.screen("lt113", moment(), make_view())


# --- screen and coordination


def test_gate_first_then_coordination_then_the_strategy() -> None:
    house = House()
    late = make_view(enabled=ALL, last_entry=FRIDAY, halted="operator")
    house.strategies["lt112"].screened = Refused(code=Code.TREND_AGAINST)
    assert house.screen(view=late) is Code.HALTED
    assert house.screen(view=replace(late, halted=None)) is Code.ENTRY_SPACING
    assert house.screen() is Code.TREND_AGAINST
    house.strategies["lt112"].screened = None
    assert house.screen() is None


def test_five_minutes_between_entries() -> None:
    house = House()
    for seconds, expected in ((300, None), (299, Code.ENTRY_SPACING)):
        view = make_view(enabled=ALL, last_entry=FRIDAY - timedelta(seconds=seconds))
        assert house.screen(view=view) is expected


def test_nobody_enters_while_a_strategy_is_in_error() -> None:
    view = make_view(enabled=ALL, strategies_in_error=frozenset({"ratio"}))
    assert House().screen(view=view) is Code.OTHER_IN_ERROR


def test_one_entry_of_a_strategy_at_a_time() -> None:
    assert House().screen(view=make_view(enabled=ALL, pending={"lt112": "SPY"})) is Code.ENTRY_PENDING


def leaving(state: State) -> Position:
    legs = (HeldLeg(contract=SHORT, quantity=-1, average_price=5.0), HeldLeg(contract=LONG, quantity=1,
                                                                            average_price=3.6))
    return make_position(*legs, state=state)


def test_no_condor_while_lt112_leaves_at_21_days() -> None:
    house = House()
    assert house.screen("friday_0dte", positions=(leaving(State.DEFENSIVE_21DTE),)) is Code.OTHER_DEFENDING
    assert house.screen("friday_0dte", positions=(leaving(State.DEFENSIVE_EXIT),)) is None
    assert house.screen("ratio", positions=(leaving(State.DEFENSIVE_21DTE),)) is None


def test_margin_stress_leaves_the_first_two_at_half_size() -> None:
    house = House()
    stressed, calm = (make_account(100_000.0, buying_power_used=used) for used in (70_001.0, 70_000.0))
    assert house.screen("ipmcc", account=calm) is None
    assert house.screen("ipmcc", account=stressed) is Code.MARGIN_STRESS
    assert house.screen("lt112", account=stressed) is None
    assert house.screen("friday_0dte", account=stressed) is None
    reserved = make_view(enabled=ALL, reserved_margin_usd=1.0)
    assert house.screen("ipmcc", view=reserved, account=calm) is Code.MARGIN_STRESS
    with_nan = make_account(100_000.0, buying_power_used=float("nan"))
    assert house.screen("ipmcc", account=with_nan) is Code.GUARD_CANNOT_COMPUTE


def test_a_strategy_sees_only_underlyings_the_gate_admits() -> None:
    house = House()
    stale = moment().underlyings | {"QQQ": make_underlying("QQQ", quote_time=FRIDAY - timedelta(minutes=3))}
    assert house.screen("ipmcc", underlyings=stale) is None
    assert "QQQ" not in house.strategies["ipmcc"].seen[-1].underlyings
    assert {"SPY", "AAPL", "VIX"} <= set(house.strategies["ipmcc"].seen[-1].underlyings)
    answer = house.coordinator.select("ipmcc", moment(underlyings=stale), make_view(enabled=ALL))
    assert isinstance(answer, Select) and "QQQ" not in house.strategies["ipmcc"].seen[-1].underlyings


def test_an_underlying_that_the_gate_hid_is_refused_for_the_gates_reason() -> None:
    house = House()
    stale = moment().underlyings | {"QQQ": make_underlying("QQQ", quote_time=FRIDAY - timedelta(minutes=3))}
    house.strategies["ipmcc"].screened = Refused(code=Code.UNDERLYING_MISSING, facts={"underlying": "QQQ"})
    assert house.screen("ipmcc", underlyings=stale) is Code.UNDERLYING_STALE
    answer = house.coordinator.select("ipmcc", moment(underlyings=stale), make_view(enabled=ALL))
    assert answer.code is Code.UNDERLYING_STALE and answer.facts["underlying"] == "QQQ"
    assert house.screen("ipmcc") is Code.UNDERLYING_MISSING      # the gate admits it: its data are missing indeed


def test_select_passes_the_refusal_on() -> None:
    house = House()
    answer = house.coordinator.select("lt112", moment(), make_view(enabled=frozenset()))
    assert isinstance(answer, Refused) and answer.code is Code.STRATEGY_OFF


# --- the queue for buying power

FREE = 0.75 * 0.70 * 100_000.0


def refuse(house: House, *names: str, code: Code = Code.TREND_AGAINST) -> None:
    for name in names:
        house.strategies[name].screened = Refused(code=code)


def test_shares_of_the_first_five_and_none_for_the_rest() -> None:
    house = House()
    shares = [house.share(name) / FREE for name in STRATEGY_PRIORITY[:5]]
    assert shares == pytest.approx([0.30, 0.25, 0.20, 0.15, 0.10])
    assert house.share("ratio") == 0.0


def test_what_cannot_be_used_today_goes_down_the_list() -> None:
    house = House()
    refuse(house, "friday_0dte")
    assert house.share("lt112") == pytest.approx(0.55 * FREE)
    refuse(house, "lt112")
    assert house.share("ipmcc") == pytest.approx(0.75 * FREE)
    assert house.share("futures_strangle") == pytest.approx(0.70 * FREE)
    assert house.share("hedge") == pytest.approx(0.55 * FREE)
    assert house.share("friday_0dte") == pytest.approx(0.30 * FREE)


def test_what_may_still_be_used_today_stays() -> None:
    house = House()
    refuse(house, "friday_0dte", code=Code.INDICATOR_MISSING)
    assert house.share("lt112") == pytest.approx(0.25 * FREE)
    off = make_view(enabled=ALL - {"friday_0dte"})
    assert house.share("lt112", view=off) == pytest.approx(0.55 * FREE)
    assert house.share("lt112", view=make_view(enabled=ALL, last_entry=FRIDAY)) == pytest.approx(0.25 * FREE)


def test_a_window_that_is_over_frees_its_share() -> None:
    house = House()
    for minute, expected in ((29, 0.25), (30, 0.55)):
        assert house.share("lt112", time=FRIDAY.replace(hour=13, minute=minute)) == pytest.approx(expected * FREE)


def test_a_window_not_begun_frees_its_share_where_the_day_is_refused_anyway() -> None:
    house, early = House(), FRIDAY.replace(hour=10, minute=0)
    assert house.share("lt112", time=early) == pytest.approx(0.25 * FREE)
    refuse(house, "friday_0dte", code=Code.WRONG_WEEKDAY)
    assert house.share("lt112", time=early) == pytest.approx(0.55 * FREE)
    assert house.share("lt112", time=early, vix=make_vix(21.0, early)) == pytest.approx(0.55 * FREE)


def test_a_strategy_whose_tries_are_used_up_frees_its_share() -> None:
    view = make_view(enabled=ALL, unfilled={"friday_0dte": (3, FRIDAY - timedelta(hours=1))})
    assert House().share("lt112", view=view) == pytest.approx(0.55 * FREE)
    paused = make_view(enabled=ALL, unfilled={"friday_0dte": (2, FRIDAY - timedelta(minutes=1))})
    assert House().share("lt112", view=paused) == pytest.approx(0.25 * FREE)


def test_free_is_what_the_cap_leaves() -> None:
    house = House()
    used = make_account(100_000.0, buying_power_used=20_000.0)
    view = make_view(enabled=ALL, reserved_margin_usd=2_000.0)
    assert house.share("lt112", view=view, account=used) == pytest.approx(0.25 * (FREE - 22_000.0))
    full = make_account(100_000.0, buying_power_used=FREE + 1.0)
    assert house.share("lt112", account=full) == 0.0
    answer = house.coordinator.buying_power_share_usd("lt112", moment(vix=None), make_view(enabled=ALL))
    assert isinstance(answer, Refused) and answer.code is Code.GUARD_CANNOT_COMPUTE


# --- propose


def test_an_entry_from_quotes_to_intent() -> None:
    house = House()
    answer = house.propose()
    assert isinstance(answer, Enter)
    intent = answer.intent
    assert intent.id == f"{POSITION}:ENTRY:202407261100" and intent.position_id == POSITION
    assert (intent.purpose, intent.urgency, intent.limit) == (Purpose.ENTRY, Urgency.WALK, None)
    assert intent.quantity >= 1 and intent.risk_usd == 360.0 and intent.margin_usd == pytest.approx(500.0)
    assert intent.facts["entry_mid"] == -1.40 and intent.facts["note"] == 1
    assert intent.facts["short_strike_probability_otm"] == 0.8
    assert intent.facts["limits"][intent.facts["binding"]] == intent.quantity
    [reserved] = house.concentration.working
    assert reserved.request.id == intent.id and reserved.request.contracts == intent.quantity
    assert reserved.request.takes_slot


def test_bought_protection_takes_no_slot() -> None:
    house = House()
    house.strategies["leap_put_ladder"].proposed = Proposal(
        strategy="leap_put_ladder", underlying="SPY", legs=(Leg(contract=LONG, ratio=1),), credit=-3.65,
        risk_usd=366.0, contract_cap=1, reason="rung")
    refuse(house, "friday_0dte")
    assert isinstance(house.propose("leap_put_ladder"), Enter)
    [reserved] = house.concentration.working
    assert not reserved.request.takes_slot


def test_own_pending_entry_does_not_stand_in_its_own_way() -> None:
    assert isinstance(House().propose(view=make_view(enabled=ALL, pending={"lt112": "SPY"})), Enter)


def test_legs_are_checked_before_size() -> None:
    stale = QUOTES | {LONG.id: make_quote(3.6, 3.7, FRIDAY - timedelta(minutes=11))}
    assert code(House().propose(quotes=stale)) is Code.QUOTE_STALE
    assert code(House().propose(quotes={SHORT.id: QUOTES[SHORT.id]})) is Code.QUOTE_MISSING
    wide = QUOTES | {LONG.id: make_quote(3.0, 4.0)}
    assert code(House().propose(quotes=wide)) is Code.SPREAD_TOO_WIDE


def test_the_gate_is_asked_again_at_the_proposal() -> None:
    assert code(House().propose(vix=make_vix(35.5))) is Code.VIX_ENTRY_STOP
    assert code(House().propose(view=make_view(enabled=ALL, emergency=EmergencyLevel.YELLOW))) is Code.EMERGENCY
    assert code(House().propose(view=make_view(enabled=ALL, last_entry=FRIDAY))) is Code.ENTRY_SPACING


def test_the_strategys_refusal_is_passed_on() -> None:
    house = House()
    house.strategies["lt112"].proposed = Refused(code=Code.CREDIT_TOO_SMALL)
    assert code(house.propose()) is Code.CREDIT_TOO_SMALL
    assert house.concentration.working == ()


def test_no_buying_power_no_entry_and_no_reservation() -> None:
    house = House()
    answer = house.propose(account=make_account(100_000.0, buying_power_used=FREE - 100.0))
    assert isinstance(answer, Refused) and house.concentration.working == ()


class RecordingSizer(UnifiedPositionSizer):
    """The sizer, remembering the multiplier and the share it was given."""

    def size(self, *arguments: Any, **options: Any) -> Any:
        self.options = options
        return super().size(*arguments, **options)


def test_margin_stress_halves_the_size_and_the_queue_gives_the_share() -> None:
    for used, multiplier in ((70_000.0, 1.0), (70_001.0, 0.5)):
        house = House()
        house.coordinator._sizer = sizer = RecordingSizer(DynamicMarginManager(), GreeksMonitor(), house.concentration)
        assert isinstance(house.propose(account=make_account(100_000.0, buying_power_used=used)), Refused)
        assert sizer.options == {"buying_power_usd": 0.0, "multiplier": multiplier}, "the caps leave nothing up there"
    house.propose()
    assert sizer.options == {"buying_power_usd": pytest.approx(0.25 * FREE), "multiplier": 1.0}


@pytest.mark.parametrize("direction, expected", [(1.0, Code.CORRELATION_HIGH), (-1.0, None)])
def test_the_candidate_counts_with_the_sign_of_its_delta(direction: float, expected: Code | None) -> None:
    """A short put spread gains when SPY rises: it adds to a book that does, and takes from one that falls then."""
    house = House()
    for place in range(64):
        move = 0.001 * (place % 7 - 3)
        house.limiter.record_marks(FRIDAY - timedelta(minutes=5 * (63 - place)), {"QQQ": direction * 1_000.0 * move},
                                   {"SPY": move})
    assert code(house.propose()) is expected


def test_observing_decides_everything_and_sends_nothing() -> None:
    house = House()
    observing = make_view(enabled=ALL, mode=Mode.OBSERVE)
    assert house.screen(view=observing) is None
    answer = house.propose(view=observing)
    assert isinstance(answer, Refused) and answer.code is Code.MODE_OBSERVE
    assert answer.facts["quantity"] >= 1 and len(answer.facts["would_enter"]) == 2
    assert house.concentration.working == ()
    assert code(house.propose(view=observing, vix=make_vix(36.0))) is Code.VIX_ENTRY_STOP


def test_exits_only_refuses_at_once() -> None:
    assert House().screen(view=make_view(enabled=ALL, mode=Mode.EXITS_ONLY)) is Code.MODE_EXITS_ONLY
    assert code(House().propose(view=make_view(enabled=ALL, mode=Mode.EXITS_ONLY))) is Code.MODE_EXITS_ONLY


# --- manage


def test_manage_asks_the_positions_strategy_whatever_the_gate_says() -> None:
    house = House()
    dead = make_view(mode=Mode.OBSERVE, enabled=frozenset(), halted="x", emergency=EmergencyLevel.RED)
    answer = house.coordinator.manage(moment(vix=None), dead, leaving(State.ACTIVE))
    assert not isinstance(answer, Exit) and answer == Hold(reason="asked lt112")
