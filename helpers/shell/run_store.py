"""Opens the store of one run, once LEAN has said which run it is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from config.run_parameters import Environment, RunParameters
from core.errors import ConfigError, StoreError
from core.model import Mode
from helpers.atomic_order_executor import AtomicOrderExecutor
from helpers.shell.memory import Memory
from helpers.store.audit_trail import SegmentedAudit
from helpers.store.promotion import KEY, check_promotion, tree_hash
from helpers.store.run_place import BACKTEST, StoreSurvey, begin_backtest, counted, store_prefix, survey
from helpers.store.state_store import Loaded, StateStore

if TYPE_CHECKING:       # it needs LEAN, which exists only where an algorithm runs
    from helpers.lean.run_facts import RunFacts

PAPER_BROKERAGE: Final = "PaperBrokerage"
PAPER, LIVE = "paper", "live"


def live_mode(brokerage: str, environment: Environment) -> str:
    """``paper`` or ``live``, as LEAN's configuration names the brokerage. Without a name, staging counts as paper."""
    if brokerage:
        return PAPER if brokerage == PAPER_BROKERAGE else LIVE
    return PAPER if environment is Environment.STAGING else LIVE


def check_environment(run: RunParameters, brokerage: str) -> None:
    """Check the environment. Staging may trade only on paper; at a real broker it may only observe.

    Raises
    ------
    ConfigError
        If staging would send orders to a real broker.
    """
    if run.environment is Environment.STAGING and run.mode is not Mode.OBSERVE and brokerage not in ("", PAPER_BROKERAGE):
        raise ConfigError(f"environment staging is for paper trading; at {brokerage} it may only observe: set mode to "
                          f"{Mode.OBSERVE.value}, or environment to {Environment.PRODUCTION.value}")


class RunStore:
    """The documents and the audit trail of one run, under the run's own keys.

    Parameters
    ----------
    facts : RunFacts
        The run's id, brokerage and account, and the ObjectStore.
    run : RunParameters
    memory : Memory
    audit : SegmentedAudit
        Both are opened here.
    """

    def __init__(self, facts: RunFacts, run: RunParameters, memory: Memory, audit: SegmentedAudit) -> None:
        self._facts = facts
        self._run = run
        self._memory = memory
        self._audit = audit
        self._prefix = ""

    @property
    def prefix(self) -> str:
        """The prefix of every key of the run; empty before :meth:`open`."""
        return self._prefix

    def open(self, now: datetime) -> StoreSurvey | None:
        """Set the run's keys, and count what the store holds. A backtest also deletes what old ones left. ``now`` is
        wall time. None if the store is not on this machine.

        Raises
        ------
        StoreError
            If the run's id or the account's name cannot be part of a key.
        ConfigError
            If it is production and this very tree was not promoted.
        """
        port, live = self._facts.store, self._facts.live
        if live and self._run.environment is Environment.PRODUCTION:
            check_promotion(str(port.read(KEY)) if port.contains_key(KEY) else None, tree_hash())
        account = self._facts.account if live else ""
        if live:
            self._prefix = store_prefix(live_mode(self._facts.brokerage, self._run.environment), self._run.account)
        else:
            self._prefix = store_prefix(BACKTEST, self._run.restore or self._facts.id)
        self._memory.open(StateStore(port, self._prefix, live=live, account=account),
                          StateStore(port, f"{self._prefix}/orders", live=live, account=account))
        self._audit.open(self._prefix)
        if not self._facts.store_is_here:
            return None
        begins = not live and self._run.restore is None
        return begin_backtest(port, self._prefix, now) if begins else counted(port, survey(port))

    def load(self, executor: AtomicOrderExecutor) -> Loaded | None:
        """Load what the run continues from: a live run its own state, a backtest the state that ``restore`` names.

        Raises
        ------
        StoreError
            If the run to restore has left nothing.
        """
        loaded = self._memory.load(executor)
        if loaded is None and self._run.restore is not None:
            raise StoreError(f"restore names the backtest {self._run.restore}, of which the store holds nothing")
        return loaded
