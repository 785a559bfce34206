"""Puts the report together: one HTML file that needs nothing else."""
from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from config.constants import FILL_CONCESSION
from local import results
from local.run_report import charts, tables
from local.run_report.strategies import plan_rows, strategy_names, strategy_page
from local.run_report.style import STYLE
from local.whole_file import replace_file

FILE_NAME = "report.html"
UNFOLDED_ROWS = 15
TILES = (("End Equity", "end equity"), ("Net Profit", "net profit"), ("Compounding Annual Return", "a year"),
         ("Drawdown", "LEAN drawdown"), ("Sharpe Ratio", "LEAN Sharpe"), ("Win Rate", "LEAN win rate"),
         ("Total Orders", "orders"), ("Total Fees", "fees"))
SMALL_CHARTS = (("buying_power_share", "Buying power used", "% of equity", 100.0),
                ("spy_delta_used_share", "SPY concentration: use of the delta limit, reservations included", "%", 100.0),
                ("correlation", "Mean correlation of the book", "5-minute P&L, last 78 marks", 1.0),
                ("spy_delta", "SPY delta", "share-equivalents", 1.0), ("vega", "Vega", "USD a volatility point", 1.0),
                ("gamma", "Gamma", "share-equivalents per 1 of SPY", 1.0), ("theta", "Theta", "USD a day", 1.0))
LEDGER_NAMES = {"trades": "Trades", "judged": "Judged: neither forced nor protection", "forced": "Forced",
                "unknown": "Closed elsewhere, result not known", "wins": "Wins", "losses": "Losses", "win_rate": "Win rate",
                "profit_factor": "Profit factor", "payoff_ratio": "Payoff ratio", "pnl_usd": "P&L $", "fees_usd": "Fees $",
                "assumed_costs_usd": "Assumed exchange fees and slippage, not in P&L $", "mean_win_usd": "Mean win $",
                "mean_loss_usd": "Mean loss $", "largest_loss_usd": "Largest loss $", "days": "Sessions",
                "total_return_share": "Return", "sharpe": "Sharpe ratio", "sortino": "Sortino ratio",
                "max_drawdown_share": "Worst drawdown, day to day", "value_at_risk_share": "Value at risk of a day, 95 %"}


def write_report(folder: Path, *, title: str, about: Mapping[str, Any]) -> Path:
    """Write ``report.html`` into a results folder.

    Parameters
    ----------
    folder : Path
        Results of a finished run of this framework, from either engine.
    title : str
        Name of the scenario.
    about : mapping
        Facts of the run's manifest: engine, seed, parameters.

    Raises
    ------
    ResultsError
        Summary or report.json are missing or not ours.
    OSError
        The file cannot be written.
    """
    path = folder / FILE_NAME
    replace_file(path, build_page(results.read_report(folder), results.read_summary(folder), title=title, about=about))
    return path


def build_page(report: Mapping[str, Any], summary: Mapping[str, Any], *, title: str, about: Mapping[str, Any]) -> str:
    """The page as text."""
    if not report["marks"]:
        raise results.ResultsError("report.json holds no marks: the run saw no session")
    statistics, names = summary["statistics"], strategy_names(report)
    legend = '<div class="legend">' + "".join(tables.chip(name) for name in names) + "</div>"
    sections = [_section("equity", "Equity and drawdown", legend + charts.equity_chart(report),
                         "Triangles up are entries, triangles down exits; rest the pointer on one for its reason."),
                _section("vix", "VIX and its regimes", charts.vix_chart(report)),
                _section("strategies", "Profit and loss by strategy", _profit_bars(report) + plan_rows(report),
                         "Of closed trades, after fees. The plan is the method's, until a strategy has its own record."),
                _section("months", "Profit and loss by month and day", _results(report),
                         "The account's result holds open positions at their mid and no deposits."),
                _section("trades", "Every trade", tables.trade_rows(report["trades"]),
                         "Prices are points per unit: a debit is positive, a credit negative."),
                *_orders(report),
                _section("open", "Held at the end", tables.open_rows(report.get("open_positions", []))),
                _section("refusals", "Refusals by code", legend + _refusals(report),
                         "Days on which a strategy was refused with a code; bars are drawn on a square-root scale."),
                _section("risk", "Use of the risk budget", _small_charts(report)),
                _section("phases", "Phases", tables.phase_rows(report)),
                *_optional_sections(report),
                _section("statistics", "Statistics", _statistics(statistics, report),
                         "LEAN counts each leg as a trade and values options at their last prices; the ledger counts "
                         "positions, and values them at the mid of their last quotes.")]
    pages = "".join(strategy_page(name, report) for name in names)
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)} – backtest'
            f"</title><style>{STYLE}</style></head><body>{_header(report, title, about)}{_navigation(names)}"
            f'<main class="wrap">{_tiles(statistics)}{"".join(sections)}{pages}</main>'
            f'<footer class="wrap">Made from the run\'s results folder; this file needs nothing else.{_made_with(about)}'
            f"</footer></body></html>\n")


