"""What holds in every whole run, whatever its market did: read from the engine's order records and the audit trail.

The figures are the method's own (SPEC § 1, § 2, § 3, § 5), written down here once more so that config/ is checked too.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pytest

from core.codes import RefusalCode
from local.data.calendar import sessions
from strategies.exits import ExitReason
from tests.scenarios.whole_runs import PLANS, SIX, Fill, WholeRun

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("whole runs"), pytest.mark.parametrize("label", PLANS)]

DEFENSIVE_DTE = 21
SHORT_DATED_BY_DESIGN = {"friday_0dte", "ipmcc", "diagonal", "calendar"}
PROTECTION = {"leap_put_ladder", "hedge"}
SHORT_VOLATILITY = {"friday_0dte", "lt112", "futures_strangle", "butterfly", "ratio"}
MOST_AT_ONCE = {     # by phase 1/2/3/4: contracts, symbols, positions in one product, positions
    "friday_0dte": (2, 3, 4, 12), "lt112": (1, 2, 2, 2), "ipmcc": (1, 1, 2, 2), "futures_strangle": (1, 1, 1, 1),
    "leap_put_ladder": (8, 8, 8, 8), "butterfly": (0, 0, 1, 1), "calendar": (0, 0, 1, 2), "ratio": (0, 1, 1, 2),
    "diagonal": (0, 0, 0, 2), "hedge": (1, 1, 1, 1)}
MOST_POSITIONS = (3, 5, 7, 10)
GROUPS = {"SPY": "equity index", "QQQ": "equity index", "IWM": "equity index", "ES": "equity index",
          "MES": "equity index", "VIX": "equity index", "AAPL": "stocks", "MSFT": "stocks", "CL": "energy",
          "MCL": "energy", "GC": "metals", "MGC": "metals", "SI": "metals"}
SPY_LIKE = {"SPY", "ES", "MES"}
GUARDS = ("breaker", "day's loss", "VIX crossed", "SPY moved", "loss of", "buying power", "invariant", "RED stands",
          "ORANGE stands")
OPERATOR = ("OPERATOR_FLATTEN", "OPERATOR_LIQUIDATE")
EXCHANGE = ("EXPIRED", "ASSIGNED", "GONE", "UNEVEN_REPAIRED", "REPAIRED", "RESTART")
Books = dict[str, dict[str, int]]


def owner_of(fill: Fill, books: Books) -> str:
    """The position a fill belongs to: its tag's, else (expiry, assignment) the one that holds the contract."""
    if fill.position:
        return fill.position
    holders = [position for position, legs in books.items() if legs.get(fill.contract)]
    assert len(holders) == 1, (fill, holders)
    return holders[0]


def walked(run: WholeRun) -> Iterator[tuple[Fill, Books]]:
    """Every fill with the books after it: position to contract to quantity, flat ones left out."""
    books: Books = {}
    for fill in run.fills:
        position = owner_of(fill, books)
        legs = books.setdefault(position, {})
        legs[fill.contract] = legs.get(fill.contract, 0) + fill.quantity
        if not legs[fill.contract]:
            del legs[fill.contract]
        if not legs:
            del books[position]
        yield fill, books


def at_close(run: WholeRun) -> Iterator[tuple[date, Books]]:
    """The books after each session, expiring contracts gone."""
    steps, books = walked(run), {}
    ahead = next(steps, None)
    for day in sessions(date.fromisoformat(run.plan.start), date.fromisoformat(run.plan.end)):
        while ahead is not None and ahead[0].time.date() <= day:
            books = {position: dict(legs) for position, legs in ahead[1].items()}
            ahead = next(steps, None)
        yield day, books


def facts_of(run: WholeRun) -> dict[str, Fill]:
    """Any fill of each contract: its expiry, right and strike."""
    return {fill.contract: fill for fill in run.fills}


def strategy_of(position: str) -> str:
    return position.split("/")[0]


def underlyings(run: WholeRun) -> dict[str, str]:
    """Position to ticker, without the slash of futures."""
    return {row["facts"]["position"]: row["facts"]["underlying"].removeprefix("/") for row in run.rows("SELECTED")}


def phase_at(run: WholeRun, moment: datetime) -> int:
    changes = [change["phase"] for change in run.report["phases"] if datetime.fromisoformat(change["time"]) < moment]
    return changes[-1] if changes else run.plan.phase


def test_there_is_something_to_judge(run: WholeRun) -> None:
    assert run.report["trades"] and run.fills
    assert {fill.strategy for fill in run.fills} - {""} <= set(MOST_AT_ONCE)


