"""American option values against a table of them: each column's errors, and whether they keep their bounds.

The table is a CSV file with the columns of ``COLUMNS``; vega is per volatility point, theta per calendar day, years are
actual days / 365. Values and Greeks come from the row's own volatility, the volatility from the row's price.
"""
from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.arrays import Flags, Floats
from core.option_arrays import greeks_arrays, implied_volatilities
from local.commands.errors import CommandError
from local.statistics_table import grid

NUMBERS = ("spot", "strike", "years", "rate", "dividend_yield", "iv", "price", "delta", "gamma", "vega", "theta")
COLUMNS = (*NUMBERS[:6], "right", *NUMBERS[6:])
ABOVE_ZERO = ("spot", "strike", "years", "iv")
RIGHTS = ("call", "put")

PRICE_BOUND = 2e-5                  # of spot
DELTA_BOUND = 1e-3
RELATIVE_BOUND = 5e-3               # of gamma, vega and theta, or absolutely:
GAMMA_BOUND, VEGA_BOUND, THETA_BOUND = 1e-5, 1e-4, 1e-4
GAMMA_ROWS = 0.99                   # share that keeps it: published gammas are central differences
VOLATILITY_BOUND = 2e-4
# A volatility is asked of rows whose price tells one: vega per volatility point, and what stands above intrinsic.
LEAST_VEGA = 5e-4                   # of spot x root of years
LEAST_TIME_VALUE = 1e-4             # of spot


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionTable:
    """The columns of a table, as arrays of one length."""

    spot: Floats
    strike: Floats
    years: Floats
    rate: Floats
    dividend_yield: Floats
    iv: Floats
    is_put: Flags
    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats

    def __len__(self) -> int:
        return len(self.spot)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The table's argument."""
    parser.add_argument("--options", metavar="FILE",
                        help=f"American option values to be held against: {','.join(COLUMNS)}")


def asked(arguments: argparse.Namespace) -> bool:
    """Whether a table was named."""
    return arguments.options is not None


def check(arguments: argparse.Namespace) -> bool:
    """Print the errors of every column; whether all keep their bounds."""
    table = read_table(Path(arguments.options))
    print(f"{len(table):,} option values of {Path(arguments.options).name}\n")
    lines, kept = judged(table)
    print("\n".join(lines))
    return kept


def read_table(path: Path) -> OptionTable:
    """The table of a CSV file.

    Raises
    ------
    CommandError
        A column is missing, a figure is none, or there is no row; the message names file and line.
    """
    if not path.is_file():
        raise CommandError(f"{path} is no file")
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise CommandError(f"{path}, line 1: no column {missing[0]}; columns are {','.join(COLUMNS)}")
        rows = [_row(row, f"{path}, line {reader.line_num}") for row in reader]
    if not rows:
        raise CommandError(f"{path}: no row")
    numbers = {name: np.array([figures[name] for _, figures in rows]) for name in NUMBERS}
    return OptionTable(is_put=np.array([right == "put" for right, _ in rows]), **numbers)


def _row(row: dict[str, str], place: str) -> tuple[str, dict[str, float]]:
    if row["right"] not in RIGHTS:
        raise CommandError(f"{place}: right is {row['right']!r}, not call or put")
    figures: dict[str, float] = {}
    for name in NUMBERS:
        try:
            figures[name] = float(row[name])
        except (TypeError, ValueError) as error:
            raise CommandError(f"{place}: {name} is {row[name]!r}, not a number") from error
        if not np.isfinite(figures[name]) or (name in ABOVE_ZERO and figures[name] <= 0.0):
            raise CommandError(f"{place}: {name} is {row[name]}")
    return row["right"], figures


def judged(table: OptionTable) -> tuple[list[str], bool]:
    """Errors by column as lines, and whether all keep their bounds. A value that is no number keeps none."""
    inputs, carry = (table.spot, table.strike, table.is_put), (table.years, table.rate, table.dividend_yield)
    values = greeks_arrays(*inputs, table.iv, *carry)
    telling = tells_volatility(table)
    implied = np.where(telling, implied_volatilities(table.price, *inputs, *carry), table.iv)
    rows = [_row_of("price", values.price, table.price, PRICE_BOUND * table.spot),
            _row_of("delta", values.delta, table.delta, DELTA_BOUND),
            _row_of("gamma", values.gamma, table.gamma, _wider(table.gamma, GAMMA_BOUND), share=GAMMA_ROWS),
            _row_of("vega", values.vega, table.vega, _wider(table.vega, VEGA_BOUND)),
            _row_of("theta", values.theta, table.theta, _wider(table.theta, THETA_BOUND)),
            _row_of(f"iv ({int(telling.sum()):,} rows tell it)", implied, table.iv, VOLATILITY_BOUND)]
    header = ("Column", "Median error", "p99", "Worst", "Worst ÷ bound", "Rows within", "Asked", "")
    return grid(header, [cells for cells, _ in rows]), all(kept for _, kept in rows)


def tells_volatility(table: OptionTable) -> Flags:
    """Rows whose price tells their volatility: vega and time value are large enough."""
    intrinsic = np.maximum(0.0, np.where(table.is_put, table.strike - table.spot, table.spot - table.strike))
    tells: Flags = (table.vega >= LEAST_VEGA * table.spot * np.sqrt(table.years)) \
        & (table.price - intrinsic > LEAST_TIME_VALUE * table.spot)
    return tells


def _wider(column: Floats, absolute: float) -> Floats:
    return np.maximum(RELATIVE_BOUND * np.abs(column), absolute)


def _row_of(name: str, found: Floats, told: Floats, bound: Floats | float, *, share: float = 1.0
            ) -> tuple[tuple[str, ...], bool]:
    """Cells of one column, and whether at least ``share`` of its rows are within ``bound``."""
    error = np.where(np.isfinite(found), np.abs(found - told), np.inf)
    within = float(np.mean(error <= bound))
    kept = within >= share
    return (name, *(f"{figure:.2e}" for figure in (np.median(error), np.percentile(error, 99), error.max())),
            f"{np.max(error / bound):.3f}", f"{within:.2%}", f"{share:.0%}", "met" if kept else "MISSED"), kept
