"""The report's page of one strategy: planned against achieved, every trade, reasons for exits and refusals."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any

from config.strategy_parameters import SPECS
from local.report.tables import (chip, definition_list, money, open_rows, refusal_day_rows, refusal_rows, table,
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
    return (f'<article id="strategy-{escape(name)}"><h2>{chip(name)}</h2>{_summary(name, trades)}'
            f"<h3>Trades</h3>{trade_rows(trades)}{_held(held)}"
            f'<div class="columns"><div><h3>Why trades ended</h3>{_exit_reasons(trades)}</div>'
            f"<div><h3>Why entries were refused</h3>{refusal_rows({name: refusals} if refusals else {})}</div></div>"
            f"{day_table}</article>")


def _held(positions: list[Mapping[str, Any]]) -> str:
    return f"<h3>Held at the end</h3>{open_rows(positions)}" if positions else ""


def _summary(name: str, trades: list[Mapping[str, Any]]) -> str:
    spec = SPECS.get(name)
    results = [float(trade["pnl_usd"]) for trade in trades]
    wins, losses = [value for value in results if value > 0], [value for value in results if value <= 0]
    mean_win = sum(wins) / len(wins) if wins else None
    mean_loss = -sum(losses) / len(losses) if losses else None
    payoff = mean_win / mean_loss if mean_win is not None and mean_loss else None
    left = {"Trades": len(trades), "Win rate achieved": _share(len(wins) / len(trades) if trades else None),
            "Win rate planned": _share(spec.win_rate if spec else None),
            "Win rate at least": f"{_share(spec.min_win_rate)} after {spec.min_sample}" if spec and spec.min_win_rate
            else "–"}
    fees = sum(float(trade["fees_usd"]) for trade in trades)
    right = {"Net P&L": f"{sum(results):+,.2f} USD", "Fees": f"{fees:,.2f} USD",
             "Payoff ratio achieved": f"{payoff:.2f}" if payoff is not None else "–",
             "Payoff ratio planned": f"{spec.payoff_ratio:g}" if spec and spec.payoff_ratio is not None else "–"}
    return f'<div class="columns">{definition_list(left)}{definition_list(right)}</div>'


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _exit_reasons(trades: list[Mapping[str, Any]]) -> str:
    counts = Counter(str(trade["exit_reason"]) for trade in trades)
    results: dict[str, float] = {}
    for trade in trades:
        reason = str(trade["exit_reason"])
        results[reason] = results.get(reason, 0.0) + float(trade["pnl_usd"])
    forced = Counter(str(trade["exit_reason"]) for trade in trades if trade.get("forced"))
    rows = [(reason, count, forced[reason] or "–", money(results[reason])) for reason, count in counts.most_common()]
    return table(("Reason", "Trades", "Forced", "P&L $"), rows, numbers=(1, 2, 3), empty="No trade was closed.")
