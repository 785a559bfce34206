"""Chains of the day: LEAN's daily rows. If LEAN has none, the provider's list of names, marked as such."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import nan
from typing import Any, Callable, Generic, Iterable, Protocol

from config.constants import CHAIN_RETRY_MINUTES
from config.instruments import Instrument
from core.model import Chain
from helpers.lean.shapes import AskedSymbol, ChainSource, SomeSymbol
from helpers.lean.values import plain_time, read_chain, read_names

WORDS_OF_A_FAILURE = 200
Source = tuple[SomeSymbol, date | None, float]
Note = tuple[str, dict[str, Any]]


class Reader(Protocol[AskedSymbol]):
    """Reads the chain of one symbol; None if there is none."""

    def __call__(self, ticker: str, instrument: Instrument, as_of: date, symbol: AskedSymbol,
                 future_expiry: date | None, last_close: float, /) -> Chain | None: ...


class DayChains(Generic[SomeSymbol]):
    """Reads each ticker's chains once a day.

    Live, LEAN's daily rows can be missing altogether. A chain is then made of the names in the provider's contract
    list, without prices, volatilities or Greeks. Every such chain is noted, and every list that could not be obtained.

    Parameters
    ----------
    algorithm : QCAlgorithm
    The value of an option's right that means a put.
        What an option's right equals when it is a put.
    """

    def __init__(self, algorithm: ChainSource[SomeSymbol], put: object) -> None:
        self._algorithm = algorithm
        self._put = put
        self._kept: dict[str, tuple[date, tuple[Chain, ...]]] = {}
        self._missed: dict[str, datetime] = {}
        self._notes: list[Note] = []

    def options(self, ticker: str, instrument: Instrument, as_of: date,
                sources: Callable[[], Iterable[Source[SomeSymbol]]]) -> tuple[Chain, ...]:
        """Chains of ``ticker``, one per entry of ``sources`` that has one (a source is LEAN's symbol of an underlying,
        and for a future its expiry and last close). Chains of names are used only if no source has rows of ``as_of`` or
        later, because LEAN returns rows up to three sessions old. After names or (), LEAN is asked again later: rows
        may come late."""
        now = plain_time(self._algorithm.time)
        kept = self._kept.get(ticker)
        known = kept[1] if kept is not None and kept[0] == now.date() else ()
        if known and not known[0].is_names_only:
            return known
        missed = self._missed.get(ticker)
        if missed is not None and now - missed < timedelta(minutes=CHAIN_RETRY_MINUTES):
            return known
        wanted, told = list(sources()), len(self._notes)
        found = self._read(self._rows, ticker, instrument, as_of, wanted)
        if not found:
            self._missed[ticker] = now
            if known:
                del self._notes[told:]          # already logged today
                return known
            found = self._read(self._names, ticker, instrument, as_of, wanted)
        if found:
            self._kept[ticker] = (now.date(), found)
        return found

    def futures(self, ticker: str, symbol: SomeSymbol) -> dict[date, float]:
        """Listed contract months and their last closes, nearest first; NaN if only names are known."""
        rows = {row.expiry.date(): float(row.last_price) for row in self._algorithm.future_chain(symbol)}
        if not rows:
            provider = self._algorithm.future_chain_provider
            listed = self._listed(ticker, lambda: provider.get_future_contract_list(symbol, self._algorithm.time))
            rows = {month.id.date.date(): nan for month in listed}
            if rows:
                self._note("CHAIN_BY_NAMES", underlying=ticker, contracts=len(rows))
        return dict(sorted(rows.items()))

    def drain_notes(self) -> tuple[Note, ...]:
        """Events with their facts for the journal, since the last call."""
        notes, self._notes = tuple(self._notes), []
        return notes

    @staticmethod
    def _read(reader: Reader[SomeSymbol], ticker: str, instrument: Instrument, as_of: date,
              wanted: Iterable[Source[SomeSymbol]]) -> tuple[Chain, ...]:
        read = (reader(ticker, instrument, as_of, *source) for source in wanted)
        return tuple(chain for chain in read if chain is not None)

    def _rows(self, ticker: str, instrument: Instrument, as_of: date, symbol: SomeSymbol, future_expiry: date | None,
              last_close: float) -> Chain | None:
        chain = read_chain(self._algorithm.option_chain(symbol), self._put, ticker, instrument, future_expiry,
                           last_close)
        if chain is not None and chain.as_of < as_of:
            self._note("CHAIN_OLD", underlying=ticker, rows_of=chain.as_of, needed=as_of, future_expiry=future_expiry)
            return None
        return chain

    def _names(self, ticker: str, instrument: Instrument, as_of: date, symbol: SomeSymbol, future_expiry: date | None,
               _last_close: float) -> Chain | None:
        provider, now = self._algorithm.option_chain_provider, self._algorithm.time
        listed = self._listed(ticker, lambda: provider.get_option_contract_list(symbol, now))
        chain = read_names(listed, self._put, now.date(), ticker, instrument, as_of, future_expiry)
        if chain is not None:
            self._note("CHAIN_BY_NAMES", underlying=ticker, contracts=len(chain), future_expiry=future_expiry)
        return chain

    def _listed(self, ticker: str, ask: Callable[[], Iterable[SomeSymbol]]) -> list[SomeSymbol]:
        try:
            return list(ask())
        except Exception as problem:  # noqa: BLE001 - a connection can raise anything; without a chain there is no entry
            self._note("CHAIN_LIST_FAILED", underlying=ticker, what=str(problem)[:WORDS_OF_A_FAILURE])
            return []

    def _note(self, event: str, **facts: Any) -> None:
        self._notes.append((event, facts))
