"""The way back, on a real git repository: the last promoted tree, and the state that it left."""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from helpers.store.promotion import KEY, check_promotion
from operations.backup.manifest import Kind
from operations.errors import OperationsError
from operations.promotion import steps
from operations.promotion.steps import roll_back
from tests.operations.promotion.grounds import LIVE, Project
from tests.operations.stores import files_of, taken_up


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The first tree was promoted and left its state at step 3; a second one is promoted, and has gone on to step 5."""
    made = Project(tmp_path)
    assert made.promote()
    made.live.step()
    made.live.step()
    made.now += timedelta(minutes=15)
    made.repository.run(made.store, made.now, kind=Kind.INCREMENTAL, reason="schedule", tree=made.tree)
    made.write("main.py", "VERSION = 2\n")
    made.commit("second")
    made.show()
    assert made.promote()
    made.live.step()
    made.live.step()
    made.now += timedelta(hours=1)
    return made


def back(project: Project, **options: bool) -> steps.RolledBack:
    return roll_back(project.ground, project.repository, keep_state=options.get("keep_state", False), running=True, told=lambda _line: None)


def test_tree_and_state_come_back_and_nothing_is_lost(project: Project) -> None:
    second, branch, newest = project.git("rev-parse", "HEAD"), project.git("branch", "--show-current"), project.live.files()
    audit = {path: data for path, data in newest.items() if path.startswith(LIVE)}
    found = back(project)
    assert (project.folder / "main.py").read_text(encoding="utf-8") == "VERSION = 1\n" and found.tree == project.tree
    assert taken_up(project.store, LIVE) == (3, 3)
    check_promotion((project.store / KEY).read_text(encoding="utf-8"), project.tree)
    assert project.git("rev-parse", branch) == second, "no branch was moved"
    (aside,) = project.workspace.glob("storage.before-*")
    assert {path: data for path, data in files_of(aside).items() if path.startswith(LIVE)} == audit
    assert len(project.records.rows("promotions")) == 2, "what was done stays on record"


def test_the_state_may_stay(project: Project) -> None:
    assert back(project, keep_state=True).backup is None
    assert taken_up(project.store, LIVE) == (5, 5) and (project.folder / "main.py").read_text(encoding="utf-8") == "VERSION = 1\n"


def test_changed_files_are_not_lost(project: Project) -> None:
    project.write("main.py", "VERSION = 3  # an evening's work\n")
    before = project.live.files()
    with pytest.raises(OperationsError, match="files are changed: commit them first"):
        back(project)
    assert project.live.files() == before and "an evening's work" in (project.folder / "main.py").read_text(encoding="utf-8")


def test_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.promote()
    with pytest.raises(OperationsError, match="no other tree was promoted"):
        back(project)


def test_an_unpromoted_tree_goes_back_to_the_last_promoted_one(project: Project) -> None:
    promoted = project.git("rev-parse", "HEAD")
    project.write("main.py", "VERSION = 3\n")
    project.commit("third")
    assert back(project).commit == promoted and taken_up(project.store, LIVE) == (3, 3)


@pytest.mark.parametrize("breaks", ["restore_in_place", "git", "_write"])
def test_cut_off_it_goes_on_to_the_same_tree(project: Project, monkeypatch: pytest.MonkeyPatch, breaks: str) -> None:
    real = getattr(steps, breaks)

    def cut_off(*given: object, **named: object) -> object:
        if breaks != "git" or "checkout" in given:
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(steps, breaks, cut_off)
    with pytest.raises(KeyboardInterrupt):
        back(project)
    monkeypatch.setattr(steps, breaks, real)
    back(project)
    assert (project.folder / "main.py").read_text(encoding="utf-8") == "VERSION = 1\n" and taken_up(project.store, LIVE) == (3, 3)
    check_promotion((project.store / KEY).read_text(encoding="utf-8"), project.tree)


def test_a_state_that_is_not_whole_stops_it_before_anything(project: Project) -> None:
    name = project.repository.choose(tree=project.records.rows("promotions")[0]["tree"])
    manifest, _ = project.repository.contents(name)
    entry = next(entry for entry in manifest.files if entry.path == f"{LIVE}/state-a.json")
    key_id, piece = entry.piece.split("/")
    (project.top / "backups/pieces" / key_id / piece[:2] / piece[2:]).unlink()
    before = project.live.files()
    with pytest.raises(OperationsError, match="--keep-state leaves it as it is"):
        back(project)
    assert project.live.files() == before and (project.folder / "main.py").read_text(encoding="utf-8") == "VERSION = 2\n"
