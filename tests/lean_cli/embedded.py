"""The embedded engine as a process that takes LEAN's configuration file: ``python -m tests.lean_cli.embedded --config FILE``."""
from __future__ import annotations

import json
import sys
from pathlib import Path

from local.engine.loop.runner import run_project


def main(path: str) -> int:
    """Run the backtest that the configuration names."""
    given = json.loads(Path(path).read_text(encoding="utf-8"))
    result = run_project(Path(given["algorithm-location"]).parent, data=Path(given["data-folder"]),
                         out=Path(given["results-destination-folder"]), parameters=given["parameters"],
                         run_id=given["algorithm-id"], store=Path(given["object-store-root"]), configuration=given)
    print(result.error, file=sys.stderr)
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[2]))
