"""What must hold after any run, judged by the broker's own books; the framework's store and audit trail are asked only
what it owns up to."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from config.constants import DEFENSIVE_DTE, MAX_COMBO_LEGS
from config.strategy_parameters import SPECS, PacedSpec
from config.strategy_spec import StrategySpec
from local.broker_faults.faults import (CrossedQuotes, Disconnect, Fault, FillAfterCancel, LateFills, MissingSide,
                                        NoAnswer, OutOfOrder, PartialFills, Rejects, Restart, StaleQuotes,
                                        UnevenFills)
from local.broker_faults.truth import BrokerLog, Trade, expiry_of, intent_of, position_of, purpose_of
from local.data.calendar import sessions

OPEN, CLOSE, WALL = time(9, 30), time(16, 0), time(15, 30)
REPORT_MINUTES = 8       # 60 s for the rest, a minute to cancel, three tries of a minute, and the clock's own steps
REPAIR_MINUTES = 25      # undisturbed minutes within which even four single legs are evened out
OBSTRUCTING = (Rejects, NoAnswer, Disconnect, MissingSide, StaleQuotes, CrossedQuotes, Restart, UnevenFills,
               PartialFills, FillAfterCancel, LateFills, OutOfOrder)
OWNED_UP = frozenset({"ORDER_FAILED", "ORDER_UNKNOWN", "ORDER_STUCK"})


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that did not hold."""

    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a run left.

    Attributes
    ----------
    audit, state
        The framework's own audit trail and newest stored document.
    untold : int
        Fills the broker had not told of when the run ended.
    resting : tuple of str
        Tags of orders still at the broker.
    specs : mapping of str to StrategySpec
        The strategies' figures in this run.
    """

    log: BrokerLog
    faults: Sequence[Fault]
    audit: Sequence[Mapping[str, Any]]
    state: Mapping[str, Any]
    ended: datetime
    error: str
    untold: int
    resting: tuple[str, ...]
    specs: Mapping[str, StrategySpec] = field(default_factory=lambda: SPECS)

    def told(self) -> list[tuple[datetime, Trade]]:
        """Trades of ours in the order the algorithm heard of them."""
        rows = [(when, self.log.trades[number]) for when, number, _ in self.log.told]
        return sorted(rows, key=lambda row: row[0])

    def obstructed(self, moment: datetime) -> bool:
        """Whether a fault that hinders repairs is at work."""
        return any(isinstance(fault, OBSTRUCTING) and fault.start <= moment < fault.end + timedelta(minutes=2)
                   for fault in self.faults)

    def owned_up(self, intent: str, start: datetime, end: datetime) -> bool:
        """Whether the framework reported trouble with ``intent``'s position within a span of time."""
        return any(row["event"] in OWNED_UP | {"RECONCILED", "LATE_FILL"}
                   and row["facts"].get("position") == position_of(intent)
                   and start.isoformat() <= row["time"] <= end.isoformat() for row in self.audit)


def violations(evidence: Evidence) -> list[Violation]:
    """Every invariant that does not hold; empty when all do."""
    if evidence.error:
        return [Violation("RUN_FAILED", evidence.error.strip().splitlines()[-1])]
    found: list[Violation] = []
    for check in (_requests, _double_entries, _uneven, _naked, _forgotten, _ends, _flat_by, _halted):
        found += check(evidence)
    return found


# --- requests -------------------------------------------------------------------------------------------------------

def _requests(evidence: Evidence) -> Iterable[Violation]:
    for when, tag, kind in evidence.log.one_leg_requests:
        yield Violation("ONE_LEG_REQUEST", f"{kind} of {tag} at {when} reached some of its legs only")
    for order in evidence.log.orders:
        if len(order.legs) > MAX_COMBO_LEGS:
            yield Violation("TOO_MANY_LEGS", f"{order.tag} at {order.time}")
        on_spy = any(key_of_symbol(symbol)[0] == "SPY" for symbol, _ in order.legs)
        if on_spy and not OPEN <= order.time.time() < time(15, 59):
            yield Violation("OUT_OF_HOURS", f"{order.tag} at {order.time}")


# --- entries --------------------------------------------------------------------------------------------------------

