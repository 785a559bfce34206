"""Whole runs are asked for by label; what else the selected tests will ask for is begun at the same time."""
from __future__ import annotations

import pytest

from tests.scenarios.whole_runs import PLANS, WholeRun, whole_run


@pytest.fixture
def run(request: pytest.FixtureRequest, label: str) -> WholeRun:
    """The whole run of the test's label."""
    wanted = [item.callspec.params.get("label") for item in request.session.items if hasattr(item, "callspec")]
    return whole_run(label, [name for name in PLANS if name in wanted])
