"""The report's sections on what was earned: the verdict, tiles, the months, the days, the falls, the benchmark."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from config.constants import CALENDAR_DAYS_PER_YEAR, GOAL_MONTHLY_SHARE
from local.run_report import returns
from local.run_report.account import (benchmark_daily, daily, end_equity, entries, net_profit_share, net_profit_usd, profit)
from local.run_report.charts import drawdowns, spy_share
from local.run_report.markup import (DASH, Markup, definition_list, dollars, money, number, percent, quiet, share, table, text_of)
from local.run_report.tables import tile, usd

WORST_FALLS = 5
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HEAT_FULL = 0.10         # a month beyond is as dark as the map gets


def goal_share(report: Mapping[str, Any]) -> float:
    """What the method's goal a month comes to over the days of the run."""
    first, last = (date.fromisoformat(report["marks"][place]["time"][:10]) for place in (0, -1))
    return (1.0 + GOAL_MONTHLY_SHARE) ** (((last - first).days + 1) * 12 / CALENDAR_DAYS_PER_YEAR) - 1.0


def verdict_text(report: Mapping[str, Any]) -> str:
    """Earned, against the goal, against SPY, the worst day, in a few sentences."""
    earned, made, spy = net_profit_usd(report), net_profit_share(report), spy_share(report)
    first, last = (date.fromisoformat(report["marks"][place]["time"][:10]) for place in (0, -1))
    against = "" if spy is None else f"; SPY made {spy:+.1%} by its price"
    text = (f"{'Earned' if earned >= 0 else 'Lost'} {dollars(abs(earned))} ({made:+.2%}) in {(last - first).days + 1} days with "
            f"{entries(report)} positions, {len(report['open_positions'])} of them still open. The method's goal of "
            f"{GOAL_MONTHLY_SHARE:.0%} a month would be {goal_share(report):+.1%}{against}.")
    days = report["results"]["account"]["day"]
    if days:
        worst = min(days, key=lambda day: days[day])
        returned = report["results"]["account"]["return"][worst]
        deepest = (report["equity_statistics"] or {}).get("max_drawdown_share")
        text += f" Worst day: {date.fromisoformat(worst):%A %-d %B %Y}, {returned:+.2%} ({usd(days[worst])})."
        lowest = min(value for value in drawdowns([float(mark["equity"]) for mark in report["marks"]]) if value is not None)
        text += f" Deepest drawdown: {-lowest:.2%} at any mark" + ("." if deepest is None else f", {deepest:.2%} from close to close.")
    return text


def verdict(report: Mapping[str, Any]) -> str:
    """:func:`verdict_text` as it stands on the page."""
    return f'<p class="verdict">{text_of(verdict_text(report))}</p>'


def tiles(report: Mapping[str, Any]) -> str:
    """The ledger's figures: of positions, not of legs."""
    own, equity = report["statistics"], report["equity_statistics"]
    sent = [row for row in report["orders"] if row["purpose"] == "ENTRY"]
    filled, tried = sum(row["filled"] for row in sent), sum(row["intents"] for row in sent)
    found = profit(report)
    shown = [(dollars(end_equity(report)), "end equity"), (percent(net_profit_share(report)), f"net profit, {usd(net_profit_usd(report))}"),
             (share(equity["max_drawdown_share"], 2), "worst drawdown, day to day"), (number(equity["sharpe"]), "Sharpe, daily"),
             (share(own["win_rate"]), f"won, of {own['judged']} judged positions"),
             (f"{len(report['trades'])} + {len(report['open_positions'])}", "positions closed + open"),
             (share(filled / tried if tried else None), f"of {tried} entries filled"),
             (dollars(sum(row.fees_usd for row in found.rows)), "fees")]
    return f'<div class="tiles">{"".join(tile(value, label) for value, label in shown)}</div>'


def month_map(report: Mapping[str, Any]) -> Markup:
    """Months by year in per cent, the year's return behind."""
    days, found = daily(report)
    months = returns.by_month(days, found)
    rows = []
    for year in sorted({month[:4] for month in months}):
        of_year = [months.get(f"{year}-{number_of:02d}") for number_of in range(1, 13)]
        rows.append((year, *(_heat(value) for value in of_year), percent(returns.compounded(
            [one for day, one in zip(days, found) if day.startswith(year)]), 1)))
    return table(("Year", *MONTHS, "Year"), rows, numbers=range(1, 14), label="Return of each month in per cent", style="heat",
                 empty="No session ended in this run.")


def _heat(value: float | None) -> Markup:
    if value is None:
        return Markup(DASH)
    depth = 0.28 * min(1.0, abs(value) / HEAT_FULL)
    colour = "up" if value >= 0 else "down"
    return Markup(f'<span style="display:block;margin:-6px -9px;padding:6px 9px;background:rgba(var(--heat-{colour}),{depth:.3f})">'
                  f"{value:+.1%}</span>")


