"""What a reader is told: it changes no order, is what its schema says, and whatever goes wrong with it stops nothing."""
from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from core.model import Right
from helpers.shell.framework_shell import FrameworkShell
from helpers.shell.published import publisher
from helpers.store.state_store import CHECKSUM_HEAD, checksum
from local.broker_faults.faults import Fault, LyingQuotes
from local.broker_faults.lives import Lives
from local.engine.loop.object_store import ObjectStore
from operations.dashboard.schema import NAMES, SchemaError, check, schema
from tests.scenarios.order_world import FRIDAY, lives

FOLDER = "storage/paper/main/tom-king/published"
PUBLISHED = "/published/"


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def until(moment: datetime, out: Path, *faults: Fault, **parameters: str) -> tuple[Lives, FrameworkShell]:
    run = lives(out, *faults, live=True, **{"publish": "yes"} | parameters)
    run.begin()
    assert run.run(moment), run.error
    return run, run.engine.algorithm.shell


def told(run: Lives, action: str, **fields: Any) -> dict[str, Any]:
    row = {"strategy": None, "reason": None, "amount": None, "position": None, "reference": None} | fields
    algorithm = run.engine.algorithm
    return algorithm.shell.command(SimpleNamespace(action=action, **row), algorithm.time)


def document(run: Lives, name: str = "status") -> dict[str, Any]:
    """One published document; its checksum must be that of the rest of its text."""
    text = (run.out / FOLDER / f"{name}.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert checksum("{" + text.removeprefix(f"{CHECKSUM_HEAD}{found['checksum']}\",")) == found["checksum"]
    return dict(found)


def sent(run: Lives) -> list[tuple[Any, ...]]:
    """Every order, repricing, trade and transition of the run."""
    log = run.broker.log
    steps = [(row["time"], json.dumps(row["facts"], sort_keys=True)) for row in run.audit() if row["event"] == "TRANSITION"]
    return [*((order.tag, order.limit) for order in log.orders), *log.repriced,
            *((trade.tag, str(trade.symbol), trade.quantity, trade.price) for trade in log.trades), *steps]


# --- it changes nothing


def lies() -> tuple[LyingQuotes, ...]:
    """The short put of LT112 lies for a minute, thrice: at minutes the rules look at, and at others."""
    with TemporaryDirectory() as folder:
        _, shell = until(at(12, 1), Path(folder), publish="no")
        (contract,) = [leg.contract for position in shell.parts.states.open_positions if position.strategy == "lt112"
                       for leg in position.legs if leg.contract.right is Right.PUT and leg.quantity < 0]
    name = f"{contract.underlying:<6}{contract.expiry:%y%m%d}{contract.right.value}{round(1000 * contract.strike):08d}"
    return tuple(LyingQuotes(option=name, start=at(12, minute), end=at(12, minute + 1)) for minute in (3, 4, 10, 11, 22))


def test_publishing_changes_no_order(tmp_path: Path) -> None:
    """Live, one day with entries, an exit, and quotes that lie at minutes nobody but a reader would look at."""
    faults = lies()
    silent, told_run = (lives(tmp_path / publish, *faults, live=True, publish=publish) for publish in ("no", "yes"))
    assert silent.whole() and told_run.whole(), silent.error or told_run.error
    assert sum(fault.hits for fault in faults) > 0 and sent(silent) == sent(told_run) and len(sent(silent)) > 20
    assert document(told_run)["body"]["run"]["ended"] is True and not (silent.out / FOLDER).exists()


def test_a_backtest_publishes_when_it_is_asked_to(tmp_path: Path) -> None:
    runs = [lives(tmp_path / name, **more) for name, more in (("a", {}), ("b", {"publish": "yes"}))]
    assert all(run.whole() for run in runs) and sent(runs[0]) == sent(runs[1])
    assert [sorted(path.stem for path in run.out.rglob("published/*.json")) for run in runs] == [[], sorted(NAMES)]


# --- what it says


@lru_cache(maxsize=1)
def day_of_documents() -> dict[str, list[dict[str, Any]]]:
    """Everything that is published on a day with commands, as it was handed to the store."""
    kept: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
    save = ObjectStore.save

    def keep(store: ObjectStore, path: str, text: str | None = None) -> bool:
        if PUBLISHED in path:
            kept[Path(path).stem].append(json.loads(text or ""))
        return save(store, path, text)

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ObjectStore, "save", keep)
        run = lives(Path(folder), live=True, publish="yes", fills_after=3)
        run.begin()
        assert run.run(at(12, 1)), run.error
        for action, fields in (("status", {}), ("halt", {"reason": "lunch"}), ("nonsense", {}), ("resume", {}),
                               ("flatten", {"strategy": "lt112"})):
            told(run, action, **fields)
        assert run.run(), run.error
    return kept


@pytest.mark.parametrize("name", NAMES)
def test_every_document_of_a_day_is_what_its_schema_says(name: str) -> None:
    documents = day_of_documents()[name]
    assert len(documents) > 1
    for found in documents:
        check(found, name)
    numbers = [found["sequence"] for found in documents]
    assert numbers == sorted(set(numbers))


def test_the_status_comes_each_minute_of_the_session() -> None:
    times = {datetime.fromisoformat(found["time"]) for found in day_of_documents()["status"]}
    assert {at(9, 30) + timedelta(minutes=minute) for minute in range(1, 391)} <= times


