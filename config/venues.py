"""Price grids of the venues: the smallest price steps of a limit, by product and price, for single options and combos.

Every step here is one that the exchange takes and that LEAN leaves unchanged. LEAN rounds a limit to its own step: 0.01
for options on shares, 0.01 and from 3.00 on 0.05 for the VIX, the future's step for options on futures other than
silver. It rounds a combo's limit to the smallest step of the legs. If the exchange takes finer steps, the coarser of
the two is used.

Sources: Cboe, "Tick Increment Change for VIX Options" (November 2022: 0.01 below 3.00, else 0.05; complex orders 0.01);
the exchanges' penny interval program (SPY, QQQ and IWM 0.01 at every price, other penny classes 0.01 below 3.00 and
0.05 from there on, complex orders 0.01); CME, NYMEX and COMEX contract specifications (options on the E-mini S&P 0.05
up to a premium of 10.00 and 0.25 above, crude oil 0.01, gold 0.10, silver 0.001).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Mapping

INFINITY: Final = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceGrid:
    """Price steps in points. ``bands`` are (below this price, step); the last has no bound. Each band begins at a price
    that also lies on the grid of the band below."""

    bands: tuple[tuple[float, float], ...]

    def step(self, price: float) -> float:
        """The step at ``price``, regardless of its sign."""
        return next(step for bound, step in self.bands if abs(price) < bound)

    @property
    def smallest(self) -> float:
        """The smallest possible price."""
        return self.bands[0][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """The price grids of the options on one underlying, single and in a combo. The shares use the combo's grid too."""

    alone: PriceGrid
    combo: PriceGrid


def _everywhere(step: float) -> PriceGrid:
    return PriceGrid(bands=((INFINITY, step),))


PENNIES: Final = _everywhere(0.01)
PENNIES_BELOW_THREE: Final = PriceGrid(bands=((3.0, 0.01), (INFINITY, 0.05)))
PENNY_CLASS: Final = Venue(alone=PENNIES, combo=PENNIES)
OTHER_CLASS: Final = Venue(alone=PENNIES_BELOW_THREE, combo=PENNIES)


def _future(step: float) -> Venue:
    return Venue(alone=_everywhere(step), combo=_everywhere(step))


VENUES: Final[Mapping[str, Venue]] = MappingProxyType({
    "SPY": PENNY_CLASS, "QQQ": PENNY_CLASS, "IWM": PENNY_CLASS, "AAPL": OTHER_CLASS, "MSFT": OTHER_CLASS,
    "VIX": Venue(alone=PENNIES_BELOW_THREE, combo=_everywhere(0.05)),
    "/ES": _future(0.25), "/MES": _future(0.25), "/CL": _future(0.01), "/MCL": _future(0.01),
    "/GC": _future(0.10), "/MGC": _future(0.10), "/SI": _future(0.001),
})
