"""The report's tables of orders, guards, limits and phases."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local.run_report.account import Profit
from local.run_report.markup import Markup, chip, clock, dollars, money, number, share, short, table, text_of


def profit_rows(found: Profit) -> Markup:
    """What each strategy made: closed trades, open positions, both; the last line is the account's net profit."""
    most = max((abs(row.total_usd) for row in found.rows), default=0.0) or 1.0
    rows: list[tuple[object, ...]] = [
        (chip(row.strategy), money(row.total_usd), bar(row.total_usd, most), money(row.closed_usd),
         money(row.open_usd) if row.held else "–", row.trades, share(row.wins / row.trades if row.trades else None), row.held or "–",
         number(row.fees_usd))
        for row in found.rows]
    if abs(found.elsewhere_usd) >= 0.005:
        rows.append(("on no position: dividends, interest, the rest", money(found.elsewhere_usd), bar(found.elsewhere_usd, most), "", "",
                     "", "", "", ""))
    foot = ("Net profit", money(found.net_usd), "", money(sum(row.closed_usd for row in found.rows)),
            money(sum(row.open_usd for row in found.rows)), sum(row.trades for row in found.rows), "",
            sum(row.held for row in found.rows), number(sum(row.fees_usd for row in found.rows)))
    return table(("Strategy", "P&L $", "Gain or loss", "of it closed $", "of it open, at marks $", "Closed", "Won", "Open", "Fees $"), rows,
                 foot=foot, numbers=(1, 3, 4, 5, 6, 7, 8), label="Profit and loss by strategy", empty="Nothing was traded in this run.")


def bar(value: float, most: float) -> Markup:
    """A bar as long as the value is large."""
    return Markup(f'<span class="bar" style="width:{max(2.0, 130.0 * abs(value) / most):.0f}px;'
                  f'background:var(--{"up" if value >= 0 else "down"})"></span>')


def order_rows(orders: Sequence[Mapping[str, Any]]) -> Markup:
    """What it took to trade: orders, fills, time, and what they cost against the mids, by strategy and purpose."""
    rows = [(chip(row["strategy"]), row["purpose"].lower(), row["intents"], share(row["filled"] / row["intents"]), row["refused"],
             row["orders"], number(row["orders"] / row["filled"], 1) if row["filled"] else "–",
             f"{row['minutes'] / row['filled']:.0f} / {row['longest_minutes']:,.0f}" if row["filled"] else "–", row["contracts"],
             number(row["slippage_usd"]), number(row["slippage_usd"] / row["contracts"]) if row["contracts"] else "–",
             share(row["slippage_usd"] / row["half_spread_usd"] if row["half_spread_usd"] else None)) for row in orders]
    return table(("Strategy", "For", "Wanted", "Filled", "Refused", "Orders", "Orders a fill", "Minutes to fill: mean / longest",
                  "Contracts", "Slippage from mid $", "a contract $", "of half the spread"), rows, numbers=range(2, 12),
                 label="Orders and what they cost", empty="No order was sent.")


def phase_rows(report: Mapping[str, Any]) -> Markup:
    """The phase at the start, and every change with its reason."""
    rows = [(clock(item["time"]), item["phase"], item["why"]) for item in report["phases"]]
    if "starting_phase" in report["run"] and not any(item["why"] == "start" for item in report["phases"]):
        rows.insert(0, (clock(report["marks"][0]["time"]), report["run"]["starting_phase"], "start of the run"))
    return table(("Time", "Phase", "Why"), rows, numbers=(1,), label="Phases", empty="The phase was not recorded.")


def warning_rows(warnings: Sequence[Mapping[str, Any]]) -> Markup:
    """Limits that came near, each time it began."""
    rows = [(clock(item["time"]), item["limit_name"].replace("_", " "), f"{item['value']:,.6g}", f"{item['limit']:,.6g}")
            for item in warnings]
    return table(("Time", "Limit", "In use", "Allowed"), rows, numbers=(2, 3), label="Limits that came near", tall=True,
                 empty="No limit came near.")


def guard_rows(guards: Sequence[Mapping[str, Any]]) -> Markup:
    """Changes of the breakers' and the emergency level, and what caused them."""
    rows = [(clock(item["time"]), item["breaker_level"], item["emergency"],
             "; ".join(str(trigger) for trigger in item["triggers"])) for item in guards]
    return table(("Time", "Breaker level", "Emergency", "Cause"), rows, numbers=(1,), label="Breakers and emergency levels", tall=True,
                 empty="No breaker tripped and no emergency level was reached.")


def closest_rows(rules: Mapping[str, Mapping[str, Any]]) -> Markup:
    """How near each rule came, the nearest first, and whether it was reached."""
    nearest = sorted(rules.items(), key=lambda pair: -pair[1]["value"] / pair[1]["threshold"])
    rows = [(name, short(item["value"]), short(item["threshold"]), share(item["value"] / item["threshold"]),
             "yes" if item["value"] >= item["threshold"] else "no", clock(item.get("time"))) for name, item in nearest]
    return table(("Rule", "Closest", "Threshold", "Of it", "Reached", "Time"), rows, numbers=(1, 2, 3), label="Closest approach",
                 empty="None was recorded.")


def held_on_rows(found: Sequence[Mapping[str, Any]], horizons: Mapping[str, str]) -> Markup:
    """What was closed by force, and what that saved (cost, where negative) against holding on; the sums below."""
    rows = [(chip(row["strategy"]), clock(row["closed"]), row["units"], row["reason"], money(row["made_usd"]),
             *(money(_saved(row, key)) for key in horizons)) for row in found]
    sums = {key: sum(value for row in found if (value := _saved(row, key)) is not None) for key in horizons}
    foot = ("All", "", "", "", money(sum(row["made_usd"] for row in found)), *(money(sums[key]) for key in horizons))
    header = ("Strategy", "Closed", "Units", "Why", "Made $", *(f"Saved {name} $" for name in horizons.values()))
    return table(header, rows, foot=foot, numbers=range(4, 5 + len(horizons)), label="What was closed by force, against holding on",
                 tall=True, empty="Nothing was closed by force.")


def _saved(row: Mapping[str, Any], key: str) -> float | None:
    held_on = row["held_on"].get(key)
    return None if held_on is None else row["made_usd"] - held_on


def tile(value: object, label: str) -> str:
    """One figure with its name."""
    return f'<div class="tile"><b>{text_of(value)}</b><span>{text_of(label)}</span></div>'


def usd(value: float) -> str:
    """USD with its sign before the dollar."""
    return ("+" if value > 0 else "") + dollars(value)
