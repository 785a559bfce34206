"""Members by their .NET names: algorithms may write `Greeks.Delta` for `greeks.delta`, on LEAN and here."""
from __future__ import annotations

import re
from typing import Any

from local.engine.errors import MemberNotSupported

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def python_name(name: str) -> str:
    """A member's name in Python: `ImpliedVolatility` is `implied_volatility`."""
    return _WORD.sub("_", name).lower()


def other_member(owner: Any, name: str, of: str | None = None) -> Any:
    """The member a .NET name stands for.

    Raises
    ------
    MemberNotSupported
        The owner has no such member, by neither name.
    """
    plain = python_name(name) if name[:1].isupper() and not name.isupper() else name
    if plain != name and (hasattr(type(owner), plain) or plain in getattr(owner, "__dict__", ())):
        return getattr(owner, plain)
    raise MemberNotSupported(f"{of or type(owner).__name__}.{name}")
