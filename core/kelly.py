"""Kelly's fraction and its sources: the specification until a strategy has its sample, then its own ledger."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from config.constants import KELLY_FRACTION, KELLY_VIX_MULTIPLIERS, LEDGER_PAYOFF_MIN_LOSSES, MONDAY_MULTIPLIER
from config.strategy_spec import StrategySpec
from core.errors import CannotCompute
from core.market_values import below, positive
from core.model import StrategySample
from core.quotes import at_most

MONDAY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Win rate W and payoff ratio R (mean win / mean loss). ``from_ledger`` is True once the sample is complete."""

    win_rate: float
    payoff_ratio: float
    from_ledger: bool

    @property
    def kelly(self) -> float:
        """f = W - (1 - W) / R (Kelly 1956): the share of capital that grows it fastest. At or below 0 there is no
        edge."""
        if self.payoff_ratio <= 0:
            return -inf
        return self.win_rate - (1.0 - self.win_rate) / self.payoff_ratio

    @property
    def is_lost(self) -> bool:
        """True if Kelly's fraction is 0 or below. The comparison allows for rounding, since an exact 0 may not come
        out."""
        return at_most(self.kelly, 0.0)


def strategy_edge(spec: StrategySpec, sample: StrategySample) -> Edge:
    """W and R of a strategy that is sized by Kelly.

    They come from the specification until ``spec.min_sample`` trades have closed. Then W comes from the ledger, and R
    too once the ledger holds 5 losses.

    Raises
    ------
    CannotCompute
        If the strategy has a fixed allocation, or the sample contradicts itself.
    """
    if spec.win_rate is None or spec.payoff_ratio is None:
        raise CannotCompute("the strategy is not sized by Kelly", strategy=spec.name)
    if sample.trades < 0 or not 0 <= sample.wins <= sample.trades:
        raise CannotCompute("the strategy's sample contradicts itself", trades=sample.trades, wins=sample.wins)
    if sample.trades < spec.min_sample:
        return Edge(win_rate=spec.win_rate, payoff_ratio=spec.payoff_ratio, from_ledger=False)
    payoff = spec.payoff_ratio
    if sample.losses >= LEDGER_PAYOFF_MIN_LOSSES:
        means = (sample.mean_win_usd, sample.mean_loss_usd)
        if not all(isfinite(mean) for mean in means) or means[0] < 0 or means[1] <= 0:
            raise CannotCompute("the strategy's mean win and loss contradict its sample", mean_win_usd=means[0],
                                mean_loss_usd=means[1])
        payoff = means[0] / means[1]
    return Edge(win_rate=sample.win_rate, payoff_ratio=payoff, from_ledger=True)


def vix_multiplier(vix: float) -> float:
    """Size multiplier by VIX: 0.75 below 15; 1 from 15 to 25; 0.75 from 25 to 30 (included); 0.5 above 30.

    Raises
    ------
    CannotCompute
        If the VIX is not a positive number.
    """
    positive(vix, "vix")
    highest_bound, share = KELLY_VIX_MULTIPLIERS[-2]
    return share if vix == highest_bound else below(KELLY_VIX_MULTIPLIERS, vix)


def kelly_share(edge: Edge, vix: float, weekday: int) -> float:
    """Share of equity for an entry: a quarter of Kelly, times the VIX multiplier, halved on Mondays.

    Parameters
    ----------
    weekday : int
        0 is Monday.
    """
    return edge.kelly * KELLY_FRACTION * vix_multiplier(vix) * (MONDAY_MULTIPLIER if weekday == MONDAY else 1.0)
