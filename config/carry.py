"""The cost of carrying an underlying: interest on money by month, and dividends of shares by year.

This is the one source for the framework's option values, the synthetic data and LEAN's interest-rate file;
``core/carry.py`` reads it. Special dividends (MSFT in 2004, and SPY's share of it) are left out, because listed
contracts are adjusted for them.
"""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import Final, Mapping

# Three-month Treasury bill, secondary market, discount basis, mean of each month from January on, per cent per year.
# Source: Federal Reserve, H.15 (series TB3MS). The last month also stands for later months, up to RATES_COVER_TO.
TREASURY_BILLS_PCT: Final[Mapping[int, tuple[float, ...]]] = MappingProxyType({
    2000: (5.32, 5.55, 5.69, 5.66, 5.79, 5.69, 5.96, 6.09, 6.00, 6.11, 6.17, 5.77),
    2001: (5.15, 4.88, 4.42, 3.87, 3.62, 3.49, 3.51, 3.36, 2.64, 2.16, 1.87, 1.69),
    2002: (1.65, 1.72, 1.79, 1.71, 1.73, 1.70, 1.68, 1.62, 1.63, 1.58, 1.23, 1.19),
    2003: (1.17, 1.17, 1.13, 1.13, 1.07, 0.92, 0.90, 0.95, 0.94, 0.92, 0.93, 0.90),
    2004: (0.88, 0.93, 0.94, 0.94, 1.02, 1.27, 1.33, 1.48, 1.65, 1.76, 2.07, 2.19),
    2005: (2.33, 2.54, 2.74, 2.78, 2.84, 2.97, 3.22, 3.44, 3.42, 3.71, 3.88, 3.89),
    2006: (4.24, 4.43, 4.51, 4.60, 4.72, 4.79, 4.95, 4.96, 4.81, 4.92, 4.94, 4.85),
    2007: (4.98, 5.03, 4.94, 4.87, 4.73, 4.61, 4.82, 4.20, 3.89, 3.90, 3.27, 3.00),
    2008: (2.75, 2.12, 1.26, 1.29, 1.73, 1.86, 1.63, 1.72, 1.13, 0.67, 0.19, 0.03),
    2009: (0.13, 0.30, 0.21, 0.16, 0.18, 0.18, 0.18, 0.17, 0.12, 0.07, 0.05, 0.05),
    2010: (0.06, 0.11, 0.15, 0.16, 0.16, 0.12, 0.16, 0.16, 0.15, 0.13, 0.14, 0.14),
    2011: (0.15, 0.13, 0.10, 0.06, 0.04, 0.04, 0.04, 0.02, 0.01, 0.02, 0.01, 0.01),
    2012: (0.03, 0.09, 0.08, 0.08, 0.09, 0.09, 0.10, 0.10, 0.11, 0.10, 0.09, 0.07),
    2013: (0.07, 0.10, 0.09, 0.06, 0.04, 0.05, 0.04, 0.04, 0.02, 0.05, 0.07, 0.07),
    2014: (0.04, 0.05, 0.05, 0.03, 0.03, 0.04, 0.03, 0.03, 0.02, 0.02, 0.02, 0.03),
    2015: (0.03, 0.02, 0.03, 0.02, 0.02, 0.02, 0.03, 0.07, 0.02, 0.02, 0.12, 0.23),
    2016: (0.26, 0.31, 0.29, 0.23, 0.27, 0.27, 0.30, 0.30, 0.29, 0.33, 0.45, 0.51),
    2017: (0.51, 0.52, 0.74, 0.80, 0.89, 0.98, 1.07, 1.01, 1.03, 1.07, 1.23, 1.32),
    2018: (1.41, 1.57, 1.70, 1.76, 1.86, 1.90, 1.96, 2.03, 2.13, 2.25, 2.33, 2.37),
    2019: (2.37, 2.39, 2.40, 2.38, 2.35, 2.17, 2.10, 1.95, 1.89, 1.65, 1.54, 1.54),
    2020: (1.52, 1.52, 0.29, 0.14, 0.13, 0.16, 0.13, 0.10, 0.11, 0.10, 0.09, 0.09),
    2021: (0.08, 0.04, 0.03, 0.02, 0.02, 0.04, 0.05, 0.05, 0.04, 0.05, 0.05, 0.06),
    2022: (0.15, 0.33, 0.44, 0.76, 0.98, 1.49, 2.23, 2.63, 3.13, 3.72, 4.15, 4.25),
    2023: (4.54, 4.65, 4.69, 4.92, 5.14, 5.16, 5.25, 5.30, 5.32, 5.34, 5.27, 5.24),
    2024: (5.22, 5.24, 5.24, 5.24, 5.25, 5.24, 5.20, 5.05, 4.72, 4.51, 4.42, 4.27),
    2025: (4.21, 4.22, 4.20, 4.21, 4.25, 4.23, 4.25, 4.12, 3.92, 3.82, 3.78, 3.59),
    2026: (3.57, 3.60, 3.61, 3.61, 3.60),
})
RATES_COVER_TO: Final = date(2027, 12, 31)
BILL_DAYS: Final = 91
BILL_YEAR_DAYS: Final = 360                 # discounts are quoted on a year of 360 days
# The rate above bills at which options are carried, a fraction per year. Rates implied by put-call parity of S&P 500
# options lie 0.2 to 0.4 % above bills (van Binsbergen, Diamond and Grotteria, "Risk-free interest rates", 2022).
FINANCING_SPREAD: Final = 0.0025

