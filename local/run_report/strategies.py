"""The report's page of one strategy: planned against achieved, every position, reasons for exits and refusals."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any

from config.strategy_parameters import SPECS
from local.run_report.account import strategy_names
from local.run_report.markup import DASH, Markup, chip, definition_list, money, number, quiet, share, table
from local.run_report.positions import position_rows
from local.run_report.refusals import opportunities, summary_rows


def strategy_page(name: str, report: Mapping[str, Any]) -> str:
    """One strategy's section."""
    trades = [trade for trade in report["trades"] if trade["strategy"] == name]
    days = [one for one in opportunities(report) if one.strategy == name]
    return (f'<article id="strategy-{escape(name)}"><h2>{chip(name)}</h2>{_summary(name, report["planned"].get(name))}'
            f"<h3>Positions</h3>{position_rows(report, name)}"
            f"<h3>Why positions ended</h3>{_exit_reasons(trades)}"
            f"<h3>What came of its opportunities</h3>{summary_rows(days)}</article>")


def _summary(name: str, plan: Mapping[str, Any] | None) -> str:
    if plan is None:
        return quiet("The ledger knows no plan of this strategy.")
    achieved = plan["achieved"]
    left = {"Trades": achieved["trades"], "Win rate achieved": share(achieved["win_rate"]),
            "Win rate planned": share(plan["planned_win_rate"]), "Win rate at least": _minimum(name, plan)}
    right = {"Net P&L of closed trades $": money(achieved["pnl_usd"]), "Fees $": number(achieved["fees_usd"]),
             "Payoff ratio achieved": number(achieved["payoff_ratio"]), "Payoff ratio planned": number(plan["planned_payoff_ratio"])}
    return f'<div class="columns">{definition_list(left)}{definition_list(right)}</div>'


def _minimum(name: str, plan: Mapping[str, Any]) -> str:
    least = plan["min_win_rate"]
    return DASH if least is None else f"{share(least)} after {SPECS[name].min_sample}"


def plan_rows(report: Mapping[str, Any]) -> Markup:
    """Planned and achieved, a row a strategy."""
    rows = []
    for name in strategy_names(report):
        plan = report["planned"].get(name)
        if plan is not None:
            done = plan["achieved"]
            rows.append((chip(name), done["trades"], share(plan["planned_win_rate"]), _minimum(name, plan), share(done["win_rate"]),
                         number(plan["planned_payoff_ratio"]), number(done["payoff_ratio"]), number(done["profit_factor"]),
                         plan["suspended"] or DASH))
    return table(("Strategy", "Trades", "Win rate planned", "at least", "achieved", "Payoff planned", "achieved", "Profit factor",
                  "Suspended"), rows, numbers=range(1, 8), label="Plan and record of each strategy")


def _exit_reasons(trades: list[Mapping[str, Any]]) -> Markup:
    counts = Counter(str(trade["exit_reason"]) for trade in trades)
    results: dict[str, float] = {}
    for trade in trades:
        reason = str(trade["exit_reason"])
        results[reason] = results.get(reason, 0.0) + float(trade["pnl_usd"])
    forced = Counter(str(trade["exit_reason"]) for trade in trades if trade["forced"])
    rows = [(reason, count, forced[reason] or DASH, money(results[reason])) for reason, count in counts.most_common()]
    return table(("Reason", "Trades", "Forced", "P&L $"), rows, numbers=(1, 2, 3), label="Why positions ended", empty="None was closed.")
