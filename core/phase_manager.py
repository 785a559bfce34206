"""The account's phase. It is earned step by step and lost through losses; deposits and withdrawals do not change it.

The phase is judged by the account's value, scaled so that a flow leaves the figure unchanged. After a deposit of a
third, every later dollar counts for three quarters of one. Without flows the figure is the account's value itself.
Drawdown uses the same figure with bought protection counted at its cost. Its market value at the height of a panic
would set a peak that the account never really had.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import isfinite
from typing import Any, Mapping

from config.constants import (DEMOTION_DRAWDOWN_SHARE, DEMOTION_FLOOR_SHARE, PHASES, PROMOTIONS,
                              PromotionRule)
from core.errors import ConfigError, IntegrityError
from core.quotes import at_least, at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionFacts:
    """The ledger's record that a promotion is judged by. Shares are positive fractions. ``worst_loss_share`` is the
    largest loss of one trade as a share of the equity before it, ``worst_drawdown_share`` the deepest drawdown. The
    ledger chooses the trades and days (:meth:`core.trade_ledger.TradeLedger.promotion_facts`)."""

    closed_trades: int
    win_rate: float
    worst_loss_share: float
    profitable: frozenset[str]
    worst_drawdown_share: float


class PhaseReason(str, Enum):
    PROMOTED = "PROMOTED"
    BELOW_FLOOR = "BELOW_FLOOR"
    DRAWDOWN = "DRAWDOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One thing the next phase asks for: what there is, what is needed, and whether that is met. Dollars, counts, shares;
    of a profitable trade of one strategy the count and its name."""

    name: str
    value: float
    needed: float
    met: bool
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChange:
    """One step up or down, and the figures it was judged by."""

    before: int
    after: int
    reason: PhaseReason
    equity: float
    drawdown_share: float


