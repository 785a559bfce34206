"""What a file's columns mean: layouts of the vendors that are known, and of a mapping file for any other.

A layout names columns; it holds no code. Columns are found by name, in any order and any case; what a file has beside them
is passed over. One row may hold several quotes: both rights of a strike, or two moments of a day.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tomllib

from config.near_misses import meant
from local.data.importers.errors import ImportRefused

NEW_YORK, UTC = "America/New_York", "UTC"
CLOSE = "close"
# Of a row: what it is about, when it was, and whose. Of each quote in it: the prices.
ROW_FIELDS = ("time", "date", "clock", "unix_time", "expiry", "strike", "right", "symbol", "root", "underlying", "adjusted",
              "instrument")
QUOTE_FIELDS = ("bid", "ask", "bid_size", "ask_size", "sizes", "underlying_price", "underlying_bid", "underlying_ask",
                "volume", "open_interest", "iv")
TIME_UNITS = ("text", "s", "ms", "us", "ns")
SETTINGS = ("zone", "time_unit", "at", "strike_scale", "price_scale", "volume", "underlying")
VOLUMES = ("day", "interval")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteSet:
    """One quote of a row: its columns by field; ``right`` and ``at`` (a time of day, or ``close``) where they are fixed."""

    columns: Mapping[str, str]
    right: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Columns and units of one kind of file.

    Attributes
    ----------
    columns : mapping
        Field of the row to column, in lower case.
    quotes : tuple of QuoteSet
        The quotes of each row.
    zone : str
        Zone of stamps that name none.
    time_unit : str
        ``text``, or the unit of stamps that count since 1970.
    at : str or None
        Time of day, or ``close``, of files that have days only.
    strike_scale, price_scale : float
        What the figures are multiplied by to be USD.
    volume : str
        ``day``: what was traded up to the quote; ``interval``: since the one before.
    marks : tuple of str
        Columns that are not read but tell this kind of file from another.
    """

    name: str
    columns: Mapping[str, str]
    quotes: tuple[QuoteSet, ...]
    zone: str = NEW_YORK
    time_unit: str = "text"
    at: str | None = None
    strike_scale: float = 1.0
    price_scale: float = 1.0
    volume: str = "day"
    underlying: str | None = None
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def missing(self, header: list[str]) -> list[str]:
        """Columns of the layout that a header lacks; those that may be absent are not counted."""
        wanted = [self.columns[name] for name in self.columns if name not in MAY_LACK]
        wanted += [one.columns[name] for one in self.quotes for name in ("bid", "ask")] + list(self.marks)
        return [name for name in wanted if name not in header]


MAY_LACK = ("unix_time", "adjusted", "root", "underlying")


def _named(*names: str, **others: str) -> Mapping[str, str]:
    return MappingProxyType({name: name for name in names} | others)


_OPTIONSDX = Layout(
    name="optionsdx", columns=_named(time="quote_readtime", unix_time="quote_unixtime", expiry="expire_date", strike="strike"),
    quotes=tuple(QuoteSet(right=right, columns=_named(
        bid=f"{right.lower()}_bid", ask=f"{right.lower()}_ask", sizes=f"{right.lower()}_size", iv=f"{right.lower()}_iv",
        volume=f"{right.lower()}_volume", underlying_price="underlying_last")) for right in "CP"),
    notes=("stamps of QUOTE_READTIME are New York's; each is held against QUOTE_UNIXTIME",
           "the file names no root: index contracts of a third Friday are taken for the monthly root, all others for the weekly",
           "the file has no open interest: the universe's is zero"))
_CBOE_ROW = _named("strike", "root", underlying="underlying_symbol", expiry="expiration", right="option_type")


def _cboe_quote(end: str, at: str | None) -> QuoteSet:
    return QuoteSet(at=at, columns=_named(
        bid=f"bid{end}", ask=f"ask{end}", bid_size=f"bid_size{end}", ask_size=f"ask_size{end}",
        underlying_bid=f"underlying_bid{end}", underlying_ask=f"underlying_ask{end}", volume="trade_volume",
        open_interest="open_interest", iv="implied_volatility_1545" if end == "_1545" else "implied_volatility"))


