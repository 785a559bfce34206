"""``walk-days``: what each phase lives through in each scenario: entries, levels and what set them off, forced exits."""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local import results
from local.bench.measure import run_measured
from local.commands.arguments import PHASES, add_parameters, at_least_one, phase, scenario, seed
from local.commands.backtest import GENERATE
from local.commands.errors import CommandError
from local.commands.progress import tell
from local.commands.project import PROJECT_FOLDER, RUNS_FOLDER
from local.data import scenario as scenarios
from local.walk_days.arithmetic import arithmetic_lines
from local.walk_days.reader import WalkFigures, read_walk
from local.walk_days.table import against_lines, walk_lines

HELP = "what each phase lives through: entries, levels and their causes, forced exits"
SEEDS = (1, 2, 3)
DEFAULT_OUT = RUNS_FOLDER / "walk-days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One run of the many."""

    scenario: str
    phase: int
    seed: int

    @property
    def name(self) -> str:
        """Folder of the run, and its name in the table."""
        return f"{Path(self.scenario).stem}-p{self.phase}-s{self.seed}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--scenario", dest="scenarios", action="append", type=scenario, metavar="NAME",
                        help="a scenario; may be given more than once (default: all)")
    parser.add_argument("--phase", dest="phases", action="append", type=phase, metavar="1-4",
                        help="a phase; may be given more than once (default: all)")
    parser.add_argument("--seed", dest="seeds", action="append", type=seed, metavar="N",
                        help="a seed; may be given more than once (default: 1, 2 and 3)")
    parser.add_argument("--jobs", type=at_least_one, default=1, metavar="N", help="runs at once (default 1)")
    parser.add_argument("--out", metavar="DIR", help=f"keeps the runs; what is there is not run again (default {DEFAULT_OUT})")
    parser.add_argument("--against", metavar="DIR", help="runs of another version, read only: before → after")
    parser.add_argument("--read-only", action="store_true", help="run nothing: read what --out holds")
    parser.add_argument("--data-cache", metavar="DIR", help="keeps written data between runs (default .cache/data)")
    add_parameters(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run what is missing, then print the tables and the arithmetic of the promotions."""
    walks = [Walk(scenario=name, phase=number, seed=which) for name in arguments.scenarios or scenarios.names()
             for number in arguments.phases or PHASES for which in arguments.seeds or SEEDS]
    for walk in walks:
        scenarios.load(walk.scenario, seed=walk.seed)
    out = Path(arguments.out).absolute() if arguments.out else DEFAULT_OUT
    if not arguments.read_only:
        missing = [walk for walk in walks if results.runtime_error(out / walk.name) is not None]
        tell(f"{len(walks)} runs, {len(missing)} to make")
        with ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(lambda walk: _backtest(walk, arguments, out), missing))
    found = read_walks(walks, out)
    if not found:
        raise CommandError(f"{out} holds none of the {len(walks)} runs")
    print("\n".join(walk_lines(found)))
    if arguments.against:
        print("\n" + "\n".join(against_lines(read_walks(walks, Path(arguments.against)), found)))
    print("\npromotions\n" + "\n".join(arithmetic_lines(_entries_a_month(found))))
    return 0


def _backtest(walk: Walk, arguments: argparse.Namespace, out: Path) -> None:
    tell(f"running {walk.name}")
    command = ["backtest", "--scenario", walk.scenario, "--phase", str(walk.phase), "--seed", str(walk.seed),
               "--out", str(out / walk.name), "--data", GENERATE]
    if arguments.data_cache:
        command += ["--data-cache", str(Path(arguments.data_cache).absolute())]
    for key, value in arguments.parameters:
        command += ["--param", f"{key}={value}"]
    try:
        run_measured(command, cwd=PROJECT_FOLDER)
    except CommandError as error:
        raise CommandError(f"{walk.name}: {error}", error.exit_code) from error


def read_walks(walks: Sequence[Walk], out: Path) -> list[WalkFigures]:
    """Figures of those of ``walks`` that have been run in ``out``."""
    return [read_walk(out / walk.name, walk.name, walk.phase) for walk in walks
            if results.runtime_error(out / walk.name) is None]


def _entries_a_month(walks: Sequence[WalkFigures]) -> dict[int, float]:
    phases = {walk.phase for walk in walks}
    return {number: sum(walk.entries for walk in walks if walk.phase == number) * 21.0
            / max(1, sum(walk.sessions for walk in walks if walk.phase == number)) for number in phases}
