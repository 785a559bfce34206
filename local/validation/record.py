"""What the market has paid, from public sources: the figures the written market is held against."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRecord:
    """Mean returns of one of Cboe's strategy indices, per cent a year (twelve times the monthly mean), and the bounds on
    our replay's bias: fitted on all years, and judged on years it was not fitted on."""

    whole_pct: float                # 2007-2021
    late_pct: float                 # 2015-2021
    bias_pct: float
    judged_bias_pct: float
    least_correlation: float        # of monthly returns

    @property
    def early_pct(self) -> float:
        """2007-2014, from the other two."""
        return (self.whole_pct * WHOLE_YEARS - self.late_pct * LATE_YEARS) / (WHOLE_YEARS - LATE_YEARS)


WHOLE, EARLY, LATE = (2007, 2021), (2007, 2014), (2015, 2021)
WHOLE_YEARS, LATE_YEARS = 15, 7


def _plain(whole: float, late: float) -> IndexRecord:
    return IndexRecord(whole_pct=whole, late_pct=late, bias_pct=0.75, judged_bias_pct=1.75, least_correlation=0.99)


def _spread(whole: float, late: float) -> IndexRecord:
    return IndexRecord(whole_pct=whole, late_pct=late, bias_pct=1.5, judged_bias_pct=3.0, least_correlation=0.95)


# Computed from the daily levels that Cboe publishes of each index (cboe.com, index dashboards).
INDICES: Final[Mapping[str, IndexRecord]] = MappingProxyType({
    "PUT": _plain(7.2, 8.0), "BXM": _plain(6.0, 7.7), "BXMD": _plain(8.7, 10.5), "PPUT": _plain(8.7, 12.2),
    "CNDR": _spread(0.2, 0.2), "BFLY": _spread(-1.6, -1.4)})

# Premium of at-the-money puts as a share of the index, a year 2006-2018: Bondarenko, "Historical performance of
# put-writing strategies", Cboe, 2019: weekly 37.1 %, monthly 22.1 %.
WEEKLY_PREMIUM_PCT: Final = 37.1
WEEKLY_PREMIUM_BOUNDS_PCT: Final = (35.0, 41.0)
MONTHLY_PREMIUM_PCT: Final = 22.1
PREMIUM_YEARS: Final = (2006, 2018)

VIX_BOUND: Final = 0.03                         # the chain's own VIX over the VIX it was made from
VIX_LEVELS: Final = (12.0, 16.0, 20.0, 30.0, 40.0)
# Days on which VIX closed above VIX3M, 2010-2024: some 8 %.
BACKWARDATION_BOUNDS: Final = (0.05, 0.12)
CURVE_YEARS: Final = (2010, 2024)
SESSION_BOUNDS: Final = (1.0, 1.2)              # variance that a session sells over what is realised in it
REGIMES: Final = ((0.0, 13.0), (13.0, 18.0), (18.0, 22.0), (22.0, 25.0), (25.0, 30.0), (30.0, 200.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedVolatility:
    """An implied volatility read off real quotes: days to expiry, VIX, delta (calls above zero), per cent a year."""

    source: str
    day: date
    days: int
    vix: float
    delta: float
    volatility_pct: float


# Sample quotes of LEAN's repository, their volatility by Black's formula at the forward of put-call parity.
QUOTED: Final = (
    QuotedVolatility(source="SPY", day=date(2023, 8, 3), days=29, vix=16.0, delta=-0.17, volatility_pct=17.1),
    QuotedVolatility(source="SPY", day=date(2023, 8, 3), days=29, vix=16.0, delta=0.13, volatility_pct=11.6),
    QuotedVolatility(source="SPX", day=date(2015, 12, 22), days=23, vix=16.0, delta=-0.40, volatility_pct=15.4),
    QuotedVolatility(source="SPX", day=date(2015, 12, 22), days=58, vix=16.0, delta=-0.22, volatility_pct=19.9),
    QuotedVolatility(source="SPX", day=date(2015, 12, 22), days=330, vix=16.0, delta=-0.22, volatility_pct=22.2),
    QuotedVolatility(source="ES", day=date(2020, 1, 6), days=74, vix=13.9, delta=0.50, volatility_pct=12.9),
    QuotedVolatility(source="ES", day=date(2020, 1, 6), days=74, vix=13.9, delta=0.15, volatility_pct=9.7),
    QuotedVolatility(source="ES", day=date(2020, 1, 6), days=165, vix=13.9, delta=-0.20, volatility_pct=19.0))
QUOTED_BOUND_POINTS: Final = 1.5                # median error of the volatilities
LONG_PUT_BOUND: Final = 0.15                    # of a put's premium, from four months on
WIDTH_FACTOR: Final = 2.0
