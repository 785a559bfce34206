"""A LEAN checkout: which of its algorithms count, and a project folder of one of them."""
from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from local.commands.errors import CommandError

ALGORITHMS, DATA = "Algorithm.Python", "Data"
COUNTED = ("option", "combo", "objectstore")
MAIN = "main.py"


def check_checkout(checkout: Path) -> Path:
    """The checkout, when it has algorithms and data.

    Raises
    ------
    CommandError
        It is not a LEAN checkout.
    """
    for name in (ALGORITHMS, DATA):
        if not (checkout / name).is_dir():
            raise CommandError(f"{checkout} is not a LEAN checkout: it holds no folder {name}")
    return checkout


def counted_algorithms(checkout: Path) -> list[str]:
    """Every file of Algorithm.Python whose name holds Option, Combo or ObjectStore: the denominator."""
    names = sorted(path.stem for path in (checkout / ALGORITHMS).glob("*.py"))
    return [name for name in names if any(word in name.lower() for word in COUNTED)]


def class_of(checkout: Path, name: str) -> str:
    """The algorithm's class: the one named as its file, else the last one of the file."""
    tree = ast.parse((checkout / ALGORITHMS / f"{name}.py").read_text(encoding="utf-8-sig"))
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases]
    if not classes:
        raise CommandError(f"{name} defines no algorithm class")
    return name if name in classes else classes[-1]


def project_of(checkout: Path, name: str, target: Path) -> Path:
    """A project folder: links to the whole of Algorithm.Python, the algorithm itself as main.py."""
    project = target / "project"
    project.mkdir()
    for path in (checkout / ALGORITHMS).iterdir():
        if (path.suffix == ".py" or path.is_dir()) and path.name != MAIN:
            (project / path.name).symlink_to(path.resolve())
    (project / MAIN).symlink_to((checkout / ALGORITHMS / f"{name}.py").resolve())
    return project


def digest_of(checkout: Path, launcher: Path, name: str) -> str:
    """What LEAN's result of an algorithm depends on, but for its data: its text and the launcher's own file."""
    about = f"{launcher.stat().st_size} {launcher.stat().st_mtime_ns}".encode()
    return hashlib.sha256((checkout / ALGORITHMS / f"{name}.py").read_bytes() + about).hexdigest()[:16]
