"""The keys of a backup folder.

Data is sealed with keys of its own, a new one every thirty days; the old ones stay for what they sealed. All of them lie
in the folder, wrapped by the owner's secret: a key file, or a passphrase (scrypt). Without the secret nothing can be
read, ever: it belongs where the backups are not.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.serialization import canonical
from operations.disk import make_folder, read_file, write_file
from operations.errors import OperationsError

FORMAT, SCHEMA = "tom-king-keys", 1
KEY_BYTES, ID_BYTES, NONCE_BYTES, SALT_BYTES = 32, 8, 12, 16
ROTATION = timedelta(days=30)
COPIES = ("keys-a.json", "keys-b.json")
SCRYPT = {"n": 2 ** 15, "r": 8, "p": 1}
SCRYPT_MEMORY = 2 ** 27


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What the owner keeps: the bytes of a key file, or a passphrase. It is never shown."""

    material: bytes = field(repr=False)
    passphrase: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """One key that seals data: its id in hexadecimal digits, and when it was made (UTC)."""

    id: str
    made: datetime
    material: bytes = field(repr=False)

    @property
    def sealing(self) -> bytes:
        """The key of the cipher."""
        return hmac.digest(self.material, b"seal", "sha256")

    def name(self, content: bytes) -> str:
        """Name of what is sealed by this key: the same for the same content, and it tells nothing of it."""
        return hmac.digest(hmac.digest(self.material, b"name", "sha256"), content, "sha256").hex()


def passphrase(text: str) -> Secret:
    """A passphrase as a secret.

    Raises
    ------
    OperationsError
        It is shorter than twelve characters.
    """
    if len(text) < 12:
        raise OperationsError("a passphrase has twelve characters or more")
    return Secret(material=text.encode("utf-8"), passphrase=True)


def key_file(path: Path, *, make: bool) -> Secret:
    """The secret in a key file; where there is none, one is made if ``make``.

    Raises
    ------
    OperationsError
        It is not there, others than its owner may read it, or it is no key file.
    """
    if make and not path.exists():
        make_folder(path.parent)
        write_file(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
    try:
        text = read_file(path)
    except FileNotFoundError:
        raise OperationsError(f"the key file {path} is not there: without it, or a copy of it, these backups cannot be read") from None
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise OperationsError(f"others may read the key file: chmod 600 {path}")
    try:
        material = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        material = b""
    if len(material) != KEY_BYTES:
        raise OperationsError(f"{path} is no key file: it holds something else, or is torn")
    return Secret(material=material, passphrase=False)


class KeyRing:
    """The data keys of one backup folder, opened by the owner's secret."""

    def __init__(self, folder: Path, wrapping: bytes, facts: Mapping[str, Any], keys: tuple[DataKey, ...], *, sequence: int,
                 both: bool) -> None:
        self._folder = folder
        self._wrapping = wrapping
        self._kdf = facts
        self._keys = keys
        self._sequence = sequence
        self._both = both

    @property
    def keys(self) -> tuple[DataKey, ...]:
        """All of them, the oldest first."""
        return self._keys

    def find(self, key_id: str) -> DataKey | None:
        """A key by its id."""
        return next((key for key in self._keys if key.id == key_id), None)

    def current(self, now: datetime) -> DataKey:
        """The key that seals at ``now`` (UTC): a new one when the newest is thirty days old. A copy of the ring that is
        torn is written anew."""
        due = not self._keys or now - self._keys[-1].made >= ROTATION
        if due:
            added = DataKey(id=secrets.token_hex(ID_BYTES), made=now, material=secrets.token_bytes(KEY_BYTES))
            self._keys = (*self._keys, added)
        if due or not self._both:
            self._sequence += 1
            self._write()
            self._both = True
        return self._keys[-1]

    def _write(self) -> None:
        """Both copies, one after the other: one of them is whole at any time."""
        body: dict[str, Any] = {"format": FORMAT, "schema": SCHEMA, "sequence": self._sequence, "secret": dict(self._kdf),
                                "keys": [self._wrapped(key) for key in self._keys]}
        text = canonical(body | {"checksum": _checksum(body)}) + "\n"
        for name in COPIES:
            write_file(self._folder / name, text.encode("utf-8"))

    def _wrapped(self, key: DataKey) -> dict[str, str]:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self._wrapping).encrypt(nonce, key.material, _bound(key.id, key.made.isoformat()))
        return {"id": key.id, "made": key.made.isoformat(), "wrapped": base64.b64encode(nonce + sealed).decode("ascii")}


