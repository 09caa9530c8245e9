"""Columns at rest: AES-256-GCM with a key id, and keyed digests for look-ups.

A stored value is `version | key id | nonce | ciphertext`. The associated data names `table.column`
and the row's primary key, which begins with the clinic, so that a value moved to another column,
row or clinic does not open. Values of version 1, from before that, are bound to their column alone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Dialect, Label, LargeBinary, Text, func, literal_column, type_coerce
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator

VERSION: Final = b"\x02"
COLUMN_ONLY: Final = b"\x01"
NONCE_BYTES: Final = 12
KEY_ID_BYTES: Final = 4
# Between the primary key of a row, in words, and the value, where the database gives both.
_END_OF_ROW: Final = literal_column(r"'\000'::bytea", LargeBinary)
_BLANK: Final = literal_column("' '", Text)
_UTF8: Final = literal_column("'UTF8'", Text)


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
        self._digest_keys: dict[str, bytes] = {}
        self._wrapping: dict[bytes, AESGCM] = {}
        self._door_keys: list[bytes] = []
        self._is_settled = True
        self._ask: Callable[[], object] = lambda: None
        self._fingerprints: dict[tuple[str, str], bytes] = {}

    def use(self, *secrets: str) -> None:
        """Take the newest secret first; older ones still open what they wrote.

        The digest key is the newest's until the database names another one.
        """
        columns = [derive(secret, b"interlude column encryption") for secret in secrets]
        self._keys = {_id_bytes(key): AESGCM(key) for key in columns}
        self._writing = _id_bytes(columns[0])
        self._fingerprints = {("columns", key_id_of(key)): _mark_of(key) for key in columns}
        wrapping = [derive(secret, b"interlude key wrapping") for secret in secrets]
        self._wrapping = {_id_bytes(key): AESGCM(key) for key in wrapping}
        digests = [derive(secret, b"interlude keyed digest") for secret in secrets]
        self._digest_keys = {key_id_of(key): key for key in digests}
        self._digest_by(digests[0])
        self._is_settled, self._ask = False, lambda: None
        self._door_keys = [derive(secret, b"interlude clinic door") for secret in secrets]

    def fingerprints(self) -> Mapping[tuple[str, str], bytes]:
        """What tells each key from all others and opens nothing: by purpose and key id (hex)."""
        return self._fingerprints

    @property
    def writing(self) -> str:
        """The id of the key that columns are written with."""
        return self._writing.hex()

    def _digest_by(self, key: bytes) -> None:
        self._digest_key = key
        of_columns = {at: mark for at, mark in self._fingerprints.items() if at[0] == "columns"}
        self._fingerprints = of_columns | {("digests", key_id_of(key)): _mark_of(key)}

    def ask_by(self, ask: Callable[[], object]) -> None:
        """How the database is asked for its digest key, where something is to be digested before
        anybody has asked it anything.
        """
        self._ask = ask

    def settle(self) -> None:
        """The database has been asked."""
        self._is_settled = True

    def wrapped_digest_key(self) -> bytes:
        """The digest key as the database keeps it: `key id | nonce | ciphertext`, under the newest
        secret. What was found by a digest once must be found by it after that secret is gone.
        """
        wrapping, nonce = next(iter(self._wrapping)), os.urandom(NONCE_BYTES)
        about = key_id_of(self._digest_key).encode()
        return wrapping + nonce + self._wrapping[wrapping].encrypt(nonce, self._digest_key, about)

    def take_digest_key(self, key_id: str, wrapped: bytes | None) -> None:
        """Digest from now on by the key that the database names, where a secret of ours gave it or
        opens it; else nothing changes.
        """
        key = self._digest_keys.get(key_id)
        if key is None and wrapped is not None:
            by, nonce, rest = wrapped[:KEY_ID_BYTES], wrapped[KEY_ID_BYTES:][:NONCE_BYTES], wrapped
            try:
                sealed = rest[KEY_ID_BYTES + NONCE_BYTES :]
                key = self._wrapping[by].decrypt(nonce, sealed, key_id.encode())
            except (KeyError, InvalidTag, ValueError):
                return
        if key is not None:
            self._digest_by(key)

    def entry_proof(self, message: str) -> str:
        """What the door asks of whoever enters a clinic (HMAC-SHA256 in hex), by the newest key."""
        if not self._door_keys:
            raise KeyringError("the keyring is empty")
        return hmac.new(self._door_keys[0], message.encode(), hashlib.sha256).hexdigest()

    def door_keys(self) -> Iterator[tuple[str, bytes, bytes]]:
        """By key id what the door keeps of each key: padded for the inside and the outside of HMAC
        (RFC 2104), since PostgreSQL has the hash alone.
        """
        for key in self._door_keys:
            padded = key.ljust(hashlib.sha256().block_size, b"\x00")
            inner, outer = (bytes(byte ^ pad for byte in padded) for pad in (0x36, 0x5C))
            yield key_id_of(key), inner, outer

    def encrypt(self, clear: bytes, context: str) -> bytes:
        """Encrypt for one column of one row: `context` is what `context_of` says."""
        if not self._writing:
            raise KeyringError("the keyring is empty")
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self._writing].encrypt(nonce, clear, context.encode())
        return VERSION + self._writing + nonce + sealed

    def decrypt(self, stored: bytes, context: str) -> bytes:
        """Open a value written for the same column of the same row; raises `KeyringError`."""
        head, rest = stored[: 1 + KEY_ID_BYTES], stored[1 + KEY_ID_BYTES :]
        key = self._keys.get(head[1:])
        if head[:1] not in (VERSION, COLUMN_ONLY) or key is None:
            raise KeyringError("no key of this process opens the value")
        bound = context if head[:1] == VERSION else context.partition(" ")[0]
        try:
            return key.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], bound.encode())
        except (InvalidTag, ValueError) as error:  # changed, moved or cut short
            raise KeyringError("the value is not what was written here") from error

    def digest(self, value: bytes, purpose: str) -> bytes:
        """A keyed digest (32 bytes): equal values can be found, and nothing else can be learned."""
        if not self._digest_key:
            raise KeyringError("the keyring is empty")
        if not self._is_settled:
            self._ask()
        return hmac.new(
            self._digest_key, purpose.encode() + b"\x00" + value, hashlib.sha256
        ).digest()


def key_id_of(key: bytes) -> str:
    """What a derived key is named by (hex), which opens nothing."""
    return hashlib.sha256(key).hexdigest()[: 2 * KEY_ID_BYTES]


def _id_bytes(key: bytes) -> bytes:
    return bytes.fromhex(key_id_of(key))


def _mark_of(key: bytes) -> bytes:
    return hmac.new(key, b"interlude key fingerprint", hashlib.sha256).digest()


def derive(secret: str, purpose: bytes) -> bytes:
    """A 32-byte key for one purpose from the installation's secret (HKDF-SHA256)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())


