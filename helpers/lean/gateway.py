"""The one adapter to LEAN: snapshots out, orders in. Runs unchanged on LEAN and on the embedded engine.

Nothing here decides. LEAN's objects stay inside; what leaves are the plain values of ``core.model``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from math import nan
from typing import Any, Collection, Iterable, Mapping

import AlgorithmImports as lean

from config.instruments import INSTRUMENTS
from core.errors import GatewayError
from core.iv_record import IvRecord
from core.model import CalendarFacts, Chain, Contract, ContractKind, IvHistory, Quote, Underlying
from core.quote_screen import QuoteScreen
from helpers.lean.contract_months import ContractMonths
from helpers.lean.daily_history import DailyHistory
from helpers.lean.day_chains import DayChains, Source
from helpers.lean.fill_model import WorkedFillModel
from helpers.lean.indicators import session_vwap
from helpers.lean.live_quotes import LiveQuotes
from helpers.lean.order_gateway import OrderGateway
from helpers.lean.symbols import SymbolBook
from helpers.lean.values import REGULAR_HOURS, plain_time, session_facts, shares

LeanAlgorithm = lean.QCAlgorithm
LeanEvent = lean.OrderEvent
DAILY_BARS = 300


class LeanGateway(OrderGateway):
    """Reads LEAN and sends to it.

    Parameters
    ----------
    algorithm : QCAlgorithm
        The running algorithm.
    iv_record : IvRecord
        Implied volatilities kept from daily chains, for underlyings without an index.
    own_margin : bool
        True: LEAN's buying-power checks are switched off and the framework's margin manager is the authority.
    worked_fills : bool
        True: limits fill as :class:`WorkedFillModel` says, on every security; else as LEAN's own models do.
    """

    def __init__(self, algorithm: LeanAlgorithm, iv_record: IvRecord, *, own_margin: bool, worked_fills: bool
                 ) -> None:
        super().__init__(algorithm, SymbolBook())
        self._iv_record = iv_record
        self._own_margin = own_margin
        self._fill_model = WorkedFillModel(lambda: algorithm.utc_time) if worked_fills else None
        self._subscribed: dict[Contract, lean.Option] = {}
        self._contracts: tuple[Contract, ...] = ()
        self._securities: dict[str, lean.Security] = {}
        self._holdings: dict[Contract, lean.SecurityHolding] = {}
        self._priced: set[str] = set()
        self._live = LiveQuotes(algorithm)
        self.screen = QuoteScreen(self)
        self._daily = DailyHistory(
            lambda ticker: algorithm.history(self._symbols.underlyings[ticker], DAILY_BARS, lean.Resolution.DAILY),
            lambda: algorithm.time, lambda: self.calendar().previous_session)
        self._day_chains: DayChains[lean.Symbol] = DayChains(algorithm, lean.OptionRight.PUT)
        self._shares: tuple[Contract, ...] = ()
        self._others: dict[Contract, lean.SecurityHolding] = {}
        self._months: ContractMonths[lean.Future] = ContractMonths()
        self._facts: CalendarFacts | None = None

    # --- set-up -----------------------------------------------------------------------------------------------------

    def configure(self, tickers: Iterable[str]) -> None:
        """Set the brokerage and margin models and subscribe the underlyings named in ``tickers``."""
        algorithm = self._algorithm
        algorithm.set_brokerage_model(lean.BrokerageName.TASTYTRADE, lean.AccountType.MARGIN)
        algorithm.default_order_properties.time_in_force = lean.TimeInForce.DAY
        algorithm.portfolio.set_margin_call_model(lean.MarginCallModel.NULL)
        if self._own_margin:
            algorithm.portfolio.set_positions(lean.SecurityPositionGroupModel.NULL)
        for ticker in tickers:
            self.add_underlying(ticker)

    def add_underlying(self, ticker: str) -> None:
        """Subscribe one underlying; of a future only its name, months are followed one by one."""
        instrument = INSTRUMENTS[ticker]
        security: lean.Security
        if instrument.security == "equity":
            security = self._algorithm.add_equity(ticker, lean.Resolution.MINUTE,
                                                  data_normalization_mode=lean.DataNormalizationMode.RAW)
        elif instrument.security == "index":
            security = self._algorithm.add_index(ticker, lean.Resolution.MINUTE)
        else:
            self._symbols.underlyings[ticker] = lean.Symbol.create(instrument.root, lean.SecurityType.FUTURE,
                                                                   instrument.market)
            return
        self._own_models(security)
        self._symbols.underlyings[ticker], self._securities[ticker] = security.symbol, security
        if instrument.security == "equity":
            self._shares += (shares(ticker),)

    def _own_models(self, security: lean.Security) -> None:
        if self._own_margin:
            security.set_buying_power_model(lean.BuyingPowerModel.NULL)
        if self._fill_model is not None:
            security.set_fill_model(self._fill_model)

    # --- contracts --------------------------------------------------------------------------------------------------

    def subscribe(self, contracts: Iterable[Contract]) -> None:
        """Subscribe to minute quotes; a contract has a price from its next bar on."""
        for contract in contracts:
            if contract in self._subscribed or contract.kind is ContractKind.EQUITY:
                continue
            symbol = self._symbols.symbol(contract)
            security: lean.Option
            if contract.kind is ContractKind.FUTURE_OPTION:
                security = self._algorithm.add_future_option_contract(symbol, lean.Resolution.MINUTE)
            elif contract.kind is ContractKind.INDEX_OPTION:
                security = self._algorithm.add_index_option_contract(symbol, lean.Resolution.MINUTE)
            else:
                security = self._algorithm.add_option_contract(symbol, lean.Resolution.MINUTE)
            self._own_models(security)
            security.set_option_assignment_model(lean.DefaultOptionAssignmentModel())
            self._subscribed[contract] = security
            self._live.follow(contract, security, security.cache.get_data[lean.QuoteBar])
            self._holdings[contract] = security.holdings
            self._contracts = tuple(self._subscribed)

    def unsubscribe(self, contracts: Iterable[Contract]) -> None:
        """Stop the data of flat contracts. Removing a held one would make LEAN liquidate it: that raises.

        Raises
        ------
        GatewayError
            With the contract and its quantity.
        """
        for contract in contracts:
            if contract not in self._subscribed:
                continue
            held = self.holding(contract)
            if held:
                raise GatewayError("a held contract is not removed: LEAN would liquidate it", contract=contract.id,
                                   quantity=held)
            self._algorithm.remove_option_contract(self._symbols.symbol(contract))
            del self._subscribed[contract], self._holdings[contract]
            self._live.forget(contract)
            self.screen.forget(contract)
            self._contracts = tuple(self._subscribed)

    @property
    def subscribed(self) -> tuple[Contract, ...]:
        """The same tuple until something is subscribed or unsubscribed."""
        return self._contracts

    # --- clock ------------------------------------------------------------------------------------------------------

    def calendar(self) -> CalendarFacts:
        """Facts of today's session, from LEAN's exchange hours and the calendars of ``config``."""
        today = self._algorithm.time.date()
        if self._facts is None or self._facts.today != today:
            self._facts = session_facts(self._securities["SPY"].exchange.hours, today)
        return self._facts

    def session_close(self, contract: Contract, now: datetime) -> datetime | None:
        """When the session that is open at ``now`` closes on the contract's exchange, in New York time; None while it
        is closed. If the stock market closes earlier, its close counts, because nobody looks after an order after
        that."""
        security = self._subscribed.get(contract) or self._securities[contract.underlying]
        ours = self.calendar().session_close
        if ours is None or not security.exchange.exchange_open:
            return None
        local = security.local_time
        close = security.exchange.hours.get_next_market_close(local, REGULAR_HOURS)
        return min(ours, now + (plain_time(close) - plain_time(local)))

    # --- prices -----------------------------------------------------------------------------------------------------

    def underlying(self, ticker: str, *, intraday: bool = False) -> Underlying | None:
        """One underlying now, or None when it has never had a price.

        Parameters
        ----------
        intraday : bool
            Read today's opening price and VWAP as well (from the session's minutes).
        """
        security = self._securities[ticker]
        last = security.get_last_data()
        if last is None:
            return None
        bars = self._daily.bars(ticker)
        indicators = bars.indicators
        open_price = None
        if intraday:
            open_price, vwap = self._session_facts(ticker)
            indicators = replace(indicators, vwap=vwap)
        return Underlying(symbol=ticker, price=float(security.price), bid=float(security.bid_price),
                          ask=float(security.ask_price), quote_time=self._live.real_time(ticker, security, last),
                          last_close=nan if bars.last_close is None else bars.last_close, indicators=indicators,
                          iv=self._iv(ticker), open_price=open_price)

    def price(self, ticker: str) -> float:
        """Last price of an underlying that has one."""
        return float(self._securities[ticker].price)

    def future_price(self, ticker: str, expiry: date) -> float:
        """Last price of a subscribed contract month that has one."""
        return float(self._months.of(ticker)[expiry].price)

    def has_price(self, ticker: str) -> bool:
        """Whether an underlying (no future) has ever had a price, and daily bars."""
        if ticker not in self._priced and self._securities[ticker].has_data:
            self._priced.add(ticker)
        return ticker in self._priced and self._daily.has(ticker)

    def last_print(self, ticker: str) -> tuple[float, datetime] | None:
        """Price and New York time of the last real bar of ``ticker``; None when there was none."""
        security = self._securities[ticker]
        last = security.get_last_data()
        return None if last is None else (float(security.price), self._live.real_time(ticker, security, last))

    def daily_closes(self, ticker: str) -> list[tuple[date, float]]:
        """Closes of the last completed sessions, oldest first."""
        bars = self._daily.bars(ticker)
        return list(zip(bars.days, bars.closes.tolist()))

    def _iv(self, ticker: str) -> IvHistory | None:
        """Implied volatility and its history: of the exchange's index where there is one, otherwise of the record
        kept from daily chains. None if there is neither, or if the index has not printed since before the last
        session."""
        source = INSTRUMENTS[ticker].volatility_index
        if source is None:
            return self._iv_record.history(ticker, self.calendar().previous_session)
        if source not in self._symbols.underlyings or not self.has_price(source):
            return None
        last = self.last_print(source)
        if last is None or last[1].date() < self.calendar().previous_session:
            return None
        return self._daily.iv_closes(source).history(self.price(source))

    def _session_facts(self, ticker: str) -> tuple[float | None, float | None]:
        """First price and VWAP of today's session; None before its first minute has ended."""
        algorithm, opened = self._algorithm, self.calendar().session_open
        frame = algorithm.history(self._symbols.underlyings[ticker], opened, algorithm.time, lean.Resolution.MINUTE)
        return (None, None) if len(frame) == 0 else (float(frame["open"].iloc[0]), session_vwap(frame))

    def quote(self, contract: Contract) -> Quote | None:
        """Last quote of ``contract`` that counts as a mark (:mod:`core.quote_screen`); None before its first."""
        quote = self.last_quote(contract)
        return quote if quote is None or contract.kind is ContractKind.EQUITY else self.screen.believed(contract, quote)

    def shown_quote(self, contract: Contract) -> Quote | None:
        """As :meth:`quote`, for a reader: it moves nothing that the rules believe."""
        quote = self.last_quote(contract)
        return quote if quote is None or contract.kind is ContractKind.EQUITY else self.screen.shown(contract, quote)

    def glance(self, ticker: str, expiry: date | None = None) -> Underlying | None:
        """An underlying, or a followed contract month, for a reader: its price alone, without histories; nothing is asked
        of LEAN that the rules might find another answer for later. None before its first price."""
        security = self._securities.get(ticker) if expiry is None else self._months.of(ticker).get(expiry)
        last = None if security is None else security.get_last_data()
        if security is None or last is None or not float(security.price) > 0.0:
            return None
        return Underlying(symbol=ticker, price=float(security.price), bid=float(security.bid_price),
                          ask=float(security.ask_price), future_expiry=expiry, last_close=nan,
                          quote_time=self._live.real_time(ticker if expiry is None else (ticker, expiry), security, last))

    def last_quote(self, contract: Contract) -> Quote | None:
        """Last real quote of a subscribed contract or of shares, believed or not; a dead side is 0. None before its
        first."""
        if contract.kind is ContractKind.EQUITY:
            return self._live.of_shares(contract.underlying, self._securities[contract.underlying])
        return self._live.of_option(contract)

    def price_under(self, contract: Contract) -> float | None:
        """Last price of what ``contract`` is an option on; None before its first."""
        if contract.future_expiry is None:
            price = self.price(contract.underlying)
        else:
            month = self._months.of(contract.underlying).get(contract.future_expiry)
            price = 0.0 if month is None else float(month.price)
        return price if price > 0.0 else None

    def vix(self) -> float | None:
        """Last VIX; None before its first print."""
        found = self.price("VIX")
        return found if found > 0.0 else None

    # --- chains -----------------------------------------------------------------------------------------------------

    def chains(self, ticker: str) -> tuple[Chain, ...]:
        """Yesterday's chain rows of ``ticker`` (one ``Chain`` per root), or the names that are listed; () where LEAN has
        neither."""
        instrument = INSTRUMENTS[ticker]

        def sources() -> list[Source[lean.Symbol]]:
            if instrument.security == "future":
                return [(month.symbol, expiry, self._months.last_close(ticker, expiry))
                        for expiry, month in self._months.of(ticker).items()]
            return [(self._symbols.underlyings[ticker], None, nan)]
        return self._day_chains.options(ticker, instrument, self.calendar().previous_session, sources)

    def drain_notes(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """What the journal is to be told of chains and quotes: event and facts."""
        return self._day_chains.drain_notes() + self.screen.drain_notes()

    # --- futures ----------------------------------------------------------------------------------------------------

    def follow_futures(self, held: Mapping[str, Collection[date]]) -> None:
        """Once a morning: read the last closes of the products named in ``held``, and subscribe the contract months
        whose options a strangle could sell now and those in ``held`` (of options that are held), whatever their age: a
        restart finds them again. A month has a price from its next bar on. Months already subscribed stay."""
        today = self._algorithm.time.date()
        self._months.begin_day({ticker: self._day_chains.futures(ticker, self._symbols.underlyings[ticker]) for ticker in held})
        for ticker, expiries in held.items():
            for expiry in self._months.to_follow(ticker, expiries, today):
                security = self._algorithm.add_future_contract(self._symbols.future(ticker, expiry),
                                                               lean.Resolution.MINUTE)
                self._own_models(security)
                self._months.add(ticker, expiry, security)

    def months(self) -> dict[str, tuple[str, date]]:
        """Subscribed contract months that have a price: ``/ES@240920`` to ticker and expiry."""
        return self._months.with_price(self._algorithm.time.date())

    def future(self, ticker: str, expiry: date) -> Underlying:
        """One subscribed contract month now.

        Raises
        ------
        GatewayError
            It has never had a price: :meth:`months` does not name it.
        """
        security = self._months.of(ticker)[expiry]
        last = security.get_last_data()
        if last is None:
            raise GatewayError("a contract month without a price", ticker=ticker, expiry=expiry.isoformat())
        return Underlying(symbol=ticker, price=float(security.price), bid=float(security.bid_price),
                          ask=float(security.ask_price),
                          quote_time=self._live.real_time((ticker, expiry), security, last),
                          last_close=self._months.last_close(ticker, expiry), iv=self._iv(ticker), future_expiry=expiry)

    # --- account ----------------------------------------------------------------------------------------------------

    @property
    def cash(self) -> float:
        return float(self._algorithm.portfolio.cash)

    def account_value(self) -> float:
        """LEAN's own value of the account in USD: known before anything held has been quoted."""
        return float(self._algorithm.portfolio.total_portfolio_value)

    def holding(self, contract: Contract) -> int:
        """Signed quantity the broker holds."""
        return int(self._algorithm.portfolio[self._symbols.symbol(contract)].quantity)

    def average_price(self, contract: Contract) -> float | None:
        """Average price of what the broker holds of ``contract``, in points; None when it holds none."""
        held = self._algorithm.portfolio[self._symbols.symbol(contract)]
        return float(held.average_price) if held.quantity else None

    def subscribed_holdings(self) -> dict[Contract, int]:
        """What the broker holds of subscribed contracts and of the underlyings themselves, signed."""
        held = [(contract, int(holding.quantity)) for contract, holding in self._holdings.items()]
        held += [(contract, self.holding(contract)) for contract in self._shares]
        return {contract: quantity for contract, quantity in held if quantity}

    def holdings(self) -> dict[Contract, int]:
        """Everything the broker holds, signed."""
        held = {self.contract(pair.key): pair.value for pair in self._algorithm.portfolio if pair.value.quantity}
        self._others = {contract: holding for contract, holding in held.items()
                        if contract not in self._subscribed and contract not in self._shares}
        return {contract: int(holding.quantity) for contract, holding in held.items()}

    def others_value(self) -> float:
        """LEAN's value, in USD, of the owner's own holdings as :meth:`holdings` last found them: everything besides
        subscribed contracts and the underlyings' shares. Of a future it is the profit."""
        return sum(float(holding.unrealized_profit if holding.symbol.security_type == lean.SecurityType.FUTURE
                         else holding.holdings_value)
                   for contract, holding in self._others.items() if contract not in self._subscribed)
