"""Models of an underlying's volatility, which an option price model may start from."""
from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local.engine.enums import Resolution
from local.engine.market.bars import BaseData, OpenInterest
from local.engine.market.series import RESOLUTION_SECONDS

_PERIODS = {Resolution.TICK: 600, Resolution.SECOND: 600, Resolution.MINUTE: 1440, Resolution.HOUR: 720}
_DAILY_PERIODS, _TRADING_DAYS = 30, 252.0


class BaseVolatilityModel:
    """A model without a volatility; subclasses give theirs."""

    @property
    def volatility(self) -> float:
        """Volatility of a year, 0 when there is none yet."""
        return 0.0

    def update(self, security: Any, data: BaseData) -> None:
        """Takes in a bar of the security."""

    def bars_to_warm_up(self, security: Any) -> tuple[int, Resolution] | None:
        """Number and resolution of the bars that fill the model at the start, None for none."""
        return None


class VolatilityModel:
    """Volatility models by name."""

    NULL = BaseVolatilityModel()


class _WindowModel(BaseVolatilityModel):
    """Takes a value in when a period has passed since the last one."""

    def __init__(self, periods: int, span: timedelta) -> None:
        if periods < 2:
            raise ValueError("'periods' must be greater than or equal to 2.")
        self._window: deque[float] = deque(maxlen=periods)
        self._span = span
        self._last_update = datetime.min

    def _is_due(self, data: BaseData) -> bool:
        if self._last_update != datetime.min and data.end_time - self._last_update < self._span or data.price <= 0:
            return False
        self._last_update = data.end_time
        return True


class StandardDeviationOfReturnsVolatilityModel(_WindowModel):
    """Standard deviation of returns, a year's: (periods, [resolution,] [update frequency]) or (resolution, …)."""

    def __init__(self, periods: int | Resolution, resolution: Resolution | None = None,
                 update_frequency: timedelta | None = None) -> None:
        if isinstance(periods, Resolution):
            update_frequency = resolution if isinstance(resolution, timedelta) else update_frequency
            periods, resolution = _PERIODS.get(periods, _DAILY_PERIODS), periods
        own = timedelta(days=1) if resolution is None else timedelta(seconds=RESOLUTION_SECONDS.get(resolution, 0))
        super().__init__(int(periods), own if update_frequency is None else update_frequency)
        self._resolution, self._last_price = resolution, 0.0

    @property
    def volatility(self) -> float:
        """Volatility of a year, 0 before two returns."""
        return statistics.stdev(self._window) * math.sqrt(_TRADING_DAYS) if len(self._window) > 1 else 0.0

    def update(self, security: Any, data: BaseData) -> None:
        """Takes in a bar of the security."""
        if self._is_due(data):
            if self._last_price > 0:
                self._window.append(data.price / self._last_price - 1.0)
            self._last_price = data.price

    def bars_to_warm_up(self, security: Any) -> tuple[int, Resolution] | None:
        """One bar more than the window holds."""
        return self._window.maxlen + 1, Resolution.DAILY if self._resolution is None else self._resolution


class RelativeStandardDeviationVolatilityModel(_WindowModel):
    """Standard deviation of prices as a share of their mean."""

    def __init__(self, period_span: timedelta, periods: int) -> None:
        super().__init__(periods, period_span)

    @property
    def volatility(self) -> float:
        """The share, 0 before two prices."""
        mean = abs(statistics.fmean(self._window)) if len(self._window) > 1 else 0.0
        return statistics.stdev(self._window) / mean if mean else 0.0

    def update(self, security: Any, data: BaseData) -> None:
        """Takes in a bar of the security."""
        if self._is_due(data):
            self._window.append(data.price)

    def bars_to_warm_up(self, security: Any) -> tuple[int, Resolution] | None:
        """One bar more than the window holds, in the security's resolution."""
        return self._window.maxlen + 1, security.resolution


class IndicatorVolatilityModel(BaseVolatilityModel):
    """An indicator's value as volatility."""

    def __init__(self, indicator: Any, update: Callable[[Any, BaseData, Any], None] | None = None) -> None:
        self._indicator, self._update = indicator, update

    @property
    def volatility(self) -> float:
        """The indicator's value."""
        return self._indicator.current.value

    def update(self, security: Any, data: BaseData) -> None:
        """Hands a bar to the function given."""
        if self._update is not None:
            self._update(security, data, self._indicator)


def feed_models(bars: list[tuple[Any, Any, BaseData]]) -> None:
    """Hands the bars of an instant to the models of their securities."""
    for _, security, data in bars:
        if security.volatility_model is not VolatilityModel.NULL and not isinstance(data, OpenInterest) and data.price != 0:
            security.volatility_model.update(security, data)


def warm_up(security: Any, history: Callable[..., Any]) -> None:
    """Fills a security's model with the bars before the start, as LEAN does in live runs only."""
    wanted = getattr(security.volatility_model, "bars_to_warm_up", lambda security: None)(security)
    if wanted is not None:
        for bar in history(security.symbol, *wanted):
            security.volatility_model.update(security, bar)
