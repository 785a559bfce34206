"""Exchange margins of the futures: maintenance in USD a contract from each change on; initial is 110 % of it.

Source: the exchanges' performance bond notices, as far as the scenarios' dates need them. A micro is a tenth of its
full-size contract (also before it was launched: the scenarios write micros for every year).
"""
from __future__ import annotations

import math
from pathlib import Path

from local.data.archive import write_text
from local.data.products import FUTURES

INITIAL_SHARE = 1.10
MICRO_SHARE = 0.1
MICROS = {"MES": "ES", "MCL": "CL", "MGC": "GC"}
Change = tuple[int, float]

MAINTENANCE: dict[str, tuple[Change, ...]] = {
    "ES": ((20170630, 4200), (20170911, 4500), (20180112, 4800), (20180126, 5050), (20180207, 5550), (20180209, 5800),
           (20180504, 5400), (20180524, 5600), (20180810, 5800), (20180920, 6000), (20191115, 6300), (20200109, 6600),
           (20200302, 7200), (20200304, 7600), (20200310, 8350), (20200313, 9000), (20200317, 10600),
           (20200319, 12000), (20201211, 11000), (20210818, 11500), (20220121, 10800)),
    "CL": ((20170725, 2400), (20171002, 2250), (20171205, 2100), (20180105, 1950), (20180214, 2100), (20180718, 3450),
           (20180828, 3100), (20181115, 3550), (20181123, 3650), (20181127, 4100), (20181130, 3650), (20181204, 4275),
           (20190207, 3900), (20191113, 4000), (20191211, 3750), (20200129, 3500), (20200310, 4100), (20200312, 4650),
           (20200320, 5600), (20200403, 6350), (20200407, 6700), (20200417, 7500), (20200422, 8500),
           (20200424, 10000), (20200513, 12000), (20211130, 5850), (20220120, 6150), (20220207, 6800)),
    "GC": ((20170601, 3950), (20170811, 4250), (20170908, 4500), (20170922, 4900), (20171208, 4450), (20171219, 4000),
           (20180109, 3500), (20180320, 3100), (20181012, 3400), (20190814, 4500), (20200109, 5000), (20200227, 5500),
           (20200303, 6000), (20200317, 7000), (20200325, 8350), (20200414, 9150), (20210929, 7500),
           (20220105, 6500), (20220121, 6000)),
    "SI": ((20170407, 5000), (20170811, 5400), (20170911, 5900), (20171208, 5200), (20171219, 4700), (20180109, 4000),
           (20180220, 3600), (20191004, 5200), (20200109, 5500), (20200303, 6000), (20200317, 7000), (20200320, 8000),
           (20200326, 9000), (20211029, 11500), (20211217, 10350), (20220105, 9500)),
}


def maintenance_changes(ticker: str) -> tuple[Change, ...]:
    """(date as YYYYMMDD, USD a contract) of a future, oldest first."""
    if ticker in MICROS:
        return tuple((day, amount * MICRO_SHARE) for day, amount in MAINTENANCE[MICROS[ticker]])
    return MAINTENANCE[ticker]


def write_margins(root: Path) -> None:
    """Margin files of every future, as LEAN reads them."""
    for ticker, future in FUTURES.items():
        rows = "".join(f"{day},{math.floor(amount * INITIAL_SHARE + 0.5)},{math.floor(amount + 0.5)}\n"
                       for day, amount in maintenance_changes(ticker))
        write_text(root / "future" / future.market / "margins" / f"{ticker}.csv", f"date,initial,maintenance\n{rows}")
