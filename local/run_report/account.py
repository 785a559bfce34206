"""The ledger's figures of a run: what each strategy made, open positions included, and what the account made of it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.strategy_parameters import SPECS


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitRow:
    """One strategy: USD of closed trades and of open positions at their last marks, both after the fees paid so far."""

    strategy: str
    trades: int
    wins: int
    held: int
    closed_usd: float
    open_usd: float
    fees_usd: float

    @property
    def total_usd(self) -> float:
        return self.closed_usd + self.open_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Profit:
    """All of them, and what no position made (dividends, interest, holdings that are nobody's): together the net profit."""

    rows: tuple[ProfitRow, ...]
    net_usd: float

    @property
    def elsewhere_usd(self) -> float:
        return self.net_usd - sum(row.total_usd for row in self.rows)


def strategy_names(report: Mapping[str, Any]) -> list[str]:
    """Strategies that were on, traded, are held or were refused, in order of priority."""
    seen = {*report["run"].get("strategies", []), *report["refusals"], *(item["strategy"] for item in report["trades"]),
            *(item["strategy"] for item in report["open_positions"])}
    known = [name for name in SPECS if name in seen]
    return known + sorted(seen - set(known))


def profit(report: Mapping[str, Any]) -> Profit:
    """What the strategies made. Trades whose result nobody knows count for nothing, as in the ledger."""
    rows = []
    for name in strategy_names(report):
        trades = [trade for trade in report["trades"] if trade["strategy"] == name]
        held = [item for item in report["open_positions"] if item["strategy"] == name]
        if trades or held:
            rows.append(ProfitRow(
                strategy=name, trades=len(trades), wins=sum(trade["pnl_usd"] > 0 and trade["result_known"] for trade in trades),
                held=len(held), closed_usd=sum(trade["pnl_usd"] for trade in trades if trade["result_known"]),
                open_usd=sum(item["open_usd"] or 0.0 for item in held),
                fees_usd=sum(item["fees_usd"] for item in [*trades, *held])))
    return Profit(rows=tuple(rows), net_usd=net_profit_usd(report))


def end_equity(report: Mapping[str, Any]) -> float:
    """The account at the last mark, USD."""
    return float(report["marks"][-1]["equity"])


def net_profit_usd(report: Mapping[str, Any]) -> float:
    """What the account made: its last mark less what it began with and what was added since."""
    return end_equity(report) - float(report["run"]["cash"]) - float(report["net_flows_usd"])


def net_profit_share(report: Mapping[str, Any]) -> float:
    """The ledger's return of the daily marks, flows taken out; of what the account began with where no day was marked."""
    found = (report["equity_statistics"] or {}).get("total_return_share")
    return net_profit_usd(report) / float(report["run"]["cash"]) if found is None else float(found)


def daily(report: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[float]]:
    """Days (ISO) the ledger marked, and the account's return on each as a share."""
    returns = report["results"]["account"]["return"]
    return list(returns), [float(value) for value in returns.values()]


def benchmark_daily(report: Mapping[str, Any]) -> Mapping[str, float]:
    """SPY at the last mark of each day (its price, without dividends), by day."""
    return {mark["time"][:10]: float(mark["spy"]) for mark in report["marks"] if mark["spy"] is not None}


def entries(report: Mapping[str, Any]) -> int:
    """Positions that were opened."""
    return len(report["trades"]) + len(report["open_positions"])