def test_a_working_order_is_shown_with_its_age_and_its_walk() -> None:
    rows = [row for found in day_of_documents()["status"] for row in found["body"]["orders"]]
    assert {row["purpose"] for row in rows} >= {"ENTRY", "EXIT"}
    walked = [row["walked_share"] for row in rows if row["purpose"] == "ENTRY" and row["walked_share"] is not None]
    assert walked and max(walked) > 0.0 and max(row["age_seconds"] for row in rows) >= 60.0


def test_results_of_positions_and_of_the_account_agree() -> None:
    """What the open positions have made and what closed trades made is what the account has made."""
    found = [row for row in day_of_documents()["status"] if row["body"]["positions"] and not row["body"]["orders"]][0]
    body = found["body"]
    assert sum(row["pnl_usd"] for row in body["positions"]) == pytest.approx(body["account"]["open_result_usd"], abs=0.01)
    assert body["account"]["open_result_usd"] == pytest.approx(body["account"]["day_result_usd"], abs=0.01)
    assert sum(row["greeks"]["vega"] for row in body["positions"]) == pytest.approx(body["account"]["greeks"]["vega"], abs=1e-4)
    legs = [leg for row in body["positions"] for leg in row["legs"]]
    assert all(leg["bid"] <= leg["mid"] <= leg["ask"] and leg["iv"] > 0.0 for leg in legs)


def test_what_must_happen_next_is_told() -> None:
    body = day_of_documents()["status"][-1]["body"]
    held = [found["body"] for found in day_of_documents()["status"] if found["body"]["positions"]][-1]
    rows = {(row["what"], row["day"]) for row in held["ahead"]}
    assert ("FOMC", "2024-07-31") in rows
    assert {what for what, _ in rows} >= {"expiry", "FOMC"} and body["phase"]["next"][0]["name"] == "equity"


# --- commands


def test_an_answer_comes_back_with_its_reference(tmp_path: Path) -> None:
    run, _ = until(at(12, 1), tmp_path)
    told(run, "halt", reason="lunch", reference="7f3a")
    body = document(run)["body"]
    assert [(row["reference"], row["answer"]) for row in body["commands"]] == [("7f3a", {"halted": "lunch"})]
    assert [(row["code"], row["command"]) for row in body["needs_owner"]] == [("HALTED", "resume")]
    told(run, "resume", reference="81bc")
    assert document(run)["body"]["needs_owner"] == []


# --- what goes wrong


def test_a_store_that_takes_no_reader_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lives(tmp_path / "whole", live=True, publish="yes")
    assert whole.whole()
    save = ObjectStore.save
    refused: list[str] = []

    def refuse(store: ObjectStore, path: str, text: str | None = None) -> bool:
        if PUBLISHED in path and len(refused) < 200:
            refused.append(path)
            return False
        return save(store, path, text)

    monkeypatch.setattr(ObjectStore, "save", refuse)
    run = lives(tmp_path / "refused", live=True, publish="yes")
    assert run.whole(), run.error
    assert sent(run) == sent(whole) and len(refused) == 200
    assert [row["event"] for row in run.audit() if row["event"].startswith("PUBLISH")] == ["PUBLISH_FAILED", "PUBLISH_RECOVERED"]


def test_a_defect_in_what_is_told_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> dict[str, Any]:
        raise KeyError("spot")

    monkeypatch.setattr(publisher, "position_row", broken)
    run = lives(tmp_path, live=True, publish="yes")
    assert run.whole(), run.error
    assert [order.tag.split(":")[1] for order in run.broker.log.orders] == ["ENTRY", "ENTRY", "EXIT"]
    assert [row["facts"]["what"] for row in run.audit() if row["event"] == "PUBLISH_FAILED"][0] == "KeyError: 'spot'"


def test_a_document_that_is_too_large_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "LARGEST_BYTES", 100)
    run, shell = until(at(9, 40), tmp_path)
    assert not (tmp_path / FOLDER).exists() and shell.started
    assert "too large" in [row["facts"]["what"] for row in run.audit() if row["event"] == "PUBLISH_FAILED"][0]


# --- the schema itself


@pytest.mark.parametrize("change, says", [
    (lambda body: body.pop("guards"), "lacks guards"), (lambda body: body.update(more=1), "has more"),
    (lambda body: body["account"].update(equity_usd="65000"), "equity_usd is str, not number"),
    (lambda body: body["account"].update(equity_usd=float("nan")), "equity_usd is float"),
    (lambda body: body["account"].update(entries_today=True), "entries_today is bool"),
    (lambda body: body["limits"][0].update(unit=None), "unit is NoneType"),
    (lambda body: body["needs_owner"].extend([{"code": "", "text": "", "command": ""}] * 301), "at most 300")])
def test_what_is_not_as_the_schema_says_is_found(change: Any, says: str) -> None:
    found = json.loads(json.dumps([row for row in day_of_documents()["status"] if row["body"]["limits"]][0]))
    check(found, "status")
    change(found["body"])
    with pytest.raises(SchemaError, match=says):
        check(found, "status")


def test_a_schema_of_a_newer_version_is_refused() -> None:
    found = dict(day_of_documents()["status"][0], schema=publisher.SCHEMA + 1)
    with pytest.raises(SchemaError, match="schema is 2, not 1"):
        check(found, "status")


def test_a_word_that_is_not_checked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loose.json").write_text('{"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}}',
                                         encoding="utf-8")
    monkeypatch.setattr("operations.dashboard.schema.FOLDER", tmp_path)
    with pytest.raises(SchemaError, match="loose.a: pattern is not checked"):
        schema("loose")
