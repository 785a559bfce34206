"""Compares two runs of the same scenario: one on LEAN, one on the embedded engine.

Equal means: the same trades (id, times, legs, units, reasons), the same fills (time, contract, quantity), prices within
a cent, fees equal, marks at the same times, and equity at each of them and at the end within a tenth of a percent.
Refusals and LEAN's statistics are compared as notes.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from local import results
from local.results import Fill
from local.statistics_table import grid

PRICE_TOLERANCE = 0.01
FEE_TOLERANCE_USD = 0.005
EQUITY_TOLERANCE_SHARE = 0.001
ROUNDING = 1e-9
EXACT_FIELDS = ("strategy", "opened", "closed", "legs", "units", "entry_reason", "exit_reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not equal: what it is, and its value on either engine (None: not there)."""

    kind: str
    where: str
    lean: Any
    embedded: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """The comparison's result. ``differences`` is empty when the runs are equal; ``notes`` never fail it."""

    trades: int
    fills: int
    largest_price_difference: float
    fees_usd: tuple[float, float]
    end_equity_usd: tuple[float, float]
    largest_mark_difference_usd: float
    differences: tuple[Difference, ...]
    notes: tuple[Difference, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def equal(self) -> bool:
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """Plain values for parity.json."""
        return asdict(self) | {"equal": self.equal}


def compare(lean: Path, embedded: Path) -> Parity:
    """Compare two finished results folders.

    Raises
    ------
    ResultsError
        One of them is not the folder of a finished run.
    """
    fills = results.read_fills(lean), results.read_fills(embedded)
    reports = results.read_report(lean), results.read_report(embedded)
    equity = results.end_equity(lean), results.end_equity(embedded)
    figures = results.read_summary(lean)["statistics"], results.read_summary(embedded)["statistics"]
    fees = sum(fill.fee for fill in fills[0]), sum(fill.fee for fill in fills[1])
    differences = [*compare_trades(reports[0]["trades"], reports[1]["trades"]), *compare_fills(*fills),
                   *compare_marks(reports[0]["marks"], reports[1]["marks"])]
    if abs(equity[0] - equity[1]) > EQUITY_TOLERANCE_SHARE * abs(equity[0]) + ROUNDING:
        differences.append(Difference(kind="end equity", where="", lean=equity[0], embedded=equity[1]))
    return Parity(
        trades=len(reports[0]["trades"]), fills=len(fills[0]), fees_usd=fees, end_equity_usd=equity,
        largest_price_difference=_largest_price_difference(*fills),
        largest_mark_difference_usd=_largest_mark_difference(reports[0]["marks"], reports[1]["marks"]),
        differences=tuple(differences), notes=(*_notes(*reports), *_statistics(*figures)),
        rows=tuple(_rows(reports[0]["trades"], reports[1]["trades"])))


def compare_trades(lean: Sequence[Mapping[str, Any]], embedded: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Closed trades by id: exact facts equal, prices within a cent, fees equal."""
    ours, theirs = {trade["id"]: trade for trade in embedded}, {trade["id"]: trade for trade in lean}
    found = []
    for key in sorted(set(ours) | set(theirs)):
        if key not in ours or key not in theirs:
            found.append(Difference(kind="trade", where=key, lean=_brief(theirs.get(key)),
                                    embedded=_brief(ours.get(key))))
            continue
        for name in EXACT_FIELDS:
            if theirs[key][name] != ours[key][name]:
                found.append(Difference(kind=f"trade {name}", where=key, lean=theirs[key][name],
                                        embedded=ours[key][name]))
        for name, tolerance in (("entry_price", PRICE_TOLERANCE), ("exit_price", PRICE_TOLERANCE),
                                ("fees_usd", FEE_TOLERANCE_USD)):
            if not _near(theirs[key][name], ours[key][name], tolerance):
                found.append(Difference(kind=f"trade {name}", where=key, lean=theirs[key][name],
                                        embedded=ours[key][name]))
    return found


def _near(left: float | None, right: float | None, tolerance: float) -> bool:
    if left is None or right is None:
        return left is right
    return abs(left - right) <= tolerance + ROUNDING


def _brief(trade: Mapping[str, Any] | None) -> str | None:
    return None if trade is None else f"{trade['strategy']} {trade['opened']} to {trade['closed']}"


def compare_fills(lean: Sequence[Fill], embedded: Sequence[Fill]) -> list[Difference]:
    """Fills at the same time of the same contract and quantity are paired; prices and fees of a pair must agree."""
    ours, theirs = _by_key(embedded), _by_key(lean)
    found = []
    for key in sorted(set(ours) | set(theirs)):
        left, right = theirs.get(key, []), ours.get(key, [])
        where = f"{key[0]:%Y-%m-%d %H:%M} {key[1]} {key[2]:+g}"
        if len(left) != len(right):
            found.append(Difference(kind="fill", where=where, lean=len(left), embedded=len(right)))
        for one, other in zip(left, right):
            if not _near(one.price, other.price, PRICE_TOLERANCE):
                found.append(Difference(kind="fill price", where=where, lean=one.price, embedded=other.price))
            if not _near(one.fee, other.fee, FEE_TOLERANCE_USD):
                found.append(Difference(kind="fee", where=where, lean=one.fee, embedded=other.fee))
    return found


def compare_marks(lean: Sequence[Mapping[str, Any]], embedded: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Marks are at the same times (their rule depends on equity, so both engines must agree on when), with the same equity."""
    ours, theirs = ({mark["time"]: mark["equity"] for mark in marks} for marks in (embedded, lean))
    found = []
    for time in sorted(ours.keys() | theirs.keys()):
        left, right = theirs.get(time), ours.get(time)
        if left is None or right is None or abs(left - right) > EQUITY_TOLERANCE_SHARE * abs(left) + ROUNDING:
            found.append(Difference(kind="mark", where=time, lean=left, embedded=right))
    return found


def _by_key(fills: Sequence[Fill]) -> dict[tuple[datetime, str, float], list[Fill]]:
    found: dict[tuple[datetime, str, float], list[Fill]] = {}
    for fill in fills:
        found.setdefault((fill.time, fill.symbol, fill.quantity), []).append(fill)
    for group in found.values():
        group.sort(key=lambda fill: (fill.price, fill.fee))
    return found


def _largest_price_difference(lean: Sequence[Fill], embedded: Sequence[Fill]) -> float:
    ours, theirs = _by_key(embedded), _by_key(lean)
    return max((abs(one.price - other.price) for key in set(ours) & set(theirs)
                for one, other in zip(theirs[key], ours[key])), default=0.0)


def _largest_mark_difference(lean: Sequence[Mapping[str, Any]], embedded: Sequence[Mapping[str, Any]]) -> float:
    ours = {mark["time"]: mark["equity"] for mark in embedded}
    return max((abs(mark["equity"] - ours[mark["time"]]) for mark in lean if mark["time"] in ours), default=0.0)


def _notes(lean: Mapping[str, Any], embedded: Mapping[str, Any]) -> list[Difference]:
    """Refusals, phases and open positions that differ: they explain differences, and are shown even without any."""
    found = []
    for name in sorted(set(lean["refusals"]) | set(embedded["refusals"])):
        left, right = lean["refusals"].get(name, {}), embedded["refusals"].get(name, {})
        for code in sorted(set(left) | set(right)):
            if left.get(code, 0) != right.get(code, 0):
                found.append(Difference(kind="refusals", where=f"{name} {code}", lean=left.get(code, 0),
                                        embedded=right.get(code, 0)))
    for key in ("phases", "open_positions"):
        left, right = lean.get(key, []), embedded.get(key, [])
        if left != right:
            found.append(Difference(kind=key, where="", lean=len(left), embedded=len(right)))
    return found


def _statistics(lean: Mapping[str, Any], embedded: Mapping[str, Any]) -> list[Difference]:
    """LEAN's own figures of the run, where both engines print them."""
    return [Difference(kind="statistic", where=name, lean=value, embedded=embedded[name])
            for name, value in lean.items() if name in embedded and embedded[name] != value]


def _rows(lean: Sequence[Mapping[str, Any]], embedded: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """One row a trade: what both engines say of it."""
    ours, theirs = {trade["id"]: trade for trade in embedded}, {trade["id"]: trade for trade in lean}
    rows = []
    for key in sorted(set(ours) | set(theirs), key=lambda item: (ours.get(item) or theirs[item])["opened"]):
        left, right = theirs.get(key), ours.get(key)
        shown = left or right
        same = left is not None and right is not None and not compare_trades([left], [right])
        rows.append((shown["strategy"], shown["opened"][:16].replace("T", " "),
                     (shown["closed"] or "")[:16].replace("T", " "), str(shown["units"]),
                     _pair(left, right, "entry_price"), _pair(left, right, "exit_price"),
                     _pair(left, right, "fees_usd"), str(shown["exit_reason"]),
                     "yes" if same else "NO" if left and right else "only LEAN" if left else "only embedded"))
    return rows


def _pair(left: Mapping[str, Any] | None, right: Mapping[str, Any] | None, name: str) -> str:
    return " / ".join("-" if trade is None or trade[name] is None else f"{trade[name]:.2f}" for trade in (left, right))


def table(parity: Parity, *, shown: int = 20) -> str:
    """The comparison as text: trades, totals, and the first differences."""
    header = ("Strategy", "Opened", "Closed", "Units", "Entry LEAN / embedded", "Exit LEAN / embedded",
              "Fees LEAN / embedded", "Exit reason", "Equal")
    lines = grid(header, parity.rows, left=(0, 1, 2, 7, 8)) if parity.rows else ["no trade was closed on either engine"]
    equity, fees = parity.end_equity_usd, parity.fees_usd
    lines += ["", f"trades {parity.trades}   fills {parity.fills}   "
                  f"largest difference of a fill price {parity.largest_price_difference:.4f}",
              f"fees       LEAN {fees[0]:,.2f}   embedded {fees[1]:,.2f}",
              f"end equity LEAN {equity[0]:,.2f}   embedded {equity[1]:,.2f}   "
              f"difference {equity[1] - equity[0]:+,.2f} ({(equity[1] / equity[0] - 1.0):+.4%})",
              f"largest difference of equity at a mark {parity.largest_mark_difference_usd:,.2f} USD"]
    for heading, items in (("differences", parity.differences), ("notes (they do not fail parity)", parity.notes)):
        if items:
            lines += ["", f"{heading}: {len(items)}"]
            lines += [f"  {item.kind} {item.where}: LEAN {item.lean} / embedded {item.embedded}"
                      for item in items[:shown]]
            lines += [f"  … {len(items) - shown} more in parity.json"] if len(items) > shown else []
    lines += ["", "EQUAL" if parity.equal else "NOT EQUAL"]
    return "\n".join(lines)
