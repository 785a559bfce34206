"""Rows of a file as quotes of contracts: one record a quote, of one form whatever they came in."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from local.data import calendar
from local.data.importers import values
from local.data.importers.contracts import closing_minute, is_index, monthly_or_weekly, plain, underlying_of
from local.data.importers.definitions import Definitions
from local.data.importers.errors import ImportRefused, at_line
from local.data.importers.layouts import CLOSE, Layout, QuoteSet
from local.data.importers.prices import PriceTable

SCALE = 10_000
# Seconds since New York's midnight; expiry as an ordinal; prices and strikes in ten-thousandths, 0 where a side is absent;
# files by their number.
ROW = np.dtype([("second", "i4"), ("expiry", "i4"), ("strike", "i8"), ("put", "?"), ("bid", "i8"), ("ask", "i8"),
                ("bid_size", "i4"), ("ask_size", "i4"), ("spot", "f8"), ("volume", "i8"), ("interest", "i8"), ("iv", "f4"),
                ("adjusted", "?"), ("file", "i4"), ("line", "i4")])
LARGEST_SIZE = np.iinfo(np.int32).max
RAW_PRICE, UNIX_TOLERANCE = 1e-9, 60


@dataclass(slots=True, kw_only=True)
class Reading:
    """What reading needs to know beside the files, and what it learns of them."""

    underlying: str | None = None
    zone: str | None = None
    prices: dict[str, PriceTable] = field(default_factory=dict)
    definitions: Definitions = field(default_factory=Definitions)
    underlyings: dict[str, str] = field(default_factory=dict)     # of each root
    volumes_add_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contracts:
    """Of each row: its root's place in ``roots``, its underlying's, expiry, right, strike."""

    roots: list[str]
    root: np.ndarray
    expiry: np.ndarray
    put: np.ndarray | None
    strike: np.ndarray


def quotes(chunk: pd.DataFrame, layout: Layout, name: str, number: int, reading: Reading
           ) -> Iterator[tuple[str, date, np.ndarray]]:
    """The quotes of some rows, by root and day.

    Raises
    ------
    ImportRefused
        A field that cannot be read, or what it takes to know a contract, its day or its underlying's price is not there.
    """
    if not len(chunk):
        return
    days, seconds = _moments(chunk, layout, name, reading)
    _check_years(chunk, name, days)
    contracts = _contracts(chunk, layout, name, reading, days)
    for root in contracts.roots:
        _learn(reading, root, name)
    for one in layout.quotes:
        yield from _of_set(chunk, layout, one, name, number, reading, contracts, days, seconds)


def _learn(reading: Reading, root: str, name: str) -> None:
    if not root:
        raise ImportRefused(f"{name}: a contract has no root")
    reading.underlyings.setdefault(root, underlying_of(root))


def _moments(chunk: pd.DataFrame, layout: Layout, name: str, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    columns, zone = layout.columns, reading.zone or layout.zone
    column = chunk[columns.get("time", columns.get("date", ""))]
    unit = layout.time_unit
    if "instrument" in columns and column.iloc[0].isdecimal():
        unit = "ns"
    if "date" in columns:
        codes, found = values.each(column, name, values.strict_day)
        days = np.array([day.toordinal() for day in found], dtype=np.int64)[codes]
        seconds = np.zeros(len(chunk), dtype=np.int64)
    else:
        days, seconds = values.moments(column, name, unit, zone)
    if "clock" in columns:
        codes, clocks = values.each(chunk[columns["clock"]], name, values.clock)
        seconds = np.array(clocks, dtype=np.int64)[codes]
    if columns.get("unix_time") in chunk:
        _check_unix(chunk, columns["unix_time"], name, days, seconds)
    return days, seconds


def _check_unix(chunk: pd.DataFrame, column: str, name: str, days: np.ndarray, seconds: np.ndarray) -> None:
    """The row's New York time is that of its count of seconds since 1970."""
    true_days, true_seconds = values.moments(chunk[column], name, "s", "")
    apart = np.abs((days - true_days) * 86_400 + seconds - true_seconds)
    if (apart > UNIX_TOLERANCE).any():
        at = int((apart > UNIX_TOLERANCE).argmax())
        raise at_line(name, int(chunk.index[at]), f"its time and {column} are {apart[at] / 60:.0f} minutes apart: the time is "
                      "not New York's")


