"""``regressions``: how many of LEAN's own Python algorithms for options run here with the same orders as on LEAN.

Counted are all files of the checkout's Algorithm.Python whose name holds Option, Combo or ObjectStore. LEAN's results
(by the launcher of TOMKING_LEAN, on the checkout's own data) are kept in the user's cache folder.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from local import lean_launcher
from local.commands.errors import CommandError
from local.commands.progress import tell
from local.commands.project import PROJECT_FOLDER
from local.regressions.checkout import DATA, check_checkout, class_of, counted_algorithms, digest_of, project_of
from local.regressions.outcome import Outcome, outcome_of, verdict
from local.whole_file import replace_file

HELP = "LEAN's own option algorithms on the embedded engine"
GOAL = 40
LONGEST_RUN_SECONDS = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("names", nargs="*", metavar="ALGORITHM", help="only these (default: all that count)")
    parser.add_argument("--lean-checkout", required=True, metavar="DIR", help="LEAN's source with its Data folder")
    parser.add_argument("--cache", metavar="DIR", help="keeps LEAN's results (default: in the user's cache folder)")


def run(arguments: argparse.Namespace) -> int:
    """Run, compare and print; the exit code is 0 whatever the count."""
    checkout = check_checkout(Path(arguments.lean_checkout).absolute())
    counted = counted_algorithms(checkout)
    unknown = sorted(set(arguments.names) - set(counted))
    if unknown:
        raise CommandError(f"{', '.join(unknown)}: not among the {len(counted)} algorithms that count")
    cache = Path(arguments.cache).absolute() if arguments.cache else _default_cache()
    chosen, reasons, with_orders = arguments.names or counted, {}, 0
    for number, name in enumerate(chosen, start=1):
        lean = _on_lean(checkout, name, cache)
        reasons[name] = verdict(lean, _on_embedded(checkout, name))
        with_orders += bool(lean.events) and not reasons[name]
        tell(f"{number}/{len(chosen)} {name}: {reasons[name] or 'same'}")
    _report(reasons, with_orders, len(counted))
    return 0


def _report(reasons: dict[str, str], with_orders: int, denominator: int) -> None:
    same = sorted(name for name, reason in reasons.items() if not reason)
    print("same orders (symbol, quantity, time, fill price) and the same equity at the end:")
    print("\n".join(f"  {name}" for name in same) or "  none")
    print("not the same:")
    print("\n".join(f"  {name}: {reason}" for name, reason in sorted(reasons.items()) if reason) or "  none")
    print(f"{len(same)} of {denominator} the same ({with_orders} of them with orders; {len(reasons)} run; goal {GOAL})")


def _default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(base) if base else Path.home() / ".cache") / "tom-king-framework" / "regressions"


def _on_lean(checkout: Path, name: str, cache: Path) -> Outcome:
    try:
        lean = lean_launcher.find_lean()
    except lean_launcher.LeanMissing as error:
        raise CommandError(str(error)) from error
    if lean.launcher is None:
        raise CommandError(f"LEAN's results need a launcher: set {lean_launcher.LAUNCHER_VARIABLE}")
    kept = cache / f"{name}-{digest_of(checkout, lean.launcher, name)}.json"
    if kept.is_file():
        return Outcome.from_json(kept.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="tom-king-regression-") as scratch:
        out = Path(scratch) / "out"
        lean_launcher.run_lean(lean, lean_launcher.LeanJob(
            project=project_of(checkout, name, Path(scratch)), algorithm_class=class_of(checkout, name),
            data=checkout / DATA, out=out, scratch=Path(scratch), parameters={}))
        found = outcome_of(out)
    cache.mkdir(parents=True, exist_ok=True)
    replace_file(kept, found.to_json())
    return found


def _on_embedded(checkout: Path, name: str) -> Outcome:
    """In a process of its own, so that nothing of one algorithm reaches the next and a hang ends."""
    with tempfile.TemporaryDirectory(prefix="tom-king-regression-") as scratch:
        out = Path(scratch) / "out"
        project = project_of(checkout, name, Path(scratch))
        command = [sys.executable, "-B", "-m", "local.regressions.run_one", str(project), class_of(checkout, name),
                   str(checkout / DATA), str(out)]
        try:
            done = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False,
                                  timeout=LONGEST_RUN_SECONDS)
        except subprocess.TimeoutExpired:
            return Outcome(error=f"still running after {LONGEST_RUN_SECONDS} s")
        if not (out / "run-summary.json").is_file():
            return Outcome(error=done.stderr or f"exit code {done.returncode}")
        return outcome_of(out)