def month_rows(report: Mapping[str, Any]) -> Markup:
    """Month by month in USD: what the account made, and what the trades made that were closed in it."""
    account, closed = report["results"]["account"]["month"], report["results"]["closed"]["month"]
    rows = []
    for month in sorted({*account, *closed}):
        ended = [trade for trade in report["trades"] if trade["closed"][:7] == month]
        won = sum(trade["pnl_usd"] > 0 for trade in ended)
        rows.append((month, money(account.get(month, 0.0)), money(closed.get(month, 0.0)), len(ended),
                     share(won / len(ended) if ended else None)))
    return table(("Month", "Account $", "Closed trades $", "Positions closed", "Won"), rows, numbers=(1, 2, 3, 4),
                 label="Profit and loss by month", empty="No session ended in this run.")


def day_rows(report: Mapping[str, Any]) -> Markup:
    """Day by day: USD and per cent of the account, closed trades, SPY."""
    account, closed = report["results"]["account"], report["results"]["closed"]["day"]
    prices, before, rows = benchmark_daily(report), None, []
    for day in sorted({*account["day"], *closed}):
        spy = prices.get(day)
        rows.append((day, money(account["day"].get(day)), percent(account["return"].get(day)),
                     money(closed[day]) if day in closed else "–",
                     percent(spy / before - 1.0) if spy is not None and before is not None else "–"))
        before = spy
    return table(("Day", "Account $", "Account", "Closed trades $", "SPY"), rows, numbers=(1, 2, 3, 4), label="Day by day", tall=True)


def fall_rows(report: Mapping[str, Any]) -> Markup:
    """The worst drawdowns with their dates and lengths."""
    days, found = daily(report)
    rows = [(place, percent(fall.depth), fall.peak, fall.bottom, fall.recovered or "not yet", fall.sessions)
            for place, fall in enumerate(returns.falls(days, found)[:WORST_FALLS], 1)]
    return table(("No.", "Depth", "Peak", "Lowest", "Recovered", "Sessions"), rows, numbers=(1, 5), label="Worst drawdowns",
                 empty="The account never fell below its highest close.")


def figures(report: Mapping[str, Any]) -> str:
    """Risk and return in figures, in two lists."""
    days, found = daily(report)
    if not found:
        return quiet("No session ended in this run.")
    equity = report["equity_statistics"]
    months = returns.by_month(days, found)
    best, worst = max(zip(found, days)), min(zip(found, days))
    winning, losing = returns.streaks(found)
    held = sum(bool(mark["positions"]) for mark in report["marks"]) / len(report["marks"])
    left = {"Net profit": percent(net_profit_share(report)), "The same a year": percent(returns.a_year(returns.compounded(found), days)),
            "Sessions": len(found), "Volatility a year": share(returns.volatility(found), 2), "Sharpe ratio": number(equity["sharpe"]),
            "Sortino ratio": number(equity["sortino"]), "Calmar ratio": number(returns.calmar(found, days)),
            "Worst drawdown, day to day": share(equity["max_drawdown_share"], 2),
            "Value at risk of a day, 95 %": share(equity["value_at_risk_share"], 2),
            "Mean of the worst twentieth (CVaR)": share(returns.expected_shortfall(found), 2)}
    right = {"Best day": Markup(f"{best[1]} {percent(best[0])}"), "Worst day": Markup(f"{worst[1]} {percent(worst[0])}"),
             "Best month": _month(months, max), "Worst month": _month(months, min),
             "Days won": share(sum(one > 0 for one in found) / len(found)), "Most winning days in a row": winning,
             "Most losing days in a row": losing, "Time in the market": share(held)}
    return f'<div class="columns">{definition_list(left)}{definition_list(right | _benchmark(report))}</div>'


def _month(months: Mapping[str, float], choose: Any) -> Markup:
    month = choose(months, key=lambda name: months[name])
    return Markup(f"{month} {percent(months[month])}")


def _benchmark(report: Mapping[str, Any]) -> dict[str, object]:
    """Alpha, beta and correlation to SPY's price, and what SPY made; ``mark``s of one time a day on both sides."""
    days, found = daily(report)
    related, spy = returns.relation(days, found, benchmark_daily(report)), spy_share(report)
    if related is None or spy is None:
        return {"SPY": "not marked long enough"}
    return {"SPY by its price": percent(spy), "Beta to SPY": number(related.beta, 3), "Alpha to SPY a year": percent(related.alpha),
            "Correlation with SPY": number(related.correlation)}