def _check_years(chunk: pd.DataFrame, name: str, days: np.ndarray) -> None:
    first, last = date(calendar.FIRST_YEAR, 1, 1).toordinal(), date(calendar.LAST_YEAR, 12, 31).toordinal()
    beyond = (days < first) | (days > last)
    if beyond.any():
        at = int(beyond.argmax())
        day = date.fromordinal(int(days[at])) if 0 < days[at] < date.max.toordinal() else "the day"
        raise at_line(name, int(chunk.index[at]), f"{day} is not covered: the exchange calendar has {calendar.FIRST_YEAR} to "
                      f"{calendar.LAST_YEAR}")


def _contracts(chunk: pd.DataFrame, layout: Layout, name: str, reading: Reading, days: np.ndarray) -> _Contracts:
    columns = layout.columns
    if "instrument" in columns or "symbol" in columns:
        codes, found = reading.definitions.contracts(chunk, name, days) if "instrument" in columns and "symbol" not in chunk \
            else values.each(chunk[columns.get("symbol", "symbol")], name, values.contract_of)
        roots = sorted({root for root, *_ in found})
        return _Contracts(roots=roots, root=np.array([roots.index(root) for root, *_ in found])[codes],
                          expiry=np.array([expiry.toordinal() for _, expiry, *_ in found])[codes],
                          put=np.array([put for *_, put, _ in found], dtype=bool)[codes],
                          strike=np.array([strike for *_, strike in found], dtype=np.int64)[codes])
    codes, expiries = values.each(chunk[columns["expiry"]], name, values.strict_day)
    strike = values.numbers(chunk[columns["strike"]], name, "strike") * layout.strike_scale * SCALE
    wrong = ~(strike > 0.5)
    if wrong.any():
        at = int(wrong.argmax())
        raise at_line(name, int(chunk.index[at]), f"strike {chunk[columns['strike']].iloc[at]!r} is not above zero")
    put = None
    if "right" in columns:
        right_codes, rights = values.each(chunk[columns["right"]], name, values.right_of)
        put = np.array(rights, dtype=bool)[right_codes]
    root_codes, roots = _roots(chunk, layout, name, reading, codes, expiries)
    return _Contracts(roots=roots, root=root_codes, put=put, strike=np.rint(strike).astype(np.int64),
                      expiry=np.array([day.toordinal() for day in expiries], dtype=np.int64)[codes])


def _roots(chunk: pd.DataFrame, layout: Layout, name: str, reading: Reading, expiry_codes: np.ndarray, expiries: list[date]
           ) -> tuple[np.ndarray, list[str]]:
    columns = layout.columns
    if columns.get("root") in chunk:
        codes, found = values.each(chunk[columns["root"]], name, _ticker)
        return codes, found
    if columns.get("underlying") in chunk:
        codes, found = values.each(chunk[columns["underlying"]], name, _ticker)
    else:
        ticker = reading.underlying or layout.underlying
        if ticker is None:
            raise ImportRefused(f"{name}: the file does not say what its options are on: --underlying SPY")
        codes, found = np.zeros(len(chunk), dtype=np.int64), [plain(ticker)]
    if not any(map(is_index, found)):
        return codes, found
    pairs = np.unique(np.stack([codes, expiry_codes]), axis=1, return_inverse=True)
    named = [monthly_or_weekly(found[one], expiries[expiry]) if is_index(found[one]) else found[one] for one, expiry in pairs[0].T]
    roots = sorted(set(named))
    return np.array([roots.index(root) for root in named])[pairs[1].ravel()], roots


def _ticker(text: str) -> str:
    if not plain(text):
        raise ValueError("the ticker is blank")
    return plain(text)


