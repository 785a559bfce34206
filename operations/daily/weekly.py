"""The week in one page: what the account made, by strategy, what was closed, what the guards did, what was refused."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from operations.documents import Run
from operations.errors import OperationsError

SHOWN = 8


def week_of(text: str) -> date:
    """The Monday of a week like 2026-W48.

    Raises
    ------
    OperationsError
        It is none.
    """
    try:
        return date.fromisocalendar(int(text[:4]), int(text[6:]), 1) if text[4:6] == "-W" else date.fromisoformat("")
    except ValueError:
        raise OperationsError(f"{text!r} is not a week like 2026-W48") from None


def report(run: Run, monday: date) -> str:
    """The page, Markdown.

    Raises
    ------
    OperationsError
        There is no ledger, or it cannot be read.
    """
    loaded = run.positions()
    if loaded is None:
        raise OperationsError(f"{run.prefix} holds no ledger yet")
    ledger, end = loaded.payload["ledger"], monday + timedelta(days=7)
    trades = [trade for trade in ledger["trades"] if monday.isoformat() <= trade["closed"][:10] < end.isoformat()]
    events = [row for row in run.audit(monday) if monday.isoformat() <= row["time"][:10] < end.isoformat()]
    year, week, _ = monday.isocalendar()
    return "\n".join([f"# Week {week} of {year}: {run.prefix}", "", *_account(ledger, monday, end), "", *_trades(trades), "",
                      *_events(events)]) + "\n"


def _account(ledger: Mapping[str, Any], monday: date, end: date) -> list[str]:
    marks = [(date.fromisoformat(day), equity) for day, equity in ledger["marks"]]
    before = [equity for day, equity in marks if day < monday]
    flows = {day: amount for day, amount in ledger["flows"]}
    last, start = before[-1] if before else ledger["starting_equity"], before[-1] if before else ledger["starting_equity"]
    rows, made, peak, fall = [], 0.0, 0.0, 0.0
    for day, equity in marks:
        if monday <= day < end:
            result = equity - last - flows.get(day.isoformat(), 0.0)
            made, last = made + result, equity
            peak = max(peak, made)
            fall = max(fall, peak - made)
            rows.append(f"| {day:%a %d %b} | {equity:,.2f} | {result:+,.2f} |")
    if not rows:
        return ["No day of this week was marked."]
    return ["| day | equity, USD | made, USD |", "|---|---|---|", *rows, "",
            f"The account made {made:+,.2f} USD ({made / start:+.2%}); the deepest fall within the week was {fall:,.2f} USD."]


def _trades(trades: Sequence[Mapping[str, Any]]) -> list[str]:
    if not trades:
        return ["No trade was closed."]
    rows = ["| strategy | closed | won | made, USD | fees, USD |", "|---|---|---|---|---|"]
    for name in sorted({trade["strategy"] for trade in trades}):
        own = [trade for trade in trades if trade["strategy"] == name]
        rows.append(f"| {name} | {len(own)} | {sum(trade['pnl_usd'] > 0.0 for trade in own)} | "
                    f"{sum(trade['pnl_usd'] for trade in own):+,.2f} | {sum(trade['fees_usd'] for trade in own):,.2f} |")
    unknown = [trade["id"] for trade in trades if not trade["result_known"]]
    forced = sum(trade["forced"] for trade in trades)
    return [*rows, "", f"{forced} were forced." + (f" Results to be told: {', '.join(unknown)}." if unknown else "")]


def _events(events: Sequence[Mapping[str, Any]]) -> list[str]:
    names = Counter(row["event"] for row in events)
    refusals = Counter(row["facts"]["code"] for row in events if row["event"] == "REFUSED")
    levels = [f"{row['time'][:16].replace('T', ' ')} {row['facts']['emergency']}" for row in events
              if row["event"] == "GUARDS" and row["facts"]["emergency"] != "NONE"]
    wrong = {name: count for name, count in names.items()
             if name in ("ORDER_FAILED", "ORDER_UNKNOWN", "QUARANTINE", "RISK_BLIND", "STORE_FAILED", "CANNOT_COMPUTE")}
    return ["Entries: " + str(names["ENTER"]) + ", exits: " + str(names["EXIT"]) + ", commands: " + str(names["COMMAND"]) + ".",
            "Emergency levels: " + ("; ".join(levels) or "none") + ".",
            "Refusals: " + (", ".join(f"{code} {count}" for code, count in refusals.most_common(SHOWN)) or "none") + ".",
            "Errors: " + (", ".join(f"{name} {count}" for name, count in sorted(wrong.items())) or "none") + "."]
