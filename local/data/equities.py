"""Files of shares and indices: minute trades and quotes, daily bars, map files."""
from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from local.data import calendar
from local.data.archive import write_text, write_zip
from local.data.bridge import CLOSE, DailySeries, paid_dividends
from local.data.minutes import MinutePath, activity
from local.data.text import MILLISECONDS_A_MINUTE, integer_rows

PRICE_SCALE = 10_000
CHICAGO_MINUTES_BEHIND, NEW_YORK_INDICES = 60, ("VXN", "RVX", "GVZ", "OVX")
QUOTE_SHARES = 500
CALM_INDEX, WIDER_EVERY = 25.0, 20.0


def minute_times(count: int, first_minute_of_day: int = calendar.OPEN_MINUTE_OF_DAY) -> np.ndarray:
    """Milliseconds since midnight of the first ``count`` minutes of a session."""
    return (first_minute_of_day + np.arange(count)) * MILLISECONDS_A_MINUTE


def split_volume(total: int, minutes: int) -> np.ndarray:
    """A day's shares over its minutes by activity; the parts add up to the whole."""
    edges = np.rint(np.cumsum(activity(minutes)) / minutes * total).astype(np.int64)
    return np.diff(edges, prepend=0)


def half_spread_cents(index: np.ndarray) -> np.ndarray:
    """Half the spread of a liquid share in whole cents: one, and one more for every 20 points of VIX above 25."""
    return 1 + np.maximum(np.ceil((index - CALM_INDEX) / WIDER_EVERY), 0).astype(np.int64)


def equity_trades(path: MinutePath, volume: int) -> list[np.ndarray]:
    """A share's minute bars in ten-thousandths, and the shares traded in each."""
    return [*_scaled(path), split_volume(volume, len(path.close))]


def equity_quotes(path: MinutePath, index: np.ndarray) -> list[np.ndarray]:
    """A share's minute quotes: bid bars in ten-thousandths and their size, then ask bars and theirs; ``index`` is VIX at
    each minute's end."""
    prices, half, size = _scaled(path), half_spread_cents(index) * 100, np.full(len(index), QUOTE_SHARES)
    return [*(price - half for price in prices), size, *(price + half for price in prices), size]


def _scaled(path: MinutePath) -> list[np.ndarray]:
    return [np.rint(values * PRICE_SCALE).astype(np.int64) for values in (path.open, path.high, path.low, path.close)]


def index_times(ticker: str, count: int) -> np.ndarray:
    """Milliseconds since midnight of an index's minutes: in Chicago, but for those that LEAN has in New York."""
    behind = 0 if ticker in NEW_YORK_INDICES else CHICAGO_MINUTES_BEHIND
    return minute_times(count, calendar.OPEN_MINUTE_OF_DAY - behind)


def write_equity_minutes(root: Path, ticker: str, day: date, path: MinutePath, volume: int, index: np.ndarray) -> None:
    """Minute trades and quotes of a share on one day; ``index`` is the volatility index at each minute's end."""
    name, stamp, times = ticker.lower(), f"{day:%Y%m%d}", minute_times(len(path.close))
    for kind, columns in (("trade", equity_trades(path, volume)), ("quote", equity_quotes(path, index))):
        write_zip(root / "equity/usa/minute" / name / f"{stamp}_{kind}.zip",
                  [(f"{stamp}_{name}_minute_{kind}.csv", integer_rows([times, *columns]))])


def write_index_minutes(root: Path, ticker: str, day: date, path: MinutePath) -> None:
    """Minute values of an index on one day: plain prices, no volume."""
    name = ticker.lower()
    values = zip(index_times(ticker, len(path.close)).tolist(), path.open.tolist(), path.high.tolist(), path.low.tolist(),
                 path.close.tolist())
    text = "".join(f"{time},{opening:.2f},{high:.2f},{low:.2f},{close:.2f},0\n"
                   for time, opening, high, low, close in values)
    write_zip(root / "index/usa/minute" / name / f"{day:%Y%m%d}_trade.zip",
              [(f"{day:%Y%m%d}_{name}_minute_trade.csv", text.encode())])


def write_daily(root: Path, series: DailySeries, *, index: bool) -> None:
    """Daily bars of the whole series: ten-thousandths for shares, plain for an index."""
    name, rows = series.ticker.lower(), []
    for day, prices, volume in zip(series.days, series.prices.tolist(), series.volume.tolist()):
        figures = ",".join(f"{price:.2f}" if index else str(round(price * PRICE_SCALE)) for price in prices)
        rows.append(f"{day:%Y%m%d} 00:00,{figures},{volume}\n")
    folder = root / ("index" if index else "equity") / "usa/daily"
    write_zip(folder / f"{name}.zip", [(f"{name}.csv", "".join(rows).encode())])


def write_map_file(root: Path, ticker: str, first: date) -> None:
    """Map file of a share that has kept its ticker since ``first``."""
    name = ticker.lower()
    write_text(root / "equity/usa/map_files" / f"{name}.csv", f"{first:%Y%m%d},{name},P\n20501231,{name},P\n")


def write_factor_file(root: Path, series: DailySeries) -> None:
    """Factor file of a share: a row on the eve of every ex-dividend day, with the price that the dividend is a share of.

    A row's factor holds up to its day: what all later dividends leave.
    """
    paid, closes = paid_dividends(series.ticker, series.days), series.prices[:, CLOSE]
    rows, factor = ["20501231,1,1,0\n"], 1.0
    for at in np.flatnonzero(paid)[::-1].tolist():
        if at:
            factor *= float(np.exp(paid[at]))
            rows.append(f"{series.days[at - 1]:%Y%m%d},{factor:.10g},1,{closes[at - 1]:g}\n")
    rows.append(f"{series.days[0]:%Y%m%d},{factor:.10g},1,1\n")
    write_text(root / "equity/usa/factor_files" / f"{series.ticker.lower()}.csv", "".join(rows[::-1]))