def test_the_audit_trail_tells_of_exactly_the_fills_the_engine_made(run: WholeRun) -> None:
    """Options only: shares that an assignment brought are closed apart from them."""
    told = sorted((row["facts"]["position"], row["facts"]["quantity"], row["at"]) for row in run.rows("FILL")
                  if " " in row["facts"]["contract"])
    made = sorted((fill.position, fill.quantity, fill.time) for fill in run.fills if fill.position)
    assert [row[:2] for row in told] == [row[:2] for row in made]
    assert all(abs(heard[2] - filled[2]) <= timedelta(minutes=1) for heard, filled in zip(told, made))


def test_no_short_option_is_held_below_21_days_unless_short_dated_by_design(run: WholeRun) -> None:
    named = facts_of(run)
    opened: dict[tuple[str, str], date] = {}
    for fill in run.fills:
        if fill.quantity < 0:
            opened.setdefault((fill.position, fill.contract), fill.time.date())
    judged = 0
    for day, books in at_close(run):
        later = sessions(day + timedelta(days=1), day + timedelta(days=10))[0]
        for position, legs in books.items():
            for contract, quantity in legs.items():
                expiry = named[contract].expiry
                if quantity >= 0 or (position, contract) not in opened:
                    continue
                if strategy_of(position) in SHORT_DATED_BY_DESIGN:
                    assert (expiry - opened[position, contract]).days <= DEFENSIVE_DTE, (position, contract)
                    continue
                judged += 1
                # after the close of the last session with at least 21 days left nothing of it is held
                assert (expiry - later).days >= DEFENSIVE_DTE, (position, contract, day)
    assert judged or run.label not in SIX


def test_no_position_is_naked_or_uneven_at_a_days_end(run: WholeRun) -> None:
    named = facts_of(run)
    for day, books in at_close(run):
        for position, legs in books.items():
            where = (position, day, legs)
            strategy, longs = strategy_of(position), sum(count for count in legs.values() if count > 0)
            shorts = -sum(count for count in legs.values() if count < 0)
            sizes = sorted(abs(count) for count in legs.values())
            if strategy in PROTECTION:
                assert shorts == 0, where
            elif strategy == "friday_0dte":
                # flat in what is short; a bought leg that nobody bids for is left to its expiry, at that day's end
                assert shorts == 0 and {named[contract].expiry for contract in legs} == {day}, f"a same-day condor over night: {where}"
            elif strategy in ("lt112", "butterfly"):
                assert longs == shorts and sizes[0] == sizes[-1] and len(legs) == (2 if strategy == "lt112" else 4), where
            elif strategy == "futures_strangle":
                assert longs == 0 and len(legs) == 2 and sizes[0] == sizes[1], where
                assert {named[contract].right for contract in legs} == {"C", "P"}, where
            elif strategy == "ratio":
                assert len(legs) == 2 and (shorts == 2 * longs or 2 * shorts == 3 * longs), where
            else:   # calendar, covered calls: every short against a long of a later day
                assert shorts in (0, longs), where
                assert all(named[short].expiry < named[long].expiry for short, sold in legs.items() if sold < 0
                           for long, bought in legs.items() if bought > 0), where


def test_shares_of_an_assignment_are_gone_by_the_days_end(run: WholeRun) -> None:
    """Those that come with the last bars, or overnight, by the end of the next session."""
    held: dict[tuple[str, str], int] = defaultdict(int)
    came: dict[tuple[str, str], datetime] = {}
    moves = [row for row in run.rows("FILL", "EXCHANGE") if " " not in row["facts"]["contract"]]
    for day in sessions(date.fromisoformat(run.plan.start), date.fromisoformat(run.plan.end)):
        while moves and moves[0]["at"].date() <= day:
            row, facts = moves[0], moves.pop(0)["facts"]
            changes = {facts["position"]: facts["quantity"]} if row["event"] == "FILL" else facts["positions"]
            for position, quantity in changes.items():
                held[position, facts["contract"]] += quantity
                came.setdefault((position, facts["contract"]), row["at"])
        for key, shares in held.items():
            late = datetime.combine(day, time(15, 50))
            assert shares == 0 or came[key] >= late, (key, shares, came[key])
        came = {key: at for key, at in came.items() if held[key]}


def entries(run: WholeRun) -> Iterator[tuple[Fill, Books]]:
    """The last fill of every entry, with the books after it."""
    last = {fill.position: number for number, fill in enumerate(run.fills) if fill.purpose == "ENTRY"}
    for number, (fill, books) in enumerate(walked(run)):
        if last.get(fill.position) == number and fill.position in books:
            yield fill, books


