"""Figures of strategies as parameters of a run: ``lt112.profit_target_share`` is what the specification of ``lt112`` says
under this name, ``lt112.max_open.2`` what it says for phase 2.

What a strategy is (its names, switches and lists) is no figure, nor what it does without (None).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields, replace
from datetime import time
from types import MappingProxyType
from typing import Any, Final, Mapping, Union

from config.figure_bounds import figure_bounds
from config.near_misses import meant
from config.strategy_parameters import SPECS
from config.strategy_spec import StrategySpec
from core.errors import ConfigError

DOT: Final = "."
CLOCK: Final = re.compile(r"\d\d:\d\d(:00)?")
Figure = Union[int, float, time]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureField:
    """Where a figure stands.

    Attributes
    ----------
    strategy, name : str
        The specification and its field.
    phase : int or None
        Of a figure that the phases have each for themselves.
    value : int, float or time
        What it is where no parameter says otherwise; a parameter is of the same type.
    """

    strategy: str
    name: str
    phase: int | None
    value: Figure

    @property
    def bounds(self) -> str:
        """Between which values a parameter lies, in words."""
        if isinstance(self.value, time):
            return "a time like 14:00"
        least, most = figure_bounds(self.name)
        return f"{'whole, ' if isinstance(self.value, int) else ''}{least:.10g} to {most:.10g}"


def _fields_of(spec: StrategySpec) -> dict[str, FigureField]:
    found: dict[str, FigureField] = {}
    for one in fields(spec):
        value = getattr(spec, one.name)
        rows = value.items() if isinstance(value, Mapping) else [(None, value)]
        for phase, figure in rows:
            if isinstance(figure, (int, float, time)) and not isinstance(figure, bool):
                key = DOT.join([spec.name, one.name, *([] if phase is None else [str(phase)])])
                found[key] = FigureField(strategy=spec.name, name=one.name, phase=phase, value=figure)
    return found


FIGURES: Final[Mapping[str, FigureField]] = MappingProxyType(
    {key: place for spec in SPECS.values() for key, place in _fields_of(spec).items()})
"""Every figure by the name of its parameter, in order of priority."""


def read_figures(parameters: Mapping[str, str]) -> Mapping[str, Figure]:
    """The figures among a run's text parameters, typed; ``specs_with`` holds them against their bounds.

    Raises
    ------
    ConfigError
        A name that is not known, or text that is not of the figure's type.
    """
    return MappingProxyType({key: _read(key, text.strip()) for key, text in parameters.items() if DOT in key})


def _read(key: str, text: str) -> Figure:
    place = FIGURES.get(key)
    if place is None:
        own = [name for name in FIGURES if name.startswith(f"{key.split(DOT)[0]}{DOT}")]
        more = meant(key, own or FIGURES) or f"; a figure is named STRATEGY{DOT}NAME, like {next(iter(own or FIGURES))}"
        raise ConfigError(f"unknown parameter {key!r}{more}")
    try:
        if isinstance(place.value, time):
            if not CLOCK.fullmatch(text):
                raise ValueError(text)
            return time.fromisoformat(text)
        number = float(text)
    except ValueError:
        raise ConfigError(f"{key} must be {_kind(place.value)}, not {text!r}") from None
    if not math.isfinite(number) or isinstance(place.value, int) and number != int(number):
        raise ConfigError(f"{key} must be {_kind(place.value)}, not {text!r}")
    return int(number) if isinstance(place.value, int) else number      # an optimisation writes whole numbers as 30.0


def _kind(value: Figure) -> str:
    if isinstance(value, time):
        return "a time like 14:00"
    return "a whole number" if isinstance(value, int) else "a number"


def specs_with(figures: Mapping[str, Figure]) -> Mapping[str, StrategySpec]:
    """Every specification, with these figures in place of its own.

    Raises
    ------
    ConfigError
        A figure is out of its bounds or contradicts another one.
    """
    changed: dict[str, dict[str, Any]] = {}
    for key, value in figures.items():
        place = FIGURES[key]
        own = changed.setdefault(place.strategy, {})
        if place.phase is None:
            own[place.name] = value
        else:
            before = own.get(place.name, getattr(SPECS[place.strategy], place.name))
            own[place.name] = MappingProxyType({**before, place.phase: value})
    return MappingProxyType({name: _replaced(spec, changed[name], figures) if name in changed else spec
                             for name, spec in SPECS.items()})


def _replaced(spec: StrategySpec, changes: Mapping[str, Any], figures: Mapping[str, Figure]) -> StrategySpec:
    try:
        return replace(spec, **changes)
    except ConfigError as problem:
        asked = ", ".join(f"{key}={value}" for key, value in figures.items() if key.startswith(f"{spec.name}{DOT}"))
        raise ConfigError(f"{asked}: {problem.message}") from problem
