"""Stands in for the ``lean`` command: ``lean backtest PROJECT …`` up to the container, which the harness lays out. What
runs in it is LEAN where STAND_IN_LAUNCHER names its launcher, else the embedded engine."""
from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.lean_cli.container import lay_out, run
from tests.lean_cli.contract import CommandRefuses, Deployment, configuration, find_workspace, recording, source_files

LAUNCHER = "STAND_IN_LAUNCHER"


def main(arguments: list[str]) -> int:
    """Run one backtest as the command would; what the container prints is printed."""
    parser = argparse.ArgumentParser(prog="lean")
    parser.add_argument("command", choices=["backtest"])
    parser.add_argument("project", type=lambda text: Path(text).absolute())
    parser.add_argument("--lean-config", type=lambda text: Path(text).absolute())
    parser.add_argument("--output", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--backtest-name", required=True)
    parser.add_argument("--parameter", nargs=2, action="append", default=[])
    given = parser.parse_args(arguments)
    try:
        find_workspace(Path.cwd())
        workspace = find_workspace(given.lean_config.parent if given.lean_config else Path.cwd())
    except CommandRefuses as refusal:
        print(f"Error: {refusal}")
        return 1
    call = Deployment(algorithm_id="1871529464", parameters=[tuple(pair) for pair in given.parameter],
                      extra={"backtest-name": given.backtest_name})
    asked = configuration(workspace, given.project, call)
    data = workspace / json.loads((workspace / "lean.json").read_text(encoding="utf-8"))["data-folder"]
    for path in data.rglob("*"):
        assert not path.is_symlink(), f"a container does not see where {path} leads"
    for path in source_files(given.project):
        place = given.output / "code" / path.relative_to(given.project)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    with tempfile.TemporaryDirectory() as root:
        container = lay_out(recording("d-backtest"), asked, project=given.project, workspace=workspace, root=Path(root),
                            output=given.output)
        launcher = os.environ.get(LAUNCHER)
        code = run(container, Path(launcher) if launcher else None)
        print(container.log())
    if not (given.project.is_relative_to(workspace) and given.output.is_relative_to(workspace)):
        print(f"Error: {given.output} is not in the subpath of {workspace}")
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
