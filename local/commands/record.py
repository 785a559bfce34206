"""``record``: runs the conformance cases on real LEAN and keeps what it answered.

The launcher is named by TOMKING_LEAN. With ``--check`` nothing is written: what LEAN answers now is compared with what
is kept. With ``--compare`` the embedded engine runs each case too.
"""
from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from local import lean_launcher
from local.commands.errors import RUN_FAILED, CommandError
from local.commands.progress import tell
from local.conformance import cases, records
from local.whole_file import replace_file

HELP = "record the conformance cases from real LEAN"
SHOWN_DIFFERENCES = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names of cases (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing: is LEAN's answer what is kept?")
    parser.add_argument("--compare", action="store_true", help="run the embedded engine too and show differences")
    parser.add_argument("--missing", action="store_true", help="only cases without a record")


def run(arguments: argparse.Namespace) -> int:
    """Record cases; exit code 1 when a case failed or differs."""
    lean = _launcher()
    known, kept = cases.case_names(), set(cases.recorded_names())
    unknown = sorted(set(arguments.cases) - set(known))
    if unknown:
        raise CommandError(f"unknown case {', '.join(unknown)}; known: {', '.join(known)}")
    skipped = kept if arguments.missing else set()
    chosen = [name for name in arguments.cases or known if name not in skipped]
    failed = []
    for number, case in enumerate(chosen, start=1):
        tell(f"{number}/{len(chosen)} {case}")
        try:
            if not _one(case, lean, arguments, case in kept):
                failed.append(case)
        except records.CaseFailed as error:
            print(f"{case}: failed: {error}")
            failed.append(case)
    print(f"{len(chosen) - len(failed)} of {len(chosen)} cases good")
    if failed:
        print(f"not good: {', '.join(failed)}")
    return RUN_FAILED if failed else 0


def _launcher() -> lean_launcher.Lean:
    try:
        lean = lean_launcher.find_lean()
    except lean_launcher.LeanMissing as error:
        raise CommandError(str(error)) from error
    if lean.launcher is None:
        raise CommandError(f"records need a launcher: set {lean_launcher.LAUNCHER_VARIABLE}")
    return lean


def _one(case: str, lean: lean_launcher.Lean, arguments: argparse.Namespace, kept: bool) -> bool:
    record, good = records.on_lean(case, lean), True
    if arguments.check:
        if not kept:
            raise records.CaseFailed(f"{case} has no record yet")
        good = _show(case, "LEAN now", records.differences(records.read_expected(case), record))
    else:
        cases.EXPECTED.mkdir(exist_ok=True)
        replace_file(cases.EXPECTED / f"{case}.json", records.text_of(record))
    if arguments.compare:
        with tempfile.TemporaryDirectory(prefix="tom-king-case-") as scratch:
            found = records.on_embedded(case, cases.data_folder(record["data"]), Path(scratch))
        good = _show(case, "embedded engine", records.differences(record, found)) and good
    return good


def _show(case: str, whose: str, differences: list[str]) -> bool:
    print(f"{case}: {whose}: " + ("equal" if not differences else f"{len(differences)} differences"))
    for line in differences[:SHOWN_DIFFERENCES]:
        print(f"  {line}")
    return not differences
