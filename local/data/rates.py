"""The discount window's primary credit rate, per cent a year: the series LEAN keeps as its risk-free rate.

It is for the folder's interest-rate file alone: prices are carried at the rates of ``core/carry.py``.
Source: announcements of the Federal Reserve.
"""
from __future__ import annotations

from datetime import date

PRIMARY_CREDIT_PCT: tuple[tuple[date, float], ...] = (
    (date(2015, 1, 1), 0.75), (date(2015, 12, 17), 1.00), (date(2016, 12, 15), 1.25), (date(2017, 3, 16), 1.50),
    (date(2017, 6, 15), 1.75), (date(2017, 12, 14), 2.00), (date(2018, 3, 22), 2.25), (date(2018, 6, 14), 2.50),
    (date(2018, 9, 27), 2.75), (date(2018, 12, 20), 3.00), (date(2019, 8, 1), 2.75), (date(2019, 9, 19), 2.50),
    (date(2019, 10, 31), 2.25), (date(2020, 3, 4), 1.75), (date(2020, 3, 16), 0.25), (date(2022, 3, 17), 0.50),
    (date(2022, 5, 5), 1.00), (date(2022, 6, 16), 1.75), (date(2022, 7, 28), 2.50), (date(2022, 9, 22), 3.25),
    (date(2022, 11, 3), 4.00), (date(2022, 12, 15), 4.50), (date(2023, 2, 2), 4.75), (date(2023, 3, 23), 5.00),
    (date(2023, 5, 4), 5.25), (date(2023, 7, 27), 5.50),
)
