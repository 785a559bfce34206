"""Each line of the checklist falls by exactly what it is about, and production names it."""
from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import ConfigError
from helpers.store.promotion import KEY, LINES, check_promotion
from operations.promotion.checklist import OF_STAGING, PRODUCTION, STAGING, checklist
from tests.operations.promotion.grounds import CONFIG, NOW, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def record(project: Project) -> str | None:
    place = project.store / KEY
    return place.read_text(encoding="utf-8") if place.is_file() else None


def test_a_complete_checklist_is_promoted(project: Project) -> None:
    assert [item.name for item in checklist(project.ground, PRODUCTION)] == list(LINES) and project.missing() == []
    assert project.promote()
    check_promotion(record(project), project.tree)
    (row,) = project.records.rows("promotions")
    assert (row["tree"], row["commit"]) == (project.tree, project.git("rev-parse", "HEAD"))
    assert project.git("for-each-ref", "--format=%(objectname)", "refs/promoted") == row["commit"]
    assert [name.kind.value for name in project.repository.names()] == ["promotion"]


def untested(project: Project) -> None:
    project.write("tests/new.py", "X = 1\n")
    project.commit("a test more")


def long_ago(project: Project) -> None:
    project.now = NOW + timedelta(days=1, seconds=1)
    project.observe((project.now - timedelta(days=41)).date(), 41)


def in_a_repository(project: Project) -> None:
    (project.folder / ".git").rename(project.workspace / ".git")
    project.folder = project.workspace / "project"
    (project.workspace / ".gitignore").write_text("storage/\n.cache/\n", encoding="utf-8")
    project.git("add", "-A", str(project.workspace))
    project.git("commit", "-q", "-m", "moved")


FORTY = NOW.date() - timedelta(days=40)
FALLS: dict[str, tuple[Callable[[Project], object], list[str], str]] = {
    "a file is changed": (lambda p: p.write("config.json", json.dumps(CONFIG) + "\n"), ["committed"], "config.json"),
    "other tests than those that ran": (untested, ["tests", "parity"], "was last run on another tree"),
    "a test failed": (lambda p: p.show(failed=1), ["tests"], "1 failed, 900 passed"),
    "engines differ": (lambda p: p.show(equal=False), ["parity"], "were not equal"),
    "parity of nothing": (lambda p: p.show(fills=0), ["parity"], "nothing filled"),
    "the last restore is older than seven days": (long_ago, ["restored"], "last restored 7 days ago"),
    "no drill": (lambda p: p.observe(FORTY, 40, drill=("halt", "resume")), ["drill"], "flatten/liquidate, then resume"),
    "a drill in another order": (lambda p: p.observe(FORTY, 40, drill=("resume", "liquidate", "halt")), ["drill"],
                                 "flatten/liquidate, then resume"),
    "no sign-in": (lambda p: (p.workspace / "lean.json").write_text('{"tastytrade-account-number": "5WT00001"}'), ["credentials"],
                   "does not hold tastytrade-refresh-token"),
    "a commit would publish it": (in_a_repository, ["credentials"], "would publish it"),
    "the configuration has changed": (lambda p: (p.write("config.json", json.dumps({"parameters": {"cash": "1"}})), p.commit("c")),
                                      ["reviewed"], "has changed since it was reviewed"),
    "29 days observed": (lambda p: p.observe(NOW.date() - timedelta(days=30), 30) if wiped(p) else None,
                         ["observed"], "29 days and 30 sessions"),
    "nobody observes now": (lambda p: p.observe(NOW.date() - timedelta(days=60), 53) if wiped(p) else None,
                            ["observed"], "in the last week"),
    "too few fills": (lambda p: p.observe(FORTY, 40, fills=9), ["observed"], "9 fills on paper"),
    "fills cost more than planned": (lambda p: p.observe(FORTY, 40, conceded=0.51), ["observed"], "conceded 51%"),
}


def wiped(project: Project) -> bool:
    """Without what was observed so far."""
    for place in (project.store / "paper").rglob("*.jsonl"):
        place.unlink()
    return True


@pytest.mark.parametrize("case", FALLS)
def test_each_line_falls_by_what_it_is_about(project: Project, case: str) -> None:
    happens, names, text = FALLS[case]
    happens(project)
    assert project.missing() == names and text in project.text(names[0])
    assert not project.promote()
    with pytest.raises(ConfigError) as problem:
        check_promotion(record(project), project.tree)
    assert all(f"{name} (" in str(problem.value) for name in names) and project.records.rows("promotions") == []


@pytest.mark.parametrize("happens", [
    lambda p: p.write("README.md", "words"), lambda p: (p.write("config.json", json.dumps({"parameters": {
        "strategies": "all", "mode": "trade", "environment": "production"}})), p.commit("c")),
    lambda p: p.observe(NOW.date() - timedelta(days=31), 31) if wiped(p) else None,
    lambda p: p.observe(FORTY, 40, fills=10, conceded=0.5)])
def test_at_the_limit_every_line_is_kept(project: Project, happens: Callable[[Project], object]) -> None:
    happens(project)
    assert project.missing() == []


def test_staging_asks_for_less(project: Project) -> None:
    wiped(project)
    (project.workspace / "lean.json").unlink()
    assert [item.name for item in checklist(project.ground, STAGING)] == list(OF_STAGING)
    assert project.promote(STAGING) and record(project) is None
    assert [row["target"] for row in project.records.rows("promotions")] == ["staging"]


def test_an_attempt_that_fails_leaves_the_last_promotion(project: Project) -> None:
    assert project.promote()
    promoted, tree = record(project), project.tree
    project.write("main.py", "VERSION = 2\n")
    project.commit("second")
    assert not project.promote() and record(project) == promoted
    check_promotion(record(project), tree)
    with pytest.raises(ConfigError, match="promoted for another tree"):
        check_promotion(record(project), project.tree)


@pytest.mark.parametrize("text, told", [(None, "is not promoted"), ("{", "cannot be read"), ("[]", "cannot be read"),
                                        ('{"format":"x","schema":1,"target":"production","tree":"","lines":{}}', "is not production's")])
def test_a_record_that_is_none_is_refused(text: str | None, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        check_promotion(text, "tree")


@pytest.mark.parametrize("name", LINES)
def test_production_names_the_line_that_is_missing(project: Project, name: str) -> None:
    assert project.promote()
    body = json.loads(record(project) or "")
    for value in (False, None, "yes"):
        with pytest.raises(ConfigError) as problem:
            check_promotion(json.dumps(body | {"lines": body["lines"] | {name: value}}), project.tree)
        assert f"production is not promoted: {name} ({LINES[name]});" in str(problem.value)
