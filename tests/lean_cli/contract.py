"""What the ``lean`` command does with a project folder, as observed: which files it sends, copies and compiles, and the
configuration it hands to LEAN, in its order of what wins."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOURCE_SUFFIXES = (".py", ".cs", ".ipynb", ".css", ".html")
DROPPED_FOLDERS = ("bin", "obj", "__pycache__", "backtests", "live", "optimizations", "storage", "report")
LARGEST_FILE_BYTES = 32_000         # the cloud's free tier takes 32 KB a file
NO_LIMIT = "9999999"
LOCAL_DATA = "QuantConnect.Lean.Engine.DataFeeds.DefaultDataProvider"
RECORDINGS = Path(__file__).resolve().parent / "recordings"
LAUNCHER_CONFIGURATION = "Lean_Launcher_bin_Debug_config.json"
ENGINE = "QuantConnect.Lean.Engine."
FROM_SCRATCH = {                    # what --brokerage begins with: the blocks of lean.json are thrown away
    "live-mode": True, "setup-handler": f"{ENGINE}Setup.BrokerageSetupHandler",
    "result-handler": f"{ENGINE}Results.LiveTradingResultHandler",
    "data-feed-handler": f"{ENGINE}DataFeeds.LiveTradingDataFeed",
    "real-time-handler": f"{ENGINE}RealTime.LiveTradingRealTimeHandler",
    "history-provider": ["SubscriptionDataReaderHistoryProvider"],
    "transaction-handler": f"{ENGINE}TransactionHandlers.BrokerageTransactionHandler"}


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


def recording(name: str) -> dict[str, Any]:
    """What one command was seen to ask for."""
    return dict(json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8")))


class CommandRefuses(Exception):
    """The command's own line, before anything runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """How one command is called.

    Attributes
    ----------
    environment : str
        A block of lean.json, or ``lean-cli`` with ``brokerage``.
    brokerage, feeds : str, sequence of str
        Of ``--brokerage`` and ``--data-provider-live``; the feeds arrive as text that holds a JSON list.
    block : mapping
        The brokerage's settings, which go into the environment's block.
    parameters : sequence of pairs
        Of ``--parameter``: they replace the whole table. ``live deploy`` has none.
    extra : mapping
        Keys that come last of the top level: a name, cash and holdings of a paper account.
    """

    environment: str = "backtesting"
    algorithm_id: str = "1871529464"
    brokerage: str = ""
    feeds: Sequence[str] = ()
    block: Mapping[str, Any] = field(default_factory=dict)
    parameters: Sequence[tuple[str, str]] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


def find_workspace(current: Path) -> Path:
    """The nearest folder upward with a lean.json.

    Raises
    ------
    CommandRefuses
        There is none, or it names no organisation.
    """
    for folder in (current, *current.parents):
        if (folder / "lean.json").is_file():
            settings = json.loads((folder / "lean.json").read_text(encoding="utf-8"))
            if "job-organization-id" not in settings and "organization-id" not in settings:
                raise CommandRefuses("This is an old Lean CLI root folder")
            return folder
    raise CommandRefuses("'lean.json' not found")


def project_configuration(project: Path) -> dict[str, Any]:
    """The project's config.json; one that is not plain JSON is deleted without a word."""
    path = project / "config.json"
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        path.unlink()
        return {}


def configuration(workspace: Path, project: Path, call: Deployment) -> dict[str, Any]:
    """What LEAN is handed: lean.json, what the command always says, what it says where nothing is said, the call, and at
    last the container's folders."""
    found: dict[str, Any] = json.loads((workspace / "lean.json").read_text(encoding="utf-8"))
    of_project = project_configuration(project)
    found |= {"environment": call.environment, "close-automatically": True, "composer-dll-directory": ".",
              "debugging": False, "debugging-method": "LocalCmdline"}
    defaults = {"job-user-id": "0", "api-access-token": "", "job-organization-id": found.get("organization-id", ""),
                "project-id": -of_project["local-id"] if "local-id" in of_project else -1,
                "iqfeed-host": "host.docker.internal"}
    found |= {key: value for key, value in defaults.items() if found.get(key, "") == ""}
    found |= {"algorithm-type-name": "main", "algorithm-language": "Python", "algorithm-location": "/LeanCLI/main.py",
              "parameters": of_project.get("parameters", {}),
              "python-additional-paths": found.get("python-additional-paths", [])}
    found.setdefault("storage-limit-mb", NO_LIMIT)
    found.setdefault("storage-file-count", NO_LIMIT)
    if call.brokerage:
        block = FROM_SCRATCH | {"live-mode-brokerage": call.brokerage, "data-queue-handler": json.dumps(list(call.feeds))}
        found["environments"] = {call.environment: block}
    found["environments"][call.environment] |= {"id": call.brokerage or "Local", "data-provider": LOCAL_DATA, **call.block}
    found |= {**call.extra, "algorithm-id": call.algorithm_id}
    if call.parameters:
        found["parameters"] = dict(call.parameters)
    return found | {"data-folder": "/Lean/Data", "results-destination-folder": "/Results", "object-store-root": "/Storage",
                    "debug-mode": False}


def last_portfolio(result: Path) -> dict[str, Any]:
    """What a paper account begins with, where it is what the last deployment left: LEAN's paper brokerage keeps nothing itself.
    Cash can be told so. Of holdings in the form that the command writes LEAN refuses options (they name no underlying): only
    the embedded engine takes them, and stands in for a broker that keeps its account."""
    left = json.loads(result.read_text(encoding="utf-8"))
    return {"live-cash-balance": [{"currency": row["symbol"], "amount": row["amount"]} for row in left["Cash"].values()],
            "live-holdings": [{"Symbol": {"Value": text.split(" ")[0], "ID": text}, "Quantity": row["q"],
                               "AveragePrice": row["a"]} for text, row in left["Holdings"].items()]}
