"""Puts one run together around LEAN's algorithm object."""

from __future__ import annotations

from config.run_parameters import Fills, MarginAuthority, RunParameters
from helpers.atomic_order_executor import AtomicOrderExecutor
from helpers.lean.gateway import LeanAlgorithm, LeanEvent, LeanGateway
from helpers.shell.components import build
from helpers.shell.framework_shell import FrameworkShell
from helpers.shell.memory import Memory
from helpers.shell.snapshots import with_indices
from helpers.store.audit_trail import SegmentedAudit
from helpers.store.journal import Journal
from helpers.store.state_store import StateStore, store_prefix
from strategies import ALL

PROJECT = "tom-king"
BACKTEST_ACCOUNT = "backtest"
EXECUTOR_SECONDS_LIVE = 1
EXECUTOR_SECONDS_BACKTEST = 60


def tickers_of(run: RunParameters) -> tuple[str, ...]:
    """Underlyings to subscribe: SPY and VIX always, those of the strategies that are on, their volatility indices."""
    return with_indices(("SPY", "VIX", *(ticker for name in run.strategies for ticker in ALL[name].spec.underlyings)))


def assemble(algorithm: LeanAlgorithm, run: RunParameters) -> tuple[FrameworkShell[LeanEvent], str]:
    """Wire gateway, components, store, executor and shell.

    Returns
    -------
    FrameworkShell, str
        The shell, and the prefix of its keys in the ObjectStore.
    """
    tickers = tickers_of(run)
    components = build(run, ALL)
    gateway = LeanGateway(algorithm, components.iv_record, own_margin=run.margin is MarginAuthority.OWN,
                          worked_fills=run.fills is Fills.WORKED)
    gateway.configure(tickers)
    gateway.screen.positions = lambda: components.states.open_positions
    live = bool(algorithm.live_mode)
    account = run.account if live else BACKTEST_ACCOUNT
    prefix = store_prefix(run.environment.value, account, PROJECT)
    memory = Memory(StateStore(algorithm.object_store, prefix, live=live),
                    StateStore(algorithm.object_store, f"{prefix}/orders", live=live), components,
                    lambda: algorithm.time)
    components.executor = AtomicOrderExecutor(
        gateway, memory, components.states,
        clock_seconds=EXECUTOR_SECONDS_LIVE if live else EXECUTOR_SECONDS_BACKTEST, events_later=live)
    journal = Journal(algorithm.log, SegmentedAudit(algorithm.object_store, prefix))
    shell = FrameworkShell(gateway=gateway, run=run, components=components, memory=memory, journal=journal,
                           tickers=tickers)
    return shell, prefix
