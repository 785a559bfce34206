"""The dictionaries of a slice: bars and chains by symbol or ticker."""
from __future__ import annotations

from typing import Any

import pandas as pd

from local.engine.collections import DataDictionary
from local.engine.enums import SecurityType
from local.engine.market.symbol import Symbol, SymbolCache

_WITH_OPTIONS = (SecurityType.EQUITY, SecurityType.FUTURE, SecurityType.INDEX)


class SymbolDictionary(DataDictionary[Any]):
    """Data by symbol or ticker."""

    __slots__ = ("time",)

    def _key(self, key: Any) -> Any:
        return (SymbolCache.try_get(key) or key) if isinstance(key, str) else key


class Chains(SymbolDictionary):
    """Chains by canonical symbol."""

    __slots__ = ("_flatten",)

    def __init__(self, items: dict[Any, Any] | None = None, flatten: bool = True) -> None:
        super().__init__(items)
        self._flatten = flatten

    @property
    def data_frame(self) -> pd.DataFrame:
        """The frames of all chains; when flattened, by canonical symbol and contract."""
        frames = [chain.data_frame for chain in self.values()]
        if not frames:
            return pd.DataFrame()
        if not self._flatten:
            return pd.concat(frames)
        return pd.concat(frames, keys=self.keys(), names=["canonical", "symbol"])


class OptionChains(Chains):
    """Chains of options; an underlying or a contract finds its chain too."""

    __slots__ = ()

    def _key(self, key: Any) -> Any:
        symbol = super()._key(key)
        if not isinstance(symbol, Symbol):
            return symbol
        if symbol.security_type.is_option():
            return symbol if symbol.is_canonical() else symbol.canonical
        return Symbol.create_canonical_option(symbol) if symbol.security_type in _WITH_OPTIONS else symbol


class FuturesChains(Chains):
    """Chains of futures."""

    __slots__ = ()


class TradeBars(SymbolDictionary):
    """Trade bars by symbol."""

    __slots__ = ()


class QuoteBars(SymbolDictionary):
    """Quote bars by symbol."""

    __slots__ = ()
