"""Names of the indicators, as algorithms import them."""
from __future__ import annotations

__all__: list[str] = []