def _double_entries(evidence: Evidence) -> Iterable[Violation]:
    asked = _first_orders(evidence.log)
    entered: dict[str, set[str]] = {}
    gross: dict[tuple[str, Any], int] = {}
    net: dict[str, dict[Any, int]] = {}
    most: dict[tuple[str, Any], int] = {}
    for trade in evidence.log.trades:
        if purpose_of(trade.tag) != "ENTRY":
            continue
        intent = intent_of(trade.tag)
        entered.setdefault(position_of(trade.tag), set()).add(intent)
        legs, row = asked[intent], net.setdefault(intent, {})
        key, wanted = (intent, trade.symbol), legs.get(trade.symbol, 0)
        gross[key] = gross.get(key, 0) + _opened(trade, legs, row, most.get(key, 0))
        row[trade.symbol] = row.get(trade.symbol, 0) + trade.quantity
        most[key] = max(most.get(key, 0), row[trade.symbol] * (1 if wanted > 0 else -1))
        if gross[key] > abs(wanted):
            yield Violation("DOUBLE_ENTRY", f"{intent}: {gross[key]} of {wanted} {trade.symbol.value}")
    for position, intents in entered.items():
        if len(intents) > 1:
            yield Violation("DOUBLE_ENTRY", f"{position} was entered by {sorted(intents)}")
    yield from _slots(evidence)


def _opened(trade: Trade, asked: Mapping[Any, int], net: Mapping[Any, int], most: int) -> int:
    """How many contracts a trade opens, ``most`` having been held at once before. Trading back what a late fill turned
    round opens nothing, nor does evening a leg out again up to the units of another one."""
    wanted = asked.get(trade.symbol, 0)
    if trade.quantity * wanted <= 0:
        return abs(trade.quantity) if not wanted else 0
    units = [Fraction(net.get(symbol, 0), quantity) for symbol, quantity in asked.items() if symbol != trade.symbol]
    even = min(most, int(max([Fraction(0), *units]) * abs(wanted)))
    held = net.get(trade.symbol, 0) * (1 if wanted > 0 else -1)
    return max(even, held + abs(trade.quantity)) - max(even, held)


def _slots(evidence: Evidence) -> Iterable[Violation]:
    """Strategies that keep days between their entries keep no second one within them."""
    net = _net_by_intent(trade for trade in evidence.log.trades if purpose_of(trade.tag) == "ENTRY")
    pace = {name: spec.days_between_entries for name, spec in evidence.specs.items() if isinstance(spec, PacedSpec)}
    taken: dict[str, list[tuple[date, str]]] = {}
    for intent, quantities in net.items():
        if not any(quantities.values()):
            continue
        strategy, stamp = position_of(intent).split("/")
        day = datetime.strptime(stamp, "%Y%m%d%H%M").date()
        if strategy in pace:
            taken.setdefault(strategy, []).append((day, intent))
    for strategy, entries in taken.items():
        for (before, first), (after, second) in pairwise(sorted(entries)):
            if (after - before).days < pace[strategy]:
                yield Violation("DOUBLE_ENTRY", f"{strategy} {before} and {after}: {first}, {second}")


def _first_orders(log: BrokerLog) -> dict[str, dict[Any, int]]:
    asked: dict[str, dict[Any, int]] = {}
    for order in log.orders:
        asked.setdefault(intent_of(order.tag), dict(order.legs))
    return asked


def _net_by_intent(trades: Iterable[Trade]) -> dict[str, dict[Any, int]]:
    net: dict[str, dict[Any, int]] = {}
    for trade in trades:
        row = net.setdefault(intent_of(trade.tag), {})
        row[trade.symbol] = row.get(trade.symbol, 0) + trade.quantity
    return net


# --- uneven, naked --------------------------------------------------------------------------------------------------

def _uneven(evidence: Evidence) -> Iterable[Violation]:
    """Legs of an entry or exit that stand at different counts of units, as far as the algorithm was told."""
    asked = _first_orders(evidence.log)
    net: dict[str, dict[Any, int]] = {}
    since: dict[str, datetime] = {}
    held: dict[str, dict[Any, int]] = {}
    for when, trade in evidence.told():
        intent, position = intent_of(trade.tag), position_of(trade.tag)
        for book, key in ((net, intent), (held, position)):
            row = book.setdefault(key, {})
            row[trade.symbol] = row.get(trade.symbol, 0) + trade.quantity
        if purpose_of(trade.tag) == "MANAGE":
            continue
        if _is_even(net[intent], asked[intent]) or not any(held[position].values()) or (
                purpose_of(trade.tag) != "ENTRY" and min(held[position].values()) >= 0):
            start = since.pop(intent, None)
            if start is not None:
                yield from _judged("UNEVEN", intent, start, when, evidence)
        else:
            since.setdefault(intent, when)
    for intent, start in since.items():
        if not _expired(net[intent], evidence.ended):
            yield from _judged("UNEVEN", intent, start, evidence.ended, evidence)


def _is_even(net: Mapping[Any, int], asked: Mapping[Any, int]) -> bool:
    return len({Fraction(net.get(symbol, 0), quantity) for symbol, quantity in asked.items()}
               | {Fraction(0) for symbol in net if symbol not in asked and net[symbol]}) <= 1


