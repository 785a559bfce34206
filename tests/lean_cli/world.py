"""A workspace with the project in it, and what the ``lean`` command does there, call by call."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lean_cli.container import Container, lay_out, run
from tests.lean_cli.contract import Deployment, configuration, recording
from tests.lean_cli.projects import copy_project, link_data, order_events

Engine = Path | None


class World:
    """One workspace with the project in it (``d``), or the project as its own workspace (``b``)."""

    def __init__(self, folder: Path, engine: Engine, layout: str, **parameters: str) -> None:
        self.folder, self.engine, self.layout = folder, engine, layout
        self.project = copy_project(folder / ("tom king" if layout == "b" else "workspace/tom king"), **parameters)
        self.workspace = self.project if layout == "b" else self.project.parent
        if layout == "d":
            (self.project / "lean.json").rename(self.workspace / "lean.json")
        link_data(self.workspace, folder / "scratch", engine)

    def container(self, run_id: str, name: str = "", **call: Any) -> Container:
        """One call of the command; ``name`` is a recording of this layout."""
        recorded = recording(name or f"{self.layout}-backtest")
        given = configuration(self.workspace, self.project, Deployment(algorithm_id=run_id, **call))
        return lay_out(recorded, given, project=self.project, workspace=self.workspace,
                       root=self.folder / f"container-{run_id}", time=f"time-{run_id}")

    def live(self, run_id: str, **extra: Any) -> Container:
        """``lean live deploy --environment live-paper``."""
        return self.container(run_id, "e-live-paper", environment="live-paper", extra=extra)

    def live_tastytrade(self, run_id: str, account: str) -> Container:
        """``lean live deploy --brokerage Tastytrade --data-provider-live Tastytrade``."""
        block = {"tastytrade-refresh-token": "TOKEN", "tastytrade-account-number": account,
                 "history-provider": ["SubscriptionDataReaderHistoryProvider", "BrokerageHistoryProvider"]}
        return self.container(run_id, "d-live-tastytrade", environment="lean-cli", brokerage="TastytradeBrokerage",
                              feeds=["TastytradeBrokerage"], block=block)

    def backtest(self, run_id: str, **call: Any) -> list[dict[str, Any]]:
        """Run to the end; the order events."""
        container = self.container(run_id, **call)
        assert run(container, self.engine) == 0, container.log()[-2000:]
        return order_events(container.results)
