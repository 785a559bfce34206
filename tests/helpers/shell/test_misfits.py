"""What did not fit is passed over until there may be room again; strategies of several underlyings walk on meanwhile."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from config.strategy_parameters import SPECS
from core.codes import DOES_NOT_FIT, RefusalCode
from core.model import Refused, Snapshot, State
from core.strategy_coordinator import STANDS_TODAY
from helpers.shell.decision_rounds import DecisionRounds
from helpers.shell.misfits import Misfits
from tests.builders import make_account
from tests.strategies.worlds import WORLDS, World, house

NOW = datetime(2024, 7, 23, 10, 0)
PAUSE = timedelta(minutes=60)


def misfits() -> Misfits:
    return Misfits(lambda strategy, since, now: now - since >= PAUSE)


def test_a_misfit_stands_for_the_pause_of_its_strategy() -> None:
    noted = misfits()
    noted.note("ipmcc", ["SPY"], RefusalCode.SIZE_ZERO, NOW)
    noted.note("ipmcc", ["QQQ"], RefusalCode.BUYING_POWER, NOW + timedelta(minutes=20))
    both = {"SPY": RefusalCode.SIZE_ZERO, "QQQ": RefusalCode.BUYING_POWER}
    assert noted.at(NOW + timedelta(minutes=59), ()) == {"ipmcc": both}
    assert noted.at(NOW + timedelta(minutes=60), ()) == {}, "all are tried again, from the first on"


@pytest.mark.parametrize("later, held, stands", [
    (timedelta(minutes=5), ("a", "b"), True), (timedelta(minutes=5), ("a", "b", "c"), True),
    (timedelta(minutes=5), ("a", "c"), False), (timedelta(minutes=5), (), False)])
def test_a_position_that_is_closed_makes_room(later: timedelta, held: tuple[str, ...], stands: bool) -> None:
    noted = misfits()
    assert noted.at(NOW, ("a", "b")) == {}
    noted.note("ipmcc", ["SPY"], RefusalCode.SIZE_ZERO, NOW)
    assert bool(noted.at(NOW + later, held)) is stands


def test_a_new_day_begins_anew() -> None:
    noted = Misfits(lambda strategy, since, now: False)
    assert noted.at(NOW, ()) == {}
    noted.note("ipmcc", ["SPY"], RefusalCode.SIZE_ZERO, NOW)
    assert noted.at(NOW + timedelta(hours=5), ()) and not noted.at(NOW + timedelta(days=1), ())


def test_what_does_not_fit_gives_its_turn_to_the_others() -> None:
    assert DOES_NOT_FIT <= STANDS_TODAY


class Market:
    """Entry rounds of one strategy in a market of several underlyings, minute by minute, as the shell runs them."""

    def __init__(self, name: str, worlds: dict[str, World], **account: float) -> None:
        self.name, self.worlds, self.account = name, worlds, account
        self.parts = house().with_executor(SimpleNamespace(start=lambda intent, now: self.sent.append(intent),
                                                           working_positions=()))
        self.sent: list[Any] = []
        self.asked: list[str] = []
        self.refused: list[Refused] = []
        gateway = SimpleNamespace(subscribe=self._subscribe)
        builder = SimpleNamespace(with_chains=self._with_chains)
        journal = SimpleNamespace(event=lambda *_, **__: None, audit=lambda *_: None, refused=lambda now, name, refusal:
                                  self.refused.append(refusal))
        self.rounds = DecisionRounds(gateway, self.parts, builder, journal)
        self.now = next(iter(worlds.values())).time

    def _subscribe(self, contracts: Any) -> None:
        self.asked.append(contracts[0].underlying)

    def _with_chains(self, snapshot: Snapshot, wanted: Any) -> Snapshot:
        return replace(snapshot, chains={symbol: (world.chain(),) for symbol, world in self.worlds.items()})

    def minute(self) -> None:
        first = next(iter(self.worlds.values()))
        quotes: dict[str, Any] = {}
        for selection in self.rounds._selections.values():
            quotes |= self.worlds[selection.underlying].quotes(selection.contracts, self.now)
        underlyings = {key: market for world in self.worlds.values() for key, market in
                       world.snapshot(self.now).underlyings.items()}
        underlyings |= {symbol: world.underlying(self.now) for symbol, world in self.worlds.items()}
        snapshot = first.snapshot(self.now, chains={}, quotes=quotes, underlyings=underlyings, phase=4,
                                  account=make_account(**self.account), positions=self.parts.states.positions)
        view = first.view(enabled=frozenset({self.name}), pending=self.parts.states.pending())
        if self.rounds.validating:
            self.rounds.propose(snapshot, view)
        else:
            self.rounds.select(snapshot, view)
        self.now += timedelta(minutes=1)


def oils() -> dict[str, World]:
    micro = WORLDS["futures_strangle"]
    return {"/CL": replace(micro, symbol="/CL", multiplier=1_000.0), "/MCL": micro}


def calls(*symbols: str) -> dict[str, World]:
    world = WORLDS["ipmcc"]
    return {symbol: replace(world, symbol=symbol) for symbol in symbols}


def test_the_micro_stands_in_where_the_full_size_does_not_fit_buying_power() -> None:
    """The capital would do for one /CL; what positions leave of buying power does not."""
    market = Market("futures_strangle", oils(), equity=250_000.0, buying_power_used=128_000.0)
    for _ in range(4):
        market.minute()
    assert market.asked == ["/CL", "/MCL"] and RefusalCode.BUYING_POWER in [refusal.code for refusal in market.refused]
    assert {leg.contract.underlying for intent in market.sent for leg in intent.legs} == {"/MCL"}


def test_symbols_are_gone_through_until_one_fits_and_the_turn_goes_down_when_none_does() -> None:
    market = Market("ipmcc", calls("QQQ", "IWM"), equity=90_000.0, buying_power_used=50_000.0)
    for _ in range(6):
        market.minute()
    assert market.asked == ["QQQ", "IWM"] and market.sent == []
    before = len(market.asked)
    for _ in range(20):
        market.minute()
    assert len(market.asked) == before, "nothing is subscribed again before the pause is over"
    last = market.refused[-1]
    assert last.code in STANDS_TODAY and last.facts["unfit"] == {"QQQ": "BUYING_POWER", "IWM": "BUYING_POWER"}
    assert all(position.state is not State.VALIDATION for position in market.parts.states.positions)


def test_every_strategy_of_several_underlyings_goes_through_them() -> None:
    walking = {name for name, spec in SPECS.items() if len(spec.underlyings) > 1}
    assert walking == {"ipmcc", "calendar", "diagonal", "futures_strangle"}
