"""Small files in each vendor's layout, of the project's own making: one chain of SPY, priced by the project's formulas."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from core.carry import option_terms
from core.model import ContractKind
from core.option_values import chain_prices

DAYS = (date(2024, 1, 18), date(2024, 1, 19), date(2024, 1, 22))
EXPIRIES = (date(2024, 1, 26), date(2024, 2, 16))
STRIKES = np.array([460.0, 470.0, 475.0, 480.0, 490.0])
SPOTS = {date(2024, 1, 18): 476.5, date(2024, 1, 19): 482.4, date(2024, 1, 22): 483.5}
VOLATILITY = 0.14
NEW_YORK, UTC = ZoneInfo("America/New_York"), ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contract at one moment (New York)."""

    when: datetime
    expiry: date
    strike: float
    right: str
    bid: float
    ask: float
    spot: float
    size: int = 20

    @property
    def osi(self) -> str:
        return f"SPY   {self.expiry:%y%m%d}{self.right}{round(self.strike * 1000):08d}"

    @property
    def nanoseconds(self) -> int:
        return int(self.when.replace(tzinfo=NEW_YORK).timestamp()) * 10**9


def chain(*clocks: str, days: tuple[date, ...] = DAYS) -> list[Row]:
    """Both rights of every strike and expiry at times of each day; the price moves a little between times."""
    rows = []
    for day in days:
        for number, clock in enumerate(clocks):
            when, spot = datetime.fromisoformat(f"{day} {clock}"), SPOTS[day] + 0.25 * (number % 7)
            for expiry in EXPIRIES:
                terms = option_terms("SPY", ContractKind.EQUITY_OPTION, expiry, when)
                for right in "CP":
                    prices = chain_prices(spot, STRIKES, np.full(len(STRIKES), right == "P"), VOLATILITY, terms)
                    for strike, price in zip(STRIKES.tolist(), prices.tolist()):
                        bid = round(max(price - 0.03, 0.0), 2)
                        rows.append(Row(when=when, expiry=expiry, strike=strike, right=right, bid=bid, spot=spot,
                                        ask=round(bid + 0.06, 2)))
    return rows


def optionsdx(rows: list[Row]) -> str:
    """End of day, both rights side by side."""
    sides = ",".join(f" [{right}_{name}]" for right in "CP" for name in ("BID", "ASK", "SIZE", "IV", "VOLUME"))
    lines = [f"[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [UNDERLYING_LAST], [EXPIRE_DATE], [STRIKE],{sides}"]
    puts = {(row.when, row.expiry, row.strike): row for row in rows if row.right == "P"}
    for call in (row for row in rows if row.right == "C"):
        both = ", ".join(f"{one.bid:.6f}, {one.ask:.6f}, {one.size} x {one.size}, {VOLATILITY:.6f}, 7.000000"
                         for one in (call, puts[call.when, call.expiry, call.strike]))
        lines.append(f"{call.nanoseconds // 10**9}, {call.when:%Y-%m-%d %H:%M}, {call.when:%Y-%m-%d}, {call.spot:.2f}, "
                     f"{call.expiry}, {call.strike:.2f}, {both}")
    return "\n".join(lines) + "\n"


def cboe_eod(at_1545: list[Row], at_close: list[Row], *, symbol: str = "SPY", root: str = "SPY") -> str:
    """End of day without calcs: two quotes a row."""
    lines = ["underlying_symbol,quote_date,root,expiration,strike,option_type,open,high,low,close,trade_volume,bid_size_1545,"
             "bid_1545,ask_size_1545,ask_1545,underlying_bid_1545,underlying_ask_1545,bid_size_eod,bid_eod,ask_size_eod,ask_eod,"
             "underlying_bid_eod,underlying_ask_eod,vwap,open_interest,delivery_code"]
    for one, last in zip(at_1545, at_close):
        quotes = ",".join(f"{row.size},{row.bid:.4f},{row.size},{row.ask:.4f},{row.spot - 0.01:.4f},{row.spot + 0.01:.4f}"
                          for row in (one, last))
        lines.append(f"{symbol},{one.when:%Y-%m-%d},{root},{one.expiry},{one.strike:.3f},{one.right},0.0000,0.0000,0.0000,"
                     f"0.0000,11,{quotes},0.0000,123,")
    return "\r\n".join(lines) + "\r\n"


def cboe_intervals(rows: list[Row], *, symbol: str = "SPY", root: str = "SPY") -> str:
    """Interval quotes with calcs; grouped by contract, as they are sold."""
    lines = ["underlying_symbol,quote_datetime,root,expiration,strike,option_type,open,high,low,close,trade_volume,bid_size,bid,"
             "ask_size,ask,underlying_bid,underlying_ask,implied_underlying_price,active_underlying_price,implied_volatility"]
    for row in sorted(rows, key=lambda row: (row.expiry, row.strike, row.right, row.when)):
        lines.append(f"{symbol},{row.when:%Y-%m-%d %H:%M:%S},{root},{row.expiry},{row.strike:.3f},{row.right},0,0,0,0,3,{row.size},"
                     f"{row.bid:.4f},{row.size},{row.ask:.4f},{row.spot - 0.01:.4f},{row.spot + 0.01:.4f},0,0,{VOLATILITY}")
    return "\r\n".join(lines) + "\r\n"


