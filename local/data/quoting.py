"""Two-sided quotes around fair prices, and the zip entries that hold them."""
from __future__ import annotations

from datetime import date

import numpy as np

from local.data.text import quote_rows

STRIKE_SCALE = 10_000
CALM_INDEX, STRESS_POINTS = 15.0, 25.0
TIGHTEST, GOLDEN = 0.15, 0.618033988749895


def sampled_minutes(count: int, step: int) -> np.ndarray:
    """Minutes with a row: every ``step``-th from the first, and the last."""
    return np.unique(np.append(np.arange(0, count, step), count - 1))


def stress(index: np.ndarray) -> np.ndarray:
    """How much wider spreads are than in a calm market, by the volatility index (VIX)."""
    return 1 + np.maximum(index - CALM_INDEX, 0) / STRESS_POINTS


def flicker(index: np.ndarray, minutes: np.ndarray) -> np.ndarray:
    """Share of the usual spread that is quoted at each minute: from a seventh to all of it, evenly spread.

    All contracts tighten and widen together, so quotes keep the order of prices at every minute. The sequence is a
    low-discrepancy one over the session's minutes, shifted by the cents of VIX: equal inputs give equal quotes.
    """
    return TIGHTEST + (1 - TIGHTEST) * ((minutes + np.rint(100 * index)) * GOLDEN % 1.0)


def half_spread(price: np.ndarray, index: np.ndarray, minutes: np.ndarray, days: int) -> np.ndarray:
    """Half of the bid-ask spread of a share option in USD: grows with price, with VIX above 15, and with time.

    It depends on the strike through the price alone and grows more slowly than it, so quotes keep the order of prices.
    """
    usual = (0.003 + 0.002 * price) * stress(index) * (1 + days / 365)
    return np.minimum(usual * flicker(index, minutes), 0.35 * price + 0.01)


def round_to_ticks(price: np.ndarray, half: np.ndarray, tick: float) -> tuple[np.ndarray, np.ndarray]:
    """Bid and ask in whole ticks: the nearest to the fair price less (plus) half the spread, never beyond it.

    bid <= fair <= ask, bid < ask, bid >= 0 (a worthless option has no bid).
    """
    ticks, wide = price / tick, half / tick
    bid = np.minimum(np.rint(ticks - wide), np.floor(ticks + 1e-6))
    ask = np.maximum(np.rint(ticks + wide), np.ceil(ticks - 1e-6))
    bid = np.maximum(bid, 0).astype(np.int64)
    return bid, np.maximum(ask.astype(np.int64), bid + 1)


def quotes(price: np.ndarray, index: np.ndarray, minutes: np.ndarray, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Bid and ask of share options in whole cents around fair prices in USD.

    Parameters
    ----------
    price
        Fair prices, (contracts, columns).
    index, minutes
        VIX and the minute of the session of each column.
    days
        Calendar days to expiry.
    """
    return round_to_ticks(price, half_spread(price, index, minutes, days), 0.01)


def quote_entries(prefix: str, strikes: np.ndarray, expiry: date, minutes: np.ndarray, minute_rows: np.ndarray,
                  bid: np.ndarray, ask: np.ndarray, *, scale: int = 100, decimals: int = 0
                  ) -> list[tuple[str, bytes]]:
    """Zip entries of one right of one expiry; ``prefix`` is the name up to the strike. See ``text.quote_rows``."""
    texts = quote_rows(minutes, minute_rows, bid, ask, scale=scale, decimals=decimals)
    whole = np.rint(strikes * STRIKE_SCALE).astype(np.int64)
    return [(f"{prefix}{strike}_{expiry:%Y%m%d}.csv", text) for strike, text in zip(whole, texts)]
