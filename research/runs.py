"""What a backtest did, from the record that every run leaves."""
from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping

import pandas as pd

from config.strategy_parameters import SPECS
from local import results

WORST_DAYS = 10
newest = results.newest_run


def report_of(folder: Path) -> dict[str, Any]:
    """The record of a run, wherever its store put it."""
    return results.read_report(Path(folder))


def marks(report: Mapping[str, Any]) -> pd.DataFrame:
    """The account's marks by time, with the drawdown from the highest so far as a share."""
    frame = pd.DataFrame(report["marks"])
    frame["time"] = pd.to_datetime(frame["time"])
    frame = frame.set_index("time")
    frame["drawdown"] = frame["equity"] / frame["equity"].cummax() - 1.0
    return frame


def trades(report: Mapping[str, Any]) -> pd.DataFrame:
    """Closed trades, one a row; empty where there were none."""
    return pd.DataFrame(report["trades"], columns=None if report["trades"] else ["strategy", "exit_reason", "pnl_usd"])


def by_regime(frame: pd.DataFrame) -> pd.DataFrame:
    """Marks by VIX regime: how many, the worst drawdown, positions and buying power on average."""
    return frame.groupby("regime").agg(marks=("equity", "size"), worst_drawdown=("drawdown", "min"),
                                       positions=("positions", "mean"), buying_power=("buying_power_used", "mean")).round(3)


def planned_and_achieved(frame: pd.DataFrame) -> pd.DataFrame:
    """By strategy: the win rate assumed, the least tolerated and after how many trades, and what came of it."""
    rows = {}
    for name, spec in SPECS.items():
        own = frame[frame["strategy"] == name]
        rows[name] = {"trades": len(own), "assumed": spec.win_rate, "minimum": spec.min_win_rate, "after": spec.min_sample,
                      "achieved": (own["pnl_usd"] > 0.0).mean() if len(own) else None,
                      "P&L": own["pnl_usd"].sum() if len(own) else 0.0,
                      "worst": own["pnl_usd"].min() if len(own) else None}
    return pd.DataFrame(rows).T


def by_exit(frame: pd.DataFrame) -> pd.DataFrame:
    """By strategy and reason of the exit: trades, sum, least and greatest result in USD."""
    return frame.groupby(["strategy", "exit_reason"])["pnl_usd"].agg(["size", "sum", "min", "max"])


def worst_days(frame: pd.DataFrame) -> pd.Series:
    """The worst days by the last mark's result as a share of equity."""
    return frame["day_result_share"].groupby(frame.index.date).last().sort_values().head(WORST_DAYS)
