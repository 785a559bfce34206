"""The shared conformance cases and their data folder, written once and kept between runs."""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local.data.margins import write_margins
from local.data.static import write_static_files

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared" / "conformance"
FIRST_DAY, LAST_DAY = "2024-07-22", "2024-08-09"
SUPPORT_FILES = ("probe_base.py", "probe_more.py")


def case_names() -> list[str]:
    """Names of the cases with a record; none where the shared folder is absent."""
    return sorted(path.stem for path in (SHARED / "expected").glob("*.json"))


def _cache_root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tom-king-framework" / "conformance"


def _digest() -> str:
    sources = [SHARED / "leandata.py", SHARED / "leandata_more.py", *sorted((ROOT / "local/data").glob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def data_folder() -> Path:
    """Folder with the generators' prices and the project's own static files."""
    folder = _cache_root() / _digest()
    if (folder / "complete").is_file():
        return folder
    draft = folder.with_name(f"{folder.name}-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for command in (["leandata.py", str(draft), FIRST_DAY, LAST_DAY], ["leandata_more.py", str(draft)]):
        subprocess.run([sys.executable, "-B", *command], cwd=SHARED, check=True, capture_output=True)
    write_static_files(draft)
    write_margins(draft)
    (draft / "complete").touch()
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return folder


def project_folder(case: str, target: Path) -> Path:
    """A copy of a case's project with the files it imports beside it."""
    project = target / case
    shutil.copytree(SHARED / "algorithms" / case, project)
    for name in SUPPORT_FILES:
        shutil.copy(SHARED / "algorithms" / name, project)
    return project
