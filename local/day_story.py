"""Why each trade was or was not made on one day, in words: told from the audit trail alone. The words for a refusal are
those of its code, which the dashboard shows too."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from core.codes import RefusalCode

Row = Mapping[str, Any]
URGENCIES = {"WALK": "from the mid towards the other side", "NATURAL": "at once, at the natural price"}
ENDS_OF_ENTRIES = ("ENTRY_REFUSED", "TIMED_OUT")
TOLD_BY_THEIR_STATE = ("EXPIRED", "FAULT", "RECOVER", "RECOVERED_FLAT", "RECOVERED_HELD")
# What the account looks like and what each leg cost: figures, not reasons.
NOT_TOLD = ("MARK", "STORE", "CORRELATION", "FILL", "TRANSITION")
# Facts that the line says already.
SAID = ("strategy", "fact_strategy", "position", "position_id", "intent", "now", "phase")
CODES = {code.value: code for code in RefusalCode}
INDENT = "  "


def strategy_of(row: Row) -> str:
    """The strategy that an event is about; empty where it is about the whole account."""
    facts = row["facts"]
    return str(facts.get("strategy") or str(facts.get("position") or facts.get("position_id") or "").partition("/")[0])


def day_story(audit: Sequence[Row], day: date, strategy: str | None = None) -> list[str]:
    """The day as lines: what stood over all strategies, then each strategy's entries, refusals, changes and exits.

    Parameters
    ----------
    audit : sequence of mapping
        The trail in order of time, with ``at``; days before tell which level stood in the morning.
    strategy : str, optional
        This one alone; what stood over all is told with it.
    """
    rows = [row for row in audit if row["at"].date() == day]
    lines = [f"{day:%A} {day.day} {day:%B %Y}", "", "over all strategies"]
    lines += [f"{INDENT}{line}" for line in [*_standing(audit, day), *_told(row for row in rows if not strategy_of(row))]] \
        or [f"{INDENT}nothing stood in the way of an entry"]
    for name in [strategy] if strategy else _strategies(audit, day):
        own = [row for row in rows if strategy_of(row) == name]
        lines += ["", f"{name}: {_sum(own)}", *(f"{INDENT}{line}" for line in _told(own))]
    return [*lines, "", "A refusal is told the first time it was given on the day."]


def _strategies(audit: Iterable[Row], day: date) -> list[str]:
    """Those that were on at the last start up to the day, in their order, and whatever else was told of that day."""
    started: list[str] = []
    others: list[str] = []
    for row in audit:
        if row["event"] == "STARTED" and row["at"].date() <= day:
            started = list(row["facts"]["strategies"])
        if row["at"].date() == day and strategy_of(row):
            others.append(strategy_of(row))
    return list(dict.fromkeys([*started, *others]))


def _standing(audit: Iterable[Row], day: date) -> list[str]:
    """The level that the day began with."""
    before = [row for row in audit if row["event"] == "GUARDS" and row["at"].date() < day]
    if not before or before[-1]["facts"]["emergency"] == "NONE" and not before[-1]["facts"]["breaker_level"]:
        return []
    return [f"at the start: {_guards(before[-1]['facts'])} (since {before[-1]['at']:%Y-%m-%d %H:%M})"]


def _sum(rows: Sequence[Row]) -> str:
    """The day of one strategy in a line."""
    if not rows:
        return "not a word: it was off, not of the phase, or not asked"
    filled = len({row["facts"]["position"] for row in rows if row["event"].startswith("ORDER_")
                  and row["facts"].get("purpose") == "ENTRY" and row["facts"].get("units", 0) > 0})
    exits = len({row["facts"]["position"] for row in rows if row["event"] == "EXIT"})
    codes = dict.fromkeys(row["facts"]["code"] for row in rows if row["event"] == "REFUSED")
    parts = [f"{filled} opened" if filled else "nothing was opened"]
    parts += [f"{exits} sent to be closed"] if exits else []
    parts += [f"refused for {', '.join(codes)}"] if codes else []
    return "; ".join(parts)


def _told(rows: Iterable[Row]) -> list[str]:
    """Each event that is a reason, in words. The trail has a refusal's first time a day; where a later one ended a choice, the
    position's own transition tells it."""
    lines, refused = [], set()
    for row in rows:
        facts, event = row["facts"], row["event"]
        if event == "REFUSED":
            refused.add((row["at"], facts["code"]))
        words = _transition(facts, (row["at"], facts["reason"]) in refused) if event == "TRANSITION" else \
            "" if event in NOT_TOLD else _words(event, facts)
        if words:
            lines.append(f"{row['at']:%H:%M}  {words}")
    return lines


def _transition(facts: Row, told: bool) -> str:
    where = facts["position_id"]
    if facts["event"] in ENDS_OF_ENTRIES and not told:
        return f"{where} was not opened: {_reason(facts['reason'])}"
    if facts["event"] in TOLD_BY_THEIR_STATE:
        return f"{where}: {facts['event']}, now {facts['to']}: {facts['reason']}"
    return ""


def _reason(code: str) -> str:
    """A reason, with its meaning where it is a refusal's code."""
    return f"{code}. {CODES[code].meaning}" if code in CODES else code


def _words(event: str, facts: Row) -> str:
    if event == "REFUSED":
        return f"no entry: {_reason(facts['code'])}{_figures(facts, 'code')}"
    if event == "SELECTED":
        return f"{facts['position']} looks at {facts['underlying']}: waits for quotes of {len(facts['contracts'])} contracts"
    if event == "ENTER":
        limits = facts.get("limits", {})
        bound = f"; {facts['binding']} allowed {limits[facts['binding']]}, the least" if facts.get("binding") in limits else ""
        return (f"{facts['position']} enters {facts['quantity']} of {', '.join(facts['legs'])}: {facts['reason']}{bound}; "
                f"may lose ${facts['risk_usd']:,.0f}")
    if event in ("EXIT", "MANAGE"):
        verb = "closes" if event == "EXIT" else "changes"
        return (f"{facts['position']} {verb}: {facts['reason']}, {URGENCIES.get(facts['urgency'], facts['urgency'])}; "
                f"{facts['quantity']} of {', '.join(facts['legs'])}")
    if event.startswith("ORDER_") and "purpose" in facts:
        price = f" at {facts['price']:g}" if "price" in facts else ""
        return (f"{facts['position']}: its order ({facts['purpose']}) ended {event.removeprefix('ORDER_')}, "
                f"{facts['units']} filled{price} ({facts['reason']})")
    if event == "GUARDS":
        return _guards(facts)
    return f"{event}{_figures(facts)}"


def _guards(facts: Row) -> str:
    """Levels and what raised them."""
    why = "; ".join([*facts["triggers"], *facts["trips"], *(f"cannot judge: {name}" for name in facts["blind"])])
    return f"emergency level {facts['emergency']}, breakers at {facts['breaker_level']}{': ' if why else ''}{why}"


def _figures(facts: Row, *without: str) -> str:
    shown = [f"{name} {_short(value)}" for name, value in facts.items() if name not in (*SAID, *without)]
    return f" ({', '.join(shown)})" if shown else ""


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
