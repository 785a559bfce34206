"""Refusal codes: one per reason why an entry is not made. Log, audit trail and report show the same code."""

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
        """The code in one or two sentences, for a reader."""
        return MEANINGS[self]


# Refusals by size, made once the legs are known. Another underlying of the strategy may still fit.
DOES_NOT_FIT: Final = frozenset({
    RefusalCode.SIZE_ZERO, RefusalCode.HEAT_FULL, RefusalCode.BUYING_POWER, RefusalCode.RESERVE, RefusalCode.GREEK_DELTA,
    RefusalCode.GREEK_GAMMA, RefusalCode.GREEK_VEGA, RefusalCode.SPY_DELTA})

# Facts that show how near the entry was to passing: the figure, and the least or most it had to be.
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
    RefusalCode.MODE_OBSERVE: "`mode` is `observe`: decisions are made and recorded, but nothing is sent.",
    RefusalCode.MODE_EXITS_ONLY: "`mode` is `exits_only`: positions are managed and closed, but none is opened.",
    RefusalCode.STRATEGY_OFF: "The strategy is not in the parameter `strategies`.",
    RefusalCode.HALTED: "The operator's `halt` stands, or entries are halted until a repair has ended.",
    RefusalCode.EMERGENCY: "An emergency level (YELLOW, ORANGE, RED) stands.",
    RefusalCode.BREAKER: (
        "A circuit breaker is at its second or third level, or after its recovery only one position may be "
        "opened at a time."),
    RefusalCode.QUARANTINE: (
        "The account holds a position, or has a working order, that the framework does not know and the "
        "operator has not accepted."),
    # clock
    RefusalCode.NO_SESSION: "The exchange is closed all day.",
    RefusalCode.OUTSIDE_HOURS: "The exchange is closed now, or the session ends too soon for an order.",
    RefusalCode.OUTSIDE_WINDOW: "The time is outside the strategy's entry window.",
    RefusalCode.WRONG_WEEKDAY: "The strategy enters on one weekday only, and today is another.",
    RefusalCode.CALENDAR_UNCOVERED: (
        "A calendar that the strategy needs ends before the date in question. The facts name the calendar and the "
        "parameter that continues it."),
    RefusalCode.FOMC_DAY: "A scheduled FOMC decision falls on this day.",
    RefusalCode.ROLL_WEEK: "The future is in its roll week.",
    RefusalCode.EARNINGS_NEAR: "The stock reports earnings too soon.",
    RefusalCode.SPLIT_NEAR: "The underlying splits within a month, and every position is closed before a split.",
    RefusalCode.EX_DIVIDEND_NEXT: "A call to be sold is in the money, and the next session is ex-dividend.",
    # data
    RefusalCode.VIX_MISSING: "There is no VIX. Without one there are no entries.",
    RefusalCode.VIX_STALE: "The last VIX print is too old for market hours.",
    RefusalCode.UNDERLYING_MISSING: "The underlying has no price.",
    RefusalCode.UNDERLYING_STALE: "The underlying's last real quote is too old.",
    RefusalCode.CHAIN_MISSING: "The day's option chain is not available.",
    RefusalCode.EXPIRY_NOT_LISTED: "No expiry within the strategy's range is listed.",
    RefusalCode.STRIKE_NOT_LISTED: "The strike that the rule asks for is not listed.",
    RefusalCode.QUOTE_MISSING: "A leg has no quote.",
    RefusalCode.QUOTE_STALE: "A leg's last real quote is too old.",
    RefusalCode.QUOTE_CROSSED: "A leg's bid is above its ask.",
    RefusalCode.QUOTE_EMPTY: "A leg has neither a bid nor an ask, or the side that the order needs is missing.",
    RefusalCode.SPREAD_TOO_WIDE: "A leg's bid-ask spread is wider than the strategy allows.",
    RefusalCode.INDICATOR_MISSING: "An indicator that the rule needs has no value.",
    RefusalCode.IV_HISTORY_MISSING: "The history of implied volatility is too short for a rank or a percentile.",
    # VIX
    RefusalCode.VIX_BELOW_BAND: "The VIX is below the strategy's band.",
    RefusalCode.VIX_ABOVE_BAND: "The VIX is above the strategy's band.",
    RefusalCode.VIX_ENTRY_STOP: "The VIX rose above its entry stop and has not closed below the release level since.",
    RefusalCode.VIX_PANIC: "The VIX is far above its last close: panic.",
    # phase, days, counts
    RefusalCode.PHASE_FORBIDS: "The account's phase does not allow the strategy, or the product.",
    RefusalCode.DAILY_ENTRIES: "The day's limit on entries is reached.",
    RefusalCode.DAILY_LOSS: "The day's loss has reached the share of equity at which entries end.",
    RefusalCode.ENTRY_PAUSE: "An entry of the strategy ended unfilled only minutes ago. Other strategies go first.",
    RefusalCode.ENTRY_TRIES: "The strategy's entries have ended unfilled as many times as one day allows.",
    RefusalCode.COUNT_PHASE: "The phase's limit on open positions is reached.",
    RefusalCode.COUNT_STRATEGY: "The strategy's limit on open positions, symbols, rungs or contracts is reached.",
    RefusalCode.COUNT_UNDERLYING: "The limit on positions on one underlying is reached.",
    RefusalCode.COUNT_SPY_EQUIVALENT: "The limit on positions on SPY and its equivalents is reached.",
    RefusalCode.COUNT_STRATEGY_SPY: "The strategy's own limit on SPY slots is reached.",
    # correlation
    RefusalCode.GROUP_FULL: "The limit on positions in the correlation group is reached.",
    RefusalCode.SHORT_VOLATILITY_FULL: "The limit on short-volatility positions is reached.",
    RefusalCode.LIMITER_FULL: "The limit on all positions together is reached.",
    RefusalCode.CORRELATION_HIGH: "The entry would add to a correlation that is at its limit.",
    # the strategy's own conditions
    RefusalCode.ALREADY_OPEN: "The strategy already holds a position on this underlying.",
    RefusalCode.ENTRY_PENDING: "Another entry of the strategy is being chosen or is working.",
    RefusalCode.EXPIRY_TAKEN: "The strategy already holds a position in this expiry.",
    RefusalCode.WEEK_TAKEN: "The strategy has already entered within the week.",
    RefusalCode.MONTH_TAKEN: "The strategy has already entered this month.",
    RefusalCode.GAP_TOO_LARGE: "The session opened too far from the last close.",
    RefusalCode.TREND_AGAINST: "The trend filter does not allow the entry.",
    RefusalCode.IV_PERCENTILE_LOW: "The percentile of implied volatility is below the rule's minimum.",
    RefusalCode.IV_RANK_LOW: "The rank of implied volatility is below the rule's minimum.",
    RefusalCode.CREDIT_TOO_SMALL: "The credit is below the rule's minimum.",
    RefusalCode.PROBABILITY_TOO_LOW: (
        "The probability that the short strikes expire out of the money is below the "
        "rule's minimum."),
    RefusalCode.NO_STRIKE_QUALIFIES: "No strike tried meets the rule.",
    RefusalCode.NOT_TRIGGERED: "The event that the strategy waits for has not happened.",
    RefusalCode.EDGE_LOST: (
        "The strategy's win rate or Kelly fraction, from its own ledger, is below its minimum. The strategy waits "
        "until the operator resumes it."),
    RefusalCode.STRATEGY_SUSPENDED: "The strategy had too many errors within half an hour, or the operator stopped it.",
    # size and account
    RefusalCode.SIZE_ZERO: "Not even one contract fits. The facts name the limit that binds.",
    RefusalCode.HEAT_FULL: "The risk of all open positions together has reached its share of equity.",
    RefusalCode.BUYING_POWER: "The trade would use more buying power than the caps allow.",
    RefusalCode.RESERVE: "The trade would leave less buying power than the reserve.",
    RefusalCode.GREEK_DELTA: "The book's delta would be beyond its limit.",
    RefusalCode.GREEK_GAMMA: "The book's short gamma would be beyond its limit.",
    RefusalCode.GREEK_VEGA: "The book's short vega would be beyond its limit.",
    RefusalCode.SPY_DELTA: "The SPY concentration manager has no delta left for the trade.",
    RefusalCode.PATTERN_DAY_TRADER: "The account is too small for another day trade.",
    # coordination
    RefusalCode.ENTRY_SPACING: "Another entry was sent only minutes ago.",
    RefusalCode.OTHER_IN_ERROR: "Another strategy is in ERROR.",
    RefusalCode.OTHER_DEFENDING: "A strategy that this one waits for is in its mandatory exit before expiry.",
    RefusalCode.MARGIN_STRESS: "So much margin is in use that only the strategies of the first priorities may enter.",
    # guards, orders
    RefusalCode.GUARD_CANNOT_COMPUTE: "A guard could not compute, so it refuses. The facts name the missing input.",
    RefusalCode.ENTRY_TIMEOUT: "The entry ended unfilled.",
    RefusalCode.BROKER_REFUSED: "The engine or the broker refused the order.",
})
