"""The report's tables, as HTML. Everything that comes from a run is escaped."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from local.run_report.charts import moment, strategy_colour

FORCED = '<span class="forced">forced</span>'


class Markup(str):
    """Text that is HTML already; anything else in a cell is escaped."""


def table(header: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[int] = (),
          empty: str = "None.") -> str:
    """A table; the columns in ``numbers`` are flush right."""
    if not rows:
        return f'<p class="quiet">{escape(empty)}</p>'

    def cell(tag: str, index: int, value: object) -> str:
        style = ' class="number"' if index in numbers else ""
        return f"<{tag}{style}>{value if isinstance(value, Markup) else escape(str(value))}</{tag}>"

    head = "".join(cell("th", index, name) for index, name in enumerate(header))
    body = "".join("<tr>" + "".join(cell("td", index, value) for index, value in enumerate(row)) + "</tr>"
                   for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def chip(name: str) -> Markup:
    """A strategy's name on its colour."""
    return Markup(f'<span class="chip" style="background:{strategy_colour(name)}">{escape(name)}</span>')


def money(value: float) -> Markup:
    """A result in USD, green or red."""
    style = "up" if value > 0 else "down" if value < 0 else ""
    return Markup(f'<span class="{style}">{value:+,.2f}</span>')


def clock(value: object) -> Markup:
    """A time of the report, or a dash."""
    return Markup(f'<span class="nowrap">{moment(str(value)):%Y-%m-%d %H:%M}</span>' if value else "–")


def legs(value: Sequence[Any]) -> Markup:
    """Legs of one unit, one a line."""
    lines = [f"{leg['ratio']:+d} {leg['contract']}" if isinstance(leg, Mapping) else str(leg) for leg in value]
    return Markup('<span class="legs">' + "<br>".join(escape(item) for item in lines) + "</span>")


def facts(value: Mapping[str, Any] | None) -> str:
    """Facts as ``name value`` pairs."""
    return ", ".join(f"{name} {_short(item)}" for name, item in (value or {}).items())


def _short(value: Any) -> str:
    """A number to four decimals at most."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.2f}" if abs(value) >= 1000.0 else f"{value:,.4f}".rstrip("0").rstrip(".")


def price(value: float | None) -> str:
    """Points per unit; a credit is negative."""
    return "–" if value is None else f"{value:.2f}"


def stacked(*parts: object) -> Markup:
    """Values of one cell, one a line."""
    return Markup("<br>".join(part if isinstance(part, Markup) else escape(str(part)) for part in parts))


def trade_rows(trades: Sequence[Mapping[str, Any]]) -> str:
    """Every trade with why it was entered and why it was left; the entry above, the exit below."""
    rows = []
    for trade in sorted(trades, key=lambda item: item["opened"]):
        left = Markup(escape(str(trade["exit_reason"])) + (FORCED if trade.get("forced") else ""))
        rows.append((chip(trade["strategy"]), stacked(clock(trade["opened"]), clock(trade["closed"])),
                     legs(trade["legs"]), trade["units"],
                     stacked(price(trade["entry_price"]), price(trade["exit_price"])),
                     money(trade["pnl_usd"]) if trade.get("result_known", True) else "not known",
                     f"{trade['fees_usd']:,.2f}", stacked(trade["entry_reason"], left)))
    return table(("Strategy", "Opened, closed", "Legs", "Units", "Entry, exit", "P&L $", "Fees $",
                  "Why entered, why left"), rows, numbers=(3, 4, 5, 6), empty="No trade was closed in this run.")


def open_rows(positions: Sequence[Mapping[str, Any]]) -> str:
    """What is still held at the end."""
    rows = [(chip(item["strategy"]), clock(item.get("opened")), legs(item.get("legs", ())), item.get("units", ""),
             price(item.get("entry_price")), item.get("state", ""), item.get("entry_reason", ""))
            for item in positions]
    return table(("Strategy", "Opened", "Contracts", "Units", "Entry", "State", "Why entered"), rows, numbers=(3, 4),
                 empty="Nothing was held at the end.")


def phase_rows(report: Mapping[str, Any]) -> str:
    """The phase at the start, and every change with its reason."""
    rows = [(clock(item["time"]), item["phase"], item["why"]) for item in report["phases"]]
    if "starting_phase" in report["run"] and not any(item["why"] == "start" for item in report["phases"]):
        rows.insert(0, (clock(report["marks"][0]["time"]), report["run"]["starting_phase"], "start of the run"))
    return table(("Time", "Phase", "Why"), rows, numbers=(1,), empty="The phase was not recorded.")


def month_rows(report: Mapping[str, Any]) -> str:
    """Month by month: what the account made, and what the trades made that were closed in it."""
    account, closed = report["results"]["account"]["month"], report["results"]["closed"]["month"]
    counts = Counter(str(trade["closed"])[:7] for trade in report["trades"])
    won = Counter(str(trade["closed"])[:7] for trade in report["trades"] if trade["pnl_usd"] > 0)
    rows = [(month, money(account.get(month, 0.0)), money(closed.get(month, 0.0)), counts[month],
             f"{won[month] / counts[month]:.0%}" if counts[month] else "–")
            for month in sorted({*account, *closed})]
    return table(("Month", "Account $", "Closed trades $", "Trades closed", "Win rate"), rows, numbers=(1, 2, 3, 4))


def day_rows(report: Mapping[str, Any]) -> str:
    """Day by day, as :func:`month_rows`."""
    account, closed = report["results"]["account"]["day"], report["results"]["closed"]["day"]
    rows = [(day, money(account.get(day, 0.0)), money(closed[day]) if day in closed else "–")
            for day in sorted({*account, *closed})]
    return table(("Day", "Account $", "Closed trades $"), rows, numbers=(1, 2))


def order_rows(orders: Sequence[Mapping[str, Any]]) -> str:
    """What it took to trade: orders, fills, and what they cost against the mids, by strategy and purpose."""
    rows = [(chip(row["strategy"]), row["purpose"].lower(), row["intents"], f"{row['filled'] / row['intents']:.0%}",
             row["refused"], row["orders"], f"{row['orders'] / row['filled']:.1f}" if row["filled"] else "–",
             row["contracts"], f"{row['slippage_usd']:,.2f}",
             f"{row['slippage_usd'] / row['half_spread_usd']:.0%}" if row["half_spread_usd"] else "–") for row in orders]
    return table(("Strategy", "For", "Wanted", "Filled", "Refused", "Orders", "Orders a fill", "Contracts", "Slippage $",
                  "Of half the spread"), rows, numbers=range(2, 10), empty="No order was sent.")


def warning_rows(warnings: Sequence[Mapping[str, Any]]) -> str:
    """Limits that came near, each time it began."""
    rows = [(clock(item["time"]), item["limit_name"], f"{item['value']:,.6g}", f"{item['limit']:,.6g}") for item in warnings]
    return table(("Time", "Limit", "In use", "Allowed"), rows, numbers=(2, 3), empty="No limit came near.")


def guard_rows(guards: Sequence[Mapping[str, Any]]) -> str:
    """Changes of the breakers' and the emergency level, and what caused them."""
    rows = [(clock(item["time"]), item["breaker_level"], item["emergency"],
             "; ".join(str(trigger) for trigger in item["triggers"])) for item in guards]
    return table(("Time", "Breaker level", "Emergency", "Cause"), rows, numbers=(1,),
                 empty="No breaker tripped and no emergency level was reached.")


