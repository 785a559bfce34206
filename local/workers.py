"""Worker processes that end when they are told to.

The command line gives SIGTERM a handler of its own, which a forked worker inherits. A handler in Python runs between
two instructions: a worker whose signal comes just before it blocks on a lock of the pool never runs it, outlives
``Pool.terminate()``, and the parent waits for ever. So a worker takes the system's own action back, and until it has
done so the signal is held, not lost.
"""
from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.pool import Pool


def end_when_terminated() -> None:
    """Initializer of a worker: SIGTERM ends it at once, whatever it waits for."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


@contextmanager
def forked_pool(processes: int) -> Iterator[Pool]:
    """A pool of forked processes: waited for when the work is done, terminated when it fails."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        pool = multiprocessing.get_context("fork").Pool(processes, initializer=end_when_terminated)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    with pool:
        yield pool
        pool.close()
        pool.join()