def theta_quotes(rows: list[Row]) -> str:
    """Quotes of version 3."""
    lines = ["symbol,expiration,strike,right,timestamp,bid_size,bid_exchange,bid,bid_condition,ask_size,ask_exchange,ask,"
             "ask_condition"]
    lines += [f"SPY,{row.expiry},{row.strike:.3f},{'CALL' if row.right == 'C' else 'PUT'},{row.when.isoformat()}.000,{row.size},7,"
              f"{row.bid:.2f},50,{row.size},7,{row.ask:.2f},50" for row in rows]
    return "\r\n".join(lines) + "\r\n"


def theta_eod(rows: list[Row]) -> str:
    """Greeks at the end of the day of version 3, made after the close."""
    lines = ["symbol,expiration,strike,right,timestamp,open,high,low,close,volume,count,bid_size,bid_exchange,bid,bid_condition,"
             "ask_size,ask_exchange,ask,ask_condition,delta,implied_vol,iv_error,underlying_timestamp,underlying_price"]
    lines += [f"SPY,{row.expiry},{row.strike:.3f},{'CALL' if row.right == 'C' else 'PUT'},{row.when:%Y-%m-%d}T17:15:02.111,0,0,0,0,9,"
              f"2,{row.size},7,{row.bid:.2f},50,{row.size},7,{row.ask:.2f},50,0,{VOLATILITY},0,{row.when.isoformat()},{row.spot:.2f}"
              for row in rows]
    return "\r\n".join(lines) + "\r\n"


def theta_old(rows: list[Row]) -> str:
    """Quotes of version 2 with the contract's columns."""
    lines = ["root,expiration,strike,right,ms_of_day,bid_size,bid_exchange,bid,bid_condition,ask_size,ask_exchange,ask,"
             "ask_condition,date"]
    for row in rows:
        clock = (row.when.hour * 3600 + row.when.minute * 60) * 1000
        lines.append(f"SPY,{row.expiry:%Y%m%d},{round(row.strike * 1000)},{row.right},{clock},{row.size},7,{row.bid:.2f},50,"
                     f"{row.size},7,{row.ask:.2f},50,{row.when:%Y%m%d}")
    return "\r\n".join(lines) + "\r\n"


def databento(rows: list[Row], *, raw: bool = False) -> tuple[str, str]:
    """Definitions and cbbo-1m; numbers are given anew each day."""
    numbers = {key: 1000 + place for place, key in enumerate(sorted({(row.when.date(), row.osi) for row in rows}))}
    definitions = ["ts_recv,ts_event,rtype,publisher_id,instrument_id,raw_symbol,instrument_class,strike_price,expiration"]
    for (day, symbol), number in numbers.items():
        definitions.append(f"{day}T10:30:00.000000000Z,{day}T10:30:00.000000000Z,19,30,{number},{symbol},C,0,0")
    quotes = ["ts_recv,ts_event,rtype,publisher_id,instrument_id,side,price,size,flags,bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,"
              "bid_pb_00,ask_pb_00"]
    for row in rows:
        number = numbers[row.when.date(), row.osi]
        if raw:
            quotes.append(f"{row.nanoseconds},18446744073709551615,195,30,{number},N,9223372036854775807,0,0,"
                          f"{round(row.bid * 10**9)},{round(row.ask * 10**9)},{row.size},{row.size},30,30")
        else:
            stamp = (row.when.replace(tzinfo=NEW_YORK).astimezone(UTC)).strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
            quotes.append(f"{stamp},,195,30,{number},N,,0,0,{row.bid:.9f},{row.ask:.9f},{row.size},{row.size},30,30")
    return "\n".join(definitions) + "\n", "\n".join(quotes) + "\n"


def polygon(rows: list[Row]) -> str:
    """Quotes by contract, then time; each minute's last has one before it that is wider."""
    lines = ["ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,sequence_number,sip_timestamp"]
    for row in sorted(rows, key=lambda row: (row.osi, row.when)):
        for before, wider in ((21_000_000_000, 0.01), (1_500_000_000, 0.0)):
            lines.append(f"O:{row.osi.replace(' ', '')},1,{row.ask + wider:.2f},{row.size},1,{row.bid:.2f},{row.size},1,"
                         f"{row.nanoseconds - before}")
    return "\n".join(lines) + "\n"


def prices(rows: list[Row]) -> str:
    """The underlying's price at each time, in a file of its own."""
    found = {row.when - timedelta(minutes=1): row.spot for row in rows} | {row.when: row.spot for row in rows}
    return "time,close\n" + "".join(f"{when},{found[when]:.2f}\n" for when in sorted(found))


TABLE_MAPPING = """zone = "America/New_York"
at = "16:00"
underlying = "SPY"
[columns]
date = "Trade Date"
expiry = "Expires"
strike = "Strike"
underlying_price = "Close"
[[quotes]]
right = "C"
bid = "Call Bid"
ask = "Call Ask"
[[quotes]]
right = "P"
bid = "Put Bid"
ask = "Put Ask"
"""


def table(rows: list[Row]) -> str:
    """A file of nobody's layout: month first, a byte-order mark, thousands with commas, both rights in a row."""
    lines = ["\ufeffTrade Date,Expires,Strike,Close,Call Bid,Call Ask,Put Bid,Put Ask"]
    puts = {(row.when, row.expiry, row.strike): row for row in rows if row.right == "P"}
    for call in (row for row in rows if row.right == "C"):
        put = puts[call.when, call.expiry, call.strike]
        lines.append(f'{call.when:%m/%d/%Y},{call.expiry:%m/%d/%Y},"{call.strike:,.2f}",{call.spot},{call.bid},{call.ask},{put.bid},'
                     f"{put.ask}")
    return "\n".join(lines) + "\n"
