"""What the ``lean`` command does with a project folder, as observed: which files it sends, copies and compiles."""
from __future__ import annotations

from pathlib import Path

SOURCE_SUFFIXES = (".py", ".cs", ".ipynb", ".css", ".html")
DROPPED_FOLDERS = ("bin", "obj", "__pycache__", "backtests", "live", "optimizations", "storage", "report")
LARGEST_FILE_BYTES = 32_000         # the cloud's free tier takes 32 KB a file


def source_files(folder: Path) -> list[Path]:
    """Files that are sent to the cloud, copied to a run's ``code/`` and compiled in the container."""
    found: list[Path] = []
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            if not is_dropped(entry):
                found += source_files(entry)
        elif entry.suffix in SOURCE_SUFFIXES:
            found.append(entry)
    return found


def is_dropped(folder: Path) -> bool:
    """Whether the command passes a folder by: by name, dot-folders, and what looks like a Python environment."""
    return (folder.name in DROPPED_FOLDERS or folder.name.startswith(".") or (folder / "pyvenv.cfg").is_file()
            or (folder / "conda-meta").is_dir())
