"""The written market's prices against the record: strategy indices, VIX of the chain, sessions, real quotes."""
from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path

import numpy as np

from core.arrays import Floats
from local import lean_launcher
from local.commands.errors import CommandError
from local.data.figures import EARLY_YEARS, EQUITY_INDEX, FITTED_ON
from local.statistics_table import grid
from local.validation import record
from local.validation.history import History, read_history
from local.validation.market_checks import check_market
from local.validation.quote_checks import check_samples, check_typed
from local.validation.series_files import find_file, read_levels
from local.validation.strategy_indices import MONTHS, monthly_returns

NAMES = tuple(record.INDICES)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folders of bars and of index files."""
    parser.add_argument("--bars", metavar="DIR", help="daily bars: spy-daily.csv and vix-daily.csv, 2006 to 2021 and on")
    parser.add_argument("--indices", metavar="DIR",
                        help=f"with --bars: daily levels as Cboe offers them for download ({', '.join(NAMES)})")


def asked(arguments: argparse.Namespace) -> bool:
    """Whether bars were named.

    Raises
    ------
    CommandError
        Index files without bars.
    """
    if arguments.indices is not None and arguments.bars is None:
        raise CommandError("--indices needs --bars")
    return arguments.bars is not None


def check(arguments: argparse.Namespace) -> bool:
    """Print every comparison; whether all bounds are kept."""
    folder = Path(arguments.bars)
    if not folder.is_dir():
        raise CommandError(f"bars folder {folder} is not there")
    real = _index_returns(Path(arguments.indices)) if arguments.indices is not None else None
    history = read_history(folder, date(record.WHOLE[1] + 1, 1, 31))
    print(f"surface fitted on {FITTED_ON}, carry of bills and dividends\n")
    kept = [check_indices(history, real), check_market(history, EQUITY_INDEX), check_typed(EQUITY_INDEX)]
    data = _lean_data()
    if data is None:
        print("\nno sample quotes: TOMKING_LEAN_DATA names no data folder of a LEAN checkout")
    else:
        kept.append(check_samples(history, EQUITY_INDEX, data))
    return all(kept)


def _lean_data() -> Path | None:
    """LEAN's own data folder: where TOMKING_LEAN_DATA points, or that of the launcher's checkout."""
    launcher = os.environ.get(lean_launcher.LAUNCHER_VARIABLE, "").strip() or __file__
    try:
        return lean_launcher.find_static_data(Path(launcher))
    except lean_launcher.LeanMissing as error:
        raise CommandError(str(error)) from error


def _index_returns(folder: Path) -> dict[str, Floats]:
    """Monthly returns 2007-2021 of the indices whose files are in a folder."""
    if not folder.is_dir():
        raise CommandError(f"indices folder {folder} is not there")
    found = {}
    first, last = date(record.WHOLE[0] - 1, 12, 31), date(record.WHOLE[1], 12, 31)
    for name in NAMES:
        path = find_file(folder, name)
        if path is not None:
            levels = read_levels(path, name, first, last)
            ends = [max((day for day in levels if (day.year, day.month) == month), default=None)
                    for month in _months(record.WHOLE)]
            if None in ends:
                raise CommandError(f"{path}: no level in {'%d-%02d' % _months(record.WHOLE)[ends.index(None)]}")
            values = np.array([levels[day] for day in ends if day is not None])
            found[name] = values[1:] / values[:-1] - 1
    if not found:
        raise CommandError(f"indices folder {folder} has no file of {', '.join(NAMES)}")
    return found


def _months(years: tuple[int, int]) -> list[tuple[int, int]]:
    """The months of the years and the one before them."""
    return [(years[0] - 1, MONTHS), *((year, month) for year in range(years[0], years[1] + 1)
                                      for month in range(1, MONTHS + 1))]


def check_indices(history: History, real: dict[str, Floats] | None) -> bool:
    """Print the six indices beside the record, and beside index files where given; whether the bounds are kept."""
    ours, early = (monthly_returns(history, shape, record.WHOLE) for shape in (EQUITY_INDEX, EARLY_YEARS))
    kept = _print_fit(ours, early, real)
    if real is not None:
        kept = _print_correlation(ours, real) and kept
    return kept


def window(returns: Floats, years: tuple[int, int]) -> Floats:
    """The months of some years out of those from 2007 on."""
    begin = (years[0] - record.WHOLE[0]) * MONTHS
    part: Floats = returns[begin:begin + (years[1] - years[0] + 1) * MONTHS]
    return part


def yearly_pct(returns: Floats, years: tuple[int, int]) -> float:
    """Twelve times the mean month, per cent."""
    return float(window(returns, years).mean()) * MONTHS * 100


def _print_fit(ours: dict[str, Floats], early: dict[str, Floats], real: dict[str, Floats] | None) -> bool:
    rows, kept = [], True
    for name, index in record.INDICES.items():
        means = {record.WHOLE: index.whole_pct, record.EARLY: index.early_pct, record.LATE: index.late_pct}
        if real is not None and name in real:
            means = {years: yearly_pct(real[name], years) for years in means}
        bias = {years: yearly_pct(ours[name], years) - mean for years, mean in means.items()}
        judged = yearly_pct(early[name], record.LATE) - means[record.LATE]
        good = abs(bias[record.WHOLE]) <= index.bias_pct and abs(judged) <= index.judged_bias_pct
        kept &= good
        rows.append((name, f"{means[record.WHOLE]:.1f}", f"{yearly_pct(ours[name], record.WHOLE):.1f}",
                     *(f"{value:+.2f}" for value in bias.values()), f"±{index.bias_pct:g}", f"{judged:+.2f}",
                     f"±{index.judged_bias_pct:g}" + ("" if good else " *"), f"{100 * ours[name].min():.1f}"))
    whose = "the record" if real is None else "the index files, the record where there is none"
    print(f"strategy indices by their rules on this surface, per cent a year, against {whose} (* is out of bounds)")
    print("\n".join(grid(("Index", "Real", "Ours", "Bias 2007-21", "2007-14", "2015-21", "Bound",
                           "Fitted 2007-14, judged 2015-21", "Bound", "Worst month"), rows)))
    print("What a fit on eight years leaves in the seven after it is the error bar of every study.\n")
    return kept


def _print_correlation(ours: dict[str, Floats], real: dict[str, Floats]) -> bool:
    rows, kept = [], True
    for name, returns in real.items():
        correlation, least = float(np.corrcoef(ours[name], returns)[0, 1]), record.INDICES[name].least_correlation
        kept &= correlation >= least
        rows.append((name, f"{correlation:.4f}", f"{least:g}" + ("" if correlation >= least else " *"),
                     f"{100 * returns.min():.1f}", f"{100 * ours[name].min():.1f}"))
    print("\n".join(grid(("Index", "Monthly correlation", "At least", "Worst month", "Ours"), rows)) + "\n")
    return kept