class PhaseManager:
    """Keeps the phase.

    Parameters
    ----------
    starting_phase : int
        1 to 4.
    starting_equity : float
        USD; the first peak.

    Raises
    ------
    ConfigError
        If the phase is unknown.
    IntegrityError
        If the starting equity is not a positive number.
    """

    def __init__(self, starting_phase: int, starting_equity: float) -> None:
        if starting_phase not in PHASES:
            raise ConfigError("unknown starting phase", starting_phase=starting_phase, known=sorted(PHASES))
        self._phase = starting_phase
        self.begin_at(starting_equity)

    def begin_at(self, equity: float) -> None:
        """Measure from ``equity`` on, as for a new account.

        Raises
        ------
        IntegrityError
            If it is not a positive number.
        """
        if not (isfinite(equity) and equity > 0):
            raise IntegrityError("starting equity is not a positive amount", equity=equity)
        self._scale = self._cost_scale = 1.0
        self._equity = self._at_cost = equity
        self._peak = equity
        self._demoted_in_drawdown = False

    @property
    def phase(self) -> int:
        return self._phase

    @property
    def earned_equity(self) -> float:
        """The account's value at the last update as if there had been no flows, in USD."""
        return self._equity * self._scale

    @property
    def drawdown_share(self) -> float:
        """The drawdown from the peak to the last update, with bought protection at cost; positive."""
        return max(0.0, 1.0 - self._at_cost * self._cost_scale / self._peak)

    def record_flow(self, amount_usd: float, equity_after_usd: float) -> None:
        """Record a deposit (positive) or withdrawal that has just brought the account to ``equity_after_usd``.

        Raises
        ------
        IntegrityError
            If an amount is not a number, or the account was or is worth nothing.
        """
        before, cost_after = equity_after_usd - amount_usd, self._at_cost + amount_usd
        if not (isfinite(amount_usd) and isfinite(equity_after_usd)
                and min(before, equity_after_usd, self._at_cost, cost_after) > 0):
            raise IntegrityError("a flow is not an amount", amount_usd=amount_usd, equity_after_usd=equity_after_usd,
                                 at_cost=self._at_cost)
        self._scale *= before / equity_after_usd
        self._cost_scale *= self._at_cost / cost_after
        self._equity, self._at_cost = equity_after_usd, cost_after

    def update(self, equity: float, record: PromotionFacts, *, equity_at_cost: float) -> PhaseChange | None:
        """Take the account's value, and step up or down by one if the rules say so.

        Down: the figure is below 93 % of the phase's own floor, or more than 20 % below the peak (once per drawdown).
        Up: all criteria of the next phase are met, and there is no reason to step down.

        Parameters
        ----------
        equity_at_cost : float
            The account's value with the bought protection it holds counted at cost.

        Raises
        ------
        IntegrityError
            If equity or the record is not a number.
        """
        numbers = (equity, equity_at_cost, record.win_rate, record.worst_loss_share, record.worst_drawdown_share)
        if not all(isfinite(number) for number in numbers):
            raise IntegrityError("the phase cannot be judged by this", equity=equity, win_rate=record.win_rate)
        self._equity, self._at_cost = equity, equity_at_cost
        if self._at_cost * self._cost_scale >= self._peak:
            self._peak = self._at_cost * self._cost_scale
            self._demoted_in_drawdown = False
        drawdown = self.drawdown_share
        below_floor = not at_least(self.earned_equity, DEMOTION_FLOOR_SHARE * PHASES[self._phase].equity_floor_usd)
        deep = not at_most(drawdown, DEMOTION_DRAWDOWN_SHARE)
        if below_floor and self._phase > min(PHASES):
            self._demoted_in_drawdown = self._demoted_in_drawdown or deep   # one fall is one step, whichever rule it broke
            return self._step(-1, PhaseReason.BELOW_FLOOR)
        if deep and not self._demoted_in_drawdown and self._phase > min(PHASES):
            self._demoted_in_drawdown = True
            return self._step(-1, PhaseReason.DRAWDOWN)
        if not below_floor and not deep and self._earned_next(record):
            return self._step(1, PhaseReason.PROMOTED)
        return None

    def missing_for_promotion(self, record: PromotionFacts) -> tuple[str, ...]:
        """Names of the next phase's criteria that are not met; empty in the last phase."""
        return tuple(criterion.name for criterion in self.criteria(record) if not criterion.met)

    def _next_rule(self) -> PromotionRule | None:
        return next((rule for rule in PROMOTIONS if rule.to_phase == self._phase + 1), None)

    def _earned_next(self, record: PromotionFacts) -> bool:
        rule = self._next_rule()
        return rule is not None and all(criterion.met for criterion in self.criteria(record))

    def criteria(self, record: PromotionFacts) -> tuple[Criterion, ...]:
        """What the next phase asks for; empty in the last one."""
        rule = self._next_rule()
        if rule is None:
            return ()
        rows = [("equity", self.earned_equity, rule.min_equity_usd, at_least(self.earned_equity, rule.min_equity_usd)),
                ("closed_trades", record.closed_trades, rule.min_closed_trades,
                 record.closed_trades >= rule.min_closed_trades),
                ("win_rate", record.win_rate, rule.min_win_rate, at_least(record.win_rate, rule.min_win_rate))]
        if rule.max_single_loss_share is not None:
            rows.append(("single_loss", record.worst_loss_share, rule.max_single_loss_share,
                         at_most(record.worst_loss_share, rule.max_single_loss_share)))
        if rule.needs_profitable is not None:
            won = rule.needs_profitable in record.profitable
            rows.append(("profitable_trade", float(won), 1.0, won))
        if rule.max_drawdown_share is not None:
            rows.append(("drawdown", record.worst_drawdown_share, rule.max_drawdown_share,
                         record.worst_drawdown_share < rule.max_drawdown_share))
        return tuple(Criterion(name=name, value=value, needed=needed, met=met,
                               of=rule.needs_profitable or "" if name == "profitable_trade" else "")
                     for name, value, needed, met in rows)

    def _step(self, direction: int, reason: PhaseReason) -> PhaseChange:
        before, self._phase = self._phase, self._phase + direction
        return PhaseChange(before=before, after=self._phase, reason=reason, equity=self.earned_equity,
                           drawdown_share=self.drawdown_share)

    # --- memory

    def facts(self) -> dict[str, Any]:
        """Everything a restart needs, as plain JSON."""
        return {"phase": self._phase, "demoted_in_drawdown": self._demoted_in_drawdown, **self._numbers()}

    def _numbers(self) -> dict[str, float]:
        return {"scale": self._scale, "equity": self._equity, "cost_scale": self._cost_scale, "at_cost": self._at_cost,
                "peak": self._peak}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take over stored facts and replace the present ones.

        Raises
        ------
        IntegrityError
            If they are not what :meth:`facts` writes.
        """
        if set(facts) != set(self.facts()):
            raise IntegrityError("the stored phase cannot be read", names=sorted(facts))
        try:
            phase = facts["phase"]
            numbers = {name: float(facts[name]) for name in self._numbers()}
        except (TypeError, ValueError) as error:
            raise IntegrityError("the stored phase cannot be read", why=str(error)) from error
        restored = PhaseManager(min(PHASES), numbers["peak"])
        restored._phase, restored._demoted_in_drawdown = phase, facts["demoted_in_drawdown"]
        restored._scale, restored._equity = numbers["scale"], numbers["equity"]
        restored._cost_scale, restored._at_cost = numbers["cost_scale"], numbers["at_cost"]
        restored.self_check()
        self.__dict__.update(restored.__dict__)

    def self_check(self) -> None:
        """Raise IntegrityError if the phase's facts contradict each other."""
        numbers = self._numbers().values()
        if (type(self._phase) is not int or self._phase not in PHASES or not isinstance(self._demoted_in_drawdown, bool)
                or not all(isfinite(number) for number in numbers) or min(self._scale, self._cost_scale, self._peak) <= 0
                or not at_most(self._at_cost * self._cost_scale, self._peak)):
            raise IntegrityError("the phase's facts contradict each other", **self.facts())
