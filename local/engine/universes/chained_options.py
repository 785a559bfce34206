"""Option chains on the contracts another universe selects, e.g. on all futures of a chain."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.engine.market.symbol import Symbol
from local.engine.universes.universe_selection import Universe


class ChainedOptions:
    """Follows one universe; new chains are made after the `on_data` of the time step in which it changed."""

    def __init__(self, universe: Universe, selection: Callable[[Any], Any] | None) -> None:
        self.selection = selection or (lambda contracts: contracts)
        self.chains: list[Symbol] = []
        self.is_due = False
        universe.selection_changed.append(self._on_selection)

    def _on_selection(self, symbols: list[Symbol]) -> None:
        self.is_due = True
        self.chains = [Symbol.create_canonical_option(symbol) for symbol in symbols]


class ChainedOptionsList:
    """All chained options of an algorithm and the chains made for them."""

    def __init__(self, add_chain: Callable[[Symbol], Any], drop_chain: Callable[[Symbol], Any]) -> None:
        self._add_chain, self._drop_chain = add_chain, drop_chain
        self._all: list[ChainedOptions] = []
        self._made: set[Symbol] = set()

    def add(self, universe: Universe, selection: Callable[[Any], Any] | None) -> None:
        """Chains options to a universe."""
        self._all.append(ChainedOptions(universe, selection))

    def refresh(self) -> None:
        """Adds the chains of new selections and drops those nobody selects any more."""
        if not any(chained.is_due for chained in self._all):
            return
        current: set[Symbol] = set()
        for chained in self._all:
            chained.is_due = False
            for chain in chained.chains:
                self._add_chain(chain).contract_selection = chained.selection
                current.add(chain)
        for chain in sorted(self._made - current):
            self._drop_chain(chain)
        self._made = current
