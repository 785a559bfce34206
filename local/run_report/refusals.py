"""Why nothing was entered: once an opportunity, which is a day on which a strategy may enter, not once a question.

A strategy is asked every five minutes; eighty refusals of one Friday are one condor that was not sold. What stopped it is the
check that it came furthest to: the gate asks in a fixed order, and the codes stand in that order.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.strategy_parameters import SPECS
from core.codes import RefusalCode
from local.run_report.account import strategy_names
from local.run_report.markup import Markup, chip, code, facts, folded, quiet, short, table

# What a day is refused for without having been an opportunity: the clock, or nothing to do.
CLOCK = frozenset(code.value for code in (RefusalCode.NO_SESSION, RefusalCode.OUTSIDE_HOURS, RefusalCode.OUTSIDE_WINDOW,
                                          RefusalCode.WRONG_WEEKDAY, RefusalCode.STRATEGY_OFF))
PAUSES = frozenset(code.value for code in (RefusalCode.ENTRY_SPACING, RefusalCode.ENTRY_PAUSE, RefusalCode.ENTRY_PENDING))
RANK = {code.value: place for place, code in enumerate(RefusalCode)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """One day of one strategy: whether it entered, else the refusal it came furthest to, and how often it was asked."""

    day: str
    strategy: str
    entered: bool
    last: Mapping[str, Any] | None
    asked: int

    @property
    def code(self) -> str:
        return "entered" if self.entered else str(self.last["code"]) if self.last else "not asked"


def opportunities(report: Mapping[str, Any]) -> list[Opportunity]:
    """Days on which a strategy could have entered, by day and priority: those of which the calendar alone was not the answer."""
    days: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in report["refusal_days"]:
        if row["code"] not in CLOCK:
            days[row["date"], row["strategy"]].append(row)
    opened = {(item["opened"][:10], item["strategy"]) for item in [*report["trades"], *report["open_positions"]] if item["opened"]}
    found = []
    for key in {*days, *opened}:
        rows = days.get(key, [])
        asked = sum(row["count"] for row in rows)
        tried = [row for row in rows if row["code"] not in PAUSES] or rows
        last = max(tried, key=lambda row: RANK.get(row["code"], 0), default=None)
        found.append(Opportunity(day=key[0], strategy=key[1], entered=key in opened, last=last, asked=asked))
    order = {name: place for place, name in enumerate(strategy_names(report))}
    return sorted(found, key=lambda one: (one.day, order[one.strategy]))


def summary_rows(found: Sequence[Opportunity]) -> Markup:
    """A line a strategy and answer: how many days, the nearest it came, and when."""
    groups: dict[tuple[str, str], list[Opportunity]] = defaultdict(list)
    for one in found:
        groups[one.strategy, one.code].append(one)
    totals: dict[str, int] = defaultdict(int)
    for one in found:
        totals[one.strategy] += 1
    names = list(dict.fromkeys(one.strategy for one in sorted(found, key=lambda one: _priority(one.strategy))))
    rows = []
    for name in names:
        own = sorted(((answer, group) for (strategy, answer), group in groups.items() if strategy == name),
                     key=lambda pair: (pair[0] != "entered", -len(pair[1]), pair[0]))
        for place, (answer, group) in enumerate(own):
            near = nearest(group)
            rows.append((chip(name) if not place else "", totals[name] if not place else "",
                         answer if answer == "entered" else code(answer), len(group), near[0], near[1], _meaning(answer)))
    return table(("Strategy", "Opportunities", "What came of them", "Days", "Closest approach", "On", "Meaning"), rows, numbers=(1, 3),
                 label="Opportunities and what came of them", empty="Nothing was refused.")


def _priority(name: str) -> int:
    return list(SPECS).index(name) if name in SPECS else len(SPECS)


def _meaning(answer: str) -> str:
    return RefusalCode(answer).meaning if answer in RANK else ""


def nearest(group: Sequence[Opportunity]) -> tuple[str, str]:
    """The figure that came nearest to its limit among days refused with one code, and its day; dashes where it has none."""
    rows = [(one, one.last["closest"]) for one in group if not one.entered and one.last and one.last.get("closest")]
    if not rows:
        return "–", "–"
    day, near = min(rows, key=lambda pair: abs(abs(pair[1]["value"]) - abs(pair[1]["limit"])) / abs(pair[1]["limit"]))
    return f"{short(near['value'])} of {short(near['limit'])}", f"{day.day} {near['time']}"


def day_rows(found: Sequence[Opportunity]) -> Markup:
    """Every opportunity that was not taken, with the facts of the refusal it came furthest to."""
    rows = []
    for one in found:
        if not one.entered and one.last:
            near = one.last.get("closest")
            rows.append((one.day, chip(one.strategy), code(one.code), f"{one.asked:,}",
                         f"{short(near['value'])} of {short(near['limit'])} at {near['time']}" if near else "–",
                         facts(one.last.get("facts"))))
    return table(("Day", "Strategy", "Came furthest to", "Times asked", "Closest approach", "Facts of the first"), rows, numbers=(3,),
                 label="Opportunities not taken, day by day", tall=True)


def code_rows(refusals: Mapping[str, Mapping[str, int]], days: Sequence[Mapping[str, Any]]) -> Markup:
    """All refusals by strategy and code, commonest first: on how many days, and how often in all."""
    times: dict[tuple[str, str], int] = defaultdict(int)
    for row in days:
        times[row["strategy"], row["code"]] += row["count"]
    rows = [(chip(name), code(refusal), f"{count:,}", f"{times[name, refusal]:,}")
            for name, codes in refusals.items()
            for refusal, count in sorted(codes.items(), key=lambda item: (-item[1], item[0]))]
    return table(("Strategy", "Code", "Days", "Times"), rows, numbers=(2, 3), label="Refusals by code", tall=True,
                 empty="Nothing was refused.")


def refusal_section(report: Mapping[str, Any]) -> str:
    """The whole of it, the long parts folded."""
    if not any(report["refusals"].values()):
        return quiet("Nothing was refused.")
    found = opportunities(report)
    return (summary_rows(found) + folded("Day by day", day_rows(found) if found else "")
            + folded("Every code, the clock's too", code_rows(report["refusals"], report["refusal_days"])))
