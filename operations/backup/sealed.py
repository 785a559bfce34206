"""One sealed piece: compressed, then AES-256-GCM, bound to the name it lies under."""
from __future__ import annotations

import secrets
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from operations.backup.keys import ID_BYTES, NONCE_BYTES, DataKey, KeyRing
from operations.errors import OperationsError

MAGIC = b"TKB1"
HEAD = len(MAGIC) + ID_BYTES


def seal(content: bytes, key: DataKey, name: str) -> bytes:
    """Compress and seal. ``name`` is bound to it: under another name it does not open."""
    head, nonce = MAGIC + bytes.fromhex(key.id), secrets.token_bytes(NONCE_BYTES)
    return head + nonce + AESGCM(key.sealing).encrypt(nonce, zlib.compress(content, 6), head + name.encode("utf-8"))


def unseal(piece: bytes, ring: KeyRing, name: str) -> bytes:
    """The content of a sealed piece.

    Raises
    ------
    OperationsError
        It is torn, was changed, lies under another name, or its key is not in the ring.
    """
    head, nonce, sealed = piece[:HEAD], piece[HEAD:HEAD + NONCE_BYTES], piece[HEAD + NONCE_BYTES:]
    if len(head) < HEAD or not head.startswith(MAGIC):
        raise OperationsError(f"{name} is torn: it does not begin as a backup does")
    key = ring.find(head[len(MAGIC):].hex())
    if key is None:
        raise OperationsError(f"{name} was sealed by a key that is not in this folder's ring")
    try:
        return zlib.decompress(AESGCM(key.sealing).decrypt(nonce, sealed, head + name.encode("utf-8")))
    except (InvalidTag, ValueError, zlib.error):
        raise OperationsError(f"{name} is torn or was changed") from None
