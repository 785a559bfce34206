"""A day's story is told from the audit trail: every entry, refusal, change and exit, each with its reason."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from core.codes import RefusalCode
from local.day_story import day_story

DAY = date(2024, 8, 2)
POSITION = "lt112/202408020948"


def row(moment: str, event: str, /, **facts: Any) -> dict[str, Any]:
    return {"at": datetime.fromisoformat(f"2024-08-{moment}"), "event": event, "facts": facts}


def guards(moment: str, emergency: str, breaker: int = 0, triggers: tuple[str, ...] = (), trips: tuple[str, ...] = (),
           blind: tuple[str, ...] = ()) -> dict[str, Any]:
    return row(moment, "GUARDS", emergency=emergency, breaker_level=breaker, triggers=list(triggers), trips=list(trips),
               blind=list(blind))


def started(moment: str = "01T00:00", *names: str) -> dict[str, Any]:
    return row(moment, "STARTED", strategies=list(names or ("friday_0dte", "lt112")))


def ordered(moment: str, kind: str, purpose: str, units: int, **facts: Any) -> dict[str, Any]:
    return row(moment, f"ORDER_{kind}", strategy="lt112", position=POSITION, purpose=purpose, units=units, reason="because",
               **facts)


def told(*rows: dict[str, Any], strategy: str | None = None) -> str:
    return "\n".join(day_story(rows, DAY, strategy))


@pytest.mark.parametrize("code", list(RefusalCode))
def test_each_refusal_is_told_in_the_words_of_its_code(code: RefusalCode) -> None:
    story = told(started(), row("02T10:33", "REFUSED", strategy="lt112", code=code.value, vix=20.771234, limit=22))
    assert f"10:33  no entry: {code.value}. {code.meaning} (vix 20.7712, limit 22)" in story
    assert f"lt112: nothing was opened; refused for {code.value}" in story


def test_an_entry_tells_what_bound_its_size_and_what_became_of_its_order() -> None:
    looks = {"strategy": "lt112", "position": POSITION, "underlying": "SPY", "contracts": ["a", "b"]}
    story = told(started(), row("02T09:48", "SELECTED", **looks),
                 row("02T09:50", "ENTER", strategy="lt112", position=POSITION, quantity=12, legs=["+1 a", "-1 b"],
                     reason="credit 1.06", binding="kelly", limits={"kelly": 12, "heat": 101}, risk_usd=4722.4),
                 ordered("02T09:51", "PARTIAL", "ENTRY", 5, price=-1.07),
                 ordered("02T09:53", "FILLED", "ENTRY", 12, price=-1.065))
    assert "lt112: 1 opened\n" in story
    assert f"09:50  {POSITION} enters 12 of +1 a, -1 b: credit 1.06; kelly allowed 12, the least; may lose $4,722" in story
    assert f"09:53  {POSITION}: its order (ENTRY) ended FILLED, 12 filled at -1.065 (because)" in story


def test_an_order_that_never_filled_opens_nothing() -> None:
    story = told(started(), ordered("02T10:15", "NOT_FILLED", "ENTRY", 0))
    assert "lt112: nothing was opened\n" in story and "ended NOT_FILLED, 0 filled (because)" in story


@pytest.mark.parametrize("urgency, words", [("WALK", "from the mid"), ("NATURAL", "at once, at the natural price")])
def test_an_exit_and_a_change_tell_their_reason(urgency: str, words: str) -> None:
    facts = {"strategy": "lt112", "position": POSITION, "reason": "VIX crossed 35", "urgency": urgency, "quantity": 3,
             "legs": ["-1 a"]}
    story = told(started(), row("02T11:00", "EXIT", **facts), row("02T11:01", "EXIT", **facts),
                 ordered("02T11:02", "FILLED", "EXIT", 3), row("02T11:03", "MANAGE", **facts))
    assert "lt112: nothing was opened; 1 sent to be closed\n" in story, "tried twice, closed once"
    assert f"11:00  {POSITION} closes: VIX crossed 35, {words}" in story
    assert f"11:03  {POSITION} changes: VIX crossed 35" in story


def test_a_later_refusal_that_ended_a_choice_is_told_by_its_transition() -> None:
    """The trail has each refusal once a day; what was chosen afterwards and given up must not go without a reason."""
    def given_up(moment: str, code: str) -> dict[str, Any]:
        return row(moment, "TRANSITION", position_id=POSITION, event="ENTRY_REFUSED", to="WAITING", reason=code)

    first = row("02T10:00", "REFUSED", strategy="lt112", code="GREEK_DELTA")
    story = told(started(), first, given_up("02T10:00", "GREEK_DELTA"), given_up("02T10:20", "GREEK_DELTA"))
    assert f"10:20  {POSITION} was not opened: GREEK_DELTA. {RefusalCode.GREEK_DELTA.meaning}" in story
    assert story.count("was not opened") == 1, "the first is told once"


def test_what_the_exchange_or_a_fault_did_is_told() -> None:
    story = told(started(),
                 row("02T16:00", "TRANSITION", position_id=POSITION, event="EXPIRED", to="COMPLETE", reason="EXPIRY"),
                 row("02T16:01", "TRANSITION", position_id=POSITION, event="RESET", to="WAITING", reason="archived"))
    assert f"{POSITION}: EXPIRED, now COMPLETE: EXPIRY" in story and "archived" not in story


def test_the_level_of_the_eve_stands_in_the_morning() -> None:
    eve = guards("01T12:56", "YELLOW", triggers=("day's loss YELLOW",))
    later = guards("02T12:36", "ORANGE", 2, ("SPY moved",), ("margin 0.9 of 0.8, level 2",), ("greeks",))
    story = told(started(), eve, guards("02T09:35", "NONE"), later)
    assert "at the start: emergency level YELLOW, breakers at 0: day's loss YELLOW (since 2024-08-01 12:56)" in story
    assert "12:36  emergency level ORANGE, breakers at 2: SPY moved; margin 0.9 of 0.8, level 2; cannot judge: greeks" in story
    assert "nothing stood in the way" not in story
    assert "at the start" not in told(started(), guards("01T15:00", "NONE")), "a level that has ended stands no more"
    assert "at the start: emergency level NONE, breakers at 2" in told(started(), guards("01T15:00", "NONE", 2))


def test_other_days_and_later_starts_are_not_told() -> None:
    story = told(started(), row("01T10:00", "REFUSED", strategy="lt112", code="DAILY_LOSS"), started("03T00:00", "butterfly"),
                 row("05T10:00", "REFUSED", strategy="lt112", code="BREAKER"))
    assert "DAILY_LOSS" not in story and "BREAKER" not in story and "butterfly" not in story
    assert "friday_0dte: not a word" in story and "lt112: not a word" in story
    assert "nothing stood in the way of an entry" in story


def test_a_strategy_alone_is_told_with_what_stood_over_all() -> None:
    rows = (started(), guards("02T10:00", "RED", triggers=("buying power",)),
            row("02T10:01", "REFUSED", strategy="friday_0dte", code="EMERGENCY"),
            row("02T10:02", "REFUSED", strategy="lt112", code="EMERGENCY"),
            row("02T10:03", "QUARANTINE", holdings={"SPY": 300}))
    story = told(*rows, strategy="lt112")
    assert "friday_0dte" not in story and "10:02  no entry" in story
    assert "emergency level RED" in story and "QUARANTINE (holdings {'SPY': 300})" in story


def test_figures_of_the_account_are_no_reasons() -> None:
    story = told(started(), row("02T10:30", "MARK", equity=1.0), row("02T10:31", "FILL", position=POSITION, price=1.0))
    assert "MARK" not in story and "FILL" not in story
