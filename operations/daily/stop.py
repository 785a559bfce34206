"""A clean stop: wait until no order is at work, ask LEAN to end the algorithm, see it end. And the stop that waits for nothing."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operations.commands import STOP, Line
from operations.documents import Run
from operations.errors import OperationsError

STEP_SECONDS, ORDERS_SECONDS, END_SECONDS = 2.0, 360.0, 120.0


def stop(run: Run, line: Line, *, clock: Callable[[], datetime], wait: Callable[[float], object], now: bool,
         told: Callable[[str], None]) -> None:
    """End the algorithm.

    Parameters
    ----------
    now : bool
        Do not wait for orders at work: the next start looks at each of them.

    Raises
    ------
    OperationsError
        LEAN did not take the command, or the algorithm did not say that it has ended.
    """
    began = clock()
    if not now:
        left = _until(lambda: not _at_work(run), ORDERS_SECONDS, clock, wait)
        told("no order is at work" if left else f"orders are still at work: {', '.join(_at_work(run)[:3])}; the next start looks at each")
    sent = line.send(STOP, wait)
    if not sent.taken:
        raise OperationsError("LEAN did not take the stop in a minute and it was withdrawn: is it running there? Else end its process "
                              "with SIGTERM, as the runbook says")
    if run.status() is None:
        told("stopped; nothing was published that could confirm it")
        return
    if not _until(lambda: _ended(run, began), END_SECONDS, clock, wait):
        raise OperationsError("LEAN took the stop, but the algorithm has not said that it ended: see the runbook")
    told("stopped: the algorithm has written its last word")


def _at_work(run: Run) -> list[str]:
    """Ids of intents at work, as stored."""
    orders = run.orders()
    return [] if orders is None else [str(work["intent"]["id"]) for work in orders.payload["executor"]["works"]]


def _ended(run: Run, began: datetime) -> bool:
    status = run.status()
    return status is not None and bool(status.body["run"]["ended"]) and status.written >= began


def _until(true: Callable[[], bool], seconds: float, clock: Callable[[], datetime], wait: Callable[[float], object]) -> bool:
    began = clock()
    while not true():
        if (clock() - began).total_seconds() > seconds:
            return False
        wait(STEP_SECONDS)
    return True
