"""Workers end when they are told to, whatever handler the parent has, and no termination is lost on the way."""
from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from local.workers import forked_pool


@pytest.fixture(autouse=True)
def deaf_parent() -> Iterator[None]:
    """A parent whose handler does nothing: a worker that inherits it cannot be terminated."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


def disposition(_: int) -> tuple[bool, bool]:
    """Whether a worker leaves SIGTERM to the system, and whether it holds it back."""
    return signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, \
        signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_worker_has_the_systems_own_action() -> None:
    with forked_pool(2) as pool:
        assert pool.map(disposition, range(4)) == [(True, False)] * 4


def test_the_parent_keeps_its_handler_and_mask() -> None:
    with forked_pool(1):
        assert not disposition(0)[0] and not disposition(0)[1]


def test_a_failure_ends_workers_that_are_busy() -> None:
    with pytest.raises(ValueError, match="the body failed"), forked_pool(2) as pool:
        number = pool.apply(os.getpid)
        pool.map_async(time.sleep, [600] * 4)
        raise ValueError("the body failed")
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_work_that_is_done_ends_by_itself() -> None:
    with forked_pool(2) as pool:
        found = sorted(pool.imap_unordered(abs, range(-5, 0)))
    assert found == [1, 2, 3, 4, 5]
