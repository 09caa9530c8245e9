"""Columns at rest: AES-256-GCM with a key id, and keyed digests for look-ups.

A stored value is `v1 | key id | nonce | ciphertext`; the associated data is `table.column`, so
that a value moved to another column does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

VERSION: Final = b"\x01"
NONCE_BYTES: Final = 12
KEY_ID_BYTES: Final = 4


class KeyringError(RuntimeError):
    """No key, or none of the keys opens the value."""


class Keyring:
    """The keys of this process: the first one writes, every one reads (so that keys can be
    rotated).
    """

    def __init__(self) -> None:
        self._keys: dict[bytes, AESGCM] = {}
        self._writing = b""
        self._digest_key = b""
        self._fingerprints: dict[tuple[str, str], bytes] = {}

    def use(self, *secrets: str) -> None:
        """Take the newest secret first; older ones still open what they wrote."""
        self._keys, self._fingerprints = {}, {}
        for secret in secrets:
            key = derive(secret, b"interlude column encryption")
            self._keys[self._know("columns", key)] = AESGCM(key)
        self._writing = next(iter(self._keys))
        self._digest_key = derive(secrets[-1], b"interlude keyed digest")
        self._know("digests", self._digest_key)

    def fingerprints(self) -> Mapping[tuple[str, str], bytes]:
        """What tells each key from all others and opens nothing: by purpose and key id (hex)."""
        return self._fingerprints

    def _know(self, purpose: str, key: bytes) -> bytes:
        key_id = hashlib.sha256(key).digest()[:KEY_ID_BYTES]
        mark = hmac.new(key, b"interlude key fingerprint", hashlib.sha256).digest()
        self._fingerprints[purpose, key_id.hex()] = mark
        return key_id

    def encrypt(self, clear: bytes, context: str) -> bytes:
        """Encrypt for one `table.column`."""
        if not self._writing:
            raise KeyringError("the keyring is empty")
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self._writing].encrypt(nonce, clear, context.encode())
        return VERSION + self._writing + nonce + sealed

    def decrypt(self, stored: bytes, context: str) -> bytes:
        """Open a value written for the same `table.column`; raises `KeyringError`."""
        head, rest = stored[: 1 + KEY_ID_BYTES], stored[1 + KEY_ID_BYTES :]
        key = self._keys.get(head[1:])
        if head[:1] != VERSION or key is None:
            raise KeyringError("no key of this process opens the value")
        try:
            return key.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:  # changed, moved or cut short
            raise KeyringError("the value is not what was written here") from error

    def digest(self, value: bytes, purpose: str) -> bytes:
        """A keyed digest (32 bytes): equal values can be found, and nothing else can be learned."""
        if not self._digest_key:
            raise KeyringError("the keyring is empty")
        return hmac.new(
            self._digest_key, purpose.encode() + b"\x00" + value, hashlib.sha256
        ).digest()


def derive(secret: str, purpose: bytes) -> bytes:
    """A 32-byte key for one purpose from the installation's secret (HKDF-SHA256)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())


keyring: Final = Keyring()


class EncryptedText(TypeDecorator[str]):
    """Text that is encrypted at rest; `context` is its `table.column`."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - signature of the base class
        return None if value is None else keyring.encrypt(value.encode(), self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - signature of the base class
        return None if value is None else keyring.decrypt(value, self.context).decode()
