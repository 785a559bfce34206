"""The run that ``make backtest`` shows: what README says of it is what it made, and README's picture is of its report.

``make picture`` renews the picture."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.run_report.performance import verdict_text
from local.set_up import chromium
from tests.operations.dashboard.browser import browser
from tests.scenarios.whole_runs import PROJECT, SIX, whole_run

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("whole runs")]
AUGUST = next(iter(SIX))
SIZE = (1440, 1000)


def test_readme_tells_what_the_demo_made() -> None:
    told = " ".join((PROJECT / "README.md").read_text(encoding="utf-8").split())
    assert " ".join(verdict_text(whole_run(AUGUST).report).split()) in told


def test_the_demo_is_the_run_of_august() -> None:
    plan, recipe = SIX[AUGUST], (PROJECT / "Makefile").read_text(encoding="utf-8")
    assert f"--phase {plan.phase} --cash {plan.cash:.0f} --start {plan.start} --end {plan.end} --commands --data generate" in recipe


@pytest.mark.skipif(chromium() is None, reason="no Chromium: make picture gets it")
def test_its_report_as_a_picture(tmp_path: Path) -> None:
    with browser(tmp_path / "browser") as page:
        page.show(*SIZE)
        page.open((whole_run(AUGUST).folder / "report.html").as_uri())
        page.wait("document.querySelectorAll('canvas').length > 0")
        assert page.run("document.documentElement.scrollWidth") <= SIZE[0]
        folder = Path(os.environ.get("PICTURES") or tmp_path)
        page.picture(folder / "report.png")
    assert (folder / "report.png").stat().st_size > 50_000
