"""Figures of all ten that meet: what is entered is not left in the same breath, and every stop can be reached by prices
that a market can have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from config.constants import PHASES, VIX_ENTRY_STOP
from config.strategy_parameters import SPECS
from core.model import Enter, Exit, Hold, Manage, Position, Select
from strategies import ALL
from tests.builders_chains import flat
from tests.strategies.worlds import WORLDS, World, decide, house, position_of

VIX_LEVELS = (11.9, 12.0, 12.9, 13.0, 15.0, 18.0, 19.9, 22.1, 24.9, 25.0, 29.9, 30.1, 34.9, 35.0)
STOPS = ("friday_0dte", "futures_strangle", "butterfly", "calendar")


def at_vix(world: World, vix: float, days: int = 0) -> World:
    price = vix if world.symbol == "VIX" else world.price
    return replace(world, vix=vix, price=price, time=world.time + timedelta(days=days))


@pytest.mark.parametrize("name", list(WORLDS))
def test_nothing_is_entered_and_left_in_the_same_breath(name: str) -> None:
    """At every level of the VIX at which the house enters, near an FOMC day and far from one: the position it has then is
    held at the same moment, and a minute later."""
    entered = []
    for days in (0, 6, 7, -7):
        for vix in VIX_LEVELS:
            world = at_vix(WORLDS[name], vix, days)
            found = decide(world)
            if not isinstance(found, Enter):
                continue
            entered.append(vix)
            held = position_of(world, found.intent)
            for minutes in (0, 1):
                now = world.time + timedelta(minutes=minutes)
                snapshot = world.snapshot(now, chains={}, quotes=world.quotes((leg.contract for leg in held.legs), now))
                decision = ALL[name].manage(snapshot, world.view(), held)
                assert not isinstance(decision, Exit), (vix, days, decision.intent.reason)
    assert entered


@pytest.mark.parametrize("name", STOPS)
def test_a_stop_can_be_reached_by_prices_of_one_market(name: str) -> None:
    """All legs priced by one price of the underlying and one volatility: what a structure is worth then lies between its
    bounds, and a stop beyond them would be no stop."""
    world = WORLDS[name] if name != "friday_0dte" else replace(WORLDS[name], surface=flat(0.28))   # a thinner credit
    held = position_of(world, decide(world).intent)
    reasons = set()
    for minutes in (5, 24 * 60, 5 * 24 * 60):
        now = world.time + timedelta(minutes=minutes)
        for move in (0.94, 0.97, 0.99, 0.995, 1.0, 1.005, 1.01, 1.03, 1.06):
            for raised in (1.0, 1.5, 2.5):
                moved = replace(world, price=world.price * move, surface=lambda strike, spot, by=raised: by * world.surface(
                    strike, spot))
                if any(leg.contract.expiry < now.date() for leg in held.legs):
                    continue
                quotes = moved.quotes((leg.contract for leg in held.legs), now)
                decision = ALL[name].manage(moved.snapshot(now, chains={}, quotes=quotes), moved.view(), held)
                reasons |= {decision.intent.reason} if isinstance(decision, Exit) else set()
    assert "STOP_LOSS" in reasons


def test_every_figure_called_a_stop_is_among_those_that_are_tried() -> None:
    named = {name for name, spec in SPECS.items() if hasattr(spec, "stop_credit_multiple") or hasattr(spec, "stop_loss_share")}
    assert named == set(STOPS)


def test_no_band_reaches_beyond_the_stop_of_all_entries() -> None:
    """A VIX figure above the stop would never decide anything."""
    for name, spec in SPECS.items():
        assert spec.vix_max <= VIX_ENTRY_STOP or spec.vix_max == float("inf"), name


BARE = ("ipmcc", "diagonal", "calendar")


def bare_of(name: str) -> Position:
    """The world's position with its long leg alone, paid for."""
    world = WORLDS[name]
    held = position_of(world, decide(world).intent)
    (long,) = (leg for leg in held.legs if leg.quantity > 0)
    return replace(held, legs=(long,), entry_price=long.average_price,
                   cash_flow_usd=-long.average_price * long.quantity * world.multiplier)


def sells_first_short(name: str, *others: Position) -> object:
    """What the house answers when a position without its short leg would sell one."""
    world, bare, parts = WORLDS[name], bare_of(name), house()
    contracts = [leg.contract for leg in bare.legs]
    snapshot = world.snapshot(quotes=world.quotes(contracts), positions=(bare, *others))
    asked = parts.coordinator.manage(snapshot, world.view(), bare)
    if isinstance(asked, Select):
        snapshot = replace(snapshot, quotes=world.quotes([*contracts, *asked.contracts]))
        asked = parts.coordinator.manage(snapshot, world.view(), bare)
    return asked


@pytest.mark.parametrize("name", BARE)
def test_a_first_short_leg_passes_the_counts_as_an_entry_does(name: str) -> None:
    """A bare long leg counts as no position; with its first short one it does."""
    sold = sells_first_short(name)
    assert isinstance(sold, Manage) and min(leg.ratio for leg in sold.intent.legs) == -1
    spread = replace(position_of(WORLDS["lt112"], decide(WORLDS["lt112"]).intent), underlying="TLT")
    limit = PHASES[WORLDS[name].phase].max_positions
    others = tuple(replace(spread, id=f"lt112/{number}", underlying="GLD" if number % 2 else "TLT", strategy="ratio")
                   for number in range(limit))
    assert isinstance(sells_first_short(name, *others[:2]), Manage)
    assert sells_first_short(name, *others) == Hold(reason="COUNT_PHASE")
