"""``bench``: option values and bars a second, paired times and memory of both engines, rates of the data writer and the framework."""
from __future__ import annotations

import argparse
import json
import pstats
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from local.bench.delivery import delivery_lines
from local.bench.measure import Measured, count_quotes, median_and_p99, run_measured, verdict
from local.bench.options import option_lines
from local.commands.arguments import add_account, add_scenario, phase
from local.commands.backtest import backtest_parameters, strategies_of
from local.commands.errors import RUN_FAILED, CommandError
from local.commands.execute import EMBEDDED, LEAN, require_engine
from local.commands.progress import tell
from local.commands.project import PROJECT_FOLDER
from local.commands.scenario_data import DEFAULT_CACHE, data_folder, load_scenario
from local.statistics_table import grid

HELP = "paired times and memory of both engines, rates of the data writer and the framework"
BENCH_FOLDER = PROJECT_FOLDER / "local" / "bench"
WALL_RATIO_GOAL = 0.5
PEAK_GOAL_BYTES = 2**30
MINUTE_GOAL_MS = 1.0
ROUNDS_GOAL = 200.0
ORDER_GOAL_MS, ORDERS_GOAL = 50.0, 10.0
MEBIBYTE = 2**20
SESSION_MINUTES = 390
PROFILE_ROWS = 12
DEFAULT = ("august_2024", "volmageddon_2018", "covid_2020")
# Of the scenarios after the first, when nobody named any, only the last days are measured.
LAST_DAYS = timedelta(days=60)
LAYERS = ("local/engine", "local", "helpers", "strategies", "core", "risk", "config")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser, required=False, action="append")
    add_account(parser)
    parser.add_argument("--pairs", type=int, choices=range(1, 10), default=1, metavar="N",
                        help="how often both engines run, by turns (default 1)")
    parser.add_argument("--no-writer", action="store_true", help="take the data from the cache, do not time its writing")
    parser.add_argument("--only", choices=("options", "delivery"), help="measure that alone")
    parser.add_argument("--against", metavar="COMMIT", help="an older commit whose delivery of bars is measured beside ours")
    parser.set_defaults(phase=phase("3"))


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; the writer's and the framework's own figures come from the first scenario."""
    for name, lines in (("options", option_lines), ("delivery", lambda: _delivery(arguments.against))):
        if arguments.only in (None, name):
            print("\n".join(lines()) + "\n", flush=True)
    if arguments.only:
        return 0
    tasks = [argparse.Namespace(**vars(arguments) | {"scenario": name}) for name in arguments.scenario or DEFAULT]
    if not arguments.scenario:
        for task in tasks[1:]:
            _shorten(task)
    for task in tasks:
        backtest_parameters(load_scenario(task), task)
    try:
        require_engine(LEAN)
        engines, missing = (EMBEDDED, LEAN), ""
    except CommandError as error:
        engines, missing = (EMBEDDED,), str(error)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tom-king-bench-") as scratch:
        ratios = {}
        for task in tasks:
            folder = Path(scratch) / Path(task.scenario).stem
            ratios[Path(task.scenario).stem] = measure_scenario(task, engines, missing, folder, whole=task is tasks[0])
        missed = [task for task, ratio in zip(tasks, ratios.values()) if ratio is not None and ratio > WALL_RATIO_GOAL]
        if missed:
            print(profile_lines(missed[0], Path(scratch)) + "\n", flush=True)
    print(closing_line(ratios, time.perf_counter() - started))
    return 0


def _delivery(against: str | None) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="tom-king-bench-") as scratch:
        return delivery_lines(Path(scratch), against)


def _shorten(task: argparse.Namespace) -> None:
    """Begin a scenario's run so many days before its end, unless a begin is given."""
    if not {"start", "end"} & dict(task.parameters).keys():
        begin = load_scenario(task).backtest_end - LAST_DAYS
        task.parameters = [*task.parameters, ("start", begin.isoformat())]


def closing_line(ratios: dict[str, float | None], seconds: float) -> str:
    """Every scenario's ratio in one line, and how long the measuring took."""
    told = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items() if ratio is not None)
    return f"embedded ÷ LEAN: {told or 'no LEAN to compare with'}; measured in {seconds / 60.0:.1f} minutes"


def measure_scenario(arguments: argparse.Namespace, engines: tuple[str, ...], missing: str, folder: Path, *,
                     whole: bool) -> float | None:
    """Pairs of one scenario, and their ratio where there is LEAN; with ``whole`` also the data writer and the
    framework's own time."""
    scenario = load_scenario(arguments)
    parameters = backtest_parameters(scenario, arguments)
    print(f"{scenario.name} from {parameters['start']} to {parameters['end']}, seed {scenario.seed}, phase "
          f"{parameters['starting_phase']}, strategies {parameters['strategies']}\n", flush=True)
    if whole and not arguments.no_writer:
        print(writer_line(arguments, parameters["strategies"], folder / "data-cache") + "\n", flush=True)
        arguments.data_cache = str(folder / "data-cache")
    data = data_folder(scenario, arguments, strategies_of(parameters))
    pairs = [measure_pair(engines, arguments, folder / f"pair-{number}") for number in range(arguments.pairs)]
    print("\n".join(pair_lines(pairs, missing)) + "\n", flush=True)
    if whole:
        print("\n".join(framework_lines(engines, data, parameters, folder)) + "\n", flush=True)
    return _ratio(pairs) if LEAN in engines else None


