"""Builds snapshots and views: what the gateway reads, what the managers know, frozen at one moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Callable, Iterable, Mapping

from config.availability import ABSENT, NO_CHAIN, Venue
from config.calendars import AnnouncedDates
from config.instruments import INSTRUMENTS
from config.run_parameters import Environment, RunParameters
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.iv_record import at_the_money_iv
from core.lazy_mapping import LazyMapping
from core.market_values import finite
from core.model import EMPTY, Account, Contract, PortfolioView, Quote, Refused, Snapshot, State, Underlying
from core.protection import protects, result_usd
from core.quotes import held_mark, is_future, underlying_key
from helpers.shell.components import Components
from helpers.shell.ports import Market


def with_indices(tickers: Iterable[str]) -> tuple[str, ...]:
    """``tickers``, each once, and the volatility indices that are their histories."""
    wanted = dict.fromkeys(tickers)
    for ticker in list(wanted):
        index = INSTRUMENTS[ticker].volatility_index
        if index is not None:
            wanted.setdefault(index)
    return tuple(wanted)


class SnapshotBuilder:
    """Reads the gateway once a moment and joins it with the managers' own facts."""

    def __init__(self, gateway: Market, components: Components, run: RunParameters, tickers: tuple[str, ...]) -> None:
        self._gateway = gateway
        self._parts = components
        self._run = run
        self._announced: AnnouncedDates = run.dates
        self._followed: frozenset[str] = frozenset()
        self._charted: frozenset[str] = frozenset()
        self._tickers = tickers
        self._vix_day: date | None = None
        self._named: tuple[tuple[Contract, ...], dict[str, Contract]] = ((), {})
        self._listed: tuple[Mapping[str, tuple[str, date]], dict[str, None]] | None = None
        self._priced: tuple[date | None, set[str]] = (None, set())

    def split_ahead(self, tickers: Iterable[str]) -> None:
        """LEAN warns, in the session before, that these trade in other shares from the next one on."""
        day, splits = self._gateway.calendar().next_session, dict(self._announced.get("splits", EMPTY))
        splits |= {ticker: (*splits.get(ticker, ()), day) for ticker in tickers if ticker in self._tickers}
        self._announced = dict(self._announced) | {"splits": splits}

    def follow(self, tickers: Iterable[str]) -> None:
        """Subscribe what is not yet: underlyings of positions whose strategy is off in this run."""
        for ticker in with_indices(tickers):
            if ticker not in self._tickers:
                self._gateway.add_underlying(ticker)
                self._tickers += (ticker,)
                self._listed = None

    def find_absent(self) -> None:
        """What cannot be traded where this run is: live by the table of venues; in a backtest futures of which the data has
        never had a chain, for nothing else tells bought data from written."""
        if self._run.environment is not Environment.DEVELOPMENT:
            self._parts.absent = {ticker: why for ticker, why in ABSENT[Venue.LIVE].items() if ticker in self._tickers}
            return
        self._charted |= {ticker for ticker in self._followed if ticker not in self._charted and self._gateway.chains(ticker)}
        self._parts.absent = dict.fromkeys(sorted(self._followed - self._charted), NO_CHAIN)

    def read_vix(self, now: datetime) -> None:
        """Hand the VIX manager the last real print, and the daily closes: each time until that of the last session is
        among them, then no more that day."""
        vix = self._parts.vix
        if self._vix_day != now.date():
            closes = self._gateway.daily_closes("VIX")
            vix.load_history(closes)
            if closes[-1][0] >= self._gateway.calendar().previous_session:
                self._vix_day = now.date()
        last = self._gateway.last_print("VIX")
        if last is not None:
            vix.update(*last)

    def morning(self, now: datetime) -> None:
        """Once a session: futures months to follow (after a restart those of what is held, too), and yesterday's
        volatility of underlyings without an index."""
        futures = {ticker for ticker in self._tickers if is_future(ticker)}
        traded = {product for spec in self._parts.specs.values() for product in spec.products(self._parts.phase.phase)}
        held: dict[str, set[date]] = {ticker: set() for ticker in sorted(futures)
                                      if ticker in traded}
        for position in self._parts.states.open_positions:
            for leg in position.legs:
                if leg.contract.future_expiry is not None:
                    held.setdefault(leg.contract.underlying, set()).add(leg.contract.future_expiry)
        self._gateway.follow_futures(held)
        self._followed = frozenset(held)
        self.find_absent()
        for ticker in self._tickers:
            indexed = ticker in futures or INSTRUMENTS[ticker].volatility_index is not None
            if indexed or not self._gateway.has_price(ticker):
                continue
            found = at_the_money_iv(self._gateway.chains(ticker))
            if found is not None:
                self._parts.iv_record.record(ticker, *found)

    def snapshot(self, now: datetime, *, intraday: Iterable[str] = ()) -> Snapshot:
        """Everything but chains, at ``now``.

        Parameters
        ----------
        intraday : iterable of str
            Underlyings whose opening price and VWAP are wanted.

        Raises
        ------
        CannotCompute
            Something held has never had a quote: the account has no value then.
        """
        held = self._gateway.subscribed_holdings()
        seen = self._seen(now, frozenset(intraday), held)
        return replace(seen, account=self._account(seen, held, self._gateway.quote))

    def unvalued(self, now: datetime) -> Snapshot:
        """As :meth:`snapshot`, with the account's last known value: for exits only, while it cannot be valued."""
        return self._seen(now, frozenset(), self._gateway.subscribed_holdings())

    def glance(self, now: datetime) -> Snapshot:
        """As :meth:`snapshot`, for a reader: prices alone of what there is, and nothing that the rules know is moved by it.

        Raises
        ------
        CannotCompute
            As :meth:`snapshot`.
        """
        held, book, by_id = self._gateway.subscribed_holdings(), self._parts.book, self._subscribed_by_id()
        reading = self._parts.vix.reading(now, self.in_session(now))
        future_months = {(leg.contract.underlying, leg.contract.future_expiry) for position in self._parts.states.positions
                         for leg in position.legs if leg.contract.future_expiry is not None}
        found = {ticker: self._gateway.glance(ticker) for ticker in self._tickers if not is_future(ticker)}
        found |= {underlying_key(ticker, expiry): self._gateway.glance(ticker, expiry)
                  for ticker, expiry in future_months if expiry is not None}
        underlyings = {key: underlying for key, underlying in found.items() if underlying is not None}
        seen = Snapshot(
            time=now, calendar=replace(self._gateway.calendar(), announced=self._announced), chains={},
            account=Account(cash=self._gateway.cash, equity=book.equity_last, equity_day_start=book.equity_day_start,
                            protection=book.protection_last or 0.0,
                            protection_day_start=book.protection_day_start or 0.0, flows_today=book.flows_today,
                            buying_power_used=0.0),
            phase=self._parts.phase.phase, vix=None if isinstance(reading, Refused) else reading,
            vix_refusal=reading if isinstance(reading, Refused) else None, underlyings=underlyings,
            prices={key: underlying.price for key, underlying in underlyings.items()},
            quotes=LazyMapping(by_id, lambda key: self._gateway.shown_quote(by_id[key])),
            holdings={contract.id: quantity for contract, quantity in held.items()}, positions=self._parts.states.positions)
        return replace(seen, account=self._account(seen, held, self._gateway.shown_quote))

    def _seen(self, now: datetime, intraday: frozenset[str], held: Mapping[Contract, int]) -> Snapshot:
        calendar, book = replace(self._gateway.calendar(), announced=self._announced), self._parts.book
        self.read_vix(now)
        in_session = self.in_session(now)
        reading = self._parts.vix.reading(now, in_session)
        vix, refusal = (None, reading) if isinstance(reading, Refused) else (reading, None)
        by_id = self._subscribed_by_id()
        account = Account(cash=self._gateway.cash, equity=book.equity_last, equity_day_start=book.equity_day_start,
                          protection=book.protection_last or 0.0, protection_day_start=book.protection_day_start or 0.0,
                          flows_today=book.flows_today, buying_power_used=0.0)
        underlyings, prices = self._underlyings(intraday, now.date())
        return Snapshot(
            time=now, account=account, calendar=calendar, phase=self._parts.phase.phase, vix=vix, vix_refusal=refusal,
            underlyings=underlyings, prices=prices, chains={},
            quotes=LazyMapping(by_id, lambda key: self._gateway.quote(by_id[key])),
            holdings={contract.id: quantity for contract, quantity in held.items()},
            positions=self._parts.states.positions)

    def _subscribed_by_id(self) -> dict[str, Contract]:
        """Made anew when the gateway's tuple is another."""
        subscribed = self._gateway.subscribed
        if subscribed is not self._named[0]:
            self._named = (subscribed, {contract.id: contract for contract in subscribed})
        return self._named[1]

    def session(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """When today's session opens and closes; None on a day without one."""
        calendar = self._gateway.calendar()
        return calendar.session_open, calendar.session_close

    def in_session(self, now: datetime) -> bool:
        """Whether the stock market is open."""
        opened, closes = self.session(now)
        return opened is not None and closes is not None and opened <= now <= closes

    def with_chains(self, snapshot: Snapshot, tickers: Iterable[str]) -> Snapshot:
        """The same moment with yesterday's chains of ``tickers``."""
        return replace(snapshot, chains={ticker: self._gateway.chains(ticker) for ticker in tickers
                                         if ticker in self._tickers})

    def _underlyings(self, intraday: frozenset[str], today: date) -> tuple[Mapping[str, Underlying], Mapping[str, float]]:
        """All of them, and their prices alone: built when asked for, valid within the moment as the whole snapshot is.
        What has a price has one for the rest of the day: the gateway is not asked again."""
        months = self._gateway.months()
        if self._listed is None or self._listed[0] is not months:
            keys = [ticker for ticker in self._tickers if not is_future(ticker)] + list(months)
            self._listed = (months, dict.fromkeys(keys))

        def build(key: str) -> Underlying | None:
            if key in months:
                return self._gateway.future(*months[key])
            return self._gateway.underlying(key, intraday=key in intraday)

        def price(key: str) -> float:
            return self._gateway.future_price(*months[key]) if key in months else self._gateway.price(key)

        if self._priced[0] != today:
            self._priced = (today, set())
        priced = self._priced[1]

        def present(key: str) -> bool:
            if key in priced or key in months:
                return True
            if self._gateway.has_price(key):
                priced.add(key)
            return key in priced
        return LazyMapping(self._listed[1], build, present), LazyMapping(self._listed[1], price, present)

    def _account(self, seen: Snapshot, holdings: Mapping[Contract, int],
                 quote_of: Callable[[Contract], Quote | None]) -> Account:
        """Cash and everything held at its mark, the owner's own at LEAN's value; margin by the framework's own rules."""
        mark_of = self._marks(seen, holdings, quote_of)
        worth = seen.account.cash + self._gateway.others_value()
        worth += sum(quantity * mark_of(contract, quantity) * contract.multiplier
                     for contract, quantity in holdings.items())
        # what an entry half filled binds is its reservation: one leg told before the other is not a naked short
        held = tuple(position for position in seen.positions
                     if position.is_open and position.state is not State.ENTERING)
        protection = tuple(position for position in seen.positions if protects(position.strategy))
        made = sum(result_usd(position, mark_of) for position in protection)
        made += self._parts.ledger.protection_usd([position.id for position in protection])
        start = self._parts.book.protection_day_start
        return replace(seen.account, equity=finite(worth, "equity"), protection=finite(made, "protection"),
                       protection_day_start=made if start is None else start,
                       buying_power_used=self._parts.margin.portfolio_margin(held, seen.quotes, seen.underlyings,
                                                                                day=seen.time.date()))

    def _marks(self, seen: Snapshot, holdings: Mapping[Contract, int], quote_of: Callable[[Contract], Quote | None]
               ) -> Callable[[Contract, int], float]:
        """Points at which a contract counts that is held in some quantity, at the moment of ``seen``."""
        def mark_of(contract: Contract, quantity: int) -> float:
            quote = seen.quotes.get(contract.id) or quote_of(contract)
            if quote is None and contract not in holdings:
                return 0.0                                  # what is over, and not booked yet
            if quote is None:
                raise CannotCompute("a held contract has never had a quote", contract=contract.id, quantity=quantity)
            return held_mark(contract, quantity, quote, seen.underlyings)
        return mark_of

    def results(self, seen: Snapshot) -> Mapping[str, float]:
        """What each open position has made so far in USD, fees included, by id: at the marks the account counts at."""
        mark_of = self._marks(seen, self._gateway.subscribed_holdings(), self._gateway.quote)
        return {position.id: result_usd(position, mark_of) for position in seen.positions if position.is_open}

    def holdings(self) -> Mapping[Contract, int]:
        """Everything the broker holds, signed."""
        return self._gateway.holdings()

    def view(self) -> PortfolioView:
        """The framework's own facts, for the gate."""
        parts, book = self._parts, self._parts.book
        breaker, emergency = parts.breakers.report, parts.emergency.report
        suspended = (dict(parts.states.suspended()) | dict(parts.ledger.suspended())
                     | dict.fromkeys(book.closing, RefusalCode.HALTED))
        halted = (book.halted or parts.blind or parts.unsaved
                  or next((f"order {key}" for key in parts.executor.halted_by), None))
        return PortfolioView(
            mode=self._run.mode, enabled=frozenset(self._run.strategies), halted=halted,
            quarantined=book.quarantined, breaker_level=breaker.level,
            breaker_size_multiplier=breaker.size_multiplier, one_entry_at_a_time=breaker.one_entry_at_a_time,
            book_closing=parts.book_closing, excess_spy_delta=parts.excess_spy_delta,
            emergency=emergency.level, entries_today=book.entries, last_entry=book.last_entry,
            unfilled=book.unfilled,
            pending=parts.states.pending(), suspended=suspended, strategies_in_error=parts.states.in_error(),
            absent=frozenset(parts.absent),
            samples={name: parts.ledger.sample(name) for name in self._run.strategies},
            entry_dates=parts.states.entry_dates(), day_trades=0 if book.day is None else parts.ledger.day_trades_open(book.day),
            reserved_spy_delta=parts.concentration.reserved_delta,
            reserved_short_gamma=parts.concentration.reserved_short_gamma,
            reserved_short_vega=parts.concentration.reserved_short_vega,
            reserved_margin_usd=parts.concentration.reserved_margin_usd,
            reserved_risk_usd=parts.concentration.reserved_risk_usd)
