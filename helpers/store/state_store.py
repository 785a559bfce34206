"""The framework's memory in LEAN's ObjectStore: one document in two slots, versioned, checksummed and verified.

A save goes to the slot that does not hold the newest document. A torn write therefore costs at most the newest state,
never the one before it. LEAN's ``save`` returns True before anything is on disk. So in a live run the file is flushed
and read back before a save counts as done.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Callable, Collection, Final, Mapping, Protocol

from core.errors import StoreCorrupt, StoreError
from core.serialization import canonical

FORMAT: Final = "tom-king-state"
SCHEMA_VERSION: Final = 5
CHECKSUM_HEAD: Final = '{"checksum":"'     # sorted keys put it first; the checksum covers the rest of the text
ACCOUNT_DIGITS: Final = 16                 # of the account's hash; the number itself is not stored
SLOTS: Final = ("state-a.json", "state-b.json")
KEY_PATTERN: Final = re.compile(r"[A-Za-z0-9/_#\-$=]+(\.[A-Za-z0-9]+)?")

Migration = Callable[[dict[str, Any]], dict[str, Any]]


def _second_schema(payload: dict[str, Any]) -> dict[str, Any]:
    """The account's peak and a second count of the loss streak are removed. Added are whether a day's first mark may
    raise the figures the day begins with, and the Greeks of reserved entries (unknown for those already working)."""
    if "book" not in payload:       # the orders' document has not changed
        return payload
    book = {name: value for name, value in payload["book"].items() if name != "equity_peak"} | {"start_open": False}
    ledger = {name: value for name, value in payload["ledger"].items() if name != "streak_from"}
    reserved = [row | {"gamma_per_unit": 0.0, "vega_per_unit": 0.0} for row in payload["concentration"]["reservations"]]
    return payload | {"book": book, "ledger": ledger, "concentration": {"reservations": reserved}}


def _third_schema(payload: dict[str, Any]) -> dict[str, Any]:
    """Added are what bought protection has made (the first mark sets it), its cost in the phase's drawdown, and the
    losses at which positions have counted. Every condition of a level now counts its checks, not only positions."""
    if "book" not in payload:       # the orders' document has not changed
        return payload
    emergency = {name: value for name, value in payload["emergency"].items() if name != "losing"}
    emergency |= {"running": {f"loss of {name}": 1 for name in payload["emergency"]["losing"]}, "counted": {}}
    phase = {name: value for name, value in payload["phase"].items() if name != "worst_drawdown"}
    phase |= {"cost_scale": phase["scale"], "at_cost": phase["equity"]}
    return payload | {"emergency": emergency, "phase": phase,
                      "book": payload["book"] | {"protection_day_start": None, "protection_last": None}}


def _fourth_schema(payload: dict[str, Any]) -> dict[str, Any]:
    """Added are the day's entries that ended unfilled and the strategies being closed until flat (none are known), the
    price beyond which an intent's conditions no longer hold (working ones have none), and what fills cost against the
    mids."""
    if "book" in payload:
        return payload | {"book": payload["book"] | {"unfilled": {}, "closing": {}}}
    orders = payload["executor"]
    works = [work | {"intent": work["intent"] | {"worst": None}, "slippage_usd": 0.0, "half_spread_usd": 0.0}
             for work in orders["works"]]
    items = [item | {"intent": item["intent"] | {"worst": None}} if "intent" in item else item
             for item in orders["reports"]["items"]]
    return payload | {"executor": orders | {"works": works, "reports": orders["reports"] | {"items": items}}}


def _fifth_schema(payload: dict[str, Any]) -> dict[str, Any]:
    """Added are the shares without an owner at the last look. None are known until the next one."""
    return payload | {"book": payload["book"] | {"others": {}}} if "book" in payload else payload


# schema version -> the function that lifts a payload of that version to the next one
MIGRATIONS: Final[Mapping[int, Migration]] = MappingProxyType(
    {1: _second_schema, 2: _third_schema, 3: _fourth_schema, 4: _fifth_schema})


class ObjectStorePort(Protocol):
    """The part of LEAN's ObjectStore that is used."""

    @property
    def keys(self) -> Collection[str]: ...

    @property
    def max_files(self) -> int: ...

    @property
    def max_size(self) -> int: ...

    def contains_key(self, key: str) -> bool: ...

    def read(self, key: str, /) -> str | None: ...

    def save(self, key: str, text: str) -> bool: ...

    def delete(self, key: str) -> bool: ...

    def get_file_path(self, key: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The newest readable document.

    Attributes
    ----------
    problems : tuple of str
        What was wrong with the other slot. It is shown and kept in the audit trail.
    migrated_from : int or None
        The schema version that the payload was lifted from.
    """

    payload: Mapping[str, Any]
    sequence: int
    written_at: datetime
    problems: tuple[str, ...]
    migrated_from: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    key: str
    document: Mapping[str, Any] | None
    problem: str | None

    @property
    def absent(self) -> bool:
        return self.document is None and self.problem is None


class StateStore:
    """Saves and loads the one state document.

    Parameters
    ----------
    port : ObjectStorePort
        LEAN's ObjectStore, or anything of its shape.
    prefix : str
        See :func:`helpers.store.run_place.store_prefix`; it is also the document's owner.
    live : bool
        Whether to flush every save and read the file back.
    account : str
        The broker's name of the account, "" if it is not known. A document states its account; one of another account
        is refused.
    schema_version, migrations
        For tests; otherwise the module's own.
    """

    def __init__(self, port: ObjectStorePort, prefix: str, *, live: bool, account: str = "",
                 schema_version: int = SCHEMA_VERSION, migrations: Mapping[int, Migration] = MIGRATIONS) -> None:
        self._port = port
        self._prefix = prefix
        self._live = live
        self._account = hashlib.sha256(account.encode("utf-8")).hexdigest()[:ACCOUNT_DIGITS] if account else ""
        self._schema = schema_version
        self._migrations = migrations
        self._keys = tuple(f"{prefix}/{slot}" for slot in SLOTS)
        for key in self._keys:
            if not KEY_PATTERN.fullmatch(key):
                raise StoreError("not a key LEAN takes", key=key)
        self._sequence: int | None = None
        self._newest: str | None = None

    @property
    def sequence(self) -> int:
        """Number of the last document written or loaded; 0 before the first."""
        return self._sequence or 0

    # --- writing ----------------------------------------------------------------------------------------------------

    def save(self, payload: Mapping[str, Any], written_at: datetime) -> int:
        """Write ``payload`` to the older slot, and return its sequence number.

        Raises
        ------
        StoreError
            If nothing was loaded first (the newest slot would be unknown), or the payload is not plain finite JSON or
            did not reach the store. The other slot is untouched in each case.
        """
        if self._sequence is None:
            raise StoreError("load before the first save", prefix=self._prefix)
        sequence = self._sequence + 1
        key = self._keys[1] if self._newest == self._keys[0] else self._keys[0]
        text = self._document(payload, sequence, written_at)
        if not self._port.save(key, text):
            raise StoreError("save was refused: the store's limit of files or size is reached", key=key,
                             sequence=sequence, size=len(text))
        if self._live:
            self._verify(key, text)
        self._sequence, self._newest = sequence, key
        return sequence

    def _document(self, payload: Mapping[str, Any], sequence: int, written_at: datetime) -> str:
        body = {"format": FORMAT, "schema": self._schema, "owner": self._prefix, "sequence": sequence,
                "written_at": written_at.isoformat(), "payload": payload}
        if self._account:
            body["account"] = self._account
        return sealed(body)

    def _verify(self, key: str, text: str) -> None:
        path = Path(str(self._port.get_file_path(key)))
        try:
            written = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise StoreError("saved state cannot be read back", key=key, problem=str(problem)) from problem
        if written != text:
            raise StoreError("saved state reads back differently", key=key, expected=len(text), found=len(written))

    # --- reading ----------------------------------------------------------------------------------------------------

    def load(self) -> Loaded | None:
        """The newest readable document; None if there has never been one.

        Raises
        ------
        StoreCorrupt
            If something is there but no slot is readable. The message tells how to repair it.
        StoreError
            If a slot holds a document that is not ours, or one of a newer schema.
        """
        slots = [self._read(key) for key in self._keys]
        if all(slot.absent for slot in slots):
            self._sequence, self._newest = 0, None
            return None
        good = [(slot.key, slot.document) for slot in slots if slot.document is not None]
        problems = tuple(f"{slot.key}: {slot.problem}" for slot in slots if slot.problem)
        if not good:
            raise StoreCorrupt(
                "no readable state: stop trading by hand if needed, then restore a backup of either file, or delete "
                "both to start empty (holdings will be quarantined until accepted)", problems=problems)
        newest, document = max(good, key=lambda slot: int(slot[1]["sequence"]))
        payload, migrated_from = self._migrate(document)
        self._sequence, self._newest = int(document["sequence"]), newest
        return Loaded(payload=payload, sequence=self._sequence, problems=problems, migrated_from=migrated_from,
                      written_at=datetime.fromisoformat(document["written_at"]))

    def _read(self, key: str) -> _Slot:
        if not self._port.contains_key(key):
            return _Slot(key=key, document=None, problem=None)
        text = str(self._port.read(key))        # the bridge's own type, and "None" if it could not be read
        try:
            document = json.loads(text)
        except ValueError as problem:
            return _Slot(key=key, document=None, problem=f"not JSON ({problem})")
        if not isinstance(document, dict) or "format" not in document:
            return _Slot(key=key, document=None, problem="not a state document")
        if document["format"] != FORMAT or document.get("owner") != self._prefix:
            raise StoreError("the store holds a file that is not ours", key=key, format=document["format"],
                             owner=document.get("owner"), expected=self._prefix)
        if self._account and document.get("account", self._account) != self._account:
            raise StoreError("the stored state is of another account: give each account a name of its own by the parameter "
                             "account", key=key)
        body = "{" + text.removeprefix(f"{CHECKSUM_HEAD}{document.get('checksum')}\",")
        if document.get("checksum") != checksum(body):
            return _Slot(key=key, document=None, problem="checksum does not match")
        if document["schema"] > self._schema:
            raise StoreError("the state was written by a newer version", key=key, schema=document["schema"],
                             known=self._schema)
        return _Slot(key=key, document=document, problem=None)

    def _migrate(self, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], int | None]:
        version, payload = int(document["schema"]), document["payload"]
        while version < self._schema:
            if version not in self._migrations:
                raise StoreError("no migration for this schema", schema=version, known=self._schema)
            payload = self._migrations[version](dict(payload))
            version += 1
        return payload, int(document["schema"]) if document["schema"] != self._schema else None


def sealed(body: Mapping[str, Any]) -> str:
    """A document as canonical JSON with its checksum in front, so that a reader knows a torn one.

    Raises
    ------
    StoreError
        When it is not plain finite JSON.
    """
    try:
        text = canonical(dict(body))
    except (TypeError, ValueError) as problem:
        raise StoreError("a document is not plain finite JSON", problem=str(problem)) from problem
    return f"{CHECKSUM_HEAD}{checksum(text)}\",{text[1:]}"


def checksum(body: str) -> str:
    """SHA-256 of the canonical JSON text of a document without its checksum."""
    return hashlib.sha256(body.encode("utf-8")).hexdigest()
