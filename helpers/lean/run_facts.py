"""What LEAN knows of the run itself: its mode, its id, where it trades, and where its ObjectStore lies."""

from __future__ import annotations

import AlgorithmImports as lean


class RunFacts:
    """Facts of one run.

    Parameters
    ----------
    algorithm : QCAlgorithm
        The running algorithm.
    """

    def __init__(self, algorithm: lean.QCAlgorithm) -> None:
        self._algorithm = algorithm

    @property
    def live(self) -> bool:
        """Whether LEAN runs in live mode, which includes paper trading."""
        return bool(self._algorithm.live_mode)

    @property
    def id(self) -> str:
        """LEAN's id of this run; empty until the run begins."""
        return str(self._algorithm.algorithm_id)

    @property
    def store(self) -> lean.ObjectStore:
        """LEAN's ObjectStore."""
        return self._algorithm.object_store

    @property
    def store_is_here(self) -> bool:
        """Whether the ObjectStore's files lie on this machine."""
        return bool(self._algorithm.deployment_target == lean.DeploymentTarget.LOCAL_PLATFORM)

    @property
    def brokerage(self) -> str:
        """Name of the brokerage in LEAN's configuration; empty if it has none."""
        return str(lean.Config.get("live-mode-brokerage"))

    @property
    def account(self) -> str:
        """The broker's number of the account in LEAN's configuration; empty if it has none."""
        return str(lean.Config.get("tastytrade-account-number"))
