"""A stand-in for an engine: leaves the results of a run without running anything."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from local.commands.errors import RUN_FAILED, CommandError
from local.commands.execute import Job
from tests.local.run_report.builders_report import make_report, make_summary

STORE_KEY = "storage/development/backtest/report.json"


def leave_results(out: Path, report: dict | None = None, summary: dict | None = None,
                  events: list | None = None) -> None:
    """Write what a run leaves."""
    path = out / STORE_KEY
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report or make_report()), encoding="utf-8")
    (out / "run-summary.json").write_text(json.dumps(summary or make_summary()), encoding="utf-8")
    if events is not None:
        (out / "run-order-events.json").write_text(json.dumps(events), encoding="utf-8")


def completing(jobs: list[Job]) -> Callable[[Job], float]:
    """An engine that notes the job and completes."""
    def execute(job: Job) -> float:
        jobs.append(job)
        leave_results(job.out)
        return 0.1
    return execute


def failing(job: Job) -> float:
    """An engine whose algorithm raises after it has written something."""
    leave_results(job.out)
    raise CommandError("the run failed: ValueError: no\nsecond line", RUN_FAILED, details="Traceback …")
