"""Passwords: argon2id, a few at a time, with a turn of its own for who is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import Final
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.exceptions import RateLimited, Unavailable
from services.turns import Turns

# RFC 9106, second recommended option (64 MiB, 3 passes, 4 lanes): argon2-cffi's default.
HASHER: Final = PasswordHasher()


class Turn(Enum):
    """Whose work it is. Known devices never wait behind strangers."""

    KNOWN = auto()
    STRANGER = auto()
    IF_FREE = auto()  # a stranger who has had more than their share


# One verification fills a core for about 0.2 s and takes 64 MiB: check-ins must get their turn.
# A known device is never sent away; strangers do not take all threads by waiting.
KNOWN: Final = Turns(at_once=1, waiting=None)
STRANGERS: Final = Turns(at_once=2, waiting=2)
COME_BACK_AFTER_S: Final = 2


@contextmanager
def turn_of(turn: Turn) -> Iterator[None]:
    """Whoever does costly work about a password: raises `RateLimited` or `Unavailable` when no turn
    is free.
    """
    if turn is Turn.KNOWN:
        with KNOWN.turn():
            yield
        return
    try:
        with STRANGERS.turn(may_wait=turn is Turn.STRANGER):
            yield
    except Unavailable:
        if turn is Turn.IF_FREE:
            raise RateLimited(COME_BACK_AFTER_S) from None
        raise


def normalised(password: str) -> str:
    """The same password from every keyboard (NFKC, as NIST SP 800-63B has it)."""
    return normalize("NFKC", password)


def hash_password(password: str, turn: Turn = Turn.KNOWN) -> str:
    """The argon2id hash of a password, normalised, with its salt and costs."""
    with turn_of(turn):
        return HASHER.hash(normalised(password))


def matches(password: str, kept: str | None, turn: Turn = Turn.KNOWN) -> bool:
    """Is this the password, normalised, or else as it was typed?

    Where there is none to compare with, it waits for its turn and does no work: whoever makes names
    up costs nothing, and the answer leaves at the same time. Raises `RateLimited` when no turn is
    free for somebody who may not wait.
    """
    return fitting(password, (kept,), turn)[0]


def fitting(password: str, kept: Sequence[str | None], turn: Turn) -> list[bool]:
    """The same of several at once, in one turn."""
    texts = dict.fromkeys((normalised(password), password))
    with turn_of(turn):
        return [any(_verified(one, text) for text in texts) for one in kept]


def is_outdated(password: str, kept: str | None) -> bool:
    """Was the hash that this password matches made of the text as it was typed?"""
    if password == normalised(password):
        return False
    with turn_of(Turn.KNOWN):
        return not _verified(kept, normalised(password))


def _verified(kept: str | None, text: str) -> bool:
    try:
        return kept is not None and HASHER.verify(kept, text)
    except (VerificationError, InvalidHashError):
        return False
