"""Refusal codes: one per reason an entry is not made. The same code stands in the log, the audit trail, the report."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Final, Mapping


class RefusalCode(str, Enum):
    # mode and emergencies
    MODE_OBSERVE = "MODE_OBSERVE"
    MODE_EXITS_ONLY = "MODE_EXITS_ONLY"
    STRATEGY_OFF = "STRATEGY_OFF"
    HALTED = "HALTED"
    EMERGENCY = "EMERGENCY"
    BREAKER = "BREAKER"
    QUARANTINE = "QUARANTINE"
    # clock
    NO_SESSION = "NO_SESSION"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    WRONG_WEEKDAY = "WRONG_WEEKDAY"
    CALENDAR_UNCOVERED = "CALENDAR_UNCOVERED"
    FOMC_DAY = "FOMC_DAY"
    ROLL_WEEK = "ROLL_WEEK"
    EARNINGS_NEAR = "EARNINGS_NEAR"
    EX_DIVIDEND_NEXT = "EX_DIVIDEND_NEXT"
    SPLIT_NEAR = "SPLIT_NEAR"
    # data
    VIX_MISSING = "VIX_MISSING"
    VIX_STALE = "VIX_STALE"
    UNDERLYING_MISSING = "UNDERLYING_MISSING"
    UNDERLYING_STALE = "UNDERLYING_STALE"
    CHAIN_MISSING = "CHAIN_MISSING"
    EXPIRY_NOT_LISTED = "EXPIRY_NOT_LISTED"
    STRIKE_NOT_LISTED = "STRIKE_NOT_LISTED"
    QUOTE_MISSING = "QUOTE_MISSING"
    QUOTE_STALE = "QUOTE_STALE"
    QUOTE_CROSSED = "QUOTE_CROSSED"
    QUOTE_EMPTY = "QUOTE_EMPTY"
    SPREAD_TOO_WIDE = "SPREAD_TOO_WIDE"
    INDICATOR_MISSING = "INDICATOR_MISSING"
    IV_HISTORY_MISSING = "IV_HISTORY_MISSING"
    # VIX
    VIX_BELOW_BAND = "VIX_BELOW_BAND"
    VIX_ABOVE_BAND = "VIX_ABOVE_BAND"
    VIX_ENTRY_STOP = "VIX_ENTRY_STOP"
    VIX_PANIC = "VIX_PANIC"
    # phase, days, counts
    PHASE_FORBIDS = "PHASE_FORBIDS"
    DAILY_ENTRIES = "DAILY_ENTRIES"
    DAILY_LOSS = "DAILY_LOSS"
    ENTRY_PAUSE = "ENTRY_PAUSE"
    ENTRY_TRIES = "ENTRY_TRIES"
    COUNT_PHASE = "COUNT_PHASE"
    COUNT_STRATEGY = "COUNT_STRATEGY"
    COUNT_UNDERLYING = "COUNT_UNDERLYING"
    COUNT_SPY_EQUIVALENT = "COUNT_SPY_EQUIVALENT"
    COUNT_STRATEGY_SPY = "COUNT_STRATEGY_SPY"
    # correlation
    GROUP_FULL = "GROUP_FULL"
    SHORT_VOLATILITY_FULL = "SHORT_VOLATILITY_FULL"
    LIMITER_FULL = "LIMITER_FULL"
    CORRELATION_HIGH = "CORRELATION_HIGH"
    # strategies' own conditions
    ALREADY_OPEN = "ALREADY_OPEN"
    ENTRY_PENDING = "ENTRY_PENDING"
    EXPIRY_TAKEN = "EXPIRY_TAKEN"
    WEEK_TAKEN = "WEEK_TAKEN"
    MONTH_TAKEN = "MONTH_TAKEN"
    GAP_TOO_LARGE = "GAP_TOO_LARGE"
    TREND_AGAINST = "TREND_AGAINST"
    IV_PERCENTILE_LOW = "IV_PERCENTILE_LOW"
    IV_RANK_LOW = "IV_RANK_LOW"
    CREDIT_TOO_SMALL = "CREDIT_TOO_SMALL"
    PROBABILITY_TOO_LOW = "PROBABILITY_TOO_LOW"
    NO_STRIKE_QUALIFIES = "NO_STRIKE_QUALIFIES"
    NOT_TRIGGERED = "NOT_TRIGGERED"
    EDGE_LOST = "EDGE_LOST"
    STRATEGY_SUSPENDED = "STRATEGY_SUSPENDED"
    # size and account
    SIZE_ZERO = "SIZE_ZERO"
    HEAT_FULL = "HEAT_FULL"
    BUYING_POWER = "BUYING_POWER"
    RESERVE = "RESERVE"
    GREEK_DELTA = "GREEK_DELTA"
    GREEK_GAMMA = "GREEK_GAMMA"
    GREEK_VEGA = "GREEK_VEGA"
    SPY_DELTA = "SPY_DELTA"
    PATTERN_DAY_TRADER = "PATTERN_DAY_TRADER"
    # coordination
    ENTRY_SPACING = "ENTRY_SPACING"
    OTHER_IN_ERROR = "OTHER_IN_ERROR"
    OTHER_DEFENDING = "OTHER_DEFENDING"
    MARGIN_STRESS = "MARGIN_STRESS"
    # guards, orders
    GUARD_CANNOT_COMPUTE = "GUARD_CANNOT_COMPUTE"
    ENTRY_TIMEOUT = "ENTRY_TIMEOUT"
    BROKER_REFUSED = "BROKER_REFUSED"

    @property
    def meaning(self) -> str:
        """One sentence for a reader."""
        return MEANINGS[self]


# Refusals by size, once the legs are known: another underlying of the strategy may fit.
DOES_NOT_FIT: Final = frozenset({
    RefusalCode.SIZE_ZERO, RefusalCode.HEAT_FULL, RefusalCode.BUYING_POWER, RefusalCode.RESERVE, RefusalCode.GREEK_DELTA,
    RefusalCode.GREEK_GAMMA, RefusalCode.GREEK_VEGA, RefusalCode.SPY_DELTA})

# Facts of a refusal that tell how near it was to none: the figure, and the least or most it had to be.
MEASURED: Final[Mapping[RefusalCode, tuple[str, str]]] = MappingProxyType({
    RefusalCode.VIX_BELOW_BAND: ("vix", "min"), RefusalCode.VIX_ABOVE_BAND: ("vix", "max"),
    RefusalCode.VIX_ENTRY_STOP: ("vix", "limit"), RefusalCode.GAP_TOO_LARGE: ("gap", "limit"),
    RefusalCode.TREND_AGAINST: ("ema8", "ema21"), RefusalCode.IV_PERCENTILE_LOW: ("percentile", "needed"),
    RefusalCode.IV_RANK_LOW: ("rank", "needed_above"), RefusalCode.CREDIT_TOO_SMALL: ("credit", "needed"),
    RefusalCode.PROBABILITY_TOO_LOW: ("probability", "needed"), RefusalCode.NO_STRIKE_QUALIFIES: ("best_credit", "needed"),
    RefusalCode.NOT_TRIGGERED: ("vix", "quiet_below"), RefusalCode.DAILY_LOSS: ("loss_share", "limit_share"),
    RefusalCode.ENTRY_SPACING: ("minutes", "limit")})

MEANINGS: Mapping[RefusalCode, str] = MappingProxyType({
    # mode and emergencies
    RefusalCode.MODE_OBSERVE: "`mode` is `observe`: decisions are made and recorded, nothing is sent.",
    RefusalCode.MODE_EXITS_ONLY: "`mode` is `exits_only`: positions are managed and closed, none is opened.",
    RefusalCode.STRATEGY_OFF: "The strategy is not in the parameter `strategies`.",
    RefusalCode.HALTED: "The operator's `halt` stands, or entries are halted until a repair has ended.",
    RefusalCode.EMERGENCY: "An emergency level (YELLOW, ORANGE, RED) stands.",
    RefusalCode.BREAKER: (
        "A circuit breaker's second or third level stands, or its recovery lets one position through "
        "at a time."),
    RefusalCode.QUARANTINE: (
        "The account holds, or an order works, something the framework does not know; the operator "
        "has not accepted it."),
    # clock
    RefusalCode.NO_SESSION: "The exchange is closed all day.",
    RefusalCode.OUTSIDE_HOURS: "The exchange is closed now, or the session ends too soon for an order.",
    RefusalCode.OUTSIDE_WINDOW: "It is not within the strategy's entry window.",
    RefusalCode.WRONG_WEEKDAY: "The strategy enters on one weekday only, and this is another.",
    RefusalCode.CALENDAR_UNCOVERED: (
        "A calendar that the strategy needs ends before the date in question; the facts "
        "name it and the parameter that continues it."),
    RefusalCode.FOMC_DAY: "A scheduled FOMC decision falls on this day.",
    RefusalCode.ROLL_WEEK: "The future is in its roll week.",
    RefusalCode.EARNINGS_NEAR: "Earnings of the stock are too near.",
    RefusalCode.SPLIT_NEAR: "The underlying splits within a month: what is opened now is closed before it does.",
    RefusalCode.EX_DIVIDEND_NEXT: "A call that would be short is in the money, and the next session is ex-dividend.",
    # data
    RefusalCode.VIX_MISSING: "There is no VIX. Nobody enters without one.",
    RefusalCode.VIX_STALE: "The VIX is too old in market hours.",
    RefusalCode.UNDERLYING_MISSING: "The underlying has no price.",
    RefusalCode.UNDERLYING_STALE: "The underlying's last real quote is too old.",
    RefusalCode.CHAIN_MISSING: "No chain of the day is to be had.",
    RefusalCode.EXPIRY_NOT_LISTED: "No expiry within the strategy's range is listed.",
    RefusalCode.STRIKE_NOT_LISTED: "The strike that the rule asks for is not listed.",
    RefusalCode.QUOTE_MISSING: "A leg has no quote.",
    RefusalCode.QUOTE_STALE: "A leg's last real quote is too old.",
    RefusalCode.QUOTE_CROSSED: "A leg's bid stands above its ask.",
    RefusalCode.QUOTE_EMPTY: "A leg has neither a bid nor an ask, or the side that the order needs is missing.",
    RefusalCode.SPREAD_TOO_WIDE: "A leg's bid-ask spread is beyond the strategy's bound.",
    RefusalCode.INDICATOR_MISSING: "An indicator that the rule reads has no value.",
    RefusalCode.IV_HISTORY_MISSING: "The history of implied volatility is too short for a rank or a percentile.",
    # VIX
    RefusalCode.VIX_BELOW_BAND: "The VIX is below the strategy's band.",
    RefusalCode.VIX_ABOVE_BAND: "The VIX is above the strategy's band.",
    RefusalCode.VIX_ENTRY_STOP: "The VIX has been above its entry stop and has not closed below its release since.",
    RefusalCode.VIX_PANIC: "The VIX is far above its last close: panic.",
    # phase, days, counts
    RefusalCode.PHASE_FORBIDS: "The account's phase does not allow the strategy, or the product.",
    RefusalCode.DAILY_ENTRIES: "The day's entries are used up.",
    RefusalCode.DAILY_LOSS: "The day's loss has reached the share of equity that ends entries.",
    RefusalCode.ENTRY_PAUSE: "An entry of the strategy ended unfilled only minutes ago; the others have their turn.",
    RefusalCode.ENTRY_TRIES: "The strategy's entries have ended unfilled as often as a day allows.",
    RefusalCode.COUNT_PHASE: "The phase's most open positions are open.",
    RefusalCode.COUNT_STRATEGY: "The strategy's most open positions, symbols, rungs or contracts are open.",
    RefusalCode.COUNT_UNDERLYING: "The most positions allowed on one underlying are open.",
    RefusalCode.COUNT_SPY_EQUIVALENT: "The most positions allowed on what moves with SPY are open.",
    RefusalCode.COUNT_STRATEGY_SPY: "The strategy holds its own share of the SPY slots.",
    # correlation
    RefusalCode.GROUP_FULL: "The correlation group holds its most positions.",
    RefusalCode.SHORT_VOLATILITY_FULL: "The most short-volatility positions are open.",
    RefusalCode.LIMITER_FULL: "The most positions in all are open.",
    RefusalCode.CORRELATION_HIGH: "The entry would add to a correlation that blocks.",
    # the strategy's own conditions
    RefusalCode.ALREADY_OPEN: "The strategy holds a position on this underlying.",
    RefusalCode.ENTRY_PENDING: "An entry of the strategy is being chosen or is out.",
    RefusalCode.EXPIRY_TAKEN: "A position of the strategy stands in this expiry.",
    RefusalCode.WEEK_TAKEN: "The strategy has entered within the week.",
    RefusalCode.MONTH_TAKEN: "The strategy has entered this month.",
    RefusalCode.GAP_TOO_LARGE: "The session opened too far from the last close.",
    RefusalCode.TREND_AGAINST: "The trend filter speaks against the entry.",
    RefusalCode.IV_PERCENTILE_LOW: "The percentile of implied volatility is below the rule's least.",
    RefusalCode.IV_RANK_LOW: "The rank of implied volatility is below the rule's least.",
    RefusalCode.CREDIT_TOO_SMALL: "The credit is smaller than the rule's least.",
    RefusalCode.PROBABILITY_TOO_LOW: (
        "The probability that the short strikes expire out of the money is below the "
        "rule's least."),
    RefusalCode.NO_STRIKE_QUALIFIES: "The walk over the strikes found none that meets the rule.",
    RefusalCode.NOT_TRIGGERED: "What the strategy waits for has not happened.",
    RefusalCode.EDGE_LOST: (
        "The win rate of the strategy's own ledger, or its Kelly fraction, is below its least; the "
        "operator resumes it."),
    RefusalCode.STRATEGY_SUSPENDED: "The strategy met too many errors within half an hour, or the operator stopped it.",
    # size and account
    RefusalCode.SIZE_ZERO: "No whole contract fits; the facts name the limit that binds.",
    RefusalCode.HEAT_FULL: "The risk of all open positions together has reached its share of equity.",
    RefusalCode.BUYING_POWER: "The trade would bind more buying power than the caps allow.",
    RefusalCode.RESERVE: "The trade would leave less than the reserve.",
    RefusalCode.GREEK_DELTA: "The book's delta would be beyond its limit.",
    RefusalCode.GREEK_GAMMA: "The book's short gamma would be beyond its limit.",
    RefusalCode.GREEK_VEGA: "The book's short vega would be beyond its limit.",
    RefusalCode.SPY_DELTA: "The SPY concentration manager has no delta left for the trade.",
    RefusalCode.PATTERN_DAY_TRADER: "The account is too small for another day trade.",
    # coordination
    RefusalCode.ENTRY_SPACING: "Another entry was sent only minutes ago.",
    RefusalCode.OTHER_IN_ERROR: "Another strategy is in ERROR.",
    RefusalCode.OTHER_DEFENDING: "A strategy that this one waits for is in its mandatory exit before expiry.",
    RefusalCode.MARGIN_STRESS: "So much margin is in use that only the first priorities enter.",
    # guards, orders
    RefusalCode.GUARD_CANNOT_COMPUTE: "A guard could not compute; it refuses. The facts say what was missing.",
    RefusalCode.ENTRY_TIMEOUT: "The entry ended unfilled.",
    RefusalCode.BROKER_REFUSED: "The engine or the broker refused the order.",
})