_CBOE_EOD = Layout(
    name="cboe", columns=MappingProxyType({**_CBOE_ROW, "date": "quote_date", "adjusted": "delivery_code"}),
    quotes=(_cboe_quote("_1545", "15:45"), _cboe_quote("_eod", CLOSE)),
    notes=("columns _1545 are quotes of 15:45, columns _eod of the close", "the underlying's price is its quote's middle"))
_CBOE_INTERVALS = Layout(
    name="cboe", columns=MappingProxyType({**_CBOE_ROW, "time": "quote_datetime"}), quotes=(_cboe_quote("", None),),
    volume="interval", notes=("stamps are New York's and end their interval", "the underlying's price is its quote's middle"))
_THETA_QUOTE = QuoteSet(columns=_named("bid", "ask", "bid_size", "ask_size", "volume", iv="implied_vol",
                                       underlying_price="underlying_price"))
_THETA_ROW = _named("strike", "right", root="symbol", expiry="expiration")
_THETA = Layout(name="thetadata", columns=MappingProxyType({**_THETA_ROW, "time": "timestamp"}), quotes=(_THETA_QUOTE,),
                notes=("stamps are New York's; a quote is the last one at its stamp",))
_THETA_EOD = replace(_THETA, columns=MappingProxyType({**_THETA_ROW, "time": "created"}), at=CLOSE,
                     notes=("the quote of an end-of-day row is the close's, whenever the row was made",))
_THETA_GREEKS_EOD = replace(_THETA_EOD, columns=_THETA.columns, marks=("count",))
_THETA_OLD_ROW = _named("root", "strike", "right", "date", expiry="expiration")
_THETA_OLD = replace(_THETA, columns=MappingProxyType({**_THETA_OLD_ROW, "clock": "ms_of_day"}), strike_scale=1e-3,
                     notes=("strikes are in tenths of a cent, times in milliseconds of New York's day",))
_DATABENTO = Layout(
    name="databento", columns=_named(time="ts_recv", instrument="instrument_id"), zone=UTC,
    quotes=(QuoteSet(columns=_named(bid="bid_px_00", ask="ask_px_00", bid_size="bid_sz_00", ask_size="ask_sz_00")),),
    notes=("ts_recv is UTC and ends its interval", "a contract is joined by instrument_id and day to its definition"))
_POLYGON = Layout(
    name="polygon", columns=_named(symbol="ticker", time="sip_timestamp"), zone=UTC, time_unit="ns",
    quotes=(QuoteSet(columns=_named(bid="bid_price", ask="ask_price", bid_size="bid_size", ask_size="ask_size")),),
    notes=("a minute's quote is the last one in it", "a side quoted at zero is absent"))

# The first whose columns a file has is the one it is read by.
VENDORS: Mapping[str, tuple[Layout, ...]] = MappingProxyType({
    "optionsdx": (_OPTIONSDX,), "cboe": (_CBOE_EOD, _CBOE_INTERVALS), "thetadata": (_THETA_GREEKS_EOD, _THETA, _THETA_EOD, _THETA_OLD),
    "databento": (_DATABENTO,), "polygon": (_POLYGON,)})


def chosen(source: str, layouts: tuple[Layout, ...], header: list[str], name: str) -> Layout:
    """The layout whose columns a header has.

    Raises
    ------
    ImportRefused
        None: the line names what the nearest one lacks.
    """
    lacking = [(layout.missing(header), layout) for layout in layouts]
    for missing, layout in lacking:
        if not missing:
            return layout
    missing = min((missing for missing, _ in lacking), key=len)
    if source == "polygon" and "window_start" in header:
        raise ImportRefused(f"{name} line 1: aggregates are trades, without quotes: import the quotes_v1 files")
    raise ImportRefused(f"{name} line 1: not a file of {source}: no column {', '.join(missing)}"
                        f"{meant(missing[0], header)}")


