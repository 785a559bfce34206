"""Runs one project on the embedded engine in a process of its own: ``python -m local.regressions.run_one …``."""
from __future__ import annotations

import sys
from pathlib import Path

from local.engine.loop.runner import run_project


def main(argv: list[str]) -> int:
    """Project, class, data, out; the exit code is the run's."""
    project, name, data, out = argv
    return run_project(Path(project), data=Path(data), out=Path(out), algorithm_type_name=name).exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