keyring: Final = Keyring()


def context_of(column: str, *row: object) -> str:
    """What a value is bound to: its `table.column` and the primary key of its row, in order."""
    return " ".join((column, *map(str, row)))


class OfRow(str):
    """A text together with the primary key of the row that it is encrypted for."""

    __slots__ = ("row",)

    def __new__(cls, text: str, row: str) -> Self:
        """`row`: the values of the primary key with blanks between them."""
        made = super().__new__(cls, text)
        made.row = row
        return made

    row: str


class EncryptedText(TypeDecorator[str]):
    """Text that is encrypted at rest for its row; `context` is its `table.column`.

    What is written has to say its row (`models.sealing`). What is read comes with the key of the
    row in which the database found it.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - signature of the base class
        if value is None:
            return None
        if not isinstance(value, OfRow):
            raise TypeError(f"{self.context} is written without saying for which row")
        return keyring.encrypt(value.encode(), context_of(self.context, value.row))

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The stored value behind the primary key of its row."""
        while isinstance(column, Label):
            column = column.element
        source = cast(Any, column).table
        row = func.convert_to(func.concat_ws(_BLANK, *source.primary_key), _UTF8)
        return type_coerce(row.op("||")(_END_OF_ROW).op("||")(column), self)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - signature of the base class
        if value is None:
            return None
        row, _, stored = value.partition(b"\x00")
        return keyring.decrypt(stored, context_of(self.context, row.decode())).decode()
