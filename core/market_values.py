"""Figures that must be numbers: these functions return them or raise an error. Every risk figure uses them."""

from __future__ import annotations

from math import isfinite
from typing import Any

from core.codes import RefusalCode
from core.errors import CannotCompute
from core.model import Refused


def positive(value: float | None, name: str, **facts: Any) -> float:
    """Return ``value`` if it is a positive finite number.

    Raises
    ------
    CannotCompute
        Otherwise, naming it.
    """
    if value is None or not isfinite(value) or value <= 0:
        raise CannotCompute("input is not a positive number", input=name, value=value, **facts)
    return value


def not_negative(value: float | None, name: str, **facts: Any) -> float:
    """Return ``value`` if it is a finite number of at least 0.

    Raises
    ------
    CannotCompute
        Otherwise, naming it.
    """
    if value is None or not isfinite(value) or value < 0:
        raise CannotCompute("input is not a number of at least 0", input=name, value=value, **facts)
    return value


def finite(value: float | None, name: str, **facts: Any) -> float:
    """Return ``value`` if it is a finite number.

    Raises
    ------
    CannotCompute
        Otherwise, naming it.
    """
    if value is None or not isfinite(value):
        raise CannotCompute("input is not a number", input=name, value=value, **facts)
    return value


def below(table: tuple[tuple[float, float], ...], value: float) -> float:
    """The share of the first row whose bound lies above ``value``. Rows are (bound, share); the last has no bound."""
    return next(share for bound, share in table if value < bound)


def guard_refusal(guard: str, error: CannotCompute) -> Refused:
    """The refusal of a guard that cannot compute. Such a guard refuses; it never lets an entry pass."""
    return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={"guard": guard, "why": error.message, **error.facts})
