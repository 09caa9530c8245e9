"""A place in the chain, signed: kept outside the database, what it names must stay true.

Whoever owns the database can write any chain into it, and cannot sign one: the key is in a file
that only the sealer reads, the public half beside it is for whoever verifies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.kept_files import place_first


class SealError(RuntimeError):
    """Sealing or proving cannot go on; the message says what has to change first."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the chain stood after a seal, with the sealer's Ed25519 signature."""

    seq: int
    hash: bytes
    sealed_at: datetime
    signature: bytes

    @classmethod
    def signed(cls, key: Ed25519PrivateKey, seq: int, digest: bytes, sealed_at: datetime) -> Self:
        """The checkpoint of a seal."""
        return cls(seq, digest, sealed_at, key.sign(_content(seq, digest, sealed_at)))

    def is_signed_by(self, keys: Sequence[Ed25519PublicKey]) -> bool:
        """Whether one of the keys made the signature."""
        content = _content(self.seq, self.hash, self.sealed_at)
        return any(_holds(key, self.signature, content) for key in keys)

    def line(self) -> bytes:
        """One line of JSON, as it leaves the database."""
        shown = {
            "seq": self.seq,
            "hash": self.hash.hex(),
            "sealed_at": _written(self.sealed_at),
            "signature": self.signature.hex(),
        }
        return orjson.dumps(shown) + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Self:
        """Read a line again; raises `ValueError`."""
        try:
            shown: dict[str, Any] = orjson.loads(line)
            return cls(
                int(shown["seq"]),
                bytes.fromhex(shown["hash"]),
                datetime.fromisoformat(shown["sealed_at"]),
                bytes.fromhex(shown["signature"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("no checkpoint") from error


def read_checkpoints(path: Path) -> list[Checkpoint]:
    """All checkpoints that a file holds, one a line; raises `SealError` for anything else in it."""
    try:
        return [Checkpoint.of_line(line) for line in path.read_bytes().splitlines() if line.strip()]
    except ValueError as error:
        raise SealError(f"{path} cannot be read as checkpoints") from error


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The sealer's key, made (0600) where there is none, its public half in `<path>.pub` (0644).

    Raises `SealError` when other accounts may read it.
    """
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & 0o077:
        raise SealError(f"{path} can be read by other accounts: chmod 600")
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii").strip()))
    _publish(public_file(path), key.public_key().public_bytes_raw().hex())
    return key


def public_keys(path: Path) -> list[Ed25519PublicKey]:
    """The public halves of a key file's present and former keys; raises `SealError` without any."""
    public = public_file(path)
    try:
        lines = public.read_text("ascii").split()
        return [Ed25519PublicKey.from_public_bytes(bytes.fromhex(line)) for line in lines]
    except (OSError, ValueError) as error:
        raise SealError(f"{public} is needed to check signatures, and cannot be read") from error


def public_file(path: Path) -> Path:
    """Where the public halves are kept."""
    return path.with_name(path.name + ".pub")


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # When another sealer was first, its key is the one.
    place_first(path, Ed25519PrivateKey.generate().private_bytes_raw().hex())


def _publish(path: Path, half: str) -> None:
    """Former keys' halves stay: what they signed is still to be checked."""
    if path.exists() and half in path.read_text("ascii").split():
        return
    with path.open("a", encoding="ascii") as file:
        file.write(half + "\n")
    path.chmod(0o644)


def _content(seq: int, digest: bytes, sealed_at: datetime) -> bytes:
    return f"interlude audit checkpoint\n{seq}\n{digest.hex()}\n{_written(sealed_at)}".encode()


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _holds(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
