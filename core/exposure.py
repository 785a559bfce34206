"""Greeks of a book in one unit, signed as held: the value that passes between the gate, the sizer and the monitor.

For a leg of ``q`` contracts with multiplier ``m``, on an underlying at price ``P`` with beta ``b`` to SPY (price
``S``):

* SPY delta = delta x q x m x b x P / S: the number of SPY shares that move the account as much (share-equivalents),
* gamma     = gamma x q x m x (b x P / S)^2: the change in that number when SPY moves by 1,
* vega      = vega x q x m: USD per volatility point of the leg's own volatility,
* theta     = theta x q x m: USD per calendar day; reported, never gated.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.market_values import finite
from core.model import PortfolioView


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Greeks of some legs, signed as held (units: module docstring)."""

    spy_delta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0
    theta: float = 0.0

    def __add__(self, other: Exposure) -> Exposure:
        return Exposure(spy_delta=self.spy_delta + other.spy_delta, gamma=self.gamma + other.gamma,
                        vega=self.vega + other.vega, theta=self.theta + other.theta)

    def times(self, count: float) -> Exposure:
        """``count`` times this exposure."""
        return Exposure(spy_delta=self.spy_delta * count, gamma=self.gamma * count, vega=self.vega * count,
                        theta=self.theta * count)


def working_exposure(view: PortfolioView) -> Exposure:
    """What the entries that still work may come to hold, at worst.

    Raises
    ------
    CannotCompute
        If a reserved figure is not a number.
    """
    return Exposure(spy_delta=finite(view.reserved_spy_delta, "reserved_spy_delta"),
                    gamma=finite(view.reserved_short_gamma, "reserved_short_gamma"),
                    vega=finite(view.reserved_short_vega, "reserved_short_vega"))
