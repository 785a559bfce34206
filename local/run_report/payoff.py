"""What an open book would be worth: at expiry over the price of SPY, and now over a grid of price and volatility.

Every underlying moves by its beta times SPY's move; the value of a leg changes by the framework's own model from where its quote
stood, so that no move and no change of volatility is no profit.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.errors import CannotCompute
from core.model import Contract, ContractKind
from core.option_values import contract_price
from core.serialization import contract_from_json
from local.run_report.charts import Charts, line
from local.run_report.markup import Markup, money, quiet, table

MOVES = tuple(step / 100.0 for step in range(-20, 21))
GRID_MOVES = (-0.15, -0.10, -0.05, -0.03, -0.01, 0.0, 0.01, 0.03, 0.05, 0.10)
GRID_POINTS = (-0.05, 0.0, 0.05, 0.10, 0.20, 0.30)
LEAST_IV = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLeg:
    """One leg of the book with what it is valued from. ``mark`` in points, ``iv`` a fraction a year (None: shares, or an
    option whose quote gives none: it keeps its mark)."""

    contract: Contract
    quantity: int
    mark: float
    iv: float | None
    price: float
    beta: float


def legs_of(book: Mapping[str, Any]) -> tuple[list[BookLeg], list[str]]:
    """Legs that can be valued, and the contracts that cannot (no mark, no price or no beta)."""
    found, without = [], []
    for row in book["legs"]:
        contract = contract_from_json(row["contract"])
        if None in (row["mark"], row["price"], row["beta"]):
            without.append(contract.id)
        else:
            found.append(BookLeg(contract=contract, quantity=row["quantity"], mark=row["mark"], iv=row["iv"], price=row["price"],
                                 beta=row["beta"]))
    return found, without


def change_usd(legs: Sequence[BookLeg], move: float, points: float, now: datetime) -> float:
    """What the book makes at once when SPY moves by a share and every volatility by ``points`` (a fraction: 0.10 is ten)."""
    return sum(leg.quantity * leg.contract.multiplier * (_value(leg, move, points, now) - _value(leg, 0.0, 0.0, now)) for leg in legs)


def _value(leg: BookLeg, move: float, points: float, now: datetime) -> float:
    spot = leg.price * max(1.0 + leg.beta * move, 0.01)
    if leg.contract.kind is ContractKind.EQUITY:
        return spot
    if leg.iv is None:
        return leg.mark
    try:
        return contract_price(leg.contract, spot, max(leg.iv + points, LEAST_IV), now)
    except CannotCompute:
        return leg.contract.intrinsic(spot)


def at_expiry_usd(legs: Sequence[BookLeg], move: float) -> float:
    """What the book makes from its marks when SPY has moved by a share and each leg lives to its own expiry there."""
    return sum(leg.quantity * leg.contract.multiplier * (leg.contract.intrinsic(leg.price * max(1.0 + leg.beta * move, 0.01)) - leg.mark)
               for leg in legs)


def payoff_section(charts: Charts, report: Mapping[str, Any]) -> str:
    """Chart and grid of each book that the run kept; one that is empty says so."""
    shown = ""
    for place, book in enumerate(report["books"]):
        shown += _book(charts, f"payoff-{place}", book, _next_move(report, book))
    return shown


def _next_move(report: Mapping[str, Any], book: Mapping[str, Any]) -> float | None:
    """What SPY did in the session after the book's close; None where there was none."""
    after = [mark["spy"] for mark in report["marks"] if mark["time"] > book["time"] and mark["spy"] is not None
             and mark["time"][:10] == _day_after(report, book)]
    return after[-1] / book["spy"] - 1.0 if after and book["spy"] else None


def _day_after(report: Mapping[str, Any], book: Mapping[str, Any]) -> str | None:
    return next((mark["time"][:10] for mark in report["marks"] if mark["time"][:10] > book["time"][:10]), None)


def _book(charts: Charts, name: str, book: Mapping[str, Any], followed: float | None) -> str:
    legs, without = legs_of(book)
    now = datetime.fromisoformat(book["time"])
    heading = f"<h3>Open book at the {book['why']}, {now:%A %-d %B %Y %H:%M}</h3>"
    if not legs:
        return heading + quiet("Nothing was held." if not without else "None of its legs can be valued: " + ", ".join(without))
    notes = [f"{len(legs)} legs."]
    if followed is not None:
        notes.append(f"In the session after it SPY moved by {followed:+.2%}.")
    if without:
        notes.append("Not in it, for want of a mark or a beta: " + ", ".join(without) + ".")
    week = now + timedelta(days=7)
    x = [100.0 * move for move in MOVES]
    lines = [line("at once", [change_usd(legs, move, 0.0, now) for move in MOVES]),
             line("in a week, volatility as it is", [_later_usd(legs, move, now, week) for move in MOVES], "var(--s1)"),
             line("each leg at its own expiry", [at_expiry_usd(legs, move) for move in MOVES], "var(--ink)", dash=[6, 4])]
    chart = charts.add(name, "", x, lines, unit="usd", height=230, time=False, xlabel="SPY", xunit="pct",
                       words=f"Profit of the open book over moves of SPY, {book['why']}")
    return heading + quiet(" ".join(notes)) + chart + _grid(legs, now)


def _later_usd(legs: Sequence[BookLeg], move: float, now: datetime, then: datetime) -> float:
    return sum(leg.quantity * leg.contract.multiplier * (_value(leg, move, 0.0, then) - _value(leg, 0.0, 0.0, now)) for leg in legs)


def _grid(legs: Sequence[BookLeg], now: datetime) -> Markup:
    rows = [(f"{100 * points:+.0f} points" if points else "as it is",
             *(_here(change_usd(legs, move, points, now), here=not move and not points) for move in GRID_MOVES)) for points in GRID_POINTS]
    return table(("Volatility \\ SPY", *(f"{move:+.0%}" if move else "unmoved" for move in GRID_MOVES)), rows, style="grid",
                 numbers=range(1, len(GRID_MOVES) + 1), label="Profit at once by move of SPY and of volatility, USD")


def _here(usd: float, *, here: bool) -> Markup:
    text = money(round(usd), 0)
    return Markup(f'<span class="here">{text}</span>') if here else text
