"""The arithmetic of each promotion: what it asks for, and whether the phase before can give it."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from config.constants import (DEMOTION_DRAWDOWN_SHARE, DEMOTION_FLOOR_SHARE, GOAL_MONTHLY_SHARE, PHASES, PROMOTION_DAYS,
                              PROMOTION_TRADES, PROMOTIONS, STARTING_EQUITY_USD, PromotionRule)
from config.strategy_parameters import SPECS

SLOW_A_MONTH = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One promotion. ``lines`` say how it is reached, ``dead_ends`` why it cannot be."""

    rule: PromotionRule
    lines: tuple[str, ...]
    dead_ends: tuple[str, ...]


def is_traded(strategy: str, phase: int) -> bool:
    """Whether a phase trades a strategy."""
    return SPECS[strategy].max_open[phase] > 0


def income_strategies(phase: int) -> dict[str, float]:
    """Income strategies a phase trades, and the win rate each is assumed to have (its least one where it is not sized
    by Kelly)."""
    return {name: float(spec.win_rate or spec.min_win_rate or 0.0) for name, spec in SPECS.items()
            if spec.counts_as_position and is_traded(name, phase)}


def step(rule: PromotionRule, entries_a_month: float | None = None) -> Step:
    """The arithmetic of one promotion; with the entries a month that were measured in the phase before, in months."""
    phase = rule.to_phase - 1
    limits, rates = PHASES[phase], income_strategies(phase)
    earlier = next((other for other in PROMOTIONS if other.to_phase == phase), None)
    start = STARTING_EQUITY_USD if earlier is None else earlier.min_equity_usd
    done = 0 if earlier is None else earlier.min_closed_trades
    growth = rule.min_equity_usd / start
    more = rule.min_closed_trades - done
    lines = [f"equity {start:,.0f} to {rule.min_equity_usd:,.0f}: {growth - 1.0:.0%}, "
             f"{log(growth) / log(1.0 + GOAL_MONTHLY_SHARE):.1f} months at the goal of {GOAL_MONTHLY_SHARE:.0%}, "
             f"{log(growth) / log(1.0 + SLOW_A_MONTH):.0f} at {SLOW_A_MONTH:.0%}"]
    lines.append(f"{rule.min_closed_trades} trades closed, {more} in this phase: "
                 + (f"{more / entries_a_month:.1f} months at the {entries_a_month:.1f} entries a month measured"
                    if entries_a_month else "at 3 entries a month " + f"{more / 3.0:.1f} months"))
    lines.append(f"win rate {rule.min_win_rate:.0%} over the last {PROMOTION_TRADES} judged trades within {PROMOTION_DAYS} days; "
                 "assumed: " + ", ".join(f"{name} {rate:.0%}" for name, rate in rates.items()))
    dead = []
    if growth <= 1.0:
        dead.append("equity: the account is above it already when the phase begins")
    if max(rates.values(), default=0.0) < rule.min_win_rate:
        dead.append("win rate: no strategy of the phase is assumed to reach it")
    if rule.max_single_loss_share is not None:
        lines.append(f"no trade lost more than {rule.max_single_loss_share:.0%}; one may risk {limits.max_position_share:.0%}, "
                     f"and a larger loss is out of sight after {PROMOTION_TRADES} trades or {PROMOTION_DAYS} days")
        if limits.max_position_share > rule.max_single_loss_share:
            dead.append("single loss: the phase lets one trade risk more")
    if rule.needs_profitable is not None:
        lines.append(f"a trade of {rule.needs_profitable} closed in profit: traded in phases "
                     + ", ".join(str(number) for number in PHASES if is_traded(rule.needs_profitable, number)))
        if not is_traded(rule.needs_profitable, phase):
            dead.append(f"{rule.needs_profitable}: the phase does not trade it")
    if rule.max_drawdown_share is not None:
        lines.append(f"drawdown below {rule.max_drawdown_share:.0%} within {PROMOTION_DAYS} days; "
                     f"a deeper one is out of sight after them, one of {DEMOTION_DRAWDOWN_SHARE:.0%} demotes")
    if rule.min_equity_usd < DEMOTION_FLOOR_SHARE * PHASES[rule.to_phase].equity_floor_usd:
        dead.append("equity: promoted there, the account would be demoted at once")
    return Step(rule=rule, lines=tuple(lines), dead_ends=tuple(dead))


def arithmetic_lines(entries_a_month: Mapping[int, float]) -> list[str]:
    """All promotions in words; ``entries_a_month`` by phase, as far as they were measured."""
    lines = []
    for rule in PROMOTIONS:
        found = step(rule, entries_a_month.get(rule.to_phase - 1))
        lines.append(f"phase {rule.to_phase - 1} to {rule.to_phase}: "
                     + ("can be reached" if not found.dead_ends else "DEAD END: " + "; ".join(found.dead_ends)))
        lines += [f"  {line}" for line in found.lines]
    return lines