def is_there(folder: Path) -> bool:
    """Whether a backup folder has keys, readable or not."""
    return any((folder / name).exists() for name in COPIES)


def open_ring(folder: Path, secret: Secret, *, make: bool) -> KeyRing:
    """The keys of a folder; where it has none, a new ring is begun if ``make``.

    Raises
    ------
    OperationsError
        Another secret, none of the two copies is whole, or there is no backup.
    """
    if not is_there(folder):
        if not make:
            raise OperationsError(f"{folder} holds no backups")
        facts = _new_facts(secret)
        return KeyRing(folder, _wrapping(secret, facts), facts, (), sequence=0, both=False)
    body, both = _newest(folder)
    if body["secret"]["kind"] != _kind(secret):
        raise OperationsError(f"the backups in {folder} are opened by a {body['secret']['kind']}, not by a {_kind(secret)}")
    wrapping = _wrapping(secret, body["secret"])
    try:
        keys = tuple(_unwrapped(row, wrapping) for row in body["keys"])
    except InvalidTag:
        raise OperationsError(f"wrong {_kind(secret)}: it does not open the backups in {folder}") from None
    return KeyRing(folder, wrapping, body["secret"], keys, sequence=int(body["sequence"]), both=both)


def _newest(folder: Path) -> tuple[dict[str, Any], bool]:
    """The newest copy that is whole, and whether both are it."""
    found = []
    for name in COPIES:
        try:
            body = json.loads(read_file(folder / name))
            told = body.pop("checksum")
        except (FileNotFoundError, OperationsError, ValueError, AttributeError, KeyError):
            continue
        if told == _checksum(body):
            found.append(body)
    if not found:
        raise OperationsError(f"both copies of the keys in {folder} are torn ({', '.join(COPIES)}): bring one back from a copy "
                              "of the backup folder")
    newest: dict[str, Any] = max(found, key=lambda body: int(body["sequence"]))
    if (newest["format"], newest["schema"]) != (FORMAT, SCHEMA):
        raise OperationsError(f"the keys in {folder} are of another version: {newest['format']} {newest['schema']}")
    return newest, found == [newest] * len(COPIES)


def _unwrapped(row: Mapping[str, str], wrapping: bytes) -> DataKey:
    sealed = base64.b64decode(row["wrapped"])
    material = AESGCM(wrapping).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(row["id"], row["made"]))
    return DataKey(id=row["id"], made=datetime.fromisoformat(row["made"]), material=material)


def _bound(key_id: str, made: str) -> bytes:
    return f"{FORMAT} {key_id} {made}".encode("ascii")


def _kind(secret: Secret) -> str:
    return "passphrase" if secret.passphrase else "key file"


def _new_facts(secret: Secret) -> dict[str, Any]:
    if not secret.passphrase:
        return {"kind": _kind(secret)}
    return {"kind": _kind(secret), "salt": secrets.token_hex(SALT_BYTES), **SCRYPT}


def _wrapping(secret: Secret, facts: Mapping[str, Any]) -> bytes:
    if not secret.passphrase:
        return hmac.digest(secret.material, b"wrap", "sha256")
    return hashlib.scrypt(secret.material, salt=bytes.fromhex(facts["salt"]), n=facts["n"], r=facts["r"], p=facts["p"],
                          maxmem=SCRYPT_MEMORY, dklen=KEY_BYTES)


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(dict(body)).encode("utf-8")).hexdigest()
