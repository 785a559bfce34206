"""Every component of the framework, built once and verified at each start."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import UnionType
from typing import Any, Final, Mapping, Protocol, get_type_hints

from config.run_parameters import RunParameters
from config.strategy_spec import StrategySpec
from core.day_book import DayBook
from core.entry.gate import EntryGate
from core.errors import CannotCompute, IntegrityError
from core.exposure import Exposure
from core.iv_record import IvRecord
from core.model import EMPTY, Snapshot
from core.order_figures import OrderFigures
from core.phase_manager import PhaseManager
from core.position_log import PositionLog
from core.spy_concentration_manager import SpyConcentrationManager
from core.strategy import Strategy
from core.strategy_coordinator import StrategyCoordinator
from core.trade_ledger import TradeLedger
from core.unified_position_sizer import UnifiedPositionSizer
from core.unified_state_manager import UnifiedStateManager
from core.unified_vix_manager import UnifiedVixManager
from helpers.atomic_order_executor import AtomicOrderExecutor
from helpers.data_freshness_validator import DataFreshnessValidator
from risk.august_2024_correlation_limiter import August2024CorrelationLimiter
from risk.circuit_breakers import CircuitBreakers
from risk.dynamic_margin_manager import DynamicMarginManager
from risk.emergency_protocol import EmergencyProtocol
from risk.greeks_monitor import GreeksMonitor

NOT_YET_JUDGED: Final = "no risk check yet"


class Remembered(Protocol):
    """A manager whose facts the store keeps."""

    def facts(self) -> dict[str, Any]:
        """The facts as plain JSON."""
        ...

    def restore(self, facts: Mapping[str, Any], /) -> None:
        """Take over ``facts()`` of an earlier run."""
        ...


@dataclass(slots=True, kw_only=True)
class Managers:
    """The managers of one run: all that is needed to write their facts ahead of the orders."""

    strategies: Mapping[str, Strategy]
    specs: Mapping[str, StrategySpec]
    vix: UnifiedVixManager
    states: UnifiedStateManager
    margin: DynamicMarginManager
    greeks: GreeksMonitor
    concentration: SpyConcentrationManager
    sizer: UnifiedPositionSizer
    limiter: August2024CorrelationLimiter
    validator: DataFreshnessValidator
    gate: EntryGate
    coordinator: StrategyCoordinator
    phase: PhaseManager
    ledger: TradeLedger
    breakers: CircuitBreakers
    emergency: EmergencyProtocol
    book: DayBook
    iv_record: IvRecord
    order_figures: OrderFigures = field(default_factory=OrderFigures)
    position_log: PositionLog = field(default_factory=PositionLog)

    def with_executor(self, executor: AtomicOrderExecutor) -> Components:
        """All components of the run. Possible once the store that the executor writes ahead to exists."""
        managers: dict[str, Any] = {part.name: getattr(self, part.name) for part in fields(Managers)}
        return Components(executor=executor, **managers)

    def remembering(self) -> dict[str, Remembered]:
        """Managers whose facts must survive a restart, by the name they are stored under. The executor's are stored
        apart."""
        return {"vix": self.vix, "states": self.states, "concentration": self.concentration, "limiter": self.limiter,
                "phase": self.phase, "ledger": self.ledger, "breakers": self.breakers, "emergency": self.emergency,
                "book": self.book, "iv_record": self.iv_record}


@dataclass(slots=True, kw_only=True)
class Components(Managers):
    """Managers and executor, and what the rounds share. ``blind`` says what the last risk check could not compute; it
    is also set until the guards have made their first check. ``unsaved`` says why the store did not take the facts.
    Either one halts entries."""

    executor: AtomicOrderExecutor
    book_closing: bool = False
    excess_spy_delta: float = 0.0
    blind: str | None = NOT_YET_JUDGED
    unsaved: str | None = None
    absent: Mapping[str, str] = field(default_factory=lambda: EMPTY)     # what cannot be traded in this run, and why

    def verify(self) -> None:
        """Check that every component is wired, has its type, and is consistent.

        Raises
        ------
        IntegrityError
            For the first component that is missing, has another type, or contradicts itself.
        """
        for name, hint in get_type_hints(Components).items():
            part = getattr(self, name)
            if part is None and name not in ("blind", "unsaved"):
                raise IntegrityError("a component is not wired", component=name)
            if isinstance(hint, (type, UnionType)) and not isinstance(part, hint):
                raise IntegrityError("a component is not what it should be", component=name, type=type(part).__name__)
            check = getattr(part, "self_check", None)
            if check is not None:
                check()
        if set(self.strategies) != set(self.specs):
            raise IntegrityError("strategies and specifications differ",
                                 differing=sorted(set(self.strategies) ^ set(self.specs)))

    def exposure(self, snapshot: Snapshot) -> Exposure | None:
        """Greeks of everything held; None if a leg cannot be computed."""
        try:
            return self.greeks.held(snapshot)
        except CannotCompute:
            return None


def build(run: RunParameters, strategies: Mapping[str, Strategy]) -> Managers:
    """Wire all managers for one run.

    Raises
    ------
    IntegrityError
        If the run names a strategy that does not exist.
    """
    missing = [name for name in run.strategies if name not in strategies]
    if missing:
        raise IntegrityError("no such strategy", names=missing)
    specs = {name: strategy.spec for name, strategy in strategies.items()}
    margin, greeks = DynamicMarginManager(), GreeksMonitor()
    concentration, limiter = SpyConcentrationManager(), August2024CorrelationLimiter()
    validator = DataFreshnessValidator()
    sizer = UnifiedPositionSizer(margin, greeks, concentration)
    gate = EntryGate(validator, limiter, margin, greeks, concentration)
    return Managers(
        strategies=strategies, specs=specs, vix=UnifiedVixManager(),
        states=UnifiedStateManager({name: strategy.transitions for name, strategy in strategies.items()}),
        margin=margin, greeks=greeks, concentration=concentration, sizer=sizer, limiter=limiter, validator=validator,
        gate=gate,
        coordinator=StrategyCoordinator(strategies, gate, sizer, margin, greeks, concentration),
        phase=PhaseManager(run.starting_phase, run.cash),
        ledger=TradeLedger(run.cash, specs), breakers=CircuitBreakers(),
        emergency=EmergencyProtocol(), book=DayBook(run.cash),
        iv_record=IvRecord())
