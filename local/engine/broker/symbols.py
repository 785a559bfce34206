"""Symbols behind what algorithms pass for one."""

from __future__ import annotations

from typing import Any

from local.engine.market.symbol import Symbol


def symbol_of(item: Any) -> Symbol | str:
    """Return the symbol of a security, a chain's contract or data; symbols and tickers stay as they are.

    Raises
    ------
    TypeError
        When there is no symbol in it.
    """
    if isinstance(item, (Symbol, str)):
        return item
    symbol = getattr(item, "symbol", None)
    if not isinstance(symbol, Symbol):
        raise TypeError(f"{item!r} is no symbol and has none")
    return symbol
