"""The exchanges' margin for one future: maintenance margin by product, in USD from each change on. Since January 2026,
for gold and silver, it is at least a share of the contract's value.

Sources: the exchanges' performance bond notices. For 2017 to 2022 the sums are those on the scenarios' dates; the sums
of 2024 are rounded up. In January 2026 CME Group changed gold and silver from sums to shares of the notional value,
raised in steps to 9 and 18 % within four weeks. Here the last step applies from the first day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureMargin:
    """Margin of one full-size contract from ``since`` on: a sum in USD or a share of its value, whichever is larger."""

    since: date
    usd: float
    value_share: float = 0.0


def _table(changes: tuple[tuple[int, float], ...], *shares: tuple[int, float]) -> tuple[FutureMargin, ...]:
    """Rows from pairs (day as YYYYMMDD, USD), then from pairs (day, share of value), which keep the last sum."""
    rows = [FutureMargin(since=_day(day), usd=float(usd)) for day, usd in changes]
    rows += [FutureMargin(since=_day(day), usd=float(changes[-1][1]), value_share=share) for day, share in shares]
    return tuple(rows)


def _day(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


FUTURE_MARGINS: Final[Mapping[str, tuple[FutureMargin, ...]]] = MappingProxyType({
    "/ES": _table((
        (20170630, 4200), (20170911, 4500), (20180112, 4800), (20180126, 5050), (20180207, 5550), (20180209, 5800),
        (20180504, 5400), (20180524, 5600), (20180810, 5800), (20180920, 6000), (20191115, 6300), (20200109, 6600),
        (20200302, 7200), (20200304, 7600), (20200310, 8350), (20200313, 9000), (20200317, 10600),
        (20200319, 12000), (20201211, 11000), (20210818, 11500), (20220121, 10800), (20240102, 12500))),
    "/CL": _table((
        (20170725, 2400), (20171002, 2250), (20171205, 2100), (20180105, 1950), (20180214, 2100), (20180718, 3450),
        (20180828, 3100), (20181115, 3550), (20181123, 3650), (20181127, 4100), (20181130, 3650), (20181204, 4275),
        (20190207, 3900), (20191113, 4000), (20191211, 3750), (20200129, 3500), (20200310, 4100), (20200312, 4650),
        (20200320, 5600), (20200403, 6350), (20200407, 6700), (20200417, 7500), (20200422, 8500),
        (20200424, 10000), (20200513, 12000), (20211130, 5850), (20220120, 6150), (20220207, 6800), (20240102, 6000))),
    "/GC": _table((
        (20170601, 3950), (20170811, 4250), (20170908, 4500), (20170922, 4900), (20171208, 4450), (20171219, 4000),
        (20180109, 3500), (20180320, 3100), (20181012, 3400), (20190814, 4500), (20200109, 5000), (20200227, 5500),
        (20200303, 6000), (20200317, 7000), (20200325, 8350), (20200414, 9150), (20210929, 7500),
        (20220105, 6500), (20220121, 6000), (20240102, 9500)), (20260114, 0.09)),
    "/SI": _table((
        (20170407, 5000), (20170811, 5400), (20170911, 5900), (20171208, 5200), (20171219, 4700), (20180109, 4000),
        (20180220, 3600), (20191004, 5200), (20200109, 5500), (20200303, 6000), (20200317, 7000), (20200320, 8000),
        (20200326, 9000), (20211029, 11500), (20211217, 10350), (20220105, 9500), (20240102, 11500)), (20260114, 0.18)),
})
# A micro needs a tenth of its full-size contract's sum (even before its launch). A share of value needs no such factor.
MICRO_OF: Final[Mapping[str, str]] = MappingProxyType({"/MES": "/ES", "/MCL": "/CL", "/MGC": "/GC"})
MICRO_SHARE: Final = 0.1
# The day each product's last row was compared with the exchange's own list. If it is too long ago, a warning is logged.
CONFIRMED: Final[Mapping[str, date]] = MappingProxyType({
    "/ES": date(2024, 12, 31), "/CL": date(2024, 12, 31), "/GC": date(2026, 1, 31), "/SI": date(2026, 1, 31)})
CONFIRMED_FOR_DAYS: Final = 365