def refusal_rows(refusals: Mapping[str, Mapping[str, int]], days: Sequence[Mapping[str, Any]]) -> str:
    """Refusals by strategy and code, commonest first: on how many days, and how often in all."""
    times: dict[tuple[str, str], int] = {}
    for row in days:
        key = (row["strategy"], row["code"])
        times[key] = times.get(key, 0) + row["count"]
    rows = [(chip(name), Markup(f'<span class="code">{escape(code)}</span>'), f"{count:,}", f"{times.get((name, code), 0):,}")
            for name, codes in refusals.items()
            for code, count in sorted(codes.items(), key=lambda item: (-item[1], item[0]))]
    return table(("Strategy", "Code", "Days", "Times"), rows, numbers=(2, 3), empty="Nothing was refused.")


def refusal_day_rows(days: Sequence[Mapping[str, Any]]) -> str:
    """Refusals day by day with the facts of the last one."""
    rows = [(str(item["date"]), chip(item["strategy"]), Markup(f'<span class="code">{escape(item["code"])}</span>'),
             f"{item['count']:,}", f"{item.get('first', '')} – {item.get('last', '')}", facts(item.get("facts")))
            for item in days]
    return table(("Day", "Strategy", "Code", "Times", "First – last", "Facts"), rows, numbers=(3,))


def closest_rows(rules: Mapping[str, Mapping[str, Any]]) -> str:
    """How near each rule came, the nearest first, and whether it was reached."""
    nearest = sorted(rules.items(), key=lambda pair: -pair[1]["value"] / pair[1]["threshold"])
    rows = [(name, _short(item["value"]), _short(item["threshold"]),
             "yes" if item["value"] >= item["threshold"] else "no", clock(item.get("time")))
            for name, item in nearest]
    return table(("Rule", "Closest", "Threshold", "Reached", "Time"), rows, numbers=(1, 2), empty="None was recorded.")


def definition_list(pairs: Mapping[str, Any]) -> str:
    """Names and values side by side."""
    return "<dl>" + "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>"
                            for name, value in pairs.items()) + "</dl>"
