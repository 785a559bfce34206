"""Builds one run around LEAN's algorithm object."""

from __future__ import annotations

from config.run_parameters import Fills, MarginAuthority, RunParameters
from helpers.atomic_order_executor import AtomicOrderExecutor
from helpers.lean.gateway import LeanAlgorithm, LeanEvent, LeanGateway
from helpers.lean.run_facts import RunFacts
from helpers.shell.components import build
from helpers.shell.framework_shell import FrameworkShell
from helpers.shell.memory import Memory
from helpers.shell.run_store import RunStore, check_environment
from helpers.shell.snapshots import with_indices
from helpers.store.audit_trail import SegmentedAudit
from helpers.store.journal import Journal
from strategies import ALL

EXECUTOR_SECONDS_LIVE = 1
EXECUTOR_SECONDS_BACKTEST = 60


def tickers_of(run: RunParameters) -> tuple[str, ...]:
    """Underlyings to subscribe: SPY and VIX always, those of the strategies that are on, and their volatility
    indices."""
    return with_indices(("SPY", "VIX", *(ticker for name in run.strategies for ticker in ALL[name].spec.underlyings)))


def assemble(algorithm: LeanAlgorithm, run: RunParameters) -> FrameworkShell[LeanEvent]:
    """Wire gateway, components, store, executor and shell.

    Raises
    ------
    ConfigError
        If the environment does not fit the brokerage.
    """
    tickers = tickers_of(run)
    managers = build(run, ALL)
    gateway = LeanGateway(algorithm, managers.iv_record, own_margin=run.margin is MarginAuthority.OWN,
                          worked_fills=run.fills is Fills.WORKED)
    facts = RunFacts(algorithm)
    if facts.live:
        check_environment(run, facts.brokerage)
    gateway.configure(tickers)
    gateway.screen.positions = lambda: managers.states.open_positions
    memory = Memory(managers, lambda: algorithm.time)
    executor = AtomicOrderExecutor(
        gateway, memory, managers.states,
        clock_seconds=EXECUTOR_SECONDS_LIVE if facts.live else EXECUTOR_SECONDS_BACKTEST, events_later=facts.live)
    audit = SegmentedAudit(algorithm.object_store)
    return FrameworkShell(gateway=gateway, run=run, components=managers.with_executor(executor), memory=memory,
                          journal=Journal(algorithm.log, audit, run.log_level), store=RunStore(facts, run, memory, audit),
                          tickers=tickers, port=algorithm.object_store)
