"""Imports a project folder's algorithm."""
from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from local.engine.errors import EngineError

IMPORTS_FOLDER = Path(__file__).resolve().parents[1] / "imports"
_loaded_by_project: dict[str, Path] = {}


def _forget_other_projects(project: Path) -> None:
    """Drops modules that an earlier project brought in, so that equal names are imported from this one."""
    for name, owner in list(_loaded_by_project.items()):
        if owner != project:
            sys.modules.pop(name, None)
            del _loaded_by_project[name]


def _put_first(folder: Path) -> None:
    text = str(folder)
    if text in sys.path:
        sys.path.remove(text)
    sys.path.insert(0, text)


def load_algorithm_class(project: Path, type_name: str | None = None) -> type:
    """The algorithm class of `main.py`: the one named, else the only one the file defines.

    Raises
    ------
    EngineError
        When there is no `main.py`, no such class or more than one.
    """
    project = project.resolve()
    file = project / "main.py" if project.is_dir() else project
    if not file.is_file():
        raise EngineError(f"{file} is not there: a project is a folder with a main.py")
    folder = file.parent
    _forget_other_projects(folder)
    _put_first(IMPORTS_FOLDER)
    _put_first(folder)
    before = set(sys.modules)
    module = _import(file)
    for name in set(sys.modules) - before:
        source = getattr(sys.modules[name], "__file__", None)
        if source and Path(source).resolve().is_relative_to(folder) and name != "AlgorithmImports":
            _loaded_by_project[name] = folder
    return _algorithm_class(module, file, type_name)


def _import(file: Path) -> ModuleType:
    name = file.stem
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _loaded_by_project[name] = file.parent
    spec.loader.exec_module(module)
    return module


def _algorithm_class(module: ModuleType, file: Path, type_name: str | None) -> type:
    from local.engine.algorithm.qc_algorithm import QCAlgorithm

    own = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, QCAlgorithm)
           and value.__module__ == module.__name__]
    named = [value for value in own if value.__name__ == type_name]
    if named:
        return named[0]
    if len(own) != 1:
        found = ", ".join(value.__name__ for value in own) or "none"
        raise EngineError(f"{file}: one algorithm class is wanted, found {found}; name one with algorithm-type-name")
    return own[0]