def _backtest_arguments(arguments: argparse.Namespace, engine: str, out: Path) -> list[str]:
    """The command line of one backtest, with every option that was given to this command."""
    found = ["backtest", "--scenario", arguments.scenario, "--engine", engine, "--phase", str(arguments.phase),
             "--out", str(out), "--data-cache", str(Path(arguments.data_cache or DEFAULT_CACHE).absolute())]
    for option, value in (("--seed", arguments.seed), ("--cash", arguments.cash)):
        found += [option, str(value)] if value is not None else []
    found += ["--bars", str(Path(arguments.bars).absolute())] if arguments.bars else []
    for key, value in arguments.parameters:
        found += ["--param", f"{key}={value}"]
    return found


def writer_line(arguments: argparse.Namespace, strategies: str, cache: Path) -> str:
    """Write the scenario afresh and count what was written; the runs that follow read it."""
    tell("bench: writing the data afresh")
    command = ["data", "--scenario", arguments.scenario, "--data-cache", str(cache),
               "--strategies", strategies]
    command += ["--seed", str(arguments.seed)] if arguments.seed is not None else []
    command += ["--bars", str(Path(arguments.bars).absolute())] if arguments.bars else []
    spent = run_measured(command, cwd=PROJECT_FOLDER)
    written = count_quotes(next(path for path in cache.iterdir() if path.is_dir()))
    covered = written.contracts * SESSION_MINUTES
    return (f"data writer   {written.days} days in {spent.seconds:.1f} s = {spent.seconds / written.days:.2f} s and "
            f"{written.size_bytes / 1e6 / written.days:.1f} MB a day; {written.rows / spent.seconds:,.0f} quote rows "
            f"a second, standing for {covered / spent.seconds:,.0f} contract·minutes a second")


def measure_pair(engines: tuple[str, ...], arguments: argparse.Namespace, folder: Path) -> dict[str, Measured]:
    """The same backtest on each engine, one after the other, each as a command of its own."""
    found = {}
    for engine in engines:
        tell(f"bench: backtest on {engine}")
        found[engine] = run_measured(_backtest_arguments(arguments, engine, folder / engine), cwd=PROJECT_FOLDER)
    return found


