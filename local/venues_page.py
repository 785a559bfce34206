"""The page docs/venues.md, made from the figures: ``python -m local.venues_page > docs/venues.md``."""
from __future__ import annotations

from collections.abc import Iterator

from config.availability import ABSENT, Venue
from config.instruments import INSTRUMENTS
from config.strategy_parameters import SPECS
from config.strategy_spec import StrategySpec

HEAD = """# What trades where

A strategy, an underlying, the phases that allow it, and whether options on it can be had: in data that the project writes
(on the embedded engine and on LEAN alike), in a LEAN backtest with bought data, and live on LEAN with TastyTrade. Where
one cannot be had it is off from the start: one line of the log (`NOT_TRADED_HERE`) and the report say so before any order,
and the strategy is not asked for it. In a backtest that is any future of which the data has no chain. The column of
written data has been seen; the other two are read from LEAN's tables and the live plugin's source.

"IV history" is the index whose daily closes an underlying needs for IV rank or percentile; without 252 of them the
strategies that ask for one refuse with `IV_HISTORY_MISSING`.

This page is made from `config/availability.py` and `config/strategy_parameters.py` by
`python -m local.venues_page > docs/venues.md`; a test holds it to that.
"""


def phases(spec: StrategySpec, underlying: str) -> str:
    """Phases in which the strategy may enter on the underlying."""
    return ", ".join(str(phase) for phase in sorted(spec.max_open) if spec.max_open[phase] > 0
                     and underlying in spec.products(phase))


def rows() -> Iterator[tuple[str, ...]]:
    """One row a strategy and underlying."""
    for name, spec in SPECS.items():
        for underlying in spec.underlyings:
            there = ("no" if underlying in ABSENT[venue] else "yes" for venue in Venue)
            history = INSTRUMENTS[underlying].volatility_index or "kept from daily chains"
            yield name, underlying, phases(spec, underlying), *there, history


def page() -> str:
    """The whole page as Markdown."""
    lines = [HEAD, "| strategy | underlying | phases | " + " | ".join(venue.value for venue in Venue) + " | IV history |",
             "|---" * (4 + len(Venue)) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows()]
    reasons = {why: [name for name, other in ABSENT[Venue.LIVE].items() if other == why] for why in ABSENT[Venue.LIVE].values()}
    lines += ["", *(f"{', '.join(names)}: {why}." for why, names in reasons.items())]
    for spec in SPECS.values():
        small = [str(phase) for phase in sorted(spec.max_open)
                 if spec.max_open[phase] and set(spec.products(phase)) <= set(ABSENT[Venue.LIVE])]
        lines += ["", f"So `{spec.name}` trades nothing live in phases {', '.join(small)}."] if small else []
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
