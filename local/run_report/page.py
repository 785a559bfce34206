"""Puts the report together: one HTML file that needs nothing else, not even a network."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from config.constants import FILL_CONCESSION
from local import results
from local.run_report import charts as plots
from local.run_report import exports, held_on, performance, tables
from local.run_report.account import profit, strategy_names
from local.run_report.charts import Charts
from local.run_report.closes import Universes
from local.run_report.markup import chip, definition_list, folded, money, quiet, section, share
from local.run_report.payoff import payoff_section
from local.run_report.positions import position_rows
from local.run_report.refusals import refusal_section
from local.run_report.strategies import plan_rows, strategy_page
from local.whole_file import replace_file

FILE_NAME = "report.html"
ASSETS = Path(__file__).parent / "assets"
UNFOLDED_ROWS = 15
SMALL_CHARTS = (("buying_power_share", "Buying power used: % of equity", "pct", 100.0),
                ("spy_delta_used_share", "SPY concentration: use of the delta limit, reservations included, %", "pct", 100.0),
                ("correlation", "Mean correlation of the book: 5-minute P&L, last 78 marks", "num", 1.0))
BY_STRATEGY = (("margin", "Margin, USD", "usd"), ("spy_delta", "SPY delta, share-equivalents", "num"),
               ("vega", "Vega, USD a volatility point", "num"),
               ("gamma", "Gamma, share-equivalents per 1 of SPY", "num"), ("theta", "Theta, USD a day", "num"))
LEDGER_NAMES = {"trades": "Positions closed", "judged": "Judged: neither forced nor protection", "forced": "Forced",
                "unknown": "Closed elsewhere, result not known", "wins": "Wins", "losses": "Losses", "win_rate": "Win rate",
                "profit_factor": "Profit factor", "payoff_ratio": "Payoff ratio", "pnl_usd": "P&L of closed trades $",
                "fees_usd": "Fees $", "assumed_costs_usd": "Assumed exchange fees and slippage, not in P&L $",
                "mean_win_usd": "Mean win $", "mean_loss_usd": "Mean loss $", "largest_loss_usd": "Largest loss $", "days": "Sessions",
                "total_return_share": "Return", "sharpe": "Sharpe ratio", "sortino": "Sortino ratio",
                "max_drawdown_share": "Worst drawdown, day to day", "value_at_risk_share": "Value at risk of a day, 95 %"}
LEAN_SAMPLING = ("LEAN counts each leg that is closed as a trade and each order of a leg as an order; it samples the account once a "
                 "calendar day, weekends too, at midnight, with options at their last prices, and its drawdown during the day. The "
                 "ledger counts positions and samples sessions at their close, with options at the mid of their last quotes: the tiles "
                 "above are the ledger's.")
LINKS = (("Result", (("equity", "Equity"), ("strategies", "P&L by strategy"), ("returns", "Returns"), ("positions", "Positions"))),
         ("Risk", (("exposure", "Margin and Greeks"), ("book", "Open book"), ("vix", "VIX"), ("guards", "Guards"),
                   ("warnings", "Limits that came near"), ("closest", "Closest approach"))),
         ("Entries", (("orders", "Orders and costs"), ("refusals", "Refusals"), ("phases", "Phases"))),
         ("Figures", (("statistics", "LEAN and ledger"), ("files", "CSV"))))


def write_report(folder: Path, *, title: str, about: Mapping[str, Any], data: Universes | None = None) -> Path:
    """Write ``report.html`` into a results folder, and its tables as CSV beside it.

    Parameters
    ----------
    folder : Path
        Results of a finished run of this framework, from either engine.
    title : str
        Name of the scenario.
    about : mapping
        Facts of the run's manifest: engine, seed, parameters.
    data : Universes, optional
        The run's chains: what was closed by force is then measured against holding on, and that is kept.

    Raises
    ------
    ResultsError
        Summary or report.json are missing or not ours.
    OSError
        The file cannot be written.
    """
    path, report = folder / FILE_NAME, results.read_report(folder)
    if data is not None:
        held_on.write(folder, report, data)
    replace_file(path, build_page(report, results.read_summary(folder), title=title, about=about, held=held_on.read(folder)))
    exports.write(folder, report)
    return path


def build_page(report: Mapping[str, Any], summary: Mapping[str, Any], *, title: str, about: Mapping[str, Any],
               held: Sequence[Mapping[str, Any]] | None = None) -> str:
    """The page as text. ``held`` are the rows of :func:`held_on.forced_closes`, where they are known."""
    if not report["marks"]:
        raise results.ResultsError("report.json holds no marks: the run saw no session")
    charts, names = Charts(), strategy_names(report)
    sections = "".join(_sections(charts, report, summary["statistics"], held))
    pages = "".join(strategy_page(name, report) for name in names)
    body = f'{performance.verdict(report)}{performance.tiles(report)}{sections}{pages}'
    return document(title=title, subtitle=subtitle(report, about), links=_links(sections, names), body=body, charts=charts,
                    footer=f"Made from the run's results folder; this file needs nothing else. {_made_with(about)}",
                    files=exports.texts(report))


def document(*, title: str, subtitle: str, links: str, body: str, charts: Charts, footer: str, files: Mapping[str, str]) -> str:
    """One page with its style, its script and uPlot inside."""
    style = (ASSETS / "uplot" / "uPlot.min.css").read_text(encoding="utf-8") + (ASSETS / "page.css").read_text(encoding="utf-8")
    scripts = "".join(f"<script>{path.read_text(encoding='utf-8')}</script>"
                      for path in (ASSETS / "uplot" / "uPlot.iife.min.js", ASSETS / "page.js"))
    kept = "".join(f'<script type="text/csv" id="csv-{name}">\n{text.replace("<", "&lt;")}</script>' for name, text in files.items())
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)} – backtest</title>'
            f'<style>{style}</style></head><body><a class="skip" href="#content">To the content</a>'
            f'<header><div class="wrap"><h1>{escape(title.replace("_", " ").capitalize())}</h1><p>{escape(subtitle)}</p></div></header>'
            f'<div class="wrap frame"><nav aria-label="Contents"><button type="button" id="menu" aria-expanded="false">Contents</button>'
            f'<div class="links">{links}</div></nav><main id="content">{body}</main></div>'
            f'<footer><div class="wrap">{escape(footer)} Charts: uPlot by Leon Sorokin, MIT licence.</div></footer>'
            f'<script type="application/json" id="chart-data">{charts.text}</script>{kept}{scripts}</body></html>\n')


def _links(sections: str, names: Sequence[str]) -> str:
    """Links to the sections that are there, and to the strategies."""
    groups = [(name, [(target, label) for target, label in links if f'id="{target}"' in sections]) for name, links in LINKS]
    groups.append(("Strategies", [(f"strategy-{name}", name) for name in names]))
    return "".join(f"<h2>{name}</h2>" + "".join(f'<a href="#{escape(target)}">{escape(label)}</a>' for target, label in links)
                   for name, links in groups)


def subtitle(report: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """What was run, in one line."""
    run = report["run"]
    first, last = report["marks"][0]["time"][:10], report["marks"][-1]["time"][:10]
    engine = {"lean": "LEAN", "embedded": "embedded engine"}.get(str(about.get("engine", "")), "")
    facts = [f"{first} to {last}", f"starting in phase {run['starting_phase']}" if "starting_phase" in run else "",
             f"{float(run['cash']):,.0f} USD", f"{len(run['strategies'])} strategies", f"fills {run['fills']}" if "fills" in run else "",
             engine, f"seed {about['seed']}" if "seed" in about else "", "real daily bars" if about.get("bars") else "",
             ", ".join(f"{name} {value}" for name, value in run.get("figures", {}).items())]
    return " · ".join(fact for fact in facts if fact)


def _made_with(about: Mapping[str, Any]) -> str:
    """What the run depended on, as its manifest says."""
    facts = about.get("made_with") or {}
    return "Run with " + ", ".join(f"{name} {value}" for name, value in facts.items()) + "." if facts else ""


def _sections(charts: Charts, report: Mapping[str, Any], statistics: Mapping[str, Any], held: Sequence[Mapping[str, Any]] | None
              ) -> list[str]:
    legend = '<div class="legend">' + "".join(chip(name) for name in strategy_names(report)) + "</div>"
    return [
        section("equity", "Equity and drawdown", legend + zoom_buttons(report) + plots.equity_charts(charts, report),
                "Triangles up are entries, triangles down exits, each at its time. Drag over a chart to zoom, double-click to see all; "
                "two fingers on a touch screen. All charts over time move together."),
        section("strategies", "Profit and loss by strategy",
                tables.profit_rows(profit(report)) + plots.profit_chart(charts, report) + folded("Plan and record", plan_rows(report)),
                "After fees, open positions at the marks of the last close: together they are the account's net profit."),
        section("returns", "Returns", _returns(charts, report),
                "Of the account's daily marks, open positions at their mid and no deposits. SPY counts by its price, without dividends."),
        section("positions", "Every position", position_rows(report),
                "MAE and MFE are the most a position was under water and above it at any check of the guards, fees included. "
                "Prices are points per unit: a debit is positive, a credit negative."),
        section("exposure", "Margin and Greeks by strategy", _exposure(charts, report),
                "Margin by the framework's own rules. A gap is a moment at which a leg could not be valued."),
        section("book", "What the open book stood to make", payoff_section(charts, report),
                "Every underlying moves by its beta times SPY's move. No move and no change of volatility is no profit."),
        section("vix", "VIX and its regimes", plots.vix_chart(charts, report)),
        section("guards", "Guards", _guards(report, held)), *_near(report),
        section("orders", "Orders and what they cost", tables.order_rows(report["orders"]), _fill_model(report)),
        section("refusals", "Opportunities and refusals", refusal_section(report),
                "An opportunity is a day on which a strategy could have entered; a day counts once, with the check it came furthest to."),
        section("phases", "Phases", tables.phase_rows(report)), *_absent(report),
        section("statistics", "LEAN's statistics and the ledger's", _statistics(statistics, report), LEAN_SAMPLING),
        section("files", "The run as CSV", _files(), "The same files stand beside this page in the results folder.")]


def zoom_buttons(report: Mapping[str, Any]) -> str:
    """Zoom by keyboard or finger, and to the days around the worst one."""
    buttons = [("all", "Whole run"), ("in", "Zoom in"), ("out", "Zoom out"), ("left", "Earlier"), ("right", "Later")]
    days = report["results"]["account"]["day"]
    if days:
        worst = plots.seconds(plots.moment(min(days, key=lambda day: days[day])))
        buttons.append((f"{worst - 2 * 86_400},{worst + 3 * 86_400}", "Worst day"))
    return '<div class="tools">' + "".join(f'<button type="button" data-zoom="{key}">{label}</button>' for key, label in buttons) + "</div>"


def _returns(charts: Charts, report: Mapping[str, Any]) -> str:
    if not report["results"]["account"]["day"]:
        return quiet("No session ended in this run.")
    return (f"{performance.month_map(report)}{performance.figures(report)}<h3>Worst drawdowns</h3>{performance.fall_rows(report)}"
            f"{plots.day_charts(charts, report)}{plots.distribution_chart(charts, report)}"
            f"{folded('Month by month', performance.month_rows(report))}{folded('Day by day', performance.day_rows(report))}")


def _exposure(charts: Charts, report: Mapping[str, Any]) -> str:
    marks = [{**mark, "buying_power_share": mark["buying_power_used"] / mark["equity"]}
             if mark.get("buying_power_used") is not None and mark["equity"] > 0 else mark for mark in report["marks"]]
    drawn = [plots.by_strategy_chart(charts, report, key, title, unit) for key, title, unit in BY_STRATEGY]
    drawn += [plots.marks_chart(charts, {**report, "marks": marks}, key, title, unit, scale) for key, title, unit, scale in SMALL_CHARTS]
    return f'<div class="small">{"".join(drawn)}</div>' if any(drawn) else quiet("Nothing was held at any mark.")


def _guards(report: Mapping[str, Any], held: Sequence[Mapping[str, Any]] | None) -> str:
    """What the guards did, what it cost or saved, and each change of a level."""
    closed = "<h3>What was closed by force, against holding on</h3>"
    if held is None:
        forced = sum(trade["forced"] for trade in report["trades"])
        closed += quiet(f"{forced} positions were closed by force. Against holding on they are measured where the data folder is at hand: "
                        "python -m local report FOLDER --data DIR.")
    else:
        closed += tables.held_on_rows(held, held_on.HORIZONS)
        closed += quiet("Saved is what was made less what the same legs, held on, would have made at the day's closes of the data folder "
                        "(at their exercise value once they have expired); negative is what the close cost.") if held else ""
    rows = tables.guard_rows(report["guards"])
    levels = rows if len(report["guards"]) <= UNFOLDED_ROWS else folded(f"{len(report['guards'])} changes", rows)
    return f"{closed}<h3>Breakers and emergency levels</h3>{levels}"


def _near(report: Mapping[str, Any]) -> list[str]:
    warnings = tables.warning_rows(report["warnings"])
    body = warnings if len(report["warnings"]) <= UNFOLDED_ROWS else folded(f"{len(report['warnings'])} times", warnings)
    return [section("warnings", "Limits that came near", body if report["warnings"] else "",
                    "Greeks from 80 % of their limit, SPY concentration from 75 %, at the marks."),
            section("closest", "Closest approach", tables.closest_rows(report["closest_approach"]) if report["closest_approach"] else "",
                    "How near each guard's figure came to its threshold, and when.")]


def _fill_model(report: Mapping[str, Any]) -> str:
    model = {"worked": "limits that are worked: at the limit, once it concedes "
                       f"{FILL_CONCESSION:.0%} of the way from mid to natural",
             "natural": "LEAN's own: a limit fills once the market runs through it"}.get(str(report["run"].get("fills")), "unknown")
    return f"Fill model: {model}. Slippage is paid against the mids the orders were last priced by; negative is to our advantage."


def _absent(report: Mapping[str, Any]) -> list[str]:
    found = []
    if report.get("absent"):
        items = "".join(f"<li>{escape(str(name))}: {escape(str(why))}</li>" for name, why in report["absent"].items())
        found.append(section("absent", "Not traded here", f"<ul>{items}</ul>",
                             "What the venue of this run does not have; docs/venues.md has the whole table."))
    if report.get("unbuilt_checks"):
        items = "".join(f"<li>{escape(str(check))}</li>" for check in report["unbuilt_checks"])
        found.append(section("unbuilt", "Checks that are not built yet", f"<ul>{items}</ul>",
                             "Live trading refuses to start while any is listed."))
    return found


def _statistics(statistics: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    own = {**(report["statistics"] or {}), **(report["equity_statistics"] or {})}
    shown = {label: _figure(name, own[name]) for name, label in LEDGER_NAMES.items() if name in own}
    return (f'<div class="columns"><div><h3>LEAN</h3>{definition_list(statistics)}</div>'
            f"<div><h3>The framework's ledger</h3>{definition_list(shown)}</div></div>")


def _figure(name: str, value: float | None) -> object:
    """A figure of the ledger in its unit; a dash where it could not be computed from so little."""
    if value is None:
        return "–"
    if name == "pnl_usd":
        return money(value)
    if name.endswith("_usd"):
        return f"{value:,.2f}"
    if name == "win_rate" or name.endswith("_share"):
        return share(value, 2)
    return f"{value:,.3f}" if isinstance(value, float) else value


def _files() -> str:
    return '<div class="tools downloads">' + "".join(f'<button type="button" data-save="{name}">{name}.csv</button>'
                                                     for name in ("trades", "fills", "marks")) + "</div>"
