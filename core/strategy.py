"""The interface of a strategy for those who ask it: the coordinator, the assembly and the contract tests."""

from __future__ import annotations

from typing import Mapping, Protocol

from config.strategy_spec import StrategySpec
from core.model import (Event, Exit, Hold, Manage, PortfolioView, Position, Proposal, Refused, Select, Snapshot,
                        State)


class Strategy(Protocol):
    """What the coordinator asks of each of the ten. Implementations are stateless: state is in ``Position``.

    ``screen`` refuses cheaply, without a chain (own positions, weekday, signals). ``select`` chooses contracts from
    yesterday's chain. ``propose`` is asked in VALIDATION, once the selected contracts have quotes. ``manage`` is asked
    for every open position at every check; it may return ``Select`` if a roll needs contracts that are not yet
    subscribed.
    """

    @property
    def spec(self) -> StrategySpec:
        """The strategy's figures. Each strategy's own class has more of them than this shared type."""
        ...

    @property
    def transitions(self) -> Mapping[tuple[State, Event], State]:
        """Its state machine, read-only."""
        ...

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None: ...

    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused: ...

    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused: ...

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Manage | Select | Hold: ...