def _made_with(about: Mapping[str, Any]) -> str:
    """What the run depended on, as its manifest says."""
    facts = about.get("made_with") or {}
    return escape(" Run with " + ", ".join(f"{name} {value}" for name, value in facts.items()) + ".") if facts else ""


def _section(name: str, heading: str, body: str, note: str = "") -> str:
    quiet = f'<p class="quiet">{escape(note)}</p>' if note else ""
    return f'<section id="{name}"><h2>{escape(heading)}</h2>{quiet}{body}</section>' if body else ""


def _header(report: Mapping[str, Any], title: str, about: Mapping[str, Any]) -> str:
    run = report["run"]
    first, last = report["marks"][0]["time"][:10], report["marks"][-1]["time"][:10]
    engine = {"lean": "LEAN", "embedded": "embedded engine"}.get(str(about.get("engine", "")), "")
    seed = f"seed {about['seed']}" if "seed" in about else ""
    bars = "real daily bars" if about.get("bars") else ""
    cash = f"{float(run['cash']):,.0f} USD" if "cash" in run else ""
    phase = f"starting in phase {run['starting_phase']}" if "starting_phase" in run else ""
    fills = f"fills {run['fills']}" if "fills" in run else ""
    facts = [f"{first} to {last}", phase, cash, fills, engine, seed, bars]
    return (f'<header><div class="wrap"><h1>{escape(title.replace("_", " ").capitalize())}</h1>'
            f'<p>{escape(" · ".join(fact for fact in facts if fact))}</p></div></header>')


def _navigation(names: list[str]) -> str:
    links = [("equity", "Equity"), ("vix", "VIX"), ("strategies", "P&L"), ("months", "Months"),
             ("trades", "Trades"),
             ("refusals", "Refusals"), ("risk", "Risk"), ("phases", "Phases"), ("statistics", "Statistics")]
    links += [(f"strategy-{name}", name) for name in names]
    return '<nav><div class="wrap">' + "".join(f'<a href="#{escape(target)}">{escape(label)}</a>'
                                               for target, label in links) + "</div></nav>"


def _tiles(statistics: Mapping[str, Any]) -> str:
    shown = dict(statistics)
    if "End Equity" in shown:
        shown["End Equity"] = charts.dollars(results.amount(shown["End Equity"]))
    tiles = [f'<div class="tile"><b>{escape(str(shown[name]))}</b><span>{escape(label)}</span></div>'
             for name, label in TILES if name in shown]
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _results(report: Mapping[str, Any]) -> str:
    days = report["results"]["account"]["day"]
    if not days:
        return '<p class="quiet">No session ended in this run.</p>'
    return (f"{charts.daily_bars(days)}{tables.month_rows(report)}"
            f"<details><summary>Day by day</summary>{tables.day_rows(report)}</details>")


def _profit_bars(report: Mapping[str, Any]) -> str:
    totals = report["results"]["closed"]["strategy"]
    if not totals:
        return '<p class="quiet">No trade was closed in this run.</p>'
    return charts.profit_bars([(name, totals[name]) for name in strategy_names(report) if name in totals])


