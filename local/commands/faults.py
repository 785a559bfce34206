"""``faults``: many short runs, each with a broker that misbehaves by its seed, judged by the broker's own books."""
from __future__ import annotations

import argparse
import json
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from functools import partial
from pathlib import Path

from local.broker_faults.seeds import Ground, SeedResult, run_seed
from local.commands.arguments import add_account, add_scenario, at_least_one, phase
from local.commands.arguments import seed as whole_number
from local.commands.backtest import backtest_parameters, strategies_of
from local.commands.data_folder import with_static_files
from local.commands.errors import RUN_FAILED, CommandError
from local.commands.progress import Progress
from local.commands.project import PROJECT_FOLDER
from local.commands.scenario_data import data_folder, load_scenario
from local.workers import end_when_terminated

HELP = "a broker that misbehaves, seed by seed"
PROCESSES = 2
VIOLATED = 1
ALL = "all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser, required=False, default="august_2024")
    add_account(parser)
    parser.set_defaults(phase=phase("3"))
    parser.add_argument("--seeds", type=at_least_one, default=200, metavar="N", help="seeds 0 to N - 1 (default 200)")
    parser.add_argument("--only", type=whole_number, metavar="SEED", help="replay one seed, with its plan")
    parser.add_argument("--live", action="store_true", help="the algorithm sees live mode: dying loses what is unsaved")
    parser.add_argument("--processes", type=int, choices=range(1, 17), default=PROCESSES, metavar="N")
    parser.add_argument("--keep", metavar="DIR", help="with --only: keep what the run leaves in this new folder")


def run(arguments: argparse.Namespace) -> int:
    """Run the seeds; 1 when an invariant did not hold."""
    if arguments.keep and (arguments.only is None or Path(arguments.keep).exists()):
        raise CommandError("--keep needs --only and a folder that is not there yet")
    scenario = load_scenario(arguments)
    parameters = backtest_parameters(scenario, arguments)
    chosen = dict(arguments.parameters).get("strategies", ALL)
    strategies = strategies_of(parameters | {"strategies": chosen})
    folder = data_folder(scenario, arguments, strategies)
    first, last = (date.fromisoformat(parameters.pop(key)) for key in ("start", "end"))
    parameters.pop("strategies", None)
    with tempfile.TemporaryDirectory(prefix="tom-king-faults-") as scratch:
        ground = Ground(project=PROJECT_FOLDER, data=with_static_files(folder, Path(scratch), None), first=first,
                        last=last, parameters=tuple(sorted(parameters.items())), strategies=chosen,
                        live=arguments.live)
        if arguments.only is not None:
            keep = Path(arguments.keep) if arguments.keep else None
            return _replay(run_seed(ground, arguments.only, keep), arguments)
        return _summary(_run_all(ground, arguments), arguments)


def _run_all(ground: Ground, arguments: argparse.Namespace) -> list[SeedResult]:
    show, found = Progress("faults", "seeds"), []
    try:
        with ProcessPoolExecutor(arguments.processes, initializer=end_when_terminated) as pool:
            for result in pool.map(partial(run_seed, ground), range(arguments.seeds), chunksize=4):
                found.append(result)
                for violation in result.violations:
                    print(f"seed {result.seed}: {violation}\n  replay: {replay_command(result.seed, arguments)}",
                          flush=True)
                show(len(found), arguments.seeds)
    except BrokenProcessPool as error:
        raise CommandError("a worker process died; fewer --processes may help", RUN_FAILED) from error
    return found


def replay_command(number: int, arguments: argparse.Namespace) -> str:
    """The command line that runs one seed again."""
    words = ["python -m local faults", f"--scenario {arguments.scenario}", f"--phase {arguments.phase}"]
    words += [f"--{name} {value}" for name, value in (("seed", arguments.seed), ("bars", arguments.bars),
                                                      ("cash", arguments.cash)) if value is not None]
    words += [f"--param {key}={value}" for key, value in arguments.parameters]
    words += ["--live"] if arguments.live else []
    return " ".join([*words, f"--only {number}"])


def _replay(result: SeedResult, arguments: argparse.Namespace) -> int:
    print(json.dumps(dict(result.plan), indent=1))
    print(f"orders {result.orders}, trades {result.trades}, processes {result.lives}, "
          f"faults that struck {_counts(result.hits)}, reported {_counts(result.reported)}")
    for violation in result.violations:
        print(violation)
    print("all invariants hold" if not result.violations else f"replay: {replay_command(result.seed, arguments)}")
    return VIOLATED if result.violations else 0


def _counts(counts: object) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(dict(counts).items()) if number) or "none"


def _summary(results: list[SeedResult], arguments: argparse.Namespace) -> int:
    hits: dict[str, int] = {}
    for result in results:
        for kind, times in result.hits.items():
            hits[kind] = hits.get(kind, 0) + bool(times)
    bad = [result.seed for result in results if result.violations]
    on = dict(arguments.parameters).get("strategies", ALL)
    print(f"\n{len(results)} seeds (strategies {on}), "
          f"{sum(result.orders for result in results)} orders, {sum(result.trades for result in results)} trades, "
          f"{sum(result.lives - 1 for result in results)} restarts")
    print(f"seeds in which a fault struck: {_counts(hits)}")
    print(f"violated in {len(bad)} seeds: {', '.join(map(str, bad))}" if bad else "all invariants hold")
    return VIOLATED if bad else 0
