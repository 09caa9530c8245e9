"""Delays after failed attempts, per account and per address; they grow to 30 s and never shut.

An attempt is counted before it is checked, so that a thousand at once are not a thousand guesses,
and taken back when it succeeds. Kept in the database: all processes count together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import LoginDelay
from models.encryption import keyring
from services.exceptions import RateLimited, ServiceError
from services.unit_of_work import transaction

LONGEST_S: Final = 30
FORGOTTEN_AFTER: Final = timedelta(minutes=15)
KEPT_FOR: Final = timedelta(days=1)
# Requests that arrive together read their clocks in another order than they are counted in.
OUT_OF_ORDER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Key:
    """Who is delayed: a kind and a name, stored as a keyed digest; `free` failures cost nothing.

    `shared`: several people stand behind it, so one success does not forget all failures.
    """

    kind: str
    name: str
    free: int
    shared: bool = False

    @property
    def digest(self) -> bytes:
        """What the row is found by."""
        return keyring.digest(self.name.encode(), f"login_delays.{self.kind}")


def account_key(email: str) -> Key:
    """One account, whether it exists or not."""
    return Key("account", email.strip().casefold(), free=3)


def password_key(user_id: UUID) -> Key:
    """One account whose owner confirms the old password."""
    return Key("password", str(user_id), free=3)


def address_key(address: str | None) -> Key:
    """One network address; a whole clinic may share it."""
    return Key("address", address or "unknown", free=20, shared=True)


def code_key(address: str | None) -> Key:
    """One network address that tries invitation codes."""
    return Key("code", address or "unknown", free=10, shared=True)


def reset_key(email: str) -> Key:
    """One e-mail address, whether somebody has it or not, whose password is to be reset."""
    return Key("reset", email.strip().casefold(), free=3)


def reset_address_key(address: str | None) -> Key:
    """One network address that asks for password resets."""
    return Key("reset_address", address or "unknown", free=20, shared=True)


def delay_after(failures: int, free: int) -> timedelta:
    """No delay for the free failures, then 1, 2, 4, 8, 16 and at most 30 seconds."""
    beyond = failures - free
    return timedelta(seconds=min(LONGEST_S, 2 ** min(beyond - 1, 5)) if beyond > 0 else 0)


def in_order(keys: Sequence[Key]) -> list[Key]:
    """As their rows are locked, always."""
    return sorted(keys, key=lambda key: key.digest)


@contextmanager
def counted_attempt(keys: Sequence[Key], now: datetime) -> Iterator[None]:
    """Count an attempt; it stays counted when the block refuses, else it is taken back.

    Raises `RateLimited` while one of the keys has to wait.
    """
    ordered = in_order(keys)
    count_attempt(ordered, now)
    try:
        yield
    except ServiceError:
        raise
    except BaseException:
        take_back(ordered, now)  # not the caller's fault
        raise
    take_back(ordered, now)


def count_attempt(keys: Sequence[Key], now: datetime) -> None:
    """Count an attempt for good; raises `RateLimited` while one of the keys has to wait."""
    ordered = in_order(keys)
    with transaction() as session:
        wait = max(_not_before(session, key, now) - now for key in ordered)
        if wait > timedelta(seconds=LONGEST_S):
            wait = timedelta(0)  # the clock was set back since: nobody waits longer than promised
        if wait <= timedelta(0):
            for key in ordered:
                _count(session, key, now)
    if wait > timedelta(0):
        raise RateLimited(ceil(wait.total_seconds()))


def take_back(keys: Sequence[Key], now: datetime) -> None:
    """An attempt was right: forget the failures; of a shared key only this one."""
    with transaction() as session:
        for key in keys:
            if not key.shared:
                session.execute(delete(LoginDelay).where(LoginDelay.key_digest == key.digest))
                continue
            session.execute(
                update(LoginDelay)
                .where(LoginDelay.key_digest == key.digest)
                .values(
                    failures=func.greatest(LoginDelay.failures - 1, 0),
                    not_before_at=now - OUT_OF_ORDER,
                )
            )
        session.execute(delete(LoginDelay).where(LoginDelay.last_failure_at < now - KEPT_FOR))


def _not_before(session: Session, key: Key, now: datetime) -> datetime:
    """Lock the key's row, made when it is missing, and read until when it waits."""
    session.execute(
        insert(LoginDelay)
        .values(
            key_digest=key.digest, failures=0, last_failure_at=now, not_before_at=now - OUT_OF_ORDER
        )
        .on_conflict_do_nothing()
    )
    found: datetime = session.execute(
        select(LoginDelay.not_before_at)
        .where(LoginDelay.key_digest == key.digest)
        .with_for_update()
    ).scalar_one()
    return found


def _count(session: Session, key: Key, now: datetime) -> None:
    row = session.execute(
        select(LoginDelay.failures, LoginDelay.last_failure_at).where(
            LoginDelay.key_digest == key.digest
        )
    ).one()
    remembered = row.failures if now - row.last_failure_at < FORGOTTEN_AFTER else 0
    session.execute(
        update(LoginDelay)
        .where(LoginDelay.key_digest == key.digest)
        .values(
            failures=remembered + 1,
            last_failure_at=now,
            not_before_at=now + (delay_after(remembered + 1, key.free) or -OUT_OF_ORDER),
        )
    )
