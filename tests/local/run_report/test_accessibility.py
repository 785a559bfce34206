"""The report of a whole run in a real Chromium, before the eyes of axe-core. ``make test-dashboard`` gets both."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.set_up import axe_core, chromium
from tests.operations.dashboard.browser import Browser, browser
from tests.scenarios.whole_runs import whole_run

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("whole runs"), pytest.mark.skipif(
    chromium() is None or axe_core() is None, reason="no Chromium or no axe-core: make test-dashboard gets them")]
VIOLATIONS = """axe.run(document).then(found => found.violations.map(
  row => [row.id, row.impact, row.nodes.map(node => node.target.join(' '))]))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_a_reader_out_of_the_report(page: Browser, width: int, scheme: str) -> None:
    page.show(width, 900, scheme)
    page.open((whole_run("crash, phase 3").folder / "report.html").as_uri())
    script = axe_core()
    assert isinstance(script, Path)
    page.run(script.read_text(encoding="utf-8") + "; true")
    found = page.run(VIOLATIONS)
    assert found == [], json.dumps(found, indent=1)
    assert page.run("document.documentElement.scrollWidth") <= width
