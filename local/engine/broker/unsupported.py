"""Refusal of members the engine does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.engine.errors import MemberNotSupported


class UnsupportedMembers:
    """Base whose unknown public members raise an error naming the member, never a silent default."""

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__} has no attribute {name}")
            raise MemberNotSupported(f"{type(self).__name__}.{name} is not supported by the embedded engine")
