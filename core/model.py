"""The plain types that all parts share. Frozen values: a snapshot goes in, a decision comes out.

Signs, everywhere: quantities are positive when long; a price of several legs is a **debit when positive and a credit
when negative**, in points per unit (LEAN's own sign for combo limits); money is in USD; shares are fractions of 1.
Times are naive New York datetimes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Mapping

import numpy as np

from core.arrays import Flags, Floats, Integers
from core.codes import RefusalCode
from core.errors import CannotCompute

EMPTY: Mapping[str, Any] = MappingProxyType({})


class Right(str, Enum):
    CALL = "C"
    PUT = "P"


class ContractKind(str, Enum):
    EQUITY_OPTION = "equity_option"
    INDEX_OPTION = "index_option"
    FUTURE_OPTION = "future_option"
    EQUITY = "equity"
    OTHER = "other"                      # futures, coins: never traded here, and quarantined if held


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Contract:
    """One tradable thing, named without LEAN.

    Attributes
    ----------
    underlying : str
        Ticker of SPEC's tables: ``SPY``, ``VIX``, ``/ES``.
    expiry : date
        Last trading day (``date.max`` for shares).
    strike : float
        In points; 0 for shares.
    multiplier : float
        Dollars per point of one contract.
    root : str
        Option root if it differs from the underlying (``VIXW``), otherwise the underlying's ticker.
    future_expiry : date or None
        Last trading day of the future that a futures option is on.
    """

    underlying: str
    expiry: date
    strike: float
    right: Right
    kind: ContractKind = ContractKind.EQUITY_OPTION
    multiplier: float = 100.0
    root: str = ""
    future_expiry: date | None = None
    _id: str = field(default="", init=False, repr=False, compare=False)
    _hash: int | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Stable text key: ``SPY 240816P00500.000``; built once."""
        if not self._id:
            object.__setattr__(self, "_id", self._text())
        return self._id

    def _text(self) -> str:
        if self.kind in (ContractKind.EQUITY, ContractKind.OTHER):
            return self.underlying
        future = f"@{self.future_expiry:%y%m%d}" if self.future_expiry else ""
        return f"{self.root or self.underlying}{future} {self.expiry:%y%m%d}{self.right.value}{self.strike:09.3f}"

    def __hash__(self) -> int:
        known = self._hash
        if known is None:
            known = hash((self.underlying, self.expiry, self.strike, self.right, self.kind, self.multiplier, self.root,
                          self.future_expiry))
            object.__setattr__(self, "_hash", known)
        return known

    def dte(self, day: date) -> int:
        """Calendar days from ``day`` to expiry."""
        return (self.expiry - day).days

    def intrinsic(self, spot: float) -> float:
        """Exercise value in points at ``spot``."""
        if self.kind is ContractKind.EQUITY:
            return spot
        return max(0.0, spot - self.strike) if self.right is Right.CALL else max(0.0, self.strike - spot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Last real quote of one contract. ``time`` is the end of the last bar that was not filled forward."""

    bid: float
    ask: float
    time: datetime

    @property
    def mid(self) -> float:
        return (self.bid + self.ask) / 2.0

    @property
    def spread(self) -> float:
        return self.ask - self.bid


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A contract and its ratio in one unit (long positive, short negative)."""

    contract: Contract
    ratio: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLeg:
    """A contract held by a position: signed quantity and the average price paid or received, in points."""

    contract: Contract
    quantity: int
    average_price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VixReading:
    """The VIX at one moment. ``percentile`` is 0 to 100 over 252 sessions; ``change`` is a share of the previous close;
    ``entry_stopped`` is True from a print above 35 until a close below 30."""

    value: float
    time: datetime
    previous_close: float
    change: float
    percentile: float
    regime: str
    panic: bool
    complacent: bool
    entry_stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    """Daily indicators of one underlying as of the last completed session (VWAP: of today's session so far). An
    indicator is ``None`` if its history is too short; a rule that needs it then refuses."""

    atr14: float | None = None
    ema8: float | None = None
    ema21: float | None = None
    ema50: float | None = None
    vwap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IvHistory:
    """Implied volatility of one underlying today and its place (0 to 100) in 252 sessions. ``samples`` counts
    sessions."""

    current: float
    rank: float
    percentile: float
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlying:
    """One underlying at the snapshot's time. ``quote_time`` is that of the last real quote, one that was not filled
    forward; ``open_price`` is the first print of today's session."""

    symbol: str
    price: float
    bid: float
    ask: float
    quote_time: datetime
    last_close: float
    indicators: Indicators = Indicators()
    iv: IvHistory | None = None
    future_expiry: date | None = None
    open_price: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """Yesterday's rows of one underlying's option chain, column-wise; all arrays share one length.

    ``expiry`` holds proleptic ordinals (``date.toordinal``), ``is_put`` booleans, ``price`` the last close in points,
    ``iv`` a fraction per year, ``delta`` a number per contract point. In a chain of names only, these three are NaN.
    ``as_of`` is the session whose close the rows show. ``underlying_close`` is the underlying's close in that session,
    NaN if it is not known. ``multiplier``, ``kind`` and ``root`` describe the rows.
    """

    underlying: str
    as_of: date
    expiry: Integers
    strike: Floats
    is_put: Flags
    price: Floats
    iv: Floats
    delta: Floats
    underlying_close: float = math.nan
    kind: ContractKind = ContractKind.EQUITY_OPTION
    multiplier: float = 100.0
    root: str = ""
    future_expiry: date | None = None

    def __len__(self) -> int:
        return len(self.strike)

    @property
    def is_names_only(self) -> bool:
        """Whether the chain lists contracts and nothing else."""
        return bool(np.isnan(self.price).all())

    def contract(self, row: int) -> Contract:
        """The contract of one row."""
        return Contract(underlying=self.underlying, expiry=date.fromordinal(int(self.expiry[row])),
                        strike=float(self.strike[row]), right=Right.PUT if self.is_put[row] else Right.CALL,
                        kind=self.kind, multiplier=self.multiplier, root=self.root, future_expiry=self.future_expiry)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFacts:
    """Facts of today's session. ``next_session`` is the first later trading day; ``sessions_ahead`` holds that day and
    those after it. Times are None on a day without a session. ``uncovered`` names the calendars of ``config/`` that do
    not reach today: entries then refuse, and facts that come from these calendars (``is_fomc_day``) read True.
    ``announced`` holds the user's own dates, which continue those of ``config/``: kind to symbol to days."""

    today: date
    session_open: datetime | None
    session_close: datetime | None
    previous_session: date
    next_session: date
    is_early_close: bool
    is_fomc_day: bool
    is_triple_witching: bool
    sessions_ahead: tuple[date, ...] = ()
    uncovered: tuple[str, ...] = ()
    announced: Mapping[str, Mapping[str, tuple[date, ...]]] = field(default_factory=lambda: EMPTY)

    @property
    def known_close(self) -> datetime:
        """The close of today's session, for rules that apply within a session.

        Raises
        ------
        CannotCompute
            If there is no session today.
        """
        if self.session_close is None:
            raise CannotCompute("no session today", day=self.today.isoformat())
        return self.session_close


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Equity is cash plus the mid value of everything held. ``flows_today`` are deposits less withdrawals.
    ``protection`` is what bought protection, open and closed, has made so far in USD. ``protection_day_start`` is the
    same figure at the start of the day."""

    cash: float
    equity: float
    equity_day_start: float
    protection: float
    protection_day_start: float
    flows_today: float
    buying_power_used: float

    @property
    def day_result_share(self) -> float:
        """Today's profit as a share of the equity the day began with. Flows do not change it. NaN if the day began with
        no equity."""
        if self.equity_day_start <= 0.0:
            return math.nan
        return (self.equity - self.flows_today - self.equity_day_start) / self.equity_day_start

    @property
    def unprotected_day_result_share(self) -> float:
        """As :attr:`day_result_share`, for the book without bought protection. Guards against short risk judge by
        it."""
        if self.equity_day_start <= 0.0:
            return math.nan
        return self.day_result_share - (self.protection - self.protection_day_start) / self.equity_day_start


class State(str, Enum):
    WAITING = "WAITING"
    VALIDATION = "VALIDATION"
    ENTERING = "ENTERING"
    ACTIVE = "ACTIVE"
    MANAGING = "MANAGING"
    DEFENSIVE_EXIT = "DEFENSIVE_EXIT"
    DEFENSIVE_21DTE = "DEFENSIVE_21DTE"
    EXITING = "EXITING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    RECOVERY = "RECOVERY"


class Event(str, Enum):
    SELECTED = "SELECTED"                # legs chosen and subscribed
    ORDER_SENT = "ORDER_SENT"            # the entry's intent is stored and sent
    ENTRY_REFUSED = "ENTRY_REFUSED"      # gate, sizer or broker said no; nothing is held
    TIMED_OUT = "TIMED_OUT"              # validation or entry ran out of time; nothing is held
    ENTRY_FILLED = "ENTRY_FILLED"        # all units, or fewer but even
    MANAGE = "MANAGE"                    # a roll or an adjustment was sent
    MANAGED = "MANAGED"                  # the change ended, filled or not; the position stands
    EXIT = "EXIT"                        # profit target, time, operator
    DEFEND = "DEFEND"                    # stop, breach, emergency, breaker
    DEFEND_21DTE = "DEFEND_21DTE"        # the rule that is never disabled
    EXIT_FILLED = "EXIT_FILLED"          # nothing is held any more
    EXPIRED = "EXPIRED"                  # the broker removed the legs at expiry or by assignment
    RESET = "RESET"                      # archived; the slot is free
    FAULT = "FAULT"
    RECOVER = "RECOVER"                  # facts are being compared with the broker's
    RECOVERED_FLAT = "RECOVERED_FLAT"
    RECOVERED_HELD = "RECOVERED_HELD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One position of one strategy. It holds facts only, never market prices or other derived values.

    Attributes
    ----------
    units : int
        How many times the unit (leg ratios) is held.
    entry_price : float
        Points per unit, debit positive, credit negative.
    entry_margin_usd, entry_risk_usd : float
        For the whole position at entry. The risk is that since the last change of its legs.
    short_dte_at_entry : int or None
        Calendar days the longest short option had at entry; None without short options.
    cash_flow_usd : float
        All premiums received, less premiums paid and fees, since opening.
    facts : mapping
        The strategy's own facts (rung, roll done, EMA bias), plain JSON values.
    """

    id: str
    strategy: str
    underlying: str
    state: State
    opened: datetime | None
    legs: tuple[HeldLeg, ...]
    units: int
    entry_price: float
    entry_margin_usd: float
    entry_risk_usd: float
    short_dte_at_entry: int | None
    cash_flow_usd: float
    fees_usd: float
    facts: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    has_short_options: bool = field(init=False, repr=False, compare=False)
    has_shares: bool = field(init=False, repr=False, compare=False)
    is_open: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "has_short_options", any(leg.quantity < 0 for leg in self.legs))
        object.__setattr__(self, "has_shares", any(leg.quantity and leg.contract.kind is ContractKind.EQUITY
                                                   for leg in self.legs))
        object.__setattr__(self, "is_open", any(leg.quantity for leg in self.legs))


