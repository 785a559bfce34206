"""What the market offered: volatility regimes, Fridays against the condor's strikes, the credit walk on a chain."""
from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from config.constants import INDICATOR_SESSIONS, VIX_REGIMES
from config.strategy_parameters import Friday0DteSpec, Lt112Spec, StrategySpec
from core.market_analysis import iv_percentile, iv_rank
from core.unified_vix_manager import vix_regime
from helpers.lean.indicators import atr

REALISED_SESSIONS = 21
YEAR_SESSIONS = 252
ATR_HISTORY = 20
PRICES = ["open", "high", "low", "close"]


def daily(history: pd.DataFrame) -> pd.DataFrame:
    """LEAN's daily history of one symbol: prices by date."""
    frame = history.droplevel("symbol")
    frame.index = pd.to_datetime(frame.index).normalize()
    return frame[PRICES].astype(float)


def with_regimes(spy: pd.DataFrame, vix: pd.DataFrame) -> pd.DataFrame:
    """SPY's daily prices with the VIX close and its regime, from LEAN's histories of both."""
    bars = daily(spy)
    bars["vix"] = daily(vix)["close"]
    bars["regime"] = bars["vix"].map(vix_regime)
    return bars


def regimes(bars: pd.DataFrame) -> pd.DataFrame:
    """By regime: sessions, mean VIX, the volatility that followed (both in points), and the difference."""
    change = np.log(bars["close"]).diff()
    realised = change.rolling(REALISED_SESSIONS).std().shift(-REALISED_SESSIONS) * np.sqrt(YEAR_SESSIONS) * 100.0
    table = bars.assign(realised=realised).groupby("regime").agg(
        sessions=("vix", "size"), vix=("vix", "mean"), realised=("realised", "mean"))
    table["premium"] = table["vix"] - table["realised"]
    return table.reindex([name for _, name in VIX_REGIMES if name in table.index]).round(2)


def implied_volatility_now(bars: pd.DataFrame) -> pd.Series:
    """The last VIX close, its rank and percentile in a year, in points and percent."""
    closes = bars["vix"].to_numpy()
    year = closes[-YEAR_SESSIONS:]
    return pd.Series({"VIX": closes[-1], "IV rank": iv_rank(closes[-1], year),
                      "IV percentile": iv_percentile(closes[-1], year)}).round(1)


def fridays(bars: pd.DataFrame, spec: Friday0DteSpec) -> pd.DataFrame:
    """Every Friday: VIX, how far the condor's strikes stood, the farthest the day went from its open, and where it closed,
    in points."""
    rows = []
    for place in range(ATR_HISTORY, len(bars)):
        if bars.index[place].weekday() != spec.entry_weekday:
            continue
        before, day = bars.iloc[:place], bars.iloc[place]
        range_mean = atr(*(before[name].to_numpy() for name in ("high", "low", "close")), INDICATOR_SESSIONS["atr14"])
        reach = spec.atr_multiple * range_mean
        rows.append((bars.index[place], day["vix"], reach, max(day["high"] - day["open"], day["open"] - day["low"]),
                     abs(day["close"] - day["open"])))
    return pd.DataFrame(rows, columns=["day", "vix", "reach", "farthest", "closed away"]).set_index("day")


def held(table: pd.DataFrame, spec: StrategySpec) -> pd.Series:
    """Shares of Fridays on which the strikes held, beside the win rate assumed."""
    return pd.Series({"Fridays": len(table), "strikes never touched": (table["farthest"] < table["reach"]).mean(),
                      "closed between the strikes": (table["closed away"] < table["reach"]).mean(),
                      "win rate assumed": spec.win_rate}).round(3)


def credit_walk(puts: pd.DataFrame, today: datetime, spec: Lt112Spec) -> pd.DataFrame:
    """Short strikes of the expiry nearest to the target, from the far end of the walk to the near one, with the credit of
    the spread at last prices and its share of the width."""
    puts = puts.copy()
    puts["days"] = (pd.to_datetime(puts["expiry"]) - pd.Timestamp(today)).dt.days
    nearest = puts["days"].iloc[(puts["days"] - spec.target_dte).abs().argsort().iloc[0]]
    puts = puts[puts["days"] == nearest].set_index("strike").sort_index()
    puts.index = puts.index.astype(float)
    spot = float(puts["underlyinglastprice"].iloc[0])
    far, near = spot * (1.0 - spec.walk_from_otm_share), spot * (1.0 - spec.walk_to_otm_share)
    walk = puts.loc[far:near, ["lastprice", "delta", "impliedvolatility"]].astype(float)
    walk["credit"] = walk["lastprice"] - puts["lastprice"].astype(float).reindex(walk.index - spec.width_points).to_numpy()
    walk["share of width"] = walk["credit"] / spec.width_points
    walk["out of the money"] = 1.0 - walk.index / spot
    return walk.dropna().round(4)
