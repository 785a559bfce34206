"""Two-sided quotes around fair prices, and the zip entries that hold them."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from local.data.figures import CALM_INDEX, INNER_UNTIL, MEAN_FLICKER, STRESS_POINTS, TIGHTEST, QuoteWidth
from local.data.listing import Chain
from local.data.text import quote_rows

STRIKE_SCALE = 10_000
GOLDEN = 0.618033988749895
MOST_OF_PRICE = 0.35
DAYS_A_YEAR = 365
NEARLY = 1e-6
LONGEST_HOLD = 4                 # minutes: a leg that was just subscribed is waited for five


def stress(index: np.ndarray) -> np.ndarray:
    """How much wider spreads are than in a calm market, by the volatility index (VIX)."""
    return 1 + np.maximum(index - CALM_INDEX, 0) / STRESS_POINTS


def flicker(index: np.ndarray, minutes: np.ndarray) -> np.ndarray:
    """Share of the usual spread that is quoted at each minute: from a seventh to all of it, evenly spread.

    All contracts tighten and widen together, so quotes keep the order of prices at every minute. The sequence is a
    low-discrepancy one over the session's minutes, shifted by the cents of VIX: equal inputs give equal quotes.
    """
    return TIGHTEST + (1 - TIGHTEST) * ((minutes + np.rint(100 * index)) * GOLDEN % 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """When quotes are made: VIX and the minute of the session of each column, and the calendar days to expiry."""

    vix: np.ndarray
    minutes: np.ndarray
    days: int


def usual_width(width: QuoteWidth, price: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Average bid-ask width of a calm market, of contracts worth ``price`` of which exercise gives ``inner`` now."""
    beyond = np.maximum(price - inner, 0.0)
    return np.minimum(width.base + width.share * beyond, width.far_base + width.far_share * beyond) \
        + width.inner_share * np.minimum(inner, INNER_UNTIL) + width.inner_beyond * np.maximum(inner - INNER_UNTIL, 0.0)


def half_spread(width: QuoteWidth, price: np.ndarray, inner: np.ndarray, moments: Moments) -> np.ndarray:
    """Half of the bid-ask spread: it moves more slowly with the strike than the price, so quotes keep their order."""
    full = usual_width(width, price, inner) / MEAN_FLICKER * flicker(moments.vix, moments.minutes)
    wide = full / 2 * stress(moments.vix) * (1 + moments.days / DAYS_A_YEAR)
    return np.minimum(wide, MOST_OF_PRICE * price + width.tick)


