"""What a strategy is to those who ask it: the coordinator, the assembly and the tests of the contract."""

from __future__ import annotations

from typing import Mapping, Protocol

from config.strategy_spec import StrategySpec
from core.model import (Event, Exit, Hold, Manage, PortfolioView, Position, Proposal, Refused, Select, Snapshot,
                        State)


class Strategy(Protocol):
    """What the coordinator asks of each of the ten. Implementations are stateless: state is in ``Position``.

    ``screen`` refuses cheaply, without a chain (own positions, weekday, signals). ``select`` chooses contracts from
    yesterday's chain; ``propose`` is asked in VALIDATION once the selected contracts have quotes; ``manage`` for every
    open position at every check, and may return ``Select`` when a roll needs contracts that are not subscribed yet.
    """

    @property
    def spec(self) -> StrategySpec:
        """Its figures; each strategy's own class has more of them than all share."""
        ...

    @property
    def transitions(self) -> Mapping[tuple[State, Event], State]:
        """Its state machine, read-only."""
        ...

    def screen(self, snapshot: Snapshot, view: PortfolioView) -> Refused | None: ...

    def select(self, snapshot: Snapshot, view: PortfolioView) -> Select | Refused: ...

    def propose(self, snapshot: Snapshot, view: PortfolioView, selection: Select) -> Proposal | Refused: ...

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Manage | Select | Hold: ...
