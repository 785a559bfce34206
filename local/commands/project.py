"""A LEAN Python project folder: its main.py, the algorithm's class, its parameters."""
from __future__ import annotations

import ast
import json
from pathlib import Path

from local.commands.errors import CommandError

PROJECT_FOLDER = Path(__file__).resolve().parents[2]
CONFIGURATION = "config.json"
IN_A_CLONE = (PROJECT_FOLDER / "pyproject.toml").is_file()
# Where runs go when no place is named: into the clone, or, of an installed package, into the current folder.
RUNS_FOLDER = (PROJECT_FOLDER if IN_A_CLONE else Path.cwd()) / "runs"
CACHE_FOLDER = PROJECT_FOLDER / ".cache" if IN_A_CLONE else Path.home() / ".cache" / "tom-king"


def check_project(folder: Path) -> Path:
    """The project's main.py.

    Raises
    ------
    CommandError
        No such folder, or no main.py in it.
    """
    main = folder / "main.py"
    if not folder.is_dir():
        raise CommandError(f"project folder {folder} is not there")
    if not main.is_file():
        raise CommandError(f"{folder} is not a LEAN Python project: it holds no main.py")
    return main


def algorithm_class(main: Path) -> str:
    """Name of the algorithm's class: the last one that main.py defines on its top level with a base class.

    Raises
    ------
    CommandError
        The file cannot be parsed, or defines no such class.
    """
    try:
        tree = ast.parse(main.read_text(encoding="utf-8"), filename=str(main))
    except (SyntaxError, UnicodeDecodeError, OSError) as error:
        raise CommandError(f"{main} cannot be read as Python: {error}") from error
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases]
    if not names:
        raise CommandError(f"{main} defines no algorithm class")
    return names[-1]


def project_parameters(folder: Path) -> dict[str, str]:
    """Parameters of the project's config.json, as text; empty where there is none.

    Raises
    ------
    CommandError
        The file is not valid.
    """
    path = folder / CONFIGURATION
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} is not valid: {error}") from error
    parameters = document.get("parameters", {}) if isinstance(document, dict) else None
    if not isinstance(parameters, dict):
        raise CommandError(f"{path}: parameters must be a table")
    return {key: str(value) for key, value in parameters.items()}
