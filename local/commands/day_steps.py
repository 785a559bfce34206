"""The steps of ``day``."""
from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from helpers.store.promotion import tree_hash
from local.commands.backup_steps import repository_of, tell_notes, told, utc_now
from local.commands.errors import RUN_FAILED, CommandError
from local.statistics_table import grid
from operations.backup.manifest import Kind
from operations.backup.watch import SHUTDOWN
from operations.commands import Line as WayToIt
from operations.daily import checks, weekly
from operations.daily.checks import Line, Verdict
from operations.daily.logs import rotate
from operations.daily.stop import stop
from operations.disk import write_file
from operations.documents import run_of
from operations.errors import OperationsError
from operations.places import backup_folder, store_folder, workspace
from operations.records import Records

NEW_YORK = ZoneInfo("America/New_York")
RUNBOOK = "docs/runbook.md"


def carry_out(arguments: argparse.Namespace) -> int:
    """Carry out one step; 1 when something is in trouble."""
    steps = {"check": _check, "start": _start, "stop": _stop, "report": _report, "logs": _logs}
    return steps.get(arguments.step, _word)(arguments)


def _check(arguments: argparse.Namespace) -> int:
    return RUN_FAILED if any(line.verdict is Verdict.TROUBLE for line in _shown(look(arguments, utc_now()))) else 0


def _shown(lines: list[Line]) -> list[Line]:
    """The same lines, printed."""
    rows = [(line.name, line.verdict.value, line.text + (f" (runbook: {line.entry})" if line.entry else "")) for line in lines]
    print("\n".join(grid(("Check", "Verdict", "What"), rows, left=(0, 1, 2))))
    return lines


def look(arguments: argparse.Namespace, now: datetime) -> list[Line]:
    """Every line of the check; of a store that holds no run yet, those that can be told."""
    store = store_folder(arguments.store)
    places = [store, backup_folder(arguments.to)]
    lines = [checks.system(), checks.disk(*places)]
    try:
        run = run_of(store, arguments.account)
    except OperationsError as problem:
        return [*lines, checks.clock(None, now, checks.time_service), checks.note("store", problem.message)]
    lines += [checks.clock(run, now, checks.time_service), checks.writable(store), checks.documents(run)]
    spoken = checks.running(run, now)
    status = run.status()
    lines += [*spoken, *checks.reconciliation(run), *checks.due_today(run, now.astimezone(NEW_YORK).date())]
    try:
        runs = status is not None and not status.body["run"]["ended"]
        lines += checks.backups(repository_of(arguments), Records(store), now, runs=runs)
    except OperationsError as problem:
        lines.append(checks.trouble("backup", problem.message, "The backup fails"))
    return lines


def _start(arguments: argparse.Namespace) -> int:
    _refuse_second(arguments)
    rotate(workspace(), utc_now())
    try:
        if store_folder(arguments.store).is_dir():      # there is none before the first run
            _back_up(arguments, Kind.INCREMENTAL, "start")
    except OperationsError as problem:
        print(f"error: {problem.message}", file=sys.stderr)
    lines = _shown(look(arguments, utc_now()))
    stops = [line for line in lines if line.verdict is Verdict.TROUBLE and line.name in checks.STOP_A_START]
    if stops and not arguments.anyway:
        raise CommandError(f"not started: {stops[0].text} ({RUNBOOK}: {stops[0].entry}); start --anyway starts all the same", RUN_FAILED)
    if arguments.words:
        program = shutil.which(arguments.words[0])
        if program is None:
            raise CommandError(f"{arguments.words[0]} is not there to be started")
        sys.stdout.flush()
        os.execv(program, arguments.words)
    return 0


def _refuse_second(arguments: argparse.Namespace) -> None:
    """Two algorithms on one account would each close what the other opens."""
    try:
        status = run_of(store_folder(arguments.store), arguments.account).status()
    except OperationsError:
        return      # no run yet
    if status is not None and not status.body["run"]["ended"] and status.age_seconds(utc_now()) < checks.RUNNING_SECONDS:
        raise CommandError("not started: the algorithm spoke a moment ago, it is running; python -m local day stop ends it", RUN_FAILED)


def _back_up(arguments: argparse.Namespace, kind: Kind, reason: str) -> int:
    result = repository_of(arguments).run(store_folder(arguments.store), utc_now(), kind=kind, reason=reason, tree=tree_hash())
    print(told(result))
    return tell_notes(result)


def _stop(arguments: argparse.Namespace) -> int:
    run = run_of(store_folder(arguments.store), arguments.account)
    try:
        stop(run, _way(arguments), clock=utc_now, wait=time.sleep, now=arguments.now, told=print)
    finally:
        noted = _back_up(arguments, Kind.EVENT, SHUTDOWN)
    rotate(workspace(), utc_now())
    return noted


def _word(arguments: argparse.Namespace) -> int:
    word = arguments.step
    if "word" in arguments:
        typed = arguments.word if arguments.word is not None else input(f"type {word} to {word}: ")
        if typed != word:
            raise CommandError(f"nothing was sent: {word} was not typed")
    words = {"action": word, "reason": arguments.reason}
    if getattr(arguments, "strategy", None):
        words["strategy"] = arguments.strategy
    sent = _way(arguments).send(words, time.sleep)
    if not sent.taken:
        raise CommandError(f"LEAN did not take {word} in a minute: it was withdrawn, nothing will come of it. Is it running there?",
                           RUN_FAILED)
    if sent.done is None:
        raise CommandError(f"LEAN took {word}, but nobody has answered: python -m local day check tells what came of it", RUN_FAILED)
    if not sent.done:
        raise CommandError(f"the algorithm refused {word}: its answer is answer.json in the store", RUN_FAILED)
    print(f"{word}: done")
    return 0


def _way(arguments: argparse.Namespace) -> WayToIt:
    return WayToIt(Path(arguments.folder).absolute() if arguments.folder else None, arguments.project)


def _report(arguments: argparse.Namespace) -> int:
    today = utc_now().astimezone(NEW_YORK).date()
    monday = weekly.week_of(arguments.week) if arguments.week else _monday_before(today)
    page = weekly.report(run_of(store_folder(arguments.store), arguments.account), monday)
    if arguments.out:
        write_file(Path(arguments.out).absolute(), page.encode("utf-8"))
    print(page, end="")
    return 0


def _monday_before(today: date) -> date:
    return today - timedelta(days=today.weekday() + 7)


def _logs(arguments: argparse.Namespace) -> int:
    packed, dropped = rotate(workspace(), utc_now())
    print(f"{packed} logs compressed, {dropped} taken away")
    return 0
