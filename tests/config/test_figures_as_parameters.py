"""Figures of strategies as parameters: typed, bounded, near misses named, and nothing but what was asked for changes."""
from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Mapping, get_type_hints

import pytest

from config.figure_bounds import BOUNDS, OPEN_ABOVE, figure_bounds
from config.figures import FIGURES, FigureField, read_figures, specs_with
from config.run_parameters import KNOWN_PARAMETERS, PARAMETER_VALUES, parse
from config.strategy_parameters import SPECS
from core.errors import ConfigError

NUMBERS = {key: place for key, place in FIGURES.items() if not isinstance(place.value, time)}


def text_of(place: FigureField) -> str:
    return f"{place.value:%H:%M}" if isinstance(place.value, time) else repr(place.value)


def test_each_figure_read_as_it_stands_changes_nothing() -> None:
    finite = {key: text_of(place) for key, place in FIGURES.items() if text_of(place) != "inf"}
    assert len(finite) > 250
    assert specs_with(read_figures(finite)) == SPECS
    assert specs_with({}) == SPECS and all(specs_with({})[name] is spec for name, spec in SPECS.items())


def test_values_are_of_the_types_that_the_specifications_declare() -> None:
    for spec in SPECS.values():
        hints = get_type_hints(type(spec))
        for place in FIGURES.values():
            if place.strategy == spec.name:
                declared = str(hints[place.name])
                assert type(place.value).__name__ in declared, f"{spec.name}.{place.name}"


def test_every_bound_is_some_figures() -> None:
    names = {place.name for place in NUMBERS.values()}
    for pattern, least, most in BOUNDS:
        assert least < most and any(pattern.fullmatch(name) for name in names), pattern.pattern
    assert OPEN_ABOVE <= names
    with pytest.raises(KeyError, match="colour"):
        figure_bounds("colour")


@pytest.mark.parametrize("key", sorted(NUMBERS))
def test_no_figure_leaves_its_bounds(key: str) -> None:
    least, most = figure_bounds(NUMBERS[key].name)
    for value in (least - 1, most + 1):
        with pytest.raises(ConfigError) as caught:
            parse({key: str(value)}, live=False)
        assert key in str(caught.value) and f"from {least:.10g} to {most:.10g}" in str(caught.value)


def test_a_figure_changes_and_nothing_else() -> None:
    specs = parse({"lt112.profit_target_share": "0.6", "lt112.max_open.3": "1", "friday_0dte.danger_from": "13:30"},
                  live=True).specs()
    open_in_phase_3 = {**SPECS["lt112"].max_open, 3: 1}
    assert specs["lt112"] == replace(SPECS["lt112"], profit_target_share=0.6, max_open=open_in_phase_3)
    assert specs["friday_0dte"] == replace(SPECS["friday_0dte"], danger_from=time(13, 30))
    assert {name for name, spec in specs.items() if spec is not SPECS[name]} == {"lt112", "friday_0dte"}


@pytest.mark.parametrize("text, value", [("120", 120), ("120.0", 120), (" 110 ", 110)])
def test_an_optimisation_may_write_whole_numbers_with_a_point(text: str, value: int) -> None:
    (found,) = read_figures({"lt112.target_dte": text}).values()
    assert found == value and type(found) is int


def test_figures_that_go_together_are_judged_together() -> None:
    both = {"lt112.entry_dte_min": "150", "lt112.entry_dte_max": "200"}
    assert parse(both, live=False).specs()["lt112"].entry_dte_max == 200
    with pytest.raises(ConfigError, match="lt112.entry_dte_min=150: .*days to expiry in order"):
        parse({"lt112.entry_dte_min": "150"}, live=False)


@pytest.mark.parametrize("mapping, words", [
    ({"lt112.profit_targe_share": "0.6"}, "did you mean 'lt112.profit_target_share'?"),
    ({"lt113.width_points": "5"}, "did you mean 'lt112.width_points'?"),
    ({"profit_target_share": "0.6"}, "profit_target_share'?"),
    ({"lt112.short_volatility": "1"}, "unknown parameter 'lt112.short_volatility'"),
    ({"lt112.underlyings": "SPY"}, "unknown parameter 'lt112.underlyings'"),
    ({"lt112.max_contracts": "3"}, "unknown parameter 'lt112.max_contracts'"),
    ({"lt112.max_open": "3"}, "unknown parameter 'lt112.max_open'"), ({"lt112.max_open.5": "3"}, "lt112.max_open."),
    ({"lt112.": "1"}, "unknown parameter 'lt112.'"), ({"zz.qq": "1"}, "a figure is named STRATEGY.NAME"),
    ({"lt112.width_points": ""}, "text with a value"), ({"lt112.width_points": "five"}, "must be a number, not 'five'"),
    ({"lt112.width_points": "nan"}, "must be a number"), ({"lt112.vix_max": "inf"}, "must be a number"),
    ({"lt112.target_dte": "112.5"}, "must be a whole number"), ({"lt112.target_dte": "1e400"}, "must be a whole number"),
    ({"friday_0dte.danger_from": "2pm"}, "must be a time like 14:00"),
    ({"friday_0dte.danger_from": "25:00"}, "must be a time like 14:00"),
    ({"friday_0dte.danger_from": "14:00+02:00"}, "must be a time like 14:00"),
    ({"friday_0dte.window_open": "14:00"}, "window in order"), ({"lt112.vix_max": "40"}, "where entries stop"),
    ({"lt112.win_rate": "1"}, "rates are shares"), ({"lt112.min_sample": "0"}, "a least win rate needs a sample"),
    ({"lt112.walk_to_otm_share": "0.2"}, "the walk goes towards the money"),
    ({"ratio.short_max_delta": "0.3"}, "shorts farther out than the long"),
    ({"calendar.near_min_dte": "15"}, "the near leg's days in order"),
    ({"calendar.far_exit_dte": "50"}, "the far leg is bought before it would be sold"),
    ({"leap_put_ladder.roll_dte": "365"}, "a rung is bought before it would be rolled"),
    ({"ipmcc.weekly_roll_dte": "7"}, "a weekly is rolled before it would be sold"),
    ({"diagonal.leap_roll_dte": "365"}, "a LEAP is bought before it would be rolled"),
    ({"friday_0dte.wing_points": "6"}, "the broken wing is the wider one"),
    ({"friday_0dte.flat_before_wall_minutes": "16"}, "natural before flat"),
    ({"friday_0dte.triple_witching_wall": "15:31"}, "the wall of triple witching is the earlier one"),
])
def test_figures_that_cannot_be_are_one_line(mapping: Mapping[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(mapping, live=False)
    assert words in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_every_parameter_tells_what_it_may_be() -> None:
    assert list(PARAMETER_VALUES) == list(KNOWN_PARAMETERS)
    assert all(PARAMETER_VALUES[name] for name in KNOWN_PARAMETERS) and all(place.bounds for place in FIGURES.values())
