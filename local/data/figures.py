"""Every figure of the written market that was fitted or taken from a record, and the years it stands for.

``docs/market-model.md`` says where each comes from; ``python -m local validate`` holds them against the record.
Volatilities are per cent a year; ``v`` is a product's volatility index over its ``scale``, so that VIX itself for SPY.
"""
from __future__ import annotations

from dataclasses import dataclass

SESSIONS_A_YEAR = 252
# Share of a day's variance that falls between the close and the next open (SPY 2010-2024: 0.43).
OVERNIGHT_SHARE = 0.43
# Realised close-to-close volatility over VIX, by VIX (SPY 2010-2024: 0.62 at 12, 0.74 at 15, 0.79 at 20, 0.86 at 23,
# 0.89 at 27, 0.99 at 37): CALM - DROP * exp(-VIX / FADE).
REALISED_TOP, REALISED_DROP, REALISED_FADE = 1.06, 0.85, 17.0
# Minutes of SPY: a session's realised volatility is 0.60 of its range, and a minute's size goes with the last one's
# (autocorrelation of absolute moves 0.12). Both hold for days of scenarios, bridged through open, high, low and close.
MINUTE_SIZE = 0.965
CLUSTER_KEPT, CLUSTER_SIZE = 0.97, 0.31


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceShape:
    """How a product's volatility surface follows from its volatility index.

    At the money and 21 sessions out, volatility is ``atm_base + atm_slope * v + atm_low * exp(-v / 10)``; far out it
    goes to ``long_base + long_slope * v`` at ``reversion`` a year. One session, at its open, holds the variance of
    ``(session_top - session_drop * exp(-v / 11.5)) * v`` a day (``session_top`` 0: what the curve gives). The skew is
    ``rho_short`` at once and ``rho_short + rho_far`` a year out (``rho_far`` comes in with a quarter of a year); the
    smile's width is ``eta_base + eta_low * exp(-(v - 15) / 12)``. All volatilities times ``scale``.
    """

    scale: float = 1.0
    atm_base: float = 0.0
    atm_slope: float
    atm_low: float = 0.0
    long_base: float
    long_slope: float
    reversion: float
    session_top: float = 0.0
    session_drop: float = 0.0
    rho_short: float
    rho_far: float = 0.0
    eta_base: float
    eta_low: float = 0.0

    def __post_init__(self) -> None:
        steepest = max(abs(self.rho_short), abs(self.rho_short + self.rho_far))
        if steepest >= 1 or self.eta_base <= 0 or self.eta_low < 0 or self.widest_smile() ** 2 * (1 + steepest) > 4:
            raise ValueError(f"rho {steepest:g} and eta {self.widest_smile():g} leave room for butterfly arbitrage")
        if min(self.scale, self.atm_slope, self.reversion) <= 0 or self.long_base < 0 or self.long_slope < 0 \
                or self.long_base + self.long_slope <= 0:
            raise ValueError("the surface's levels and its reversion must be positive")

    def widest_smile(self) -> float:
        """Largest ``eta``, at the lowest index the surface is evaluated at."""
        return self.eta_base + self.eta_low * SMILE_AT_LOWEST


LOWEST_INDEX = 8.0
SMILE_AT_LOWEST = 1.7916                    # exp((15 - LOWEST_INDEX) / 12)

# The index surface. Least squares on Cboe's six strategy indices, the VIX that Cboe's formula gives back, the smiles of
# SPX options of 22 and 23 December 2015 and ES options of 6 January 2020, and the premium of weekly puts 2006-2018;
# then rounded. The session's share is 1.1 times the variance that SPY realised from open to close 2010-2024, by VIX.
FITTED_ON = "2007-2021"
EQUITY_INDEX = SurfaceShape(
    atm_base=-1.55, atm_slope=0.909, atm_low=1.5, long_base=12.2, long_slope=0.395, reversion=5.0, session_top=0.7465,
    session_drop=0.4815, rho_short=-0.565, rho_far=-0.165, eta_base=0.865, eta_low=0.21)
# The same, fitted to 2007-2014 alone: judged on 2015-2021 it shows how far such a fit can be trusted.
JUDGED_ON = "2015-2021"
EARLY_YEARS = SurfaceShape(
    atm_base=-1.24, atm_slope=0.912, atm_low=0.68, long_base=14.1, long_slope=0.295, reversion=5.1, session_top=0.7465,
    session_drop=0.4815, rho_short=-0.565, rho_far=-0.19, eta_base=0.83, eta_low=0.227)

