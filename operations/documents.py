"""What the algorithm keeps in the store, read without a lock and without LEAN: its documents, its audit trail, and the status
it publishes. Nothing here writes."""
from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from core.errors import StoreError
from helpers.store.run_place import PROJECT
from helpers.store.state_store import CHECKSUM_HEAD, SLOTS, Loaded, StateStore, checksum
from operations.disk import read_file
from operations.errors import OperationsError

ORDERS, AUDIT, PUBLISHED = "orders", "audit", "published"
PAPER, LIVE = "paper", "live"


class ReadOnly:
    """Contents by key in the shape of an ObjectStore that is only read."""

    max_files = max_size = 0

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = contents

    @property
    def keys(self) -> Collection[str]:
        return self._contents.keys()

    def contains_key(self, key: str) -> bool:
        return key in self._contents

    def read(self, key: str, /) -> str | None:
        return self._contents[key].decode("utf-8", errors="replace")

    def save(self, key: str, text: str) -> bool:
        raise OperationsError("nothing is written here", key=key, size=len(text))

    def delete(self, key: str) -> bool:
        raise OperationsError("nothing is taken away here", key=key)

    def get_file_path(self, key: str) -> str:
        return key


def document(contents: Mapping[str, bytes], prefix: str) -> Loaded | None:
    """A document as the algorithm itself would take it up; None where there is none.

    Raises
    ------
    OperationsError
        The algorithm could not start from it.
    """
    try:
        return StateStore(ReadOnly(contents), prefix, live=False).load()
    except (StoreError, KeyError, TypeError, ValueError) as problem:
        raise OperationsError(f"{prefix}: the algorithm could not start from this: {problem}") from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the algorithm last published: the body, and the wall clock when it was written."""

    body: Mapping[str, Any]
    written: datetime

    def age_seconds(self, now: datetime) -> float:
        """Seconds since it was written."""
        return (now - self.written).total_seconds()


class Run:
    """One live or paper run in a store.

    Parameters
    ----------
    store : Path
        The ObjectStore's folder.
    prefix : str
        ``live/main/tom-king``.
    """

    def __init__(self, store: Path, prefix: str) -> None:
        self.prefix = prefix
        self._folder = store / prefix

    @property
    def is_paper(self) -> bool:
        return self.prefix.startswith(f"{PAPER}/")

    def positions(self) -> Loaded | None:
        """The managers' document.

        Raises
        ------
        OperationsError
            The algorithm could not start from it.
        """
        return self._document(self.prefix, self._folder)

    def orders(self) -> Loaded | None:
        """The executor's document.

        Raises
        ------
        OperationsError
            The algorithm could not start from it.
        """
        return self._document(f"{self.prefix}/{ORDERS}", self._folder / ORDERS)

    def _document(self, prefix: str, folder: Path) -> Loaded | None:
        return document({f"{prefix}/{slot}": read_file(folder / slot) for slot in SLOTS if (folder / slot).is_file()}, prefix)

    def status(self) -> Status | None:
        """What was published last; None where nothing was, or it is being written."""
        try:
            text = read_file(self._folder / PUBLISHED / "status.json").decode("utf-8")
            found = json.loads(text)
            body = "{" + text.removeprefix(f"{CHECKSUM_HEAD}{found['checksum']}\",")
            if checksum(body) != found["checksum"]:
                return None
            return Status(body=found["body"], written=datetime.fromisoformat(found["written"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def audit(self, since: date) -> Iterator[dict[str, Any]]:
        """Records of the audit trail from a day on, in order; a line that is not whole is left out."""
        for path in sorted((self._folder / AUDIT).glob("*.jsonl")):
            if path.name[:8] < f"{since:%Y%m%d}":
                continue
            for line in read_file(path).splitlines():
                try:
                    yield json.loads(line)
                except ValueError:
                    continue


def runs(store: Path) -> list[Run]:
    """Every live and paper run of a store, the live ones first.

    Raises
    ------
    OperationsError
        The store is not there.
    """
    if not store.is_dir():
        raise OperationsError(f"the store {store} is not there: --store names its folder")
    found = [path for mode in (LIVE, PAPER) for path in sorted((store / mode).glob(f"*/{PROJECT}")) if path.is_dir()]
    return [Run(store, path.relative_to(store).as_posix()) for path in found]


def run_of(store: Path, account: str | None) -> Run:
    """The run of an account; the only one where no account is named.

    Raises
    ------
    OperationsError
        There is none, or more than one.
    """
    found = [run for run in runs(store) if account is None or run.prefix.split("/")[1] == account]
    if len(found) != 1:
        names = ", ".join(run.prefix for run in found) or "none"
        raise OperationsError(f"--account must name one run of the store {store}: {names}")
    return found[0]
