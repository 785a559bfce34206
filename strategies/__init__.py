"""The ten strategies, one file each: transition table, selection, management.

They look alike but must not be merged: each has its own state machine, its own conditions and its own exits.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Callable, Final, Mapping, cast

from config.strategy_spec import StrategySpec
from core.strategy import Strategy
from strategies.butterfly_with_state import Butterfly
from strategies.calendar_spread_with_state import Calendar
from strategies.diagonal_spread_with_state import Diagonal
from strategies.emergency_hedge_with_state import EmergencyHedge
from strategies.friday_0dte_with_state import Friday0Dte
from strategies.futures_strangle_with_state import FuturesStrangle
from strategies.ipmcc_with_state import Ipmcc
from strategies.leap_put_ladders_with_state import LeapPutLadder
from strategies.lt112_with_state import Lt112
from strategies.ratio_spread_with_state import RatioSpread

_IN_ORDER: Final[tuple[Strategy, ...]] = (
    Friday0Dte(), Lt112(), Ipmcc(), FuturesStrangle(), LeapPutLadder(), Butterfly(), Calendar(), RatioSpread(), Diagonal(),
    EmergencyHedge())
ALL: Final[Mapping[str, Strategy]] = MappingProxyType({strategy.spec.name: strategy for strategy in _IN_ORDER})
"""Every strategy by its spec's name, in the coordinator's order of priority."""


def with_specs(specs: Mapping[str, StrategySpec]) -> Mapping[str, Strategy]:
    """Every strategy with its own of these specifications."""
    made: dict[str, Strategy] = {}
    for name, strategy in ALL.items():
        made_from = cast(Callable[[StrategySpec], Strategy], type(strategy))       # each takes its own kind of specification
        made[name] = strategy if strategy.spec is specs[name] else made_from(specs[name])
    return MappingProxyType(made)
