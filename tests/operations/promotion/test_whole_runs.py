"""Only a session that runs every quick test is kept as a record of the tree."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import FOLDER, is_whole

WHOLE: dict[str, Any] = {"markexpr": "not long", "keyword": "", "collectonly": False, "lf": False, "deselect": None, "ignore": None}


def session(args: list[str], *, worker: bool = False, **options: Any) -> Any:
    more = {"workerinput": {}} if worker else {}
    return SimpleNamespace(rootpath=FOLDER.parent, args=args, option=SimpleNamespace(**WHOLE | options), **more)


def test_what_make_test_runs_is_whole() -> None:
    assert is_whole(session(["tests"])) and is_whole(session([str(FOLDER)]))


@pytest.mark.parametrize("less", [
    session(["tests/core"]), session(["tests"], markexpr=""), session(["tests"], keyword="x"), session(["tests"], collectonly=True),
    session(["tests"], lf=True), session(["tests"], deselect=["a"]), session(["tests"], ignore=["a"]), session(["tests"], worker=True)])
def test_anything_less_is_not(less: Any) -> None:
    assert not is_whole(less)
