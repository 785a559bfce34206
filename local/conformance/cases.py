"""Where the cases stand, on what data they run, and how one is run on either engine.

A case is a folder with a main.py; the class in it may name the scenario of its data (``DATA = "july"``), August
otherwise. Beside each main.py LEAN finds the base class, so a run works on a copy of both.
"""
from __future__ import annotations

import ast
import hashlib
import os
import shutil
import zipfile
from pathlib import Path

from local.data import scenario
from local.data.archive import write_text
from local.data.writer import ensure_data

PROJECT = Path(__file__).resolve().parents[2]
SUITE = PROJECT / "tests" / "conformance"
ALGORITHMS, EXPECTED, BASE_CLASS = SUITE / "algorithms", SUITE / "expected", SUITE / "algorithms" / "probe.py"
DEFAULT_DATA = "august"
UNDERLYINGS = {"august": ("SPY", "VIX", "QQQ", "GLD", "AAPL", "VIX-OPTIONS", "ES", "MES", "CL", "MCL", "GC"),
               "july": ("SPY", "VIX", "ES")}
# AAPL: a dividend of 0.25 with its ex-date on 12 August 2024: the price factor before it is 1 - 0.25 / 216.24.
# GLD: a dividend of 1.10 with its ex-date on 8 August, and two shares for one on the 14th.
FACTOR_FILES = {"august": {"aapl": "20230519,0.9988439,1,216.24\n20240809,0.9988439,1,216.24\n20501231,1,1,0\n",
                           "gld": "20230519,0.995,0.5,220\n20240807,0.995,0.5,220\n20240813,1,0.5,228.2\n20501231,1,1,0\n"},
                "july": {}}
CACHE_VARIABLE = "XDG_CACHE_HOME"
RECORD_KEY = "conformance/record.json"


def case_names() -> list[str]:
    """Names of all cases, sorted."""
    return sorted(path.parent.name for path in ALGORITHMS.glob("*/main.py"))


def recorded_names() -> list[str]:
    """Names of the cases that have a record, sorted."""
    return sorted(path.stem for path in EXPECTED.glob("*.json"))


def scenario_of(case: str) -> str:
    """Which of the data folders a case runs on: the constant ``DATA`` of its class."""
    tree = ast.parse((ALGORITHMS / case / "main.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and "DATA" in [name.id for name in node.targets if isinstance(name, ast.Name)]:
            return str(ast.literal_eval(node.value))
    return DEFAULT_DATA


def cache_root() -> Path:
    """The user's cache folder of conformance data."""
    base = os.environ.get(CACHE_VARIABLE, "").strip()
    return (Path(base) if base else Path.home() / ".cache") / "tom-king-framework" / "conformance-own"


def data_folder(name: str, cache: Path | None = None) -> Path:
    """The data folder of a scenario of the suite, written once and kept between runs.

    Folders that an earlier version of the writer left are removed.
    """
    root = cache_root() if cache is None else cache
    checked = scenario.load(SUITE / f"{name}.toml")
    folder = ensure_data(checked, root, underlyings=UNDERLYINGS[name])
    for ticker, text in FACTOR_FILES[name].items():
        place = folder / "equity/usa/factor_files" / f"{ticker}.csv"
        if place.read_text(encoding="utf-8") != text:
            write_text(place, text)
    for other in root.glob(f"{checked.name}-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def data_digest(folder: Path) -> str:
    """Digest of what a data folder says: names and contents, whatever the compressor made of them."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue
        digest.update(path.relative_to(folder).as_posix().encode())
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                digest.update("".join(f"{member.filename} {member.CRC:x};" for member in archive.infolist()).encode())
        else:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def project_folder(case: str, target: Path) -> Path:
    """A copy of a case's project, with the base class beside it."""
    project = target / case
    shutil.copytree(ALGORITHMS / case, project, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(BASE_CLASS, project)
    return project
