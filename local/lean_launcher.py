"""Runs a project folder on LEAN: by a launcher that TOMKING_LEAN names, or by the ``lean`` command.

The launcher gets a configuration file, the interpreter's own libpython and the packages of this environment. Static
data comes from LEAN's ``Data`` folder: named by TOMKING_LEAN_DATA, or found upward from the launcher.
"""
from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.lean_workspace import workspace

LAUNCHER_VARIABLE = "TOMKING_LEAN"
DATA_VARIABLE = "TOMKING_LEAN_DATA"
ALGORITHM_ID = "run"
BACKTEST_NAME = "main"
LOG_NAME = "lean.log"
POLL_SECONDS = 0.2
ENGINE = "QuantConnect.Lean.Engine."
Waiting = Callable[[float], None]


class LeanMissing(Exception):
    """Neither a launcher nor the ``lean`` command can be used; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lean:
    """How LEAN is started here: a launcher with its command, or the ``lean`` command when ``launcher`` is None."""

    command: tuple[str, ...]
    launcher: Path | None = None
    static_data: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanJob:
    """One run: project, its class, data, results folder, text parameters; ``scratch`` gets the configuration."""

    project: Path
    algorithm_class: str
    data: Path
    out: Path
    scratch: Path
    parameters: Mapping[str, str]


def find_lean() -> Lean:
    """The launcher that TOMKING_LEAN names, else the ``lean`` command.

    Raises
    ------
    LeanMissing
        Neither is there, or the launcher's runtime is not.
    """
    named = os.environ.get(LAUNCHER_VARIABLE, "").strip()
    if named:
        launcher = Path(named).absolute()
        if not launcher.is_file():
            raise LeanMissing(f"{LAUNCHER_VARIABLE} names {launcher}, which is not there")
        runtime = shutil.which("dotnet")
        if runtime is None:
            raise LeanMissing(f"{LAUNCHER_VARIABLE} names a launcher, but the dotnet command is missing")
        return Lean(command=(runtime, str(launcher)), launcher=launcher, static_data=find_static_data(launcher))
    command = shutil.which("lean")
    if command is None:
        raise LeanMissing(f"LEAN is missing: set {LAUNCHER_VARIABLE} to QuantConnect.Lean.Launcher.dll, "
                          "or install the lean command (pip install lean; it needs Docker)")
    if shutil.which("docker") is None:
        raise LeanMissing("the lean command is there, but Docker, which it needs, is missing")
    return Lean(command=(command,))


def find_static_data(launcher: Path) -> Path | None:
    """LEAN's own data folder, or None where none is found.

    Raises
    ------
    LeanMissing
        TOMKING_LEAN_DATA names a folder without market hours.
    """
    named = os.environ.get(DATA_VARIABLE, "").strip()
    if named:
        folder = Path(named).absolute()
        if not (folder / "market-hours").is_dir():
            raise LeanMissing(f"{DATA_VARIABLE} names {folder}, which holds no market-hours folder")
        return folder
    for parent in launcher.resolve().parents:
        for folder in (parent / "Data", parent / "Lean" / "Data"):
            if (folder / "market-hours").is_dir():
                return folder
    return None


def find_libpython() -> Path:
    """The running interpreter's shared library, which the launcher loads.

    Raises
    ------
    LeanMissing
        The interpreter was built without one.
    """
    names = [sysconfig.get_config_var(name) for name in ("LDLIBRARY", "INSTSONAME")]
    places = [sysconfig.get_config_var(name) for name in ("LIBDIR", "LIBPL")]
    places.append(os.path.join(sys.base_prefix, "lib"))
    for place in filter(None, places):
        for name in filter(None, names):
            path = Path(place) / name
            if ".so" in name and path.is_file() or path.suffix == ".dylib" and path.is_file():
                return path
    raise LeanMissing(f"no shared libpython beside {sys.executable}: LEAN's launcher needs one (python3-dev has it)")


def launcher_environment(launcher: Path) -> dict[str, str]:
    """Environment of the launcher's process: this interpreter, this environment's packages, no bytecode files."""
    packages = [path for path in (*site.getsitepackages(), sysconfig.get_paths()["purelib"]) if Path(path).is_dir()]
    environment = dict(os.environ)
    environment.update(
        PYTHONNET_PYDLL=str(find_libpython()), PYTHONHOME=sys.base_prefix,
        PYTHONPATH=os.pathsep.join(dict.fromkeys([str(launcher.parent), *packages])),
        PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1", DOTNET_gcServer="0", MPLBACKEND="Agg")
    return environment


def launcher_configuration(job: LeanJob, launcher: Path) -> dict[str, object]:
    """The launcher's whole configuration for one backtest; nothing is taken from the launcher's own file."""
    folder = str(launcher.parent)
    return handlers() | {
        "environment": "backtesting", "algorithm-language": "Python", "algorithm-type-name": job.algorithm_class,
        "algorithm-location": str(job.project.absolute() / "main.py"), "algorithm-id": ALGORITHM_ID,
        "backtest-name": BACKTEST_NAME, "data-folder": f"{job.data.absolute()}{os.sep}",
        "results-destination-folder": str(job.out), "object-store-root": str(job.out / "storage"),
        "parameters": dict(job.parameters), "close-automatically": True, "debugging": False,
        "composer-dll-directory": folder, "plugin-directory": folder, "python-additional-paths": [folder],
        "job-user-id": "0", "api-access-token": "", "job-organization-id": ""}


def handlers() -> dict[str, object]:
    """What a backtest on LEAN is put together from, wherever it runs."""
    return {
        "log-handler": "QuantConnect.Logging.CompositeLogHandler",
        "messaging-handler": "QuantConnect.Messaging.Messaging", "job-queue-handler": "QuantConnect.Queues.JobQueue",
        "api-handler": "QuantConnect.Api.Api",
        "map-file-provider": "QuantConnect.Data.Auxiliary.LocalDiskMapFileProvider",
        "factor-file-provider": "QuantConnect.Data.Auxiliary.LocalDiskFactorFileProvider",
        "data-provider": f"{ENGINE}DataFeeds.DefaultDataProvider", "data-channel-provider": "DataChannelProvider",
        "object-store": f"{ENGINE}Storage.LocalObjectStore", "data-aggregator": f"{ENGINE}DataFeeds.AggregationManager",
        "symbol-minute-limit": 10_000, "symbol-second-limit": 10_000, "symbol-tick-limit": 10_000,
        "maximum-data-points-per-chart-series": 1_000_000, "maximum-chart-series": 30,
        "show-missing-data-logs": False, "force-exchange-always-open": False, "transaction-log": "",
        "environments": {"backtesting": {
            "live-mode": False, "setup-handler": f"{ENGINE}Setup.BacktestingSetupHandler",
            "result-handler": f"{ENGINE}Results.BacktestingResultHandler",
            "data-feed-handler": f"{ENGINE}DataFeeds.FileSystemDataFeed",
            "real-time-handler": f"{ENGINE}RealTime.BacktestingRealTimeHandler",
            "history-provider": [f"{ENGINE}HistoricalData.SubscriptionDataReaderHistoryProvider"],
            "transaction-handler": f"{ENGINE}TransactionHandlers.BacktestingTransactionHandler"}},
    }


def run_lean(lean: Lean, job: LeanJob, waiting: Waiting | None = None) -> int:
    """Run one backtest and wait for it.

    Parameters
    ----------
    lean : Lean
        From ``find_lean``.
    job : LeanJob
        Its ``out`` gets the results, ``storage/`` and ``lean.log``.
    waiting : callable or None
        Called now and then with the seconds since the start.

    Returns
    -------
    int
        The process's exit code. Whether the run was good stands in its results.
    """
    (job.out / "storage").mkdir(parents=True, exist_ok=True)
    if lean.launcher is None:
        with workspace(job.out.parent, job.project, job.data, handlers()) as found:
            code = _logged(found.command(lean.command[0], job.parameters, BACKTEST_NAME), found.folder, dict(os.environ),
                           job.out, waiting)
            found.collect(job.out)
            return code
    configuration = job.scratch / "lean-launcher.json"
    configuration.write_text(json.dumps(launcher_configuration(job, lean.launcher), indent=1), encoding="utf-8")
    return _logged([*lean.command, "--config", str(configuration)], job.scratch, launcher_environment(lean.launcher),
                   job.out, waiting)


def _logged(command: Sequence[str], folder: Path, environment: Mapping[str, str], out: Path, waiting: Waiting | None) -> int:
    """Run a command in a folder to its end; what it prints is the log."""
    with open(out / LOG_NAME, "wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT)
        try:
            return _wait(process, waiting)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], waiting: Waiting | None) -> int:
    started = time.monotonic()
    while True:
        try:
            return process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if waiting is not None:
                waiting(time.monotonic() - started)