# Funds that hold more volatile shares: the same surface at a scale of their own (VXN and RVX over VIX, 2009-2024).
NASDAQ_FUND = SurfaceShape(
    scale=1.2, atm_base=-1.55, atm_slope=0.909, atm_low=1.5, long_base=12.2, long_slope=0.395, reversion=5.0,
    session_top=0.7465, session_drop=0.4815, rho_short=-0.55, rho_far=-0.15, eta_base=0.865, eta_low=0.21)
RUSSELL_FUND = SurfaceShape(
    scale=1.25, atm_base=-1.55, atm_slope=0.909, atm_low=1.5, long_base=12.2, long_slope=0.395, reversion=5.0,
    session_top=0.7465, session_drop=0.4815, rho_short=-0.55, rho_far=-0.15, eta_base=0.865, eta_low=0.21)
# Assumptions: single shares have half the index's skew, gold and silver a smile that leans to calls, oil one that leans
# to puts. Their level is what gives their own volatility index back by Cboe's formula.
LARGE_STOCK = SurfaceShape(scale=1.5, atm_slope=0.925, long_base=9.0, long_slope=0.5, reversion=3.0, rho_short=-0.3,
                           rho_far=-0.1, eta_base=0.75)
METAL = SurfaceShape(scale=0.95, atm_slope=0.935, long_base=8.0, long_slope=0.5, reversion=3.0, rho_short=0.15,
                     eta_base=0.75)
OIL = SurfaceShape(scale=2.0, atm_slope=0.93, long_base=7.0, long_slope=0.5, reversion=2.5, rho_short=-0.2,
                   rho_far=-0.05, eta_base=0.75)
# VIX: its options' volatility is the index of VVIX's kind below; far futures move less than near ones, calls are dear.
VIX_FUTURE = SurfaceShape(scale=4.5, atm_slope=0.90, long_base=10.0, long_slope=0.0, reversion=6.0, rho_short=0.6,
                          eta_base=0.9)
VVIX_BASE, VVIX_SLOPE = 75.0, 1.1
# The curve of VIX futures returns to this level at this rate a year (contango of a tenth at VIX 13, nine months of 2017).
VIX_USUAL, VIX_REVERSION = 18.5, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteWidth:
    """Bid-ask widths of a class in a calm market, average over the day, in the class's own price units.

    The width is the least of ``base + share * t`` and ``far_base + far_share * t`` (``t`` the value beyond what exercise
    gives now), more by ``inner_share`` of the first ``INNER_UNTIL`` that exercise gives and ``inner_beyond`` of the rest.
    ``tick`` is the smallest step, ``coarse`` the number of ticks in a step from a price of ``coarse_from`` on.
    """

    base: float
    share: float
    far_base: float = float("inf")
    far_share: float = 0.0
    inner_share: float = 0.0
    inner_beyond: float = 0.0
    tick: float = 0.01
    coarse: int = 1
    coarse_from: float = float("inf")


INNER_UNTIL = 20.0
# SPX weeklies January 2021 and June 2023 in SPY's size and SPY of 3 August 2023; ES of 6 January 2020. The others are
# assumptions: wider by habit, on the exchanges' grids (a cent below 3, else five, for shares outside the penny class).
INDEX_FUND_WIDTH = QuoteWidth(base=0.010, share=0.004, inner_share=0.02, inner_beyond=0.003)
FUND_WIDTH = QuoteWidth(base=0.014, share=0.006, inner_share=0.02, inner_beyond=0.003)
STOCK_WIDTH = QuoteWidth(base=0.02, share=0.03, inner_share=0.03, inner_beyond=0.005, coarse=5, coarse_from=3.0)
INDEX_FUTURE_WIDTH = QuoteWidth(base=0.08, share=0.02, far_base=0.25, far_share=0.0021, tick=0.05, coarse=5,
                                coarse_from=10.0)
OIL_WIDTH = QuoteWidth(base=0.012, share=0.012)
GOLD_WIDTH = QuoteWidth(base=0.25, share=0.008, tick=0.1)
SILVER_WIDTH = QuoteWidth(base=0.008, share=0.012, tick=0.001)
VIX_WIDTH = QuoteWidth(base=0.02, share=0.03, coarse=5, coarse_from=3.0)
# Widths grow by one for every STRESS_POINTS of VIX above CALM_INDEX, and by one for every year to expiry. A contract is
# quoted at a seventh to all of its usual width, on average at MEAN_FLICKER of it.
CALM_INDEX, STRESS_POINTS, TIGHTEST = 15.0, 25.0, 0.15
MEAN_FLICKER = (1 + TIGHTEST) / 2
