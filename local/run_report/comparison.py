"""Several runs side by side: one page and one table, of the ledger's figures."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.run_report import returns
from local.run_report.account import daily, end_equity, entries, net_profit_share, net_profit_usd, profit, strategy_names
from local.run_report.charts import Charts, drawdowns, line, of_marks, spy_share
from local.run_report.markup import DASH, chip, dollars, money, number, percent, section, share, table
from local.run_report.page import document

COLOURS = ("var(--s0)", "var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)", "var(--s5)", "var(--s6)", "var(--s7)")
MOST_RUNS = len(COLOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: what it is called here, its report, and its manifest's facts."""

    name: str
    report: Mapping[str, Any]
    about: Mapping[str, Any]


def _returns(figure: Callable[[Sequence[float]], float | None]) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda report: figure(daily(report)[1])


def _deepest(report: Mapping[str, Any]) -> float:
    falls = [value for value in drawdowns([float(mark["equity"]) for mark in report["marks"]]) if value is not None]
    return -min(falls)


def _worst_day(report: Mapping[str, Any]) -> float | None:
    return min(daily(report)[1], default=None)


# What is compared: its name, the figure, and how it is written.
FIGURES: tuple[tuple[str, Callable[[Mapping[str, Any]], Any], Callable[[Any], object]], ...] = (
    ("End equity", end_equity, dollars), ("Net profit $", net_profit_usd, money), ("Net profit", net_profit_share, percent),
    ("SPY by its price", spy_share, percent), ("Sharpe ratio", lambda report: report["equity_statistics"]["sharpe"], number),
    ("Sortino ratio", lambda report: report["equity_statistics"]["sortino"], number),
    ("Volatility a year", _returns(returns.volatility), lambda value: share(value, 2)),
    ("Worst drawdown, day to day", lambda report: report["equity_statistics"]["max_drawdown_share"], lambda value: share(value, 2)),
    ("Worst drawdown at any mark", _deepest, lambda value: share(value, 2)), ("Worst day", _worst_day, percent),
    ("Mean of the worst twentieth of days", _returns(returns.expected_shortfall), lambda value: share(value, 2)),
    ("Positions opened", entries, str), ("Won, of those judged", lambda report: report["statistics"]["win_rate"], share),
    ("Forced closes", lambda report: sum(trade["forced"] for trade in report["trades"]), str),
    ("Fees $", lambda report: sum(row.fees_usd for row in profit(report).rows), number))


def figure_rows(runs: Sequence[Run]) -> list[tuple[object, ...]]:
    """One row a figure, a column a run."""
    return [(name, *(write(figure(run.report)) for run in runs)) for name, figure, write in FIGURES]


def strategy_rows(runs: Sequence[Run]) -> list[tuple[str, list[float | None]]]:
    """What each strategy made in each run, USD, open positions at their marks; None where it held nothing."""
    made = [{row.strategy: row.total_usd for row in profit(run.report).rows} for run in runs]
    names = list(dict.fromkeys(name for run in runs for name in strategy_names(run.report)))
    return [(name, [found.get(name) for found in made]) for name in names if any(name in found for found in made)]


def differing(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """Facts and parameters in which the runs differ, each with its value in each run."""
    facts = [{key: str(value) for key, value in run.about.items() if key in ("scenario", "seed", "engine", "bars", "faults")}
             | {key: str(value) for key, value in (run.about.get("parameters") or {}).items()} for run in runs]
    keys = list(dict.fromkeys(key for found in facts for key in found))
    rows = [(key, [found.get(key, DASH) for found in facts]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]


def compare_page(runs: Sequence[Run]) -> str:
    """The page as text."""
    charts, names = Charts(), [run.name for run in runs]
    numbers = range(1, len(runs) + 1)
    body = section("figures", "Figures", table(("Figure", *names), figure_rows(runs), numbers=numbers, label="Figures of each run"),
                   "The ledger's: positions, sessions, open positions at their marks.")
    body += section("curves", "Return and drawdown", _curves(charts, runs), "In per cent of what each began with.")
    by_strategy = [(chip(name), *(money(value) for value in values)) for name, values in strategy_rows(runs)]
    body += section("strategies", "Profit and loss by strategy",
                    table(("Strategy", *names), by_strategy, numbers=numbers, label="Profit and loss by strategy", empty="None traded."))
    rows = [(key, *values) for key, values in differing(runs)]
    body += section("differing", "In what the runs differ", table(("Parameter", *names), rows, label="Differing parameters",
                                                                 empty="Scenario, seed, engine and parameters are the same."))
    links = "".join(f'<a href="#{target}">{label}</a>' for target, label in (
        ("figures", "Figures"), ("curves", "Return"), ("strategies", "By strategy"), ("differing", "Differences")))
    return document(title="Runs compared", subtitle=" · ".join(names), links=links, body=body, charts=charts, files={},
                    footer="Made from the runs' results folders; this file needs nothing else.")


def _curves(charts: Charts, runs: Sequence[Run]) -> str:
    curves = [dict(zip(*_curve(run.report))) for run in runs]
    times = sorted({at for curve in curves for at in curve})
    filled = [_carried(curve, times) for curve in curves]
    worth = [[None if one is None else 1.0 + one / 100.0 for one in found] for found in filled]
    falls = [[None if value is None else 100.0 * value for value in drawdowns(found)] for found in worth]
    top = charts.add("return", "", times, [line(run.name, found, colour, width=1.8)
                                           for run, found, colour in zip(runs, filled, COLOURS)], unit="pct", height=300,
                     words="Return of each run in per cent")
    return top + charts.add("falls", "Drawdown from the peak", times, [line(run.name, found, colour) for run, found, colour in
                                                                       zip(runs, falls, COLOURS)], unit="pct", height=170, ceiling=True)


def _curve(report: Mapping[str, Any]) -> tuple[list[int], list[float | None]]:
    cash = float(report["run"]["cash"])
    times, (values,) = of_marks(report, lambda mark: 100.0 * (float(mark["equity"]) / cash - 1.0))
    return times, values


def _carried(curve: Mapping[int, float | None], times: Sequence[int]) -> list[float | None]:
    """The curve at all times: its last value between its own, nothing before its first and after its last."""
    own, found, last = sorted(curve), list[float | None](), None
    for at in times:
        last = curve.get(at, last)
        found.append(last if own[0] <= at <= own[-1] else None)
    return found