def round_to_grid(width: QuoteWidth, price: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bid and ask in whole ticks: the nearest on the grid to the fair price less (plus) half the spread, never beyond it.

    bid <= fair <= ask, bid < ask, bid >= 0 (a worthless option has no bid).
    """
    ticks, wide = price / width.tick, half / width.tick
    bid = np.minimum(_stepped(width, np.rint, ticks - wide), _stepped(width, np.floor, ticks + NEARLY))
    ask = np.maximum(_stepped(width, np.rint, ticks + wide), _stepped(width, np.ceil, ticks - NEARLY))
    bid = np.maximum(bid, 0).astype(np.int64)
    above = bid + np.where(bid * width.tick >= width.coarse_from - NEARLY, width.coarse, 1)
    return bid, np.maximum(ask.astype(np.int64), above)


def _stepped(width: QuoteWidth, rounded: np.ufunc, ticks: np.ndarray) -> np.ndarray:
    """Ticks rounded to single ones, or to the coarse step where the price is high enough for it."""
    fine = rounded(ticks)
    if width.coarse == 1:
        return fine
    return np.where(ticks * width.tick >= width.coarse_from, rounded(ticks / width.coarse) * width.coarse, fine)


def quotes(width: QuoteWidth, price: np.ndarray, inner: np.ndarray, moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Bid and ask in whole ticks around fair prices.

    Parameters
    ----------
    width
        The class the contracts belong to.
    price, inner
        Fair prices and what exercise gives now, (contracts, columns).
    moments
        The columns' VIX and minutes, and the days to expiry.
    """
    return round_to_grid(width, price, half_spread(width, price, inner, moments))


def alive_rows(width: QuoteWidth, price: np.ndarray, bid: np.ndarray, ask: np.ndarray, days: int | np.ndarray
               ) -> np.ndarray:
    """Which minutes get a row: the first and the last, those at which the fair price has left the bid and ask of the row
    before, and every ``LONGEST_HOLD``-th without one; on a contract's last day (``days`` 0) every minute.

    So a quote that is filled forward has the fair price between its sides at every minute, whatever the age of its row,
    and a chain seen through them gives nothing away. The walk goes over the minutes: ask for many contracts at once.
    """
    low, high = np.ascontiguousarray((bid * width.tick - NEARLY * width.tick).T), \
        np.ascontiguousarray((ask * width.tick + NEARLY * width.tick).T)
    fair = np.ascontiguousarray(price.T)
    written = np.ones(fair.shape, dtype=bool)
    least, most = low[0].copy(), high[0].copy()
    hold = np.where(np.broadcast_to(days, fair.shape[1:]) == 0, 1, LONGEST_HOLD).astype(np.int8)
    age = np.zeros(fair.shape[1], dtype=np.int8)
    for minute in range(1, len(fair) - 1):
        now, due = fair[minute], written[minute]
        age += 1
        np.logical_or(now < least, now > most, out=due)
        due |= age >= hold
        np.copyto(least, low[minute], where=due)
        np.copyto(most, high[minute], where=due)
        age[due] = 0
    return written.T


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuotedSide:
    """The calls or the puts (``word``) of one expiry on one day: quotes in whole ticks around the fair prices, each as
    (strikes, minutes). ``days`` is the calendar days to expiry; ``scale`` and ``decimals`` as for ``text.quote_rows``.
    """

    word: str
    expiry: date
    days: int
    width: QuoteWidth
    strikes: np.ndarray
    fair: np.ndarray
    bid: np.ndarray
    ask: np.ndarray
    scale: int = 100
    decimals: int = 0

    def alive(self) -> np.ndarray:
        """Which minutes of which contracts get a row."""
        return alive_rows(self.width, self.fair, self.bid, self.ask, self.days)


def quoted_sides(width: QuoteWidth, chain: Chain, prices: tuple[np.ndarray, np.ndarray], inner: tuple[np.ndarray, np.ndarray],
                 moments: Moments, *, scale: int = 100, decimals: int = 0) -> list[QuotedSide]:
    """The listed calls and the listed puts of an expiry, as far as there are any.

    Parameters
    ----------
    prices, inner
        Of calls and of puts: fair prices and what exercise gives now, (strikes, minutes).
    """
    found = []
    for word, fair, now, listed in zip(("call", "put"), prices, inner, (chain.has_call, chain.has_put)):
        if listed.any():
            bid, ask = quotes(width, fair[listed], now[listed], moments)
            found.append(QuotedSide(word=word, expiry=chain.expiry, days=moments.days, width=width,
                                    strikes=chain.strikes[listed], fair=fair[listed], bid=bid, ask=ask, scale=scale,
                                    decimals=decimals))
    return found


def side_entries(prefix: str, sides: Sequence[QuotedSide], minute_rows: np.ndarray) -> tuple[list[tuple[str, bytes]], int]:
    """Zip entries of a day's sides, which share one class, and the number of rows in them; ``prefix`` is the name up to the
    right. All contracts are walked at once."""
    if not sides:
        return [], 0
    written = alive_rows(sides[0].width, *(np.concatenate([getattr(side, name) for side in sides]) for name in ("fair", "bid", "ask")),
                         np.repeat([side.days for side in sides], [len(side.strikes) for side in sides]))
    entries: list[tuple[str, bytes]] = []
    begin = 0
    for side in sides:
        end = begin + len(side.strikes)
        entries += quote_entries(f"{prefix}{side.word}_", side.strikes, side.expiry, minute_rows, side.bid, side.ask,
                                 written[begin:end], scale=side.scale, decimals=side.decimals)
        begin = end
    return entries, int(written.sum())


def turning_minutes(*paths: np.ndarray) -> np.ndarray:
    """The first and the last minute of a session, and those at which one of the paths is highest or lowest: a universe
    file's open, high, low and close are the fair prices of these."""
    return np.unique([0, len(paths[0]) - 1, *(at for path in paths for at in (path.argmin(), path.argmax()))])


def quote_entries(prefix: str, strikes: np.ndarray, expiry: date, minute_rows: np.ndarray, bid: np.ndarray,
                  ask: np.ndarray, written: np.ndarray, *, scale: int = 100, decimals: int = 0
                  ) -> list[tuple[str, bytes]]:
    """Zip entries of one right of one expiry; ``prefix`` is the name up to the strike. See ``text.quote_rows``."""
    texts = quote_rows(minute_rows, bid, ask, written, scale=scale, decimals=decimals)
    whole = np.rint(strikes * STRIKE_SCALE).astype(np.int64)
    return [(f"{prefix}{strike}_{expiry:%Y%m%d}.csv", text) for strike, text in zip(whole, texts)]