def read_mapping(path: Path) -> Layout:
    """The layout of a mapping file (TOML): settings, ``[columns]``, and ``[[quotes]]`` where a row holds several.

    Raises
    ------
    ImportRefused
        Not TOML, an unknown word, a field without which nothing can be read.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ImportRefused(f"mapping {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ImportRefused(f"mapping {path.name}: {error}") from error
    _known(path.name, raw, (*SETTINGS, "columns", "quotes"))
    columns = _texts(path.name, "columns", raw.get("columns", {}), ROW_FIELDS + QUOTE_FIELDS)
    sets = raw.get("quotes", [{}])
    if not isinstance(sets, list) or not sets or not all(isinstance(one, dict) for one in sets):
        raise ImportRefused(f"mapping {path.name}: quotes must be tables: [[quotes]]")
    common = {name: column for name, column in columns.items() if name in QUOTE_FIELDS}
    quotes = tuple(_quote_set(path.name, one, common) for one in sets)
    layout = Layout(name=path.name, columns={name: column for name, column in columns.items() if name in ROW_FIELDS},
                    quotes=quotes, **_settings(path.name, raw))
    _complete(path.name, layout)
    return layout


def _known(place: str, found: Mapping[str, Any], known: tuple[str, ...]) -> None:
    unknown = [name for name in found if name not in known]
    if unknown:
        raise ImportRefused(f"mapping {place}: unknown {unknown[0]!r}{meant(unknown[0], known)}; known: {', '.join(known)}")


def _texts(place: str, section: str, raw: object, known: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise ImportRefused(f"mapping {place}: [{section}] must hold a column a field")
    _known(place, raw, known)
    for name, value in raw.items():
        if not isinstance(value, str) or not value.strip():
            raise ImportRefused(f"mapping {place}: {section}.{name} must be a column's name, not {value!r}")
    return {name: value.strip().lower() for name, value in raw.items()}


def _quote_set(place: str, raw: dict[str, Any], common: Mapping[str, str]) -> QuoteSet:
    own = dict(raw)
    right, at = own.pop("right", None), own.pop("at", None)
    if right not in (None, "C", "P"):
        raise ImportRefused(f"mapping {place}: quotes.right must be C or P, not {right!r}")
    columns = {**common, **_texts(place, "quotes", own, QUOTE_FIELDS)}
    missing = [name for name in ("bid", "ask") if name not in columns]
    if missing:
        raise ImportRefused(f"mapping {place}: no column for {missing[0]}")
    return QuoteSet(columns=columns, right=right, at=_clock(place, "quotes.at", at))


def _clock(place: str, key: str, value: object) -> str | None:
    if value is None or value == CLOSE:
        return CLOSE if value else None
    hour, colon, minute = str(value).partition(":")
    if not colon or not (hour.isdecimal() and minute.isdecimal()) or int(hour) > 23 or int(minute) > 59:
        raise ImportRefused(f"mapping {place}: {key} must be a time like 15:45, or close, not {value!r}")
    return f"{int(hour):02}:{int(minute):02}"


def _settings(place: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: raw[name] for name in SETTINGS if name in raw}
    for name, known in (("time_unit", TIME_UNITS), ("volume", VOLUMES)):
        if found.get(name, known[0]) not in known:
            raise ImportRefused(f"mapping {place}: {name} must be one of {', '.join(known)}, not {found[name]!r}")
    for name in ("strike_scale", "price_scale"):
        value = found.get(name, 1.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0.0:
            raise ImportRefused(f"mapping {place}: {name} must be a number above zero, not {value!r}")
    if "zone" in found:
        check_zone(f"mapping {place}: zone", found["zone"])
    if "underlying" in found and not isinstance(found["underlying"], str):
        raise ImportRefused(f"mapping {place}: underlying must be a ticker, not {found['underlying']!r}")
    return found | {"at": _clock(place, "at", found.get("at"))}


def check_zone(what: str, name: object) -> str:
    """The name of a time zone that is known.

    Raises
    ------
    ImportRefused
        There is none of that name.
    """
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImportRefused(f"{what} {name!r} is no time zone like America/New_York or UTC") from error
    return str(name)


def _complete(place: str, layout: Layout) -> None:
    there = set(layout.columns)
    if not there & {"time", "date"}:
        raise ImportRefused(f"mapping {place}: no column for time or date")
    if "symbol" not in there:
        wanted = ["expiry", "strike"] + (["right"] if any(one.right is None for one in layout.quotes) else [])
        missing = [name for name in wanted if name not in there]
        if missing:
            raise ImportRefused(f"mapping {place}: no column for {missing[0]}, and none for symbol")
    if not there & {"underlying", "root", "symbol"} and layout.underlying is None:
        raise ImportRefused(f"mapping {place}: no column for underlying, root or symbol, and no underlying = \"SPY\"")
    if "time" not in there and "clock" not in there and layout.at is None and any(one.at is None for one in layout.quotes):
        raise ImportRefused(f"mapping {place}: the file has days only: say at = \"16:00\" or at = \"close\"")
