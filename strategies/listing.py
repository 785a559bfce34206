"""Reads yesterday's chain: the listed expiries and strikes, and the figures in their rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Iterable, Sequence

import numpy as np

from config.constants import OPTION_EXPIRY_TIME
from core.arrays import Flags, Floats
from core.carry import option_terms
from core.model import Chain, Contract, Right, Underlying
from core.option_values import chain_greeks, chain_prices, chain_volatilities
from core.quotes import DIGITS, TOLERANCE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listing:
    """One expiry of one chain."""

    chain: Chain
    expiry: date

    def strikes(self, right: Right) -> Floats:
        """Listed strikes of ``right``, ascending."""
        listed: Floats = np.unique(self.chain.strike[self._rows(right)])
        return listed

    def contract(self, strike: float, right: Right) -> Contract:
        """The contract of a listed strike."""
        return Contract(underlying=self.chain.underlying, expiry=self.expiry, strike=float(strike), right=right,
                        kind=self.chain.kind, multiplier=self.chain.multiplier, root=self.chain.root,
                        future_expiry=self.chain.future_expiry)

    def is_listed(self, strike: float, right: Right) -> bool:
        """Whether exactly this strike is listed."""
        strikes = self.strikes(right)
        return bool(len(strikes)) and bool(np.min(np.abs(strikes - strike)) <= TOLERANCE)

    def prices(self, strikes: Floats, right: Right) -> Floats:
        """Yesterday's closes of listed ``strikes`` in points."""
        return self._column(self.chain.price, strikes, right)

    def volatilities(self, strikes: Floats, right: Right) -> Floats:
        """Yesterday's implied volatilities of listed ``strikes`` (fractions per year). NaN if neither the row nor its
        price gives one. Rows of futures options carry none; theirs follow from their price and the underlying's close
        in the same session."""
        iv = self._column(self.chain.iv, strikes, right).astype(float)
        known = np.isfinite(iv) & (iv > 0.0)
        if known.all():
            return iv
        closing = datetime.combine(self.chain.as_of, OPTION_EXPIRY_TIME)
        terms = option_terms(self.chain.underlying, self.chain.kind, self.expiry, closing)
        implied = chain_volatilities(self.prices(strikes, right), self.chain.underlying_close, strikes,
                                     right is Right.PUT, terms)
        return np.where(known, iv, implied)

    def levels(self, strikes: Floats, right: Right, underlying: Underlying) -> Floats:
        """As :meth:`volatilities`. If the chain has names only, the level of the underlying's own index stands in. It
        only tells which strikes to quote; the choice among them follows their quotes."""
        iv = self.volatilities(strikes, right)
        if underlying.iv is None or not self.chain.is_names_only:
            return iv
        return np.where(np.isfinite(iv), iv, underlying.iv.current)

    def deltas(self, strikes: Floats, right: Right, underlying: Underlying, now: datetime, *,
               stand_in: bool = False) -> Floats:
        """Model deltas of listed ``strikes`` (per point, signed) at today's price and yesterday's volatilities, or at
        their :meth:`levels` (``stand_in``); NaN if there is none."""
        iv = self.levels(strikes, right, underlying) if stand_in else self.volatilities(strikes, right)
        terms = option_terms(self.chain.underlying, self.chain.kind, self.expiry, now)
        return chain_greeks(underlying.price, strikes, right is Right.PUT, iv, terms).delta

    def expected(self, strikes: Floats, right: Right, underlying: Underlying, now: datetime) -> Floats:
        """Model prices of listed ``strikes`` at the underlying's price today and yesterday's volatilities, or their
        :meth:`levels`; NaN if there is none."""
        terms = option_terms(self.chain.underlying, self.chain.kind, self.expiry, now)
        return chain_prices(underlying.price, strikes, right is Right.PUT, self.levels(strikes, right, underlying), terms)

    def _rows(self, right: Right) -> Flags:
        rows: Flags = (self.chain.expiry == self.expiry.toordinal()) & (self.chain.is_put == (right is Right.PUT))
        return rows

    def _column(self, column: Floats, strikes: Floats, right: Right) -> Floats:
        rows = np.flatnonzero(self._rows(right))
        order = rows[np.argsort(self.chain.strike[rows], kind="stable")]
        found: Floats = column[order[np.searchsorted(self.chain.strike[order], np.asarray(strikes, float) - TOLERANCE)]]
        return found


def listings(chains: Iterable[Chain], today: date, dte_min: int, dte_max: int) -> list[Listing]:
    """Every listed expiry ``dte_min`` to ``dte_max`` calendar days from ``today``, nearest first."""
    found = []
    for chain in chains:
        days = np.unique(chain.expiry) - today.toordinal()
        found += [Listing(chain=chain, expiry=date.fromordinal(today.toordinal() + int(day)))
                  for day in days[(days >= dte_min) & (days <= dte_max)]]
    return sorted(found, key=lambda listing: (listing.expiry, listing.chain.root))


def nearest_to(found: Sequence[Listing], today: date, target_dte: int) -> Listing | None:
    """The listing whose expiry is nearest ``target_dte`` days away; of two equally near, the later. None if none
    exists."""
    def rank(listing: Listing) -> tuple[int, int]:
        return abs((listing.expiry - today).days - target_dte), -listing.expiry.toordinal()

    return min(found, key=rank) if found else None


def furthest(found: Sequence[Listing]) -> Listing | None:
    """The last expiry of a range, because it has the most time before it is closed at 21 days. None if none exists."""
    return max(found, key=lambda listing: listing.expiry) if found else None


def nearest_strike(strikes: Floats, target: float, *, prefer_higher: bool) -> float | None:
    """The listed strike nearest ``target``; of two equally near, the higher or the lower. None if none is listed."""
    if not len(strikes):
        return None
    distance = np.round(np.abs(strikes - target), DIGITS)
    ties = strikes[distance == distance.min()]
    return float(ties.max() if prefer_higher else ties.min())
