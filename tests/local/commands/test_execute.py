"""The line a failed run is told in, the algorithm's class, a project's parameters, progress once a day."""
from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from local import lean_launcher
from local.commands import execute as execution
from local.commands.errors import CommandError
from local.commands.execute import DayProgress, Job, execute, failure_line
from local.commands.progress import Progress
from local.commands.project import algorithm_class, project_parameters


def test_failure_line_names_error_and_the_projects_own_line() -> None:
    engine = Path(execute.__code__.co_filename).parents[1] / "engine" / "loop.py"
    lines = ["Traceback (most recent call last):", f'  File "{engine}", line 12, in run', "    step()",
             '  File "/project/sub/rules.py", line 40, in on_data', '    self.add_forex("EURUSD")',
             f'  File "{engine}", line 28, in missing', "    raise MemberNotSupported(name)", "MemberNotSupported: add_forex"]
    trace = "\n".join(lines) + "\n"
    assert failure_line(trace, Path("/project")) == "MemberNotSupported: add_forex (sub/rules.py:40)"
    assert failure_line(trace, Path("/other")) == "MemberNotSupported: add_forex (loop.py:28)"
    assert failure_line(trace, engine.parents[2]) == "MemberNotSupported: add_forex (loop.py:28)"     # our own project
    assert failure_line("no trace", Path("/project")) == "no trace"
    assert failure_line("", Path("/project")) == "no reason was given"


@pytest.mark.parametrize("log, words", [
    ("ERROR:: ZipDataCacheProvider.Fetch(): Corrupt zip file/entry: {data}/equity/a.zip#b.csv Error: Ionic.Zip.Bad",
     r"equity/a.zip#b.csv: corrupt zip"),
    ("TRACE:: started\nERROR:: Engine.Run(): no such module", r"failed \(exit code 1\).*ERROR:: Engine.Run\(\)"),
])
def test_what_leans_log_says_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, log: str,
                                          words: str) -> None:
    (tmp_path / "main.py").write_text("class Probe(QCAlgorithm):\n    pass\n", encoding="utf-8")
    (tmp_path / "data" / "equity").mkdir(parents=True)
    (tmp_path / "out").mkdir()

    def run_lean(_lean: lean_launcher.Lean, job: lean_launcher.LeanJob) -> int:
        (job.out / "lean.log").write_text(log.format(data=job.data), encoding="utf-8")
        return 1

    monkeypatch.setattr(lean_launcher, "find_lean", lambda: lean_launcher.Lean(command=("x",), launcher=tmp_path / "x"))
    monkeypatch.setattr(lean_launcher, "run_lean", run_lean)
    monkeypatch.setattr(execution, "RUNS_FOLDER", tmp_path / "runs")
    job = Job(engine="lean", project=tmp_path, data=tmp_path / "data", out=tmp_path / "out", parameters={})
    with pytest.raises(CommandError, match=words) as caught:
        execute(job)
    assert caught.value.exit_code == 1 and str(tmp_path / "data") in str(caught.value) or "failed" in words


def test_algorithm_class_is_the_last_one_with_a_base(tmp_path: Path) -> None:
    main = tmp_path / "main.py"
    main.write_text("class Helper:\n    pass\n\n\nclass First(QCAlgorithm):\n    pass\n\n\nclass Second(First):\n"
                    "    class Inner(First):\n        pass\n\n\nclass After:\n    pass\n", encoding="utf-8")
    assert algorithm_class(main) == "Second"
    main.write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(CommandError, match="no algorithm class"):
        algorithm_class(main)


def test_project_parameters_are_text(tmp_path: Path) -> None:
    assert project_parameters(tmp_path) == {}
    (tmp_path / "config.json").write_text('{"parameters": {"cash": 35000, "mode": "trade"}}', encoding="utf-8")
    assert project_parameters(tmp_path) == {"cash": "35000", "mode": "trade"}
    for text in ("{", '{"parameters": []}', "[]"):
        (tmp_path / "config.json").write_text(text, encoding="utf-8")
        with pytest.raises(CommandError, match="config.json"):
            project_parameters(tmp_path)


def test_progress_is_shown_once_a_day() -> None:
    shown: list[tuple[int, int]] = []
    progress = DayProgress(lambda done, total: shown.append((done, total)))
    start, end = datetime(2024, 7, 1), datetime(2024, 7, 3)
    for minute in range(2 * 24 * 60 + 1):
        progress(start + timedelta(minutes=minute), start, end)
    assert shown == [(0, 2), (1, 2), (2, 2)]


def test_progress_away_from_a_terminal_is_a_few_lines() -> None:
    stream = io.StringIO()
    progress = Progress("writing", "days", stream)
    for done in range(1, 201):
        progress(done, 200)
    assert stream.getvalue().splitlines() == ["writing: 50/200 days", "writing: 100/200 days",
                                              "writing: 150/200 days", "writing: 200/200 days"]
