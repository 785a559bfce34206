"""Samples of equity, daily performance, benchmark and turnover, taken when LEAN takes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from local.engine.broker.numeric import exact

SAMPLES = 4000
SHORTEST_PERIOD = timedelta(minutes=4)


class Sampler:
    """Keeps the series that statistics are computed from; times are naive UTC."""

    def __init__(self, algorithm: Any) -> None:
        self._algorithm = algorithm
        # An algorithm ends a tick before midnight and LEAN cuts the period down to its ticks: a period of whole minutes is
        # over at its last minute, not at the minute after it.
        self.period = max(SHORTEST_PERIOD, (algorithm.end_date - algorithm.start_date) // SAMPLES)
        self.starting_value = algorithm.portfolio.total_portfolio_value
        self.equity: dict[datetime, float] = {}
        self.performance: dict[datetime, float] = {}
        self.benchmark: dict[datetime, float] = {}
        self.turnover: dict[datetime, float] = {}
        self.next_sample: datetime | None = None
        self._daily_value = self.starting_value
        self._volumes = [0.0, 0.0]
        self._last_turnover: datetime | None = None

    def on_slice(self, now: datetime) -> None:
        """Sample equity when the period is over; warm-up leaves no samples."""
        if self._algorithm.is_warming_up:
            return
        if self.next_sample is None or now > self.next_sample:
            self.next_sample = now + self.period
            self.equity[now] = round(self._algorithm.portfolio.total_portfolio_value, 4)

    def on_slices_skipped(self, instants: Sequence[datetime]) -> None:
        """Sample as if the skipped slices had been processed; nothing is held in them, so equity stands still."""
        value = round(self._algorithm.portfolio.total_portfolio_value, 4)
        for now in instants:
            if self.next_sample is None or now > self.next_sample:
                self.next_sample = now + self.period
                self.equity[now] = value

    def daily(self, now: datetime) -> None:
        """Take the daily sample (midnight of the algorithm's zone, and the end)."""
        if self._algorithm.is_warming_up:
            return
        portfolio = self._algorithm.portfolio
        value = portfolio.total_portfolio_value
        self.equity[now] = round(value, 4)
        self.benchmark[now] = self._algorithm.benchmark.evaluate(now)
        change = (value - self._daily_value) * 100 / self._daily_value if self._daily_value else 0.0
        self.performance[now] = round(change, 10)
        self._sample_turnover(now, value)
        self._daily_value = value

    def _sample_turnover(self, now: datetime, value: float) -> None:
        if value == 0 or self._algorithm.time == self._algorithm.start_date:
            return
        volume = self._algorithm.portfolio.total_sale_volume
        before = self._volumes[-2] if self._last_turnover == now else self._volumes[-1]
        self.turnover[now] = exact(volume - before) / value
        self._volumes = [self._volumes[-1], volume]
        self._last_turnover = now
