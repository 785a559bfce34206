"""Runs a command of ours in a process of its own and measures it."""
from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from local.commands.errors import RUN_FAILED, CommandError

KIBIBYTE = 1024
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Wall time in seconds, the most memory any one process of the run held, in bytes, and the processor time of all
    its processes in seconds: on a busy machine the steadier measure."""

    seconds: float
    peak_bytes: int
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenQuotes:
    """Option quotes in a data folder: rows in the files, and contracts × session minutes they stand for."""

    rows: int
    contracts: int
    days: int
    size_bytes: int


def verdict(met: bool) -> str:
    """How a goal is told."""
    return "met" if met else "MISSED"


def run_measured(arguments: Sequence[str], *, cwd: Path) -> Measured:
    """Run ``python -m local …`` and wait for it.

    Raises
    ------
    CommandError
        It did not end well; its own line is passed on.
    """
    command = [sys.executable, "-m", "local", *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read() if process.stderr else ""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        lines = errors.strip().splitlines()
        raise CommandError(f"{' '.join(arguments[:4])}: {lines[-1] if lines else process.returncode}", RUN_FAILED)
    return Measured(seconds=seconds, peak_bytes=usage.ru_maxrss * KIBIBYTE,
                    cpu_seconds=usage.ru_utime + usage.ru_stime)


def _environment() -> dict[str, str]:
    """Ours, with the interpreter's bytecode kept: a measured run must not compile what every other run finds compiled."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def count_quotes(data: Path) -> WrittenQuotes:
    """Count the option quotes of a data folder by reading every archive."""
    rows = contracts = 0
    days: set[str] = set()
    for path in sorted(data.glob("*option*/*/minute/**/*_quote*.zip")):
        days.add(path.name[:8])
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                contracts += 1
                with archive.open(name) as member:
                    while block := member.read(BLOCK):
                        rows += block.count(b"\n")
    size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    return WrittenQuotes(rows=rows, contracts=contracts, days=len(days), size_bytes=size)


def median_and_p99(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds."""
    values = np.asarray(seconds) * 1000.0
    return float(np.median(values)), float(np.percentile(values, 99))
