"""The report's page of one strategy: planned against achieved, every trade, reasons for exits and refusals."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any

from config.strategy_parameters import SPECS
from local.run_report.tables import (chip, definition_list, money, open_rows, refusal_day_rows, refusal_rows, table,
                                     trade_rows)


def strategy_names(report: Mapping[str, Any]) -> list[str]:
    """Strategies that were on, traded, are held or were refused, in order of priority."""
    seen = {*report["run"].get("strategies", []), *report["refusals"], *(item["strategy"] for item in report["trades"]),
            *(item["strategy"] for item in report.get("open_positions", []))}
    known = [name for name in SPECS if name in seen]
    return known + sorted(seen - set(known))


def strategy_page(name: str, report: Mapping[str, Any]) -> str:
    """One strategy's section."""
    trades = [trade for trade in report["trades"] if trade["strategy"] == name]
    held = [item for item in report.get("open_positions", []) if item["strategy"] == name]
    refusals = report["refusals"].get(name, {})
    days = [item for item in report.get("refusal_days", []) if item["strategy"] == name]
    day_table = (f"<details><summary>{len(days)} rows of refusals, day by day</summary>"
                 f"{refusal_day_rows(days)}</details>") if days else ""
    return (f'<article id="strategy-{escape(name)}"><h2>{chip(name)}</h2>{_summary(name, report["planned"].get(name))}'
            f"<h3>Trades</h3>{trade_rows(trades)}{_held(held)}"
            f'<div class="columns"><div><h3>Why trades ended</h3>{_exit_reasons(trades)}</div>'
            f"<div><h3>Why entries were refused</h3>{refusal_rows({name: refusals} if refusals else {}, days)}</div></div>"
            f"{day_table}</article>")


def _held(positions: list[Mapping[str, Any]]) -> str:
    return f"<h3>Held at the end</h3>{open_rows(positions)}" if positions else ""


def _summary(name: str, plan: Mapping[str, Any] | None) -> str:
    if plan is None:
        return '<p class="quiet">The ledger knows no plan of this strategy.</p>'
    achieved = plan["achieved"]
    left = {"Trades": achieved["trades"], "Win rate achieved": _share(achieved["win_rate"]),
            "Win rate planned": _share(plan["planned_win_rate"]), "Win rate at least": _minimum(name, plan)}
    right = {"Net P&L": f"{achieved['pnl_usd']:+,.2f} USD", "Fees": f"{achieved['fees_usd']:,.2f} USD",
             "Payoff ratio achieved": _ratio(achieved["payoff_ratio"]),
             "Payoff ratio planned": _ratio(plan["planned_payoff_ratio"])}
    return f'<div class="columns">{definition_list(left)}{definition_list(right)}</div>'


def _minimum(name: str, plan: Mapping[str, Any]) -> str:
    least = plan["min_win_rate"]
    return "–" if least is None else f"{_share(least)} after {SPECS[name].min_sample}"


def _share(value: float | None) -> str:
    """A fraction in percent, or a dash."""
    return "–" if value is None else f"{value:.0%}"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def plan_rows(report: Mapping[str, Any]) -> str:
    """Planned and achieved, a row a strategy."""
    rows = []
    for name in strategy_names(report):
        plan = report["planned"].get(name)
        if plan is not None:
            done = plan["achieved"]
            rows.append((chip(name), done["trades"], _share(plan["planned_win_rate"]), _minimum(name, plan),
                         _share(done["win_rate"]), _ratio(plan["planned_payoff_ratio"]), _ratio(done["payoff_ratio"]),
                         _ratio(done["profit_factor"]), money(done["pnl_usd"]), plan["suspended"] or "–"))
    return table(("Strategy", "Trades", "Win rate planned", "at least", "achieved", "Payoff planned", "achieved",
                  "Profit factor", "P&L $", "Suspended"), rows, numbers=(1, 2, 3, 4, 5, 6, 7, 8))


def _exit_reasons(trades: list[Mapping[str, Any]]) -> str:
    counts = Counter(str(trade["exit_reason"]) for trade in trades)
    results: dict[str, float] = {}
    for trade in trades:
        reason = str(trade["exit_reason"])
        results[reason] = results.get(reason, 0.0) + float(trade["pnl_usd"])
    forced = Counter(str(trade["exit_reason"]) for trade in trades if trade.get("forced"))
    rows = [(reason, count, forced[reason] or "–", money(results[reason])) for reason, count in counts.most_common()]
    return table(("Reason", "Trades", "Forced", "P&L $"), rows, numbers=(1, 2, 3), empty="No trade was closed.")