def _refusals(report: Mapping[str, Any]) -> str:
    refusals = {name: codes for name, codes in report["refusals"].items() if codes}
    if not refusals:
        return '<p class="quiet">Nothing was refused.</p>'
    rows = tables.refusal_rows(refusals, report.get("refusal_days", []))
    return f"{charts.refusal_bars(refusals)}<details><summary>As a table</summary>{rows}</details>"


def _orders(report: Mapping[str, Any]) -> list[str]:
    """What the orders were, where the run has written it down."""
    if "orders" not in report:
        return []
    model = {"worked": "limits that are worked: at the limit, once it concedes "
                       f"{FILL_CONCESSION:.0%} of the way from mid to natural",
             "natural": "LEAN's own: a limit fills once the market runs through it"}.get(str(report["run"].get("fills")), "unknown")
    return [_section("orders", "Orders and what they cost", tables.order_rows(report["orders"]),
                     f"Fill model: {model}. Slippage is paid against the mids the orders were last priced by.")]


def _small_charts(report: Mapping[str, Any]) -> str:
    marks = [{**mark, "buying_power_share": mark["buying_power_used"] / mark["equity"]}
             if mark.get("buying_power_used") is not None and mark["equity"] > 0 else mark for mark in report["marks"]]
    drawn = "".join(charts.series_chart(marks, key, title, unit, scale) for key, title, unit, scale in SMALL_CHARTS)
    return drawn or '<p class="quiet">Exposure was not marked in this run.</p>'


def _optional_sections(report: Mapping[str, Any]) -> list[str]:
    sections = []
    if "guards" in report:
        sections.append(_section("guards", "Breakers and emergency levels", _guards(report["guards"])))
    if report.get("warnings"):
        rows = tables.warning_rows(report["warnings"])
        body = rows if len(report["warnings"]) <= UNFOLDED_ROWS else (
            f"<details><summary>{len(report['warnings'])} times</summary>{rows}</details>")
        sections.append(_section("warnings", "Limits that came near", body,
                                 "Greeks from 80 % of their limit, SPY concentration from 75 %, at the marks of the day."))
    if report.get("closest_approach"):
        sections.append(_section("closest", "Closest approach", tables.closest_rows(report["closest_approach"]),
                                 "How near each guard's figure came to its threshold, and when."))
    if report.get("absent"):
        items = "".join(f"<li>{escape(str(name))}: {escape(str(why))}</li>" for name, why in report["absent"].items())
        sections.append(_section("absent", "Not traded here", f"<ul>{items}</ul>",
                                 "What the venue of this run does not have; docs/venues.md has the whole table."))
    if report.get("unbuilt_checks"):
        items = "".join(f"<li>{escape(str(check))}</li>" for check in report["unbuilt_checks"])
        sections.append(_section("unbuilt", "Checks that are not built yet", f"<ul>{items}</ul>",
                                 "Live trading refuses to start while any is listed."))
    return sections


def _guards(guards: list[Mapping[str, Any]]) -> str:
    """The table, folded away where it is long."""
    rows = tables.guard_rows(guards)
    if len(guards) <= UNFOLDED_ROWS:
        return rows
    return f"<details><summary>{len(guards)} changes</summary>{rows}</details>"


def _statistics(statistics: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    own = {**(report.get("statistics") or {}), **(report.get("equity_statistics") or {})}
    shown = {label: _figure(name, own[name]) for name, label in LEDGER_NAMES.items() if name in own}
    second = f"<div><h3>The framework's ledger</h3>{tables.definition_list(shown)}</div>" if shown else ""
    return f'<div class="columns"><div><h3>LEAN</h3>{tables.definition_list(statistics)}</div>{second}</div>'


def _figure(name: str, value: float | None) -> str:
    """A figure of the ledger in its unit; a dash where it could not be computed from so little."""
    if value is None:
        return "–"
    if name.endswith("_usd"):
        return f"{value:,.2f}"
    if name == "win_rate" or name.endswith("_share"):
        return f"{value:.2%}"
    return f"{value:,.3f}" if isinstance(value, float) else str(value)
