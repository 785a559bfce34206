"""Who may sign in: a password of the owner and, where one is set, of a reader; the lock after wrong ones.

A password is kept as its scrypt alone (RFC 7914, n = 2**15, r = 8, p = 1: 32 MB and about a tenth of a second a try), each
with a salt of its own. After three wrong ones in a row nobody signs in for fifteen minutes; the count and the lock are on
disk, so that a restart of the server forgets neither.
"""
from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

from operations.dashboard.private_files import private_folder, read_json, write_json
from operations.errors import OperationsError

OWNER, READER = "owner", "reader"
ROLES: Final = (OWNER, READER)
CREDENTIALS, LOCK = "credentials.json", "lock.json"
COST, BLOCK, LANES, MEMORY, SALT_BYTES = 2 ** 15, 8, 1, 64 * 2 ** 20, 16
LEAST_CHARACTERS, MOST_CHARACTERS = 12, 200
FAILURES_ALLOWED, LOCK_SECONDS = 3, 15 * 60


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8"), salt=salt, n=COST, r=BLOCK, p=LANES, maxmem=MEMORY)


class Locked(Exception):
    """Nobody signs in for a while."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"locked for {seconds:.0f} s")
        self.seconds = seconds


class Passwords:
    """The passwords of one folder.

    Parameters
    ----------
    folder : Path
        Private to its owner; made when it is not there.
    clock : callable
        Seconds of the wall clock since the epoch.
    """

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = private_folder(folder)
        self._clock = clock
        self._one_at_a_time = Lock()        # so that many tries at once are many tries

    def set(self, role: str, password: str) -> None:
        """Keep a role's password, and end any lock.

        Raises
        ------
        OperationsError
            The role is unknown, or the password too short, too long, or another role's.
        """
        if role not in ROLES:
            raise OperationsError(f"unknown role {role!r}; known: {', '.join(ROLES)}")
        if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
            raise OperationsError(f"a password has {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters")
        rows = self._rows()
        if any(self._fits(row, password) for name, row in rows.items() if name != role):
            raise OperationsError("the two roles need different passwords")
        salt = secrets.token_bytes(SALT_BYTES)
        write_json(self._folder / CREDENTIALS, {**rows, role: {"salt": salt.hex(), "hash": _hash(password, salt).hex()}})
        write_json(self._folder / LOCK, {"failures": 0, "until": 0.0})

    @property
    def are_set(self) -> bool:
        """Whether the owner has a password."""
        return OWNER in self._rows()

    def role(self, password: str) -> str | None:
        """The role whose password this is; None for a wrong one, which is counted.

        Raises
        ------
        Locked
            Too many wrong ones came before: the password was not looked at.
        """
        with self._one_at_a_time:
            return self._judge(password)

    def _judge(self, password: str) -> str | None:
        self._refuse_locked()
        found = None
        if 0 < len(password) <= MOST_CHARACTERS:
            for name, row in sorted(self._rows().items()):
                found = name if self._fits(row, password) else found
        state = self._state()
        if found is not None:
            if state["failures"]:
                write_json(self._folder / LOCK, {"failures": 0, "until": 0.0})
            return found
        failures = int(state["failures"]) + 1
        until = self._clock() + LOCK_SECONDS if failures >= FAILURES_ALLOWED else 0.0
        write_json(self._folder / LOCK, {"failures": 0 if until else failures, "until": until})
        return None

    def locked_seconds(self) -> float:
        """How long nobody may sign in; 0 when somebody may."""
        return max(0.0, float(self._state()["until"]) - self._clock())

    def _refuse_locked(self) -> None:
        left = self.locked_seconds()
        if left > 0.0:
            raise Locked(left)

    def _state(self) -> dict[str, float]:
        return read_json(self._folder / LOCK) or {"failures": 0, "until": 0.0}

    def _rows(self) -> dict[str, dict[str, str]]:
        return read_json(self._folder / CREDENTIALS) or {}

    @staticmethod
    def _fits(row: dict[str, str], password: str) -> bool:
        return hmac.compare_digest(_hash(password, bytes.fromhex(row["salt"])), bytes.fromhex(row["hash"]))
