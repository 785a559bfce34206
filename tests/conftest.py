"""Settings of all tests, and the record of a whole run: ``make test`` shows of which very tree it was green."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from operations.promotion import tree_records

# No law fails by the clock. On CI what is judged once must be judged alike the next time; everywhere else laws meet new
# examples at every run.
settings.register_profile("framework", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("framework")
FOLDER = Path(__file__).resolve().parent
BEGAN = pytest.StashKey[str]()


def is_whole(config: pytest.Config) -> bool:
    """Whether a session runs every quick test: what ``make test`` asks for, and nothing less."""
    asked = config.option
    places = {Path(str(config.rootpath), argument).resolve() for argument in config.args}
    return (places == {FOLDER} and asked.markexpr == "not long" and not asked.keyword and not asked.collectonly
            and not getattr(asked, "lf", False) and not asked.deselect and not asked.ignore
            and not hasattr(config, "workerinput"))


def pytest_sessionstart(session: pytest.Session) -> None:
    if is_whole(session.config):
        session.config.stash[BEGAN] = tree_records.whole_hash()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep what a whole run has shown, unless the tree changed meanwhile."""
    began = session.config.stash.get(BEGAN, None)
    if began is None or began != tree_records.whole_hash() or exitstatus not in (0, 1):
        return
    counts = session.config.pluginmanager.get_plugin("terminalreporter").stats
    failed = len(counts.get("failed", ())) + len(counts.get("error", ()))
    tree_records.note(tree_records.TESTS, began, passed=len(counts.get("passed", ())), failed=failed)
