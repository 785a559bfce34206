"""Runs a project folder on the embedded engine or on LEAN; both leave the same kind of results folder."""
from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from local import lean_launcher, results
from local.commands.data_folder import check_data_folder, with_static_files
from local.commands.errors import RUN_FAILED, CommandError
from local.commands.progress import Progress, tell
from local.commands.project import RUNS_FOLDER, algorithm_class, check_project
from local.engine.files.day_source import DaySource

EMBEDDED, LEAN = "embedded", "lean"
LOCAL_FOLDER = Path(__file__).resolve().parents[1]      # also of our own project: its lines are not the algorithm's
LOG_NAMES = (lean_launcher.LOG_NAME, "log.txt")
LONGEST_LOG_LINE = 400
LAST_LINES = 3
# LEAN only logs a damaged archive and goes on without its data
CORRUPT_ARCHIVE = re.compile(r"Corrupt zip file/entry: (?P<place>\S+)")
TRACE_PLACE = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of one project folder. ``parameters`` are complete: nothing else is read from a config.json. ``broker``
    takes the place of the embedded engine's own; ``source`` makes the days that no file holds, for the embedded engine."""

    engine: str
    project: Path
    data: Path
    out: Path
    parameters: Mapping[str, str]
    broker: Any = None
    source: DaySource | None = None


def require_engine(engine: str) -> None:
    """Refuse early when the engine is not here.

    Raises
    ------
    CommandError
        ``lean`` was asked for and is missing; the line says what to do.
    """
    if engine == LEAN:
        _find_lean()


def _find_lean() -> lean_launcher.Lean:
    try:
        return lean_launcher.find_lean()
    except lean_launcher.LeanMissing as error:
        raise CommandError(str(error)) from error


def execute(job: Job) -> float:
    """Run a job and wait for it.

    Returns
    -------
    float
        Wall time of the engine in seconds.

    Raises
    ------
    CommandError
        Project or data cannot be used, the engine is missing, or the algorithm failed.
    """
    name = algorithm_class(check_project(job.project))
    check_data_folder(job.data)
    with tempfile.TemporaryDirectory(prefix="tom-king-") as scratch:
        if job.engine == LEAN:
            return _on_lean(job, name, Path(scratch))
        return _on_embedded(job, name, Path(scratch))


def _on_embedded(job: Job, name: str, scratch: Path) -> float:
    from local.engine.loop.runner import run_project
    data = with_static_files(job.data, scratch, None)
    started = time.perf_counter()
    result = run_project(job.project, data=data, out=job.out, parameters=job.parameters, algorithm_type_name=name,
                         broker=job.broker, source=job.source, progress=DayProgress(Progress("running", "days")))
    elapsed = time.perf_counter() - started
    if result.error:
        raise CommandError(f"the run failed: {failure_line(result.error, job.project)}", RUN_FAILED, details=result.error)
    return elapsed


class DayProgress:
    """Turns the engine's times into days done, once a day."""

    def __init__(self, show: Callable[[int, int], None]) -> None:
        self._show = show
        self._shown = -1

    def __call__(self, now: datetime, start: datetime, end: datetime) -> None:
        done = (now - start).days
        if done != self._shown:
            self._shown = done
            self._show(done, max((end - start).days, 1))


def failure_line(trace: str, project: Path) -> str:
    """The last line of a traceback, with the project's own line that led there, or else where it was raised."""
    lines = [line.strip() for line in trace.strip().splitlines() if line.strip()]
    places = [(Path(match["file"]), match["line"]) for match in map(TRACE_PLACE.match, lines) if match]
    if not places:
        return lines[-1] if lines else "no reason was given"
    theirs = [(file.relative_to(project), line) for file, line in places
              if file.is_relative_to(project) and not file.is_relative_to(LOCAL_FOLDER)]
    file, line = theirs[-1] if theirs else (places[-1][0].name, places[-1][1])
    return f"{lines[-1]} ({file}:{line})"


def _on_lean(job: Job, name: str, scratch: Path) -> float:
    lean = _find_lean()
    data = with_static_files(job.data, scratch, lean.static_data)
    lean_job = lean_launcher.LeanJob(project=job.project, algorithm_class=name, data=data, out=job.out,
                                     scratch=scratch, parameters=job.parameters)
    tell("running on LEAN")
    started = time.perf_counter()
    try:
        code = lean_launcher.run_lean(lean, lean_job)
    except lean_launcher.LeanMissing as error:
        raise CommandError(str(error)) from error
    elapsed = time.perf_counter() - started
    error, log = results.runtime_error(job.out), _log(job.out)
    corrupt = CORRUPT_ARCHIVE.search(log)
    if corrupt is not None:
        place = corrupt["place"].replace(str(data), str(job.data))
        raise CommandError(f"{place}: corrupt zip: LEAN could not read it", RUN_FAILED, log)
    if error is not None:
        raise CommandError(f"the run on LEAN failed (exit code {code}): {error}{_last_words(log)}; {_kept(log)}",
                           RUN_FAILED, log)
    return elapsed


def _log(folder: Path) -> str:
    """LEAN's log, of the first name that is there."""
    paths = [folder / name for name in LOG_NAMES if (folder / name).is_file()]
    return paths[0].read_text(encoding="utf-8", errors="replace") if paths else ""


def _last_words(log: str) -> str:
    """The last line of LEAN's log that reports an error, else its last lines: for runs that end before there are
    results."""
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR::" in line]
    said = errors[-1:] or lines[-LAST_LINES:]
    return f"; {' / '.join(line[:LONGEST_LOG_LINE] for line in said)}" if said else ""


def _kept(log: str) -> str:
    """Keep the log of a run that failed: its results folder is not there."""
    path = RUNS_FOLDER / f"{datetime.now():%Y-%m-%d_%H-%M-%S}-lean.log"
    try:
        RUNS_FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(log, encoding="utf-8")
    except OSError as error:
        return f"its log could not be kept in {path}: {error.strerror}"
    return f"the log is in {path}"
