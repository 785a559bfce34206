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

from config.constants import CALENDAR_DAYS_PER_YEAR
from core.american.leg import american_leg_greeks
from core.american.values import american_greeks, american_prices
from core.american.volatilities import american_volatilities
from core.arrays import Flags, Floats
from core.model import Right
from core.option_math import VOLATILITY_POINT
from local.commands.arguments import at_least_one
from local.commands.errors import CommandError
from local.statistics_table import grid
from local.validation import witness

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


# Published Greeks of early exercise are central differences over these steps: of spot in deviations, of volatility and
# time as shares of themselves. Where the price to exercise at lies within one, the mean over the step is what is compared.
SPOT_STEP, IV_STEP, TIME_STEP = 0.02, 2e-3, 0.02
ROUNDING = 1e-13
NEAR_EXERCISE = 1e-4                # of spot: a value that near to exercise asks whether it does


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """Values of a table's rows by ours."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    iv: Floats


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
    parser.add_argument("--witness-rows", type=at_least_one, default=witness.ROWS, metavar="N",
                        help=f"values compared with QuantLib's where it is installed (default {witness.ROWS:,})")


def asked(arguments: argparse.Namespace) -> bool:
    """Whether a table was named."""
    return arguments.options is not None


def check(arguments: argparse.Namespace) -> bool:
    """Print the errors of every column, over chains and leg by leg; whether all keep their bounds."""
    table = read_table(Path(arguments.options))
    print(f"{len(table):,} option values of {Path(arguments.options).name}\n")
    lines, kept = judged(table)
    print("\n".join([*lines, "", *legs_told(table), ""]))
    told, agrees = witness.compared(arguments.witness_rows)
    print("\n".join(told))
    return kept and agrees


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
    found, means = model_values(table)
    telling = tells_volatility(table)
    rows = [_row_of("price", found.price, table.price, PRICE_BOUND * table.spot),
            _row_of("delta", found.delta, table.delta, DELTA_BOUND),
            _row_of("gamma", found.gamma, table.gamma, _wider(table.gamma, GAMMA_BOUND), share=GAMMA_ROWS),
            _row_of("vega", found.vega, table.vega, _wider(table.vega, VEGA_BOUND)),
            _row_of("theta", found.theta, table.theta, _wider(table.theta, THETA_BOUND)),
            _row_of(f"iv ({int(telling.sum()):,} rows tell it)", np.where(telling, found.iv, table.iv), table.iv,
                    VOLATILITY_BOUND)]
    header = ("Column", "Median error", "p99", "Worst", "Worst ÷ bound", "Rows within", "Asked", "")
    lines = [*grid(header, [cells for cells, _ in rows]), "",
             f"rows whose price to exercise at lies within a step of the table's differences, told by the same differences: "
             f"{means}"]
    return lines, all(kept for _, kept in rows)


def model_values(table: OptionTable) -> tuple[Values, int]:
    """Our values of every row, and how many rows have a Greek that is a mean over a step (``STEPS``)."""
    rows, means = [], 0
    for index in range(len(table)):
        values, is_mean = _row_values(table, index)
        rows.append(values)
        means += is_mean
    return Values(**{name: np.array([row[name] for row in rows]) for name in Values.__annotations__}), means


def _row_values(table: OptionTable, index: int) -> tuple[dict[str, float], bool]:
    spot, strike, years = table.spot[index], table.strike[index], table.years[index]
    rate, carry, iv, is_put = table.rate[index], table.dividend_yield[index], table.iv[index], bool(table.is_put[index])
    greeks = american_greeks(spot, [strike], is_put, iv, years, rate, carry)
    told = american_volatilities(table.price[index], spot, [strike], is_put, years, rate, carry)
    found = {name: float(getattr(greeks, name)[0]) for name in ("price", "delta", "gamma", "vega", "theta")}
    found["iv"] = float(told[0])
    exercise = (strike - spot) if is_put else (spot - strike)
    if exercise <= 0.0 or abs(found["price"] - exercise) > NEAR_EXERCISE * spot:
        return found, False

    def value(spot: float = spot, iv: float = iv, years: float = years) -> tuple[float, bool]:
        """The value, and whether exercising at once is all of it."""
        price = float(american_prices(spot, [strike], is_put, iv, years, rate, carry)[0])
        return price, price <= (strike - spot if is_put else spot - strike) + ROUNDING * spot

    step, point, day = SPOT_STEP * iv * np.sqrt(years) * spot, IV_STEP * iv, TIME_STEP * years
    sides = {"spot": (value(spot=spot + step), value(spot=spot - step)), "iv": (value(iv=iv + point), value(iv=iv - point)),
             "years": (value(years=years - day), value(years=years + day))}
    crossed = {name for name, (upper, lower) in sides.items() if upper[1] != lower[1]}
    if "spot" in crossed:
        (upper, _), (lower, _) = sides["spot"]
        found |= {"delta": (upper - lower) / (2.0 * step), "gamma": (upper - 2.0 * found["price"] + lower) / step ** 2}
    if "iv" in crossed:
        found["vega"] = (sides["iv"][0][0] - sides["iv"][1][0]) / (2.0 * point) * VOLATILITY_POINT
    if "years" in crossed:
        found["theta"] = (sides["years"][0][0] - sides["years"][1][0]) / (2.0 * day) / CALENDAR_DAYS_PER_YEAR
    return found, bool(crossed)


def legs_told(table: OptionTable) -> list[str]:
    """What one leg at a time, the quick way, differs from the chain's values at most."""
    price, delta = [], []
    for index in range(len(table)):
        spot, strike, iv = float(table.spot[index]), float(table.strike[index]), float(table.iv[index])
        carry = (float(table.years[index]), float(table.rate[index]), float(table.dividend_yield[index]))
        one = american_leg_greeks(spot, strike, Right.PUT if table.is_put[index] else Right.CALL, iv, *carry)
        row = american_greeks(spot, [strike], table.is_put[index], iv, *carry)
        price.append(abs(one.price - row.price[0]) / spot)
        delta.append(abs(one.delta - row.delta[0]))
    return [f"leg by leg, the quick way, against the chain: price within {100.0 * max(price):.6f} % of spot, delta within "
            f"{max(delta):.6f}"]


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
