"""The algorithm's securities by symbol or ticker."""
from __future__ import annotations

from typing import Any

from local.engine.collections import LeanDictionary
from local.engine.market.security import Security
from local.engine.market.symbol import Symbol, SymbolCache


class SecurityManager(LeanDictionary[Symbol, Security]):
    """The algorithm's `securities`, by symbol or ticker. Removed ones are still found by key but no longer listed."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Symbol, Security] = {}

    def _find(self, key: Any) -> Security | None:
        if not isinstance(key, (str, Symbol)):
            key = getattr(key, "symbol", key)
        if isinstance(key, str):
            key = SymbolCache.try_get(key) or SymbolCache.try_get(key.upper())
        return self._known.get(key) if isinstance(key, Symbol) else None

    def __getitem__(self, key: Any) -> Security:
        found = self._find(key)
        if found is None:
            raise KeyError(f"'{key}' was not found in the securities; add it first")
        return found

    def __contains__(self, key: Any) -> bool:
        return self._find(key) is not None

    def get(self, key: Any, default: Any = None) -> Any:
        """A security that is or was listed, or a default."""
        return self._find(key) or default

    def try_get_value(self, key: Any, *_: Any) -> tuple[bool, Security | None]:
        """Whether a security is or was listed, and the security."""
        found = self._find(key)
        return found is not None, found

    def is_listed(self, symbol: Symbol) -> bool:
        """Whether a security is listed now."""
        return symbol in self._items

    @property
    def total(self) -> list[Security]:
        """All securities that are or were listed."""
        return list(self._known.values())

    def remember(self, symbol: Symbol, security: Security) -> None:
        """Makes a security known that is not listed yet."""
        self._known[symbol] = security

    def list_security(self, symbol: Symbol, security: Security) -> None:
        """Lists a security under its symbol."""
        self._items[symbol] = self._known[symbol] = security

    def remove(self, symbol: Symbol) -> None:
        """Takes a security off the list; it can still be looked up."""
        self._items.pop(symbol, None)
