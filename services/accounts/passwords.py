"""Passwords: argon2id, two at a time, and the same work for accounts that do not exist."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# RFC 9106, second recommended option (64 MiB, 3 passes, 4 lanes): argon2-cffi's default.
HASHER: Final = PasswordHasher()
# One verification fills a core for about 0.2 s and takes 64 MiB: check-ins must get their turn.
AT_ONCE: Final = BoundedSemaphore(2)
# Of a password that nobody has: unknown accounts cost the same time.
NOBODYS: Final = HASHER.hash("no account has this password: \x00")


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its salt and costs."""
    with AT_ONCE:
        return HASHER.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Is this the password? Takes as long when there is none to compare with."""
    with AT_ONCE:
        try:
            return HASHER.verify(kept or NOBODYS, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False
