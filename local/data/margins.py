"""Margin files of the futures, as LEAN reads them: the exchanges' maintenance margins by date, initial 110 % of it.

LEAN's files know sums only, and the latest of them is of January 2022. What the exchanges asked later, and what they
ask as a share of the contract's value, is the framework's own to add.
"""
from __future__ import annotations

import math
from datetime import date
from pathlib import Path

from config.future_margins import FUTURE_MARGINS, MICRO_OF, MICRO_SHARE
from local.data.archive import write_text
from local.data.products import FUTURES

INITIAL_SHARE = 1.10
LAST_IN_LEAN = date(2022, 1, 21)


def maintenance_changes(ticker: str) -> tuple[tuple[str, float], ...]:
    """(date as YYYYMMDD, USD a contract) of a future named without its slash, oldest first."""
    product = f"/{ticker}"
    share = MICRO_SHARE if product in MICRO_OF else 1.0
    return tuple((f"{row.since:%Y%m%d}", row.usd * share) for row in FUTURE_MARGINS[MICRO_OF.get(product, product)]
                 if not row.value_share and row.since <= LAST_IN_LEAN)


def write_margins(root: Path) -> None:
    """Margin files of every future."""
    for ticker, future in FUTURES.items():
        rows = "".join(f"{day},{math.floor(amount * INITIAL_SHARE + 0.5)},{math.floor(amount + 0.5)}\n"
                       for day, amount in maintenance_changes(ticker))
        write_text(root / "future" / future.market / "margins" / f"{ticker}.csv", f"date,initial,maintenance\n{rows}")
