"""How many bars a second the embedded engine hands over, beside the plain walk over the same rows and an older commit."""
from __future__ import annotations

import json
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np

from local.bench.measure import run_measured
from local.commands.errors import RUN_FAILED, CommandError
from local.commands.execute import EMBEDDED
from local.commands.progress import tell
from local.commands.project import PROJECT_FOLDER
from local.data import calendar
from local.data.archive import write_zip
from local.data.quoting import quote_entries
from local.data.static import write_static_files
from local.data.text import integer_rows, minute_table
from local.engine.files.bar_columns import parse_numbers
from local.statistics_table import grid

READER = PROJECT_FOLDER / "local" / "bench" / "reader"
RECORD = Path("storage", "bench", "reader.json")
FIRST, LAST, EXPIRY = date(2024, 7, 8), date(2024, 7, 26), date(2024, 8, 16)        # 15 sessions
STRIKES = np.arange(520, 570)
OPENING_MINUTE, MINUTES = 570, 390
TENTH_OF_CENT = 10_000
QUOTE_WIDTH, BID_CLOSE = 11, 4      # columns of a row, and the one that is added up
REPEATS = 3
# What a run reads, whether its streams fill forward, and how many times the older commit's rate is the goal.
WAYS = {"data.quote_bars": ("quote_bars", "yes", 2.0), "data.quote_bars, no fill-forward": ("quote_bars", "no", 4.0),
        "securities[…].bid_price": ("securities", "yes", 1.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one run read: bars, the sum of their bids in USD and the processor time from its first slice on."""

    bars: int
    bids: float
    seconds: float

    @property
    def rate(self) -> float:
        """Bars a second."""
        return self.bars / self.seconds


def delivery_lines(scratch: Path, against: str | None = None, repeats: int = REPEATS) -> list[str]:
    """Rates of the three ways of reading as a table, the best of a few runs each; with ``against`` an older commit's runs by
    turns with ours.

    Raises
    ------
    CommandError
        No such commit here, a run failed, or two runs of a way did not read the same bars.
    """
    data = scratch / "data"
    trees = {"here": PROJECT_FOLDER} | ({} if against is None else {against: older_tree(against, scratch / "older")})
    write_bars(data)
    walked = [walk(data) for _ in range(repeats)]
    plain = best_rate(walked)
    rows = []
    for name, (read, fill, goal) in WAYS.items():
        found: dict[str, list[Read]] = {tree: [] for tree in trees}
        for number in range(repeats):
            for tree, folder in trees.items():
                tell(f"bench: {name}, {tree}")
                found[tree].append(run_reader(folder, data, scratch / f"{read}-{fill}-{tree}-{number}", read=read, fill=fill))
        rows.append(way_row(name, goal, found, plain))
    rows.append(("plain walk over the rows", f"{walked[0].bars:,}", f"{plain:,.0f}", "1.00", "-", "-"))
    return grid(("Bars read by", "Bars", "A second", "÷ plain walk", f"÷ {against or 'older commit'}", "Goal"), rows)


def way_row(name: str, goal: float, found: Mapping[str, list[Read]], plain: float) -> tuple[str, ...]:
    """One way of reading: our best rate, and what it is beside the older commit's.

    Raises
    ------
    CommandError
        Not all read the same bars.
    """
    ours, *others = found.values()
    read = sorted({(one.bars, one.bids) for reads in found.values() for one in reads})
    if len(read) != 1 or not read[0][0]:
        raise CommandError(f"{name}: not the same bars in every run: {read}", RUN_FAILED)
    rate = best_rate(ours)
    row = (name, f"{read[0][0]:,}", f"{rate:,.0f}", f"{rate / plain:.2f}")
    if not others:
        return (*row, "-", "-")
    ratio = rate / best_rate(others[0])
    return (*row, f"{ratio:.2f}", f"at least {goal:.1f}: {'met' if ratio >= goal else 'MISSED'}")


def best_rate(reads: Iterable[Read]) -> float:
    """Bars a second of the run that was disturbed least."""
    return max(one.rate for one in reads)


def run_reader(tree: Path, data: Path, out: Path, *, read: str, fill: str) -> Read:
    """Run the reading algorithm on the embedded engine of a tree."""
    parameters = {"start": FIRST.isoformat(), "end": LAST.isoformat(), "expiry": EXPIRY.isoformat(), "read": read, "fill": fill,
                  "strikes": ";".join(map(str, STRIKES))}
    command = ["run", str(READER), "--data", str(data), "--out", str(out), "--engine", EMBEDDED]
    for key, value in parameters.items():
        command += ["--param", f"{key}={value}"]
    run_measured(command, cwd=tree)
    return Read(**json.loads((out / RECORD).read_text(encoding="utf-8")))


def older_tree(commit: str, folder: Path) -> Path:
    """The files of a commit, unpacked into a folder.

    Raises
    ------
    CommandError
        The project is no checkout of git's, or has no such commit.
    """
    git = shutil.which("git")
    if git is None:
        raise CommandError("--against needs git, which is not on the path")
    command = [git, "-C", str(PROJECT_FOLDER), "archive", "--format=zip", commit]
    answer = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if answer.returncode:
        raise CommandError(f"--against {commit}: {answer.stderr.decode('utf-8', 'replace')}")
    with zipfile.ZipFile(BytesIO(answer.stdout)) as archive:
        archive.extractall(folder)
    return folder


def write_bars(root: Path) -> None:
    """A data folder of 100 contracts with a quote at every minute of 15 sessions, each a cent off the minute before."""
    write_static_files(root)
    times = minute_table(OPENING_MINUTE, MINUTES)
    written = np.ones((len(STRIKES), MINUTES), dtype=bool)
    share = np.full(MINUTES, 545 * TENTH_OF_CENT)
    stamps = (OPENING_MINUTE + np.arange(MINUTES)) * 60_000
    share_rows = integer_rows([stamps, share, share, share, share, np.full(MINUTES, 1_000)])
    for number, day in enumerate(calendar.sessions(FIRST, LAST)):
        entries: list[tuple[str, bytes]] = []
        moves = 10 + number + (np.arange(MINUTES) + number) % 7
        for right, away in (("call", 570 - STRIKES), ("put", STRIKES - 519)):
            bid = 20 * away[:, None] + moves
            prefix = f"{day:%Y%m%d}_spy_minute_quote_american_{right}_"
            entries += quote_entries(prefix, STRIKES.astype(float), EXPIRY, times, bid, bid + 5, written)
        write_zip(root / f"option/usa/minute/spy/{day:%Y%m%d}_quote_american.zip", entries)
        write_zip(root / f"equity/usa/minute/spy/{day:%Y%m%d}_trade.zip", [(f"{day:%Y%m%d}_spy_minute_trade.csv", share_rows)])


def walk(data: Path) -> Read:
    """Read the same rows from the same files without an engine: parsed a file at a time, walked a row at a time."""
    bars, bids, began = 0, 0.0, time.process_time()
    for path in sorted((data / "option/usa/minute/spy").glob("*_quote_american.zip")):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                for row in parse_numbers(archive.read(entry), QUOTE_WIDTH, path, entry).tolist():
                    bars += 1
                    bids += row[BID_CLOSE] / TENTH_OF_CENT
    return Read(bars=bars, bids=round(bids, 2), seconds=time.process_time() - began)
