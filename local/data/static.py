"""The folder's static files: market hours, symbol properties and interest rates, in LEAN's formats.

They cover what the framework trades. When real LEAN runs, its own static files take their place.
"""
from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from local.data import calendar
from local.data.archive import write_text
from local.data.futures_calendar import ALSO_CLOSED
from local.data.rates import PRIMARY_CREDIT_PCT

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
MIDNIGHT = "1.00:00:00"
NEW_YORK, CHICAGO, UTC = "America/New_York", "America/Chicago", "UTC"
Segment = tuple[str, str, str]

EQUITY_HOURS: tuple[Segment, ...] = (("04:00:00", "09:30:00", "premarket"), ("09:30:00", "16:00:00", "market"),
                                     ("16:00:00", "20:00:00", "postmarket"))
OPTION_HOURS: tuple[Segment, ...] = (("09:30:00", "16:00:00", "market"),)
INDEX_HOURS: tuple[Segment, ...] = (("08:30:00", "15:20:00", "market"),)
VOLATILITY_INDEX_HOURS: tuple[Segment, ...] = (("08:30:00", "15:00:00", "market"),)
VIX_HOURS: tuple[Segment, ...] = (("02:15:00", "08:15:00", "premarket"), ("08:30:00", "15:15:00", "market"),
                                  ("15:15:00", "16:00:00", "postmarket"))
VIX_OPTION_HOURS: tuple[Segment, ...] = (
    ("00:00:00", "08:15:00", "premarket"), ("08:30:00", "15:15:00", "market"), ("15:15:00", "16:00:00", "postmarket"),
    ("19:15:00", MIDNIGHT, "postmarket"))
FUTURE_HOURS: tuple[Segment, ...] = (("00:00:00", "09:30:00", "premarket"), ("09:30:00", "17:00:00", "market"),
                                     ("18:00:00", MIDNIGHT, "postmarket"))

SYMBOL_PROPERTIES_HEADER = ("market,symbol,type,description,quote_currency,contract_multiplier,"
                            "minimum_price_variation,lot_size,market_ticker,minimum_order_size,price_magnifier,"
                            "strike_multiplier")
SYMBOL_PROPERTIES = (
    "usa,[*],equity,,USD,1,0.01,1",
    "usa,[*],option,,USD,100,0.01,1",
    "usa,[*],index,,USD,1,0.01,1",
    "usa,[*],indexoption,,USD,100,0.05,1",
    "cme,ES,future,E-mini S&P 500,USD,50,0.25,1",
    "cme,MES,future,Micro E-mini S&P 500,USD,5,0.25,1",
    "nymex,CL,future,Light sweet crude oil,USD,1000,0.01,1",
    "nymex,MCL,future,Micro crude oil,USD,100,0.01,1",
    "comex,GC,future,Gold,USD,100,0.1,1",
    "comex,MGC,future,Micro gold,USD,10,0.1,1",
    "comex,SI,future,Silver,USD,5000,0.005,1",
    "comex,SO,futureoption,Silver options,USD,5000,0.001,1",
)


def write_static_files(root: Path) -> None:
    """Write every static file under ``root``."""
    write_text(root / "market-hours/market-hours-database.json", json.dumps({"entries": _entries()}, indent=1) + "\n")
    write_text(root / "symbol-properties/symbol-properties-database.csv",
               "\n".join((SYMBOL_PROPERTIES_HEADER, *SYMBOL_PROPERTIES)) + "\n")
    rates = "".join(f"{day.isoformat()},{rate:.2f}\n" for day, rate in PRIMARY_CREDIT_PCT)
    write_text(root / "alternative/interest-rate/usa/interest-rate.csv", "DATE,PCREDIT8\n" + rates)


def _dates(days: Iterable[date]) -> list[str]:
    return [f"{day.month}/{day.day}/{day.year}" for day in sorted(days)]


def _entry(data_zone: str, exchange_zone: str, hours: tuple[Segment, ...], early_close: str, *,
           sunday: tuple[Segment, ...] = (), friday: tuple[Segment, ...] | None = None) -> dict[str, object]:
    years = range(calendar.FIRST_YEAR, calendar.LAST_YEAR + 1)
    week = {day: hours for day in WEEKDAYS} | {"sunday": sunday, "saturday": ()}
    week["friday"] = hours if friday is None else friday
    segments = {day: [{"start": start, "end": end, "state": state} for start, end, state in week[day]]
                for day in ("sunday", *WEEKDAYS, "saturday")}
    return {"dataTimeZone": data_zone, "exchangeTimeZone": exchange_zone, **segments,
            "holidays": _dates(day for year in years for day in calendar.holidays(year)),
            "earlyCloses": {day: early_close for year in years for day in _dates(calendar.early_closes(year))}}


def _entries() -> dict[str, object]:
    vix_option = _entry(NEW_YORK, CHICAGO, VIX_OPTION_HOURS, "12:00:00", friday=VIX_OPTION_HOURS[:3],
                        sunday=(("19:15:00", MIDNIGHT, "premarket"),))
    future = _entry(UTC, NEW_YORK, FUTURE_HOURS, "13:15:00", friday=FUTURE_HOURS[:2],
                    sunday=(("18:00:00", MIDNIGHT, "premarket"),))
    entries = {
        "Equity-usa-[*]": _entry(NEW_YORK, NEW_YORK, EQUITY_HOURS, "13:00:00"),
        "Option-usa-[*]": _entry(NEW_YORK, NEW_YORK, OPTION_HOURS, "13:00:00"),
        "Index-usa-[*]": _entry(CHICAGO, CHICAGO, INDEX_HOURS, "12:00:00"),
        "Index-usa-VIX": _entry(CHICAGO, CHICAGO, VIX_HOURS, "12:00:00"),
        "IndexOption-usa-[*]": _entry(NEW_YORK, CHICAGO, INDEX_HOURS, "12:00:00"),
        "IndexOption-usa-VIX": vix_option,
        "IndexOption-usa-VIXW": vix_option,
    }
    for ticker in ("VXN", "RVX", "GVZ", "OVX"):
        entries[f"Index-usa-{ticker}"] = _entry(NEW_YORK, CHICAGO, VOLATILITY_INDEX_HOURS, "12:00:00")
    future["bankHolidays"] = _dates(ALSO_CLOSED)
    for market, tickers in (("cme", ("[*]", "ES", "MES")), ("nymex", ("[*]", "CL", "MCL")),
                            ("comex", ("[*]", "GC", "MGC", "SI"))):
        for ticker in tickers:
            entries[f"Future-{market}-{ticker}"] = future
    return entries
