"""Suggests what somebody may have meant who typed an unknown name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Iterable


def meant(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` if a known name is near, otherwise an empty text."""
    names = list(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6) or [name for name in names if word and word in name][:1]
    return f" (did you mean {near[0]!r}?)" if near else ""