# Dividends of each year in per cent of the price on their ex-dividend days. 2026 and later years use what was declared last.
# Held against public records:
# - SPY, QQQ, IWM, AAPL to 2020: LEAN's factor files (2004, QQQ 2014: without the special dividend).
# - SPY 2021-2024: amounts by day (valueray.com, stockmarketguides.com) divided by the close before; 2025: its first half.
# - QQQ 2024-2025, IWM 2025, AAPL 2021-2025: amounts and rounded yields by day (valueray.com, finspry.com).
# - MSFT 2013-2026: the same (dividendpedia.com, devyara.com); 2003-2012: amounts (gurufocus.com, wallstreetnumbers.com).
# - Not checked, entered from memory: QQQ 2021-2023, IWM 2021-2024, prices behind MSFT 2003-2012, all of 2026 but MSFT's.
DIVIDENDS_PCT: Final[Mapping[str, Mapping[int, float]]] = MappingProxyType({
    "SPY": MappingProxyType({
        2000: 1.05, 2001: 1.27, 2002: 1.57, 2003: 1.61, 2004: 1.68, 2005: 1.74, 2006: 1.83, 2007: 1.83, 2008: 2.37,
        2009: 2.28, 2010: 1.94, 2011: 2.07, 2012: 2.19, 2013: 2.01, 2014: 1.94, 2015: 2.05, 2016: 2.12, 2017: 1.92,
        2018: 1.88, 2019: 1.87, 2020: 1.85, 2021: 1.32, 2022: 1.61, 2023: 1.51, 2024: 1.27, 2025: 1.17, 2026: 1.10}),
    "QQQ": MappingProxyType({
        2000: 0.00, 2001: 0.00, 2002: 0.00, 2003: 0.04, 2004: 0.10, 2005: 0.33, 2006: 0.32, 2007: 0.30, 2008: 0.36,
        2009: 0.56, 2010: 0.73, 2011: 0.84, 2012: 1.24, 2013: 1.16, 2014: 1.33, 2015: 1.01, 2016: 1.11, 2017: 0.91,
        2018: 0.84, 2019: 0.82, 2020: 0.73, 2021: 0.47, 2022: 0.71, 2023: 0.71, 2024: 0.59, 2025: 0.51, 2026: 0.48}),
    "IWM": MappingProxyType({
        2000: 1.10, 2001: 1.25, 2002: 1.20, 2003: 1.08, 2004: 1.00, 2005: 1.37, 2006: 1.12, 2007: 0.96, 2008: 1.50,
        2009: 1.31, 2010: 1.28, 2011: 1.38, 2012: 2.05, 2013: 1.39, 2014: 1.30, 2015: 1.46, 2016: 1.55, 2017: 1.34,
        2018: 1.20, 2019: 1.33, 2020: 1.41, 2021: 0.94, 2022: 1.39, 2023: 1.45, 2024: 1.18, 2025: 1.12, 2026: 1.00}),
    "AAPL": MappingProxyType({
        **{year: 0.0 for year in range(2000, 2012)},
        2012: 0.88, 2013: 2.47, 2014: 2.08, 2015: 1.69, 2016: 2.19, 2017: 1.59, 2018: 1.49, 2019: 1.49, 2020: 0.86,
        2021: 0.61, 2022: 0.58, 2023: 0.56, 2024: 0.49, 2025: 0.45, 2026: 0.40}),
    "MSFT": MappingProxyType({
        2000: 0.00, 2001: 0.00, 2002: 0.00, 2003: 0.88, 2004: 0.60, 2005: 1.21, 2006: 1.44, 2007: 1.36, 2008: 1.80,
        2009: 2.34, 2010: 2.05, 2011: 2.62, 2012: 2.83, 2013: 2.98, 2014: 2.70, 2015: 2.70, 2016: 2.70, 2017: 2.20,
        2018: 1.72, 2019: 1.48, 2020: 1.05, 2021: 0.83, 2022: 0.94, 2023: 0.88, 2024: 0.74, 2025: 0.73, 2026: 0.90}),
})
# Indices whose dividends are those of a fund's shares, and underlyings that pay nothing.
PAYS_AS: Final[Mapping[str, str]] = MappingProxyType({"SPX": "SPY", "XSP": "SPY"})
PAYS_NOTHING: Final = ("VIX",)
DIVIDENDS_A_YEAR: Final = 4
# Third Fridays of a quarter, or Mondays after one, without a session: Good Friday and Juneteenth.
CLOSED_ROUND_THIRD_FRIDAYS: Final = (date(2008, 3, 21), date(2022, 6, 20), date(2023, 6, 19), date(2026, 6, 19),
                                     date(2027, 6, 18))