def _naked(evidence: Evidence) -> Iterable[Violation]:
    """More uncovered shorts than the position was meant to have."""
    asked = _first_orders(evidence.log)
    meant: dict[str, int] = {}
    held: dict[str, dict[Any, int]] = {}
    since: dict[str, datetime] = {}
    for when, trade in evidence.told():
        position = position_of(trade.tag)
        row = held.setdefault(position, {})
        if purpose_of(trade.tag) in ("ENTRY", "MANAGE"):
            wanted = asked[intent_of(trade.tag)]
            meant[position] = max(meant.get(position, 0), uncovered(wanted))
        row[trade.symbol] = row.get(trade.symbol, 0) + trade.quantity
        if uncovered(row) > meant.get(position, 0):
            since.setdefault(position, when)
        elif position in since:
            yield from _judged("NAKED", position, since.pop(position), when, evidence)
    for position, start in since.items():
        if not _expired(held[position], evidence.ended):
            yield from _judged("NAKED", position, start, evidence.ended, evidence)


def uncovered(net: Mapping[Any, int]) -> int:
    """Short options without a long one of their underlying and right that lives as long."""
    shorts = sorted((symbol for symbol, quantity in net.items() if quantity < 0 and expiry_of(symbol) is not None),
                    key=expiry_of, reverse=True)
    longs = {symbol: quantity for symbol, quantity in net.items() if quantity > 0 and expiry_of(symbol) is not None}
    naked = 0
    for short in shorts:
        left = -net[short]
        for long in longs:
            if long.underlying == short.underlying and long.id.option_right == short.id.option_right \
                    and expiry_of(long) >= expiry_of(short):
                used = min(left, longs[long])
                left, longs[long] = left - used, longs[long] - used
        naked += left
    return naked


def _judged(rule: str, intent: str, start: datetime, end: datetime, evidence: Evidence) -> Iterable[Violation]:
    minutes = list(session_minutes(start, end))
    if len(minutes) <= REPORT_MINUTES:
        return
    last = minutes[REPORT_MINUTES] + timedelta(minutes=2)
    undisturbed = sum(1 for minute in minutes if not evidence.obstructed(minute))
    if not evidence.owned_up(intent, start - timedelta(minutes=2), last) and undisturbed > REPORT_MINUTES:
        yield Violation(f"{rule}_UNREPORTED", f"{intent} from {start} for {len(minutes)} minutes")
    if undisturbed > REPAIR_MINUTES:
        yield Violation(f"{rule}_TOO_LONG", f"{intent} from {start} to {end}: {undisturbed} undisturbed minutes")


def session_minutes(start: datetime, end: datetime) -> Iterable[datetime]:
    """Minutes of regular sessions within [start, end), the last one of a day left out."""
    for day in sessions(start.date(), end.date()):
        moment = max(datetime.combine(day, OPEN), start)
        last = min(datetime.combine(day, CLOSE) - timedelta(minutes=1), end)
        while moment < last:
            yield moment
            moment += timedelta(minutes=1)


def _expired(net: Mapping[Any, int], now: datetime) -> bool:
    return all(expiry_of(symbol) is not None and expiry_of(symbol) < now.date()
               for symbol, quantity in net.items() if quantity)


# --- forgotten ------------------------------------------------------------------------------------------------------

Key = tuple[str, date | None, float, str]


def key_of_symbol(symbol: Any) -> Key:
    """Underlying, expiry, strike, right: what names a contract on both sides."""
    if not symbol.security_type.is_option():
        return str(symbol.id.symbol), None, 0.0, ""
    right = "C" if str(symbol.id.option_right).rsplit(".", 1)[-1].upper().startswith("C") else "P"
    return str(symbol.underlying.id.symbol), symbol.id.date.date(), float(symbol.id.strike_price), right


def _key_of_leg(contract: Mapping[str, Any]) -> Key:
    ticker = contract["underlying"].removeprefix("/")
    if contract["kind"] == "equity":
        return ticker, None, 0.0, ""
    return ticker, date.fromisoformat(contract["expiry"]), float(contract["strike"]), contract["right"]


def _forgotten(evidence: Evidence) -> Iterable[Violation]:
    """What the broker holds is what the positions hold, or is quarantined, or belongs to an unresolved order."""
    if evidence.untold:
        return
    owned: dict[Key, int] = {}
    for position in evidence.state["states"]["positions"]:
        for leg in position["legs"]:
            key = _key_of_leg(leg["contract"])
            owned[key] = owned.get(key, 0) + leg["quantity"]
    held: dict[Key, int] = {}
    for symbol, quantity in evidence.log.holdings.items():
        key = key_of_symbol(symbol)
        held[key] = held.get(key, 0) + quantity
    excused = " ".join(evidence.state["book"]["quarantined"])
    unresolved = {_key_of_leg(row["contract"]) for work in evidence.state["executor"]["works"]
                  for row in work["goal"]}
    for key in sorted(owned.keys() | held.keys(), key=str):
        if owned.get(key, 0) == held.get(key, 0) or key in unresolved or _text(key) in excused:
            continue
        yield Violation("FORGOTTEN", f"{_text(key)}: broker {held.get(key, 0)}, framework {owned.get(key, 0)}")