def _of_set(chunk: pd.DataFrame, layout: Layout, one: QuoteSet, name: str, number: int, reading: Reading,
            contracts: _Contracts, days: np.ndarray, seconds: np.ndarray) -> Iterator[tuple[str, date, np.ndarray]]:
    rows = np.zeros(len(chunk), dtype=ROW)
    rows["expiry"], rows["strike"] = contracts.expiry, contracts.strike
    rows["put"] = contracts.put if one.right is None else one.right == "P"
    rows["file"], rows["line"] = number, chunk.index
    for side in ("bid", "ask"):
        price = _prices(chunk[one.columns[side]], name, side, layout)
        rows[side] = np.rint(np.nan_to_num(price) * layout.price_scale * SCALE)
    _sizes(chunk, one, name, rows)
    for field_name, target in (("volume", "volume"), ("open_interest", "interest"), ("iv", "iv")):
        if one.columns.get(field_name) in chunk:
            found = values.numbers(chunk[one.columns[field_name]], name, field_name)
            rows[target] = found if target == "iv" else np.nan_to_num(found)
        elif target == "iv":
            rows[target] = np.nan
    if layout.columns.get("adjusted") in chunk:
        marks = chunk[layout.columns["adjusted"]].str.strip()
        rows["adjusted"] = ~marks.isin(["", "0", "None"]).to_numpy()
    at = one.at or layout.at
    places = contracts.root.astype(np.int64) * 10_000_000 + days
    spot = _spot(chunk, one, name)
    for place in np.unique(places):
        chosen = places == place
        root, day = contracts.roots[int(place) // 10_000_000], date.fromordinal(int(place) % 10_000_000)
        found = rows[chosen]
        underlying = reading.underlyings[root]
        found["second"] = seconds[chosen] if at is None else _second(at, day, underlying)
        if underlying in reading.prices:
            found["spot"] = reading.prices[underlying].at(day, found["second"])
        elif spot is not None:
            found["spot"] = spot[chosen]
        else:
            raise ImportRefused(f"{name}: the file has no prices of {underlying}: --prices {underlying}=FILE")
        yield root, day, found


def _second(at: str, day: date, underlying: str) -> int:
    if at != CLOSE:
        return values.clock(at)
    return closing_minute(day, underlying) * 60 if calendar.is_session(day) else 0


def _prices(column: pd.Series, name: str, side: str, layout: Layout) -> np.ndarray:
    """Prices, NaN where absent; Databento's whole numbers are in billionths."""
    if "instrument" in layout.columns:
        absent = column.eq(str(values.NO_INTEGER))
        found = values.numbers(column.mask(absent, ""), name, side, least=0.0)
        return found if column.str.contains(".", regex=False).any() else found * RAW_PRICE
    return values.numbers(column, name, side, least=0.0)


def _sizes(chunk: pd.DataFrame, one: QuoteSet, name: str, rows: np.ndarray) -> None:
    if one.columns.get("sizes") in chunk:
        codes, pairs = values.each(chunk[one.columns["sizes"]], name, _pair)
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)[codes]
        rows["bid_size"], rows["ask_size"] = np.minimum(both, LARGEST_SIZE).T
        return
    for size in ("bid_size", "ask_size"):
        if one.columns.get(size) in chunk:
            found = np.nan_to_num(values.numbers(chunk[one.columns[size]], name, size, least=0.0))
            rows[size] = np.minimum(found, LARGEST_SIZE)


def _pair(text: str) -> tuple[int, int]:
    """``300 x 250`` as two sizes; blank is none."""
    if not text:
        return 0, 0
    bid, by, ask = text.partition("x")
    if not by or not bid.strip().isdecimal() or not ask.strip().isdecimal():
        raise ValueError(f"sizes {text!r} are not like '300 x 300'")
    return int(bid), int(ask)


def _spot(chunk: pd.DataFrame, one: QuoteSet, name: str) -> np.ndarray | None:
    """The underlying's price of each row, NaN where it is blank or zero; None where the file has none."""
    columns = one.columns
    if columns.get("underlying_price") in chunk:
        found = values.numbers(chunk[columns["underlying_price"]], name, "underlying price", least=0.0)
    elif columns.get("underlying_bid") in chunk and columns.get("underlying_ask") in chunk:
        bid, ask = (values.numbers(chunk[columns[side]], name, side.replace("_", " "), least=0.0)
                    for side in ("underlying_bid", "underlying_ask"))
        found = np.where((bid > 0.0) & (ask > 0.0), (bid + ask) / 2.0, 0.0)
    else:
        return None
    return np.where(found > 0.0, found, np.nan)
