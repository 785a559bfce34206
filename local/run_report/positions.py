"""Every position of a run: its legs and the market at entry, each fill and roll, how far under water and above it went."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from local.run_report.markup import (DASH, FORCED, Markup, chip, clock, code, definition_list, legs, money, number, quiet, share,
                                     table, text_of)

EXCHANGE = "by the exchange"
WORDS = {"EXCHANGE": EXCHANGE, "ELSEWHERE": "not by an order of the framework"}


def position_rows(report: Mapping[str, Any], strategy: str | None = None) -> str:
    """One line a position, oldest first, that unfolds to all of it; of one strategy or of all."""
    items = [item for item in [*report["trades"], *report["open_positions"]] if strategy in (None, item["strategy"])]
    if not items:
        return quiet("No position was opened in this run." if strategy is None else "No position was opened.")
    logs = {row["id"]: row for row in report["positions"]}
    prefix = "position" if strategy is None else "own"
    head = ('<div class="head" aria-hidden="true"><span>Strategy</span><span>Opened – closed</span><span>Why left</span>'
            '<span class="right">P&amp;L $</span><span class="right">MAE $</span><span class="right">MFE $</span></div>')
    return head + "".join(_position(item, logs.get(item["id"]), prefix)
                          for item in sorted(items, key=lambda item: (item["opened"] or "", item["id"])))


def _position(item: Mapping[str, Any], log: Mapping[str, Any] | None, prefix: str) -> str:
    closed = "closed" in item
    span = f"{str(item['opened'] or DASH)[:16].replace('T', ' ')} – " + (item["closed"][5:16].replace("T", " ") if closed else "open")
    left = text_of(item["exit_reason"]) + (FORCED if item["forced"] else "") if closed else text_of(f"held, {item['state']}")
    made = money(item["pnl_usd"] if item["result_known"] else None) if closed else money(item["open_usd"])
    worst, best = (log or {}).get("worst"), (log or {}).get("best")
    summary = (f"<span>{chip(item['strategy'])}</span><span>{escape(span)}</span><span>{left}</span>"
               f'<span class="right">{made}</span><span class="right">{money(worst["usd"]) if worst else DASH}</span>'
               f'<span class="right">{money(best["usd"]) if best else DASH}</span>')
    return (f'<details class="position" id="{prefix}-{escape(item["id"])}"><summary>{summary}</summary>'
            f"<div>{_detail(item, log)}</div></details>")


def _detail(item: Mapping[str, Any], log: Mapping[str, Any] | None) -> str:
    known = {"Why entered": item["entry_reason"], "Units": item["units"], "Entry, points a unit": number(item["entry_price"])}
    if "closed" in item:
        known |= {"Exit, points a unit": number(item["exit_price"]), "Fees $": number(item["fees_usd"])}
    if log is None:
        return definition_list(known) + legs(item["legs"]) + quiet("Its fills are not on record: it began in an earlier life.")
    entry, extremes = log["entry"], {}
    for key, name in (("worst", "Deepest under water (MAE)"), ("best", "Highest above (MFE)")):
        if log[key]:
            extremes[name] = Markup(f'{money(log[key]["usd"])} {clock(log[key]["time"])}')
    market = {} if entry is None else {
        "Underlying at entry": number(entry["underlying_price"]), "VIX at entry": number(entry["vix"]),
        "All shorts expire worthless": share(entry["probability_otm"], 1), "Risk of a unit $": number(entry["risk_usd"]),
        "Margin of a unit $": number(entry["margin_usd"])}
    return (f'<div class="columns">{definition_list(known | extremes)}{definition_list(market)}</div>'
            f"{_legs(entry, item)}{_changes(log['changes'])}{_fills(log['fills'])}")


def _legs(entry: Mapping[str, Any] | None, item: Mapping[str, Any]) -> str:
    if entry is None:
        return f"<h3>Legs</h3>{legs(item['legs'])}"
    rows = [(f"{leg['count']:+d}", code(leg["contract"]), number(leg["bid"]), number(leg["ask"]), share(leg["iv"], 1),
             number(leg["delta"], 3)) for leg in entry["legs"]]
    return "<h3>Legs of a unit, as they were quoted at entry</h3>" + table(
        ("Count", "Contract", "Bid", "Ask", "IV", "Delta of one"), rows, numbers=(0, 2, 3, 4, 5), label="Legs at entry")


def _changes(changes: Sequence[Mapping[str, Any]]) -> str:
    """Rolls and exits as they were decided; an exit that is asked for again each minute stands once."""
    rows, before = [], None
    for change in changes:
        said = (change["purpose"], change["reason"], tuple(change["legs"]))
        if said != before:
            rows.append((clock(change["time"]), change["purpose"].lower(), change["reason"], change["quantity"], legs(change["legs"])))
        before = said
    return "<h3>Rolls and exits</h3>" + table(("Decided", "For", "Why", "Units", "Legs of a unit"), rows, numbers=(3,),
                                              label="Rolls and exits") if rows else ""


def _fills(fills: Sequence[Mapping[str, Any]]) -> str:
    rows = [(clock(fill["time"]), WORDS.get(fill["purpose"], fill["purpose"].lower()), f"{fill['quantity']:+d}", code(fill["contract"]),
             number(fill["price"]), number(fill["fee"])) for fill in fills]
    return "<h3>Fills</h3>" + table(("Time", "For", "Contracts", "Contract", "Price", "Fee $"), rows, numbers=(2, 4, 5), label="Fills")