def test_no_strategy_has_more_open_than_its_table_allows(run: WholeRun) -> None:
    tickers = underlyings(run)
    for fill, books in entries(run):
        allowed = MOST_AT_ONCE[fill.strategy][phase_at(run, fill.time) - 1]
        own = [position for position in books if strategy_of(position) == fill.strategy]
        units = {"friday_0dte": sum(max(map(abs, books[position].values())) for position in own),
                 "ipmcc": len({tickers[position] for position in own}),
                 "futures_strangle": sum(tickers[position] == tickers[fill.position] for position in own)
                 }.get(fill.strategy, len(own))
        assert 0 < units <= allowed, (fill.time, fill.strategy, own)
        if fill.strategy == "ipmcc":
            assert max(map(abs, books[fill.position].values())) <= 5


def test_counts_of_phase_underlying_spy_and_limiter_hold_after_every_entry(run: WholeRun) -> None:
    tickers = underlyings(run)
    for fill, books in entries(run):
        counted = [position for position, legs in books.items() if min(legs.values()) < 0]
        if fill.position not in counted:
            continue
        assert len(counted) <= min(10, MOST_POSITIONS[phase_at(run, fill.time) - 1]), (fill.time, counted)
        by_ticker, by_group = defaultdict(list), defaultdict(list)
        for position in counted:
            by_group[GROUPS[tickers[position]]].append(position)
            if strategy_of(position) != "friday_0dte":
                by_ticker[tickers[position]].append(position)
        assert len(by_ticker[tickers[fill.position]]) <= 2, (fill.time, by_ticker)
        assert len(by_group[GROUPS[tickers[fill.position]]]) <= 3, (fill.time, by_group)
        assert sum(tickers[position] in SPY_LIKE for position in counted) <= 3 or tickers[fill.position] not in SPY_LIKE
        assert sum(strategy_of(position) in SHORT_VOLATILITY for position in counted) <= 5 \
            or fill.strategy not in SHORT_VOLATILITY, (fill.time, counted)


def test_entries_are_sent_in_their_windows_five_minutes_apart_and_ten_a_day(run: WholeRun) -> None:
    sent = run.rows("ENTER")
    assert sent
    for row in sent:
        strategy, clock = row["facts"]["strategy"], row["at"].time()
        first, last = {"friday_0dte": (time(10, 30), time(13, 30)), "futures_strangle": (time(9, 45), time(15, 0))
                       }.get(strategy, (time(9, 45), time(14, 0)))
        assert first <= clock < last, row
        assert strategy != "friday_0dte" or row["at"].weekday() == 4
    assert all(later["at"] - before["at"] >= timedelta(minutes=5) for before, later in zip(sent, sent[1:]))
    filled: dict[date, set[str]] = defaultdict(set)
    for fill in run.fills:
        if fill.purpose == "ENTRY":
            filled[fill.time.date()].add(fill.position)
    assert max(map(len, filled.values())) <= 10


def test_every_exit_has_a_reason_and_every_refused_entry_a_code(run: WholeRun) -> None:
    known = {reason.value for reason in ExitReason} | {*OPERATOR, *EXCHANGE}
    for trade in run.report["trades"]:
        assert trade["exit_reason"] in known or trade["exit_reason"].startswith(GUARDS) \
            or " breaker, level " in trade["exit_reason"], trade
        assert trade["entry_reason"]
        assert trade["forced"] == (trade["exit_reason"] not in {reason.value for reason in ExitReason}
                                   and trade["exit_reason"] not in EXCHANGE[:1]), trade
    codes = {code.value for code in RefusalCode}
    assert {row["code"] for row in run.report["refusal_days"]} <= codes
    given = {row["facts"]["intent"] for row in run.rows("EXIT", "MANAGE", "ENTER")}
    for row in run.rows("ORDER_FILLED", purpose="EXIT"):
        assert row["facts"]["intent"] in given, row
    unfilled = {row["facts"]["intent"] for row in run.rows("ORDER_NOT_FILLED", purpose="ENTRY", final=True)}
    counted = sum(row["count"] for row in run.report["refusal_days"] if row["code"] == "ENTRY_TIMEOUT")
    assert counted == len(unfilled)


def test_a_position_is_left_once_and_never_entered_again(run: WholeRun) -> None:
    gone: set[str] = set()
    for fill, books in walked(run):
        assert not (fill.purpose == "ENTRY" and fill.position in gone), fill
        if fill.position and fill.position not in books:
            gone.add(fill.position)
    closed = [trade["id"] for trade in run.report["trades"]]
    assert len(closed) == len(set(closed))
    held = {position["id"] for position in run.report["open_positions"]}
    assert set(closed) | held == {fill.position for fill in run.fills if fill.purpose == "ENTRY"} - {""}