class Purpose(str, Enum):
    ENTRY = "ENTRY"
    EXIT = "EXIT"
    MANAGE = "MANAGE"
    FLATTEN = "FLATTEN"


class Urgency(str, Enum):
    WALK = "WALK"            # start at mid, walk towards the natural price
    NATURAL = "NATURAL"      # mandatory: start at the natural price


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An order the framework wants: all legs or none. It is stored before it is sent; ``id`` rides in the order's tag.

    ``limit`` is the first limit price in points per unit (debit positive); with None the order starts at the mid of the
    quotes. ``worst`` is the price beyond which the strategy's own conditions no longer hold (its least credit, its
    largest debit); None if it has no such price. ``risk_usd``, ``margin_usd`` and ``spy_delta`` (beta-weighted
    share-equivalents) are those of one unit.
    """

    id: str
    strategy: str
    position_id: str
    purpose: Purpose
    urgency: Urgency
    legs: tuple[Leg, ...]
    quantity: int
    reason: str
    created: datetime
    limit: float | None = None
    worst: float | None = None
    risk_usd: float = 0.0
    margin_usd: float = 0.0
    spy_delta: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing to do, and the reason."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An entry that may not be made: a code, and the facts by which it can be checked."""

    code: RefusalCode
    facts: Mapping[str, Any] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """Contracts chosen from the daily chain, to be subscribed and quoted before ``propose`` is asked. They are more
    than the legs if quotes must decide among them. Without contracts it asks for the chain itself in the next
    snapshot."""

    strategy: str
    underlying: str
    contracts: tuple[Contract, ...]
    facts: Mapping[str, Any] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One unit that a strategy wants to enter at today's quotes, before the gate and the sizer have judged it.

    ``credit`` and ``risk_usd`` are those of one unit: points received at mid (negative: paid), and dollars lost at
    worst (SPEC § 4's "risk of one contract"). ``contract_cap`` is the strategy's own upper bound on units.
    ``short_strike_probability_otm`` is reported for every proposal: the chance that every short strike expires out of
    the money. ``least_credit`` is the least credit of a unit at which the strategy's conditions hold (negative: the
    largest debit); None if price is not a condition.
    """

    strategy: str
    underlying: str
    legs: tuple[Leg, ...]
    credit: float
    risk_usd: float
    contract_cap: int
    reason: str
    short_strike_probability_otm: float | None = None
    least_credit: float | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enter:
    """An entry on which the gate and the sizer agreed."""

    intent: Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """Close a position. ``event`` says which exit state this leads to: EXIT, DEFEND or DEFEND_21DTE."""

    intent: Intent
    event: Event = Event.EXIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Manage:
    """Change a position (a roll, a new weekly): one combo of at most four legs."""

    intent: Intent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """Everything a decision may look at, frozen at one moment.

    ``vix`` is None if there is no usable value. Nobody enters then, and ``vix_refusal`` says why. ``chains`` holds only
    what was asked for; ``quotes`` holds, by contract id, only subscribed contracts that have had a real quote.
    ``holdings`` are the broker's, by contract id. ``prices`` may give the underlyings' prices without their other
    figures.
    """

    time: datetime
    account: Account
    calendar: CalendarFacts
    phase: int
    vix: VixReading | None
    underlyings: Mapping[str, Underlying]
    chains: Mapping[str, tuple[Chain, ...]]
    quotes: Mapping[str, Quote]
    holdings: Mapping[str, int]
    positions: tuple[Position, ...]
    vix_refusal: Refused | None = None
    prices: Mapping[str, float] | None = None

    @property
    def known_vix(self) -> VixReading:
        """The VIX, for rules that run after a check that there is one.

        Raises
        ------
        CannotCompute
            If there is no usable value.
        """
        if self.vix is None:
            raise CannotCompute("the VIX is not known", time=self.time.isoformat())
        return self.vix

    def price(self, key: str) -> float:
        """Price of one of ``underlyings``, taken from ``prices`` if there are any."""
        return self.underlyings[key].price if self.prices is None else self.prices[key]


class Mode(str, Enum):
    OBSERVE = "observe"
    EXITS_ONLY = "exits_only"
    TRADE = "trade"


class EmergencyLevel(int, Enum):
    NONE = 0
    YELLOW = 1
    ORANGE = 2
    RED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySample:
    """Closed trades of one strategy: counts, mean win and mean loss in USD (both positive)."""

    trades: int = 0
    wins: int = 0
    mean_win_usd: float = 0.0
    mean_loss_usd: float = 0.0

    @property
    def losses(self) -> int:
        return self.trades - self.wins

    @property
    def win_rate(self) -> float:
        return self.wins / self.trades if self.trades else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioView:
    """What the gate may know beyond the snapshot: the framework's own facts at one moment.

    ``pending`` maps a strategy in VALIDATION or ENTERING to its underlying. ``unfilled`` maps a strategy to the number
    of its entries that ended unfilled today, and when the last one did. ``suspended`` maps a strategy to the code it is
    suspended with. ``book_closing``: everything is being closed by RED or a breaker's third level, and protection is
    sold with the book. ``excess_spy_delta`` is the amount, in share-equivalents signed as held, by which the remaining
    protection then exceeds the account's SPY delta limit; it is 0 while anything else is open. ``reserved_*`` is held
    by entries that still work; of gamma and vega only the short side counts (0 or below). ``unfit`` maps a strategy to
    those of its underlyings on which one unit did not fit a moment ago, and why. ``absent`` are underlyings that cannot
    be traded in this run.
    """

    mode: Mode
    enabled: frozenset[str]
    halted: str | None = None
    quarantined: tuple[str, ...] = ()
    breaker_level: int = 0
    breaker_size_multiplier: float = 1.0
    one_entry_at_a_time: bool = False
    book_closing: bool = False
    excess_spy_delta: float = 0.0
    emergency: EmergencyLevel = EmergencyLevel.NONE
    entries_today: int = 0
    last_entry: datetime | None = None
    unfilled: Mapping[str, tuple[int, datetime]] = field(default_factory=lambda: EMPTY)
    pending: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    suspended: Mapping[str, RefusalCode] = field(default_factory=lambda: EMPTY)
    strategies_in_error: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    unfit: Mapping[str, Mapping[str, RefusalCode]] = field(default_factory=lambda: EMPTY)
    samples: Mapping[str, StrategySample] = field(default_factory=lambda: EMPTY)
    entry_dates: Mapping[str, tuple[date, ...]] = field(default_factory=lambda: EMPTY)
    day_trades: int = 0
    reserved_spy_delta: float = 0.0
    reserved_short_gamma: float = 0.0
    reserved_short_vega: float = 0.0
    reserved_margin_usd: float = 0.0
    reserved_risk_usd: float = 0.0