def _ratio(pairs: list[dict[str, Measured]]) -> float:
    ratios = sorted(pair[EMBEDDED].seconds / pair[LEAN].seconds for pair in pairs)
    return ratios[len(ratios) // 2]


def pair_lines(pairs: list[dict[str, Measured]], missing: str) -> list[str]:
    """Wall time and memory of every pair, and the ratio."""
    peak = max(pair[EMBEDDED].peak_bytes for pair in pairs)
    rows = [(str(number), *(f"{pair[engine].seconds:.1f}" if engine in pair else "-" for engine in (EMBEDDED, LEAN)),
             f"{pair[EMBEDDED].seconds / pair[LEAN].seconds:.2f}" if LEAN in pair else "-",
             *(f"{pair[engine].cpu_seconds:.1f}" if engine in pair else "-" for engine in (EMBEDDED, LEAN)),
             *(f"{pair[engine].peak_bytes / MEBIBYTE:,.0f}" if engine in pair else "-" for engine in (EMBEDDED, LEAN)))
            for number, pair in enumerate(pairs, start=1)]
    lines = grid(("Pair", "Embedded s", "LEAN s", "Embedded ÷ LEAN", "Embedded CPU s", "LEAN CPU s",
                  "Embedded peak MiB", "LEAN peak MiB"), rows)
    if missing:
        lines.append(f"no LEAN to compare with: {missing}")
    else:
        ratio = _ratio(pairs)
        judged = verdict(ratio <= WALL_RATIO_GOAL)
        lines.append(f"wall time embedded ÷ LEAN {ratio:.2f} (goal at most {WALL_RATIO_GOAL}: {judged})")
    lines.append(f"peak memory {peak / MEBIBYTE:,.0f} MiB "
                 f"(goal at most {PEAK_GOAL_BYTES / MEBIBYTE:,.0f}: {verdict(peak <= PEAK_GOAL_BYTES)})")
    return lines


def framework_lines(engines: tuple[str, ...], data: Path, parameters: dict[str, str], folder: Path) -> list[str]:
    """The framework's own time a minute bar, its decision rounds, its orders, and the run's time against a bare algorithm
    with its subscriptions."""
    minutes, rounds, orders = [], [], []
    for engine in engines:
        tell(f"bench: the framework's own time on {engine}")
        timed, bare = folder / f"timed-{engine}", folder / f"bare-{engine}"
        spent = _run_probe("timed", engine, data, timed, parameters)
        record = timed / "storage" / "bench" / "minutes.json"
        times = json.loads(record.read_text(encoding="utf-8"))
        keys = {key: parameters[key] for key in ("start", "end", "cash")} | {"record": str(record)}
        alone = _run_probe("bare", engine, data, bare, keys)
        if not times["seconds"] or not times["round_seconds"]:
            raise CommandError("the framework saw no minute bar", RUN_FAILED)
        median, p99 = median_and_p99(times["seconds"])
        mean = 1000.0 * sum(times["seconds"]) / len(times["seconds"])
        minutes.append((engine, f"{len(times['seconds']):,}", f"{median:.3f}", f"{mean:.3f}", f"{p99:.2f}",
                        f"{verdict(median <= MINUTE_GOAL_MS)}, {verdict(mean <= MINUTE_GOAL_MS)}",
                        f"{spent.seconds:.1f}", f"{alone.seconds:.1f}", f"{spent.seconds / alone.seconds:.2f}"))
        rounds.append(rounds_row(engine, times["round_seconds"]))
        orders.append(orders_row(engine, times["order_seconds"]))
    header = ("Framework on", "Minute bars", "Median ms", "Mean ms", "p99 ms",
              f"Median, mean at most {MINUTE_GOAL_MS:g} ms", "Run s", "Bare run s", "Run ÷ bare")
    return [*grid(header, minutes), "", *grid(("Decision rounds on", "Rounds", "Mean ms", "p99 ms", "A second",
                                               f"At least {ROUNDS_GOAL:g}"), rounds), "",
            *grid(("Decision to order on", "Orders", "Median ms", "Worst ms", "A second",
                   f"Worst at most {ORDER_GOAL_MS:g} ms, at least {ORDERS_GOAL:g} a second"), orders)]


def rounds_row(engine: str, seconds: list[float]) -> tuple[str, ...]:
    """Rounds from a snapshot to every strategy's decision: how long one takes, how many a second."""
    rate = len(seconds) / sum(seconds)
    return (engine, f"{len(seconds):,}", f"{1000.0 / rate:.2f}", f"{median_and_p99(seconds)[1]:.2f}", f"{rate:,.0f}",
            verdict(rate >= ROUNDS_GOAL))


def orders_row(engine: str, seconds: list[float]) -> tuple[str, ...]:
    """From a decision to its order, which is stored and handed over: how long it takes, how many a second could be."""
    if not seconds:
        return (engine, "0", "-", "-", "-", "no order to time")
    worst, rate = 1000.0 * max(seconds), len(seconds) / sum(seconds)
    return (engine, f"{len(seconds):,}", f"{median_and_p99(seconds)[0]:.2f}", f"{worst:.2f}", f"{rate:,.0f}",
            f"{verdict(worst <= ORDER_GOAL_MS)}, {verdict(rate >= ORDERS_GOAL)}")


def _run_probe(name: str, engine: str, data: Path, out: Path, parameters: dict[str, str]) -> Measured:
    command = ["run", str(BENCH_FOLDER / name), "--data", str(data), "--out", str(out), "--engine", engine]
    for key, value in parameters.items():
        command += ["--param", f"{key}={value}"]
    return run_measured(command, cwd=PROJECT_FOLDER)


def profile_lines(arguments: argparse.Namespace, folder: Path) -> str:
    """Where the embedded run spends its time: printed when the goal was missed."""
    tell("bench: profile of the embedded run")
    profile = folder / "profile"
    command = [sys.executable, "-m", "cProfile", "-o", str(profile), "-m", "local",
               *_backtest_arguments(arguments, EMBEDDED, folder / "profiled")]
    subprocess.run(command, cwd=PROJECT_FOLDER, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    statistics = pstats.Stats(str(profile)).stats  # type: ignore[attr-defined]
    found = sorted(statistics.items(), key=lambda item: -item[1][2])[:PROFILE_ROWS]
    rows = [(f"{Path(place[0]).name}:{place[1]} {place[2]}", f"{row[1]:,}", f"{row[2]:.2f}", f"{row[3]:.2f}")
            for place, row in found]
    shares: dict[str, float] = {}
    first: dict[str, str] = {}
    for place, row in sorted(statistics.items(), key=lambda item: -item[1][2]):
        layer = layer_of(place[0])
        shares[layer] = shares.get(layer, 0.0) + row[2]
        first.setdefault(layer, f"{Path(place[0]).name}:{place[1]} {place[2]}")
    return "\n".join([*grid(("Where the embedded run spends its time", "Calls", "Own s", "With callees s"), rows),
                      next_step(shares, first)])


def layer_of(path: str) -> str:
    """The part of the project a file belongs to; libraries are one part."""
    for layer in LAYERS:
        if Path(path).is_relative_to(PROJECT_FOLDER / layer):
            return layer
    return "Python and libraries"


def next_step(shares: dict[str, float], first: dict[str, str]) -> str:
    """Own time by part of the project, and where to begin: the dearest function of the dearest part that is ours."""
    total = sum(shares.values())
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    told = ", ".join(f"{name} {seconds / total:.0%}" for name, seconds in ordered)
    own = next((name for name, _ in ordered if name in LAYERS), ordered[0][0])
    return f"own time by part: {told}\nnext step: {own}, which takes the most of what is ours; first {first[own]}"