def _text(key: Key) -> str:
    ticker, expiry, strike, right = key
    return ticker if expiry is None else f"{expiry:%y%m%d}{right}{strike:09.3f}"


# --- ends -----------------------------------------------------------------------------------------------------------

def _ends(evidence: Evidence) -> Iterable[Violation]:
    """Every intent has a final outcome or is still being worked; the broker rests no order of a finished one."""
    executor = evidence.state["executor"]
    working = {work["intent"]["id"]: work for work in executor["works"]}
    ended = set(executor["finished"]) | {row["facts"]["intent"] for row in evidence.audit
                                         if row["event"].startswith("ORDER_") and row["facts"].get("final")}
    for intent in {intent_of(order.tag) for order in evidence.log.orders} - ended - working.keys():
        yield Violation("NO_END", f"{intent} has neither an outcome nor work")
    tags = {work["order"]["tag"] for work in working.values() if work["order"] is not None}
    for tag in evidence.resting:
        if tag not in tags:
            yield Violation("ORPHAN_ORDER", f"{tag or 'an order without a tag'} rests at the broker")
    for intent, work in working.items():
        begun = datetime.fromisoformat(work["started"])
        calm = [minute for minute in session_minutes(begun, evidence.ended) if not evidence.obstructed(minute)]
        waits = work["unknown"] and evidence.owned_up(intent, begun, evidence.ended)    # for reconciliation
        if purpose_of(f"{intent}#1") == "ENTRY" and len(calm) > 2 * REPAIR_MINUTES and not waits:
            yield Violation("NO_END", f"{intent} is worked since {begun}, {len(calm)} undisturbed minutes")


# --- dates ----------------------------------------------------------------------------------------------------------

def _flat_by(evidence: Evidence) -> Iterable[Violation]:
    """0DTE is flat before the broker's wall, other shorts in their last session with 21 days left."""
    first: dict[tuple[str, Any], date] = {}
    held: dict[tuple[str, Any], int] = {}
    last_day: dict[tuple[str, Any], datetime] = {}
    for trade in evidence.log.trades:
        if not trade.tag:
            continue
        key = (position_of(trade.tag), trade.symbol)
        first.setdefault(key, trade.time.date())
        deadline = _deadline(trade.symbol, first[key])
        if deadline is not None and trade.time > deadline and held.get(key, 0) < 0:
            last_day[key] = deadline
        held[key] = held.get(key, 0) + trade.quantity
    for key, quantity in held.items():
        deadline = _deadline(key[1], first[key])
        if deadline is not None and quantity < 0 and deadline < evidence.ended:
            last_day[key] = deadline
    for (position, symbol), deadline in last_day.items():
        morning = datetime.combine(deadline.date(), OPEN)
        calm = [minute for minute in session_minutes(morning, deadline) if not evidence.obstructed(minute)]
        whole = len(calm) == len(list(session_minutes(morning, deadline)))
        if whole or not evidence.owned_up(position, morning, deadline):
            yield Violation("NOT_FLAT", f"{position} held {symbol.value} after {deadline}")


def _deadline(symbol: Any, bought: date) -> datetime | None:
    expiry = expiry_of(symbol)
    if expiry is None:
        return None
    days = (expiry - bought).days
    if days == 0:
        return datetime.combine(expiry, WALL)
    if days <= DEFENSIVE_DTE:
        return None
    last = sessions(bought, expiry - timedelta(days=DEFENSIVE_DTE))[-1]
    return datetime.combine(last, CLOSE)


# --- halts ----------------------------------------------------------------------------------------------------------

def _halted(evidence: Evidence) -> Iterable[Violation]:
    """No entry goes out between an intent's failure and its end."""
    for row in evidence.audit:
        if row["event"] not in ("ORDER_FAILED", "ORDER_UNKNOWN"):
            continue
        intent, start = row["facts"]["intent"], row["time"]
        ends = [other["time"] for other in evidence.audit if other["facts"].get("intent") == intent
                and other["facts"].get("final") and other["time"] >= start]
        end = min(ends) if ends else evidence.ended.isoformat()
        for order in evidence.log.orders:
            if purpose_of(order.tag) == "ENTRY" and order.tag.endswith("#1") and intent_of(order.tag) != intent \
                    and start < order.time.isoformat() < end:
                yield Violation("NOT_HALTED", f"{order.tag} went out while {intent} had failed")
