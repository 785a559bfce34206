"""Index option tickers: which index they settle against, and whether they settle at the open."""
from __future__ import annotations

_INDEX_OF_TICKER = {"RUTW": "RUT", "SPXW": "SPX", "VIXW": "VIX", "NDXP": "NDX", "NQX": "NDX"}


def underlying_index(ticker: str) -> str:
    """Index under an index option ticker."""
    return _INDEX_OF_TICKER.get(ticker.upper(), ticker.upper())


def is_open_settled(ticker: str) -> bool:
    """Whether LEAN counts the ticker as settled at the open of its expiration day."""
    return ticker.upper() not in _INDEX_OF_TICKER
