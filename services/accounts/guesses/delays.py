"""Counting tries at log-ins and codes, in the database: all processes count together.

What a try may do stands in `tries`. An attempt is counted before it is checked, so that a thousand
at once are not a thousand guesses, and given back when it was right. Keys are kept as keyed
digests, and forgotten 15 minutes after the last try, whatever came of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import LoginDelay
from models.encryption import keyring
from services.accounts.guesses.tries import (
    ADDRESS,
    CHECKS,
    CODES,
    FACTOR,
    FORGOTTEN_AFTER,
    LONGEST_WAIT,
    NEEDED,
    OWN,
    Allowance,
    Count,
    fresh,
    give_back,
    remembered,
    spend,
    tried,
    trier,
    wait_for,
)
from services.claims import first_free
from services.exceptions import InvitationInvalid, RateLimited, ServiceError
from services.unit_of_work import transaction

NOTHING: Final = timedelta(0)
# A home has one of these networks, and 2^64 addresses in it.
IPV6_HOME: Final = 64
FORGOTTEN_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Key:
    """Whose tries are counted: a kind and a name, found by a keyed digest."""

    kind: str
    name: str

    @property
    def digest(self) -> bytes:
        """What the row is found by."""
        return keyring.digest(self.name.encode(), f"login_delays.{self.kind}")


def account_key(email: str) -> Key:
    """One account, whether it exists or not."""
    return Key("account", email.strip().casefold())


def factor_key(user_id: UUID, device: UUID | None) -> Key:
    """The codes of one account: those that come from a device that it knows, or all others."""
    return Key("factor", str(user_id)) if device is None else Key("factor_device", str(device))


def address_key(address: str | None) -> Key:
    """One network address: IPv4, or the /64 of an IPv6; a whole clinic may share it."""
    return Key("address", network_of(address))


def network_of(address: str | None) -> str:
    """What counts as one address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(found, IPv6Address):
        return str(IPv6Address(int(found) >> IPV6_HOME << IPV6_HOME))
    return str(found)


def stranger_tries(email: str, address: str | None, now: datetime) -> AbstractContextManager[bool]:
    """A log-in from a device that the account does not know.

    Yields whether it may wait for its turn: an address that checks more than its share makes way
    for others. Raises `RateLimited`.
    """
    return _strangers_try(account_key(email), CHECKS, address, now)


def factor_tries(
    user_id: UUID, device: UUID | None, address: str | None, now: datetime
) -> AbstractContextManager[bool]:
    """A code of a second factor, after the right password: counted as log-ins are, by the `device`
    of the account's that it comes from, else among all strangers. Raises `RateLimited`.
    """
    key = factor_key(user_id, device)
    if device is not None:
        return _own_try(key, now, FACTOR)
    return _strangers_try(key, FACTOR, address, now)


@contextmanager
def _strangers_try(
    account: Key, checks: Allowance, address: str | None, now: datetime
) -> Iterator[bool]:
    network = address_key(address)
    here = Key("here", f"{account.name} {network.name}")
    with _counts((account, here, network), now) as counts:
        needed = NEEDED[trier(counts[here], counts[account])]
        wait = wait_for(counts[account], checks, now, needed)
        has_share = not wait_for(counts[network], ADDRESS, now)
        for key in (account, here):
            counts[key] = tried(counts[key], now)
        spent = [(account, checks), (network, ADDRESS)][: 0 if wait else 1 + has_share]
        for key, allowance in spent:
            counts[key] = spend(counts[key], allowance, now)
    _come_back_after(min(wait, LONGEST_WAIT))
    with _given_back(partial(_forget_tries, here, spent, now)):
        yield has_share


def one_tries(
    kind: str, whose: UUID, now: datetime, allowance: Allowance = OWN
) -> AbstractContextManager[bool]:
    """A check that nobody else can spend: a known device's (`device`), or the old password of who
    is logged in (`password`). Yields True: it waits for its turn. Raises `RateLimited`.
    """
    return _own_try(Key(kind, str(whose)), now, allowance)


@contextmanager
def _own_try(key: Key, now: datetime, allowance: Allowance) -> Iterator[bool]:
    count_attempt(key, allowance, now)
    with _given_back(partial(_forget_tries, key, [(key, allowance)], now)):
        yield True


@contextmanager
def guesses_codes(address: str | None, now: datetime) -> Iterator[None]:
    """Count what the block refuses as a wrong code; a right one is let in whatever came before it.

    Raises `RateLimited` instead of `InvitationInvalid` when this address tried too many.
    """
    try:
        yield
    except InvitationInvalid:
        count_attempt(Key("code", network_of(address)), CODES, now)
        raise


def count_reset(address: str | None, now: datetime) -> None:
    """Somebody asks for a new password; raises `RateLimited` while their address has to wait."""
    count_attempt(Key("reset_address", network_of(address)), ADDRESS, now)


def count_attempt(key: Key, allowance: Allowance, now: datetime) -> None:
    """Count an attempt for good; raises `RateLimited` when the allowance is spent."""
    with _counts((key,), now) as counts:
        wait = wait_for(counts[key], allowance, now)
        counts[key] = tried(counts[key], now)
        if not wait:
            counts[key] = spend(counts[key], allowance, now)
    _come_back_after(wait)


def _come_back_after(wait: timedelta) -> None:
    if wait > NOTHING:
        raise RateLimited(ceil(wait.total_seconds()))


@contextmanager
def _given_back(give: partial[None]) -> Iterator[None]:
    """The attempt stays counted when the block refuses; else it is given back."""
    try:
        yield
    except ServiceError:
        raise
    except BaseException:
        give()  # not the caller's fault
        raise
    give()


def _forget_tries(here: Key, spent: Sequence[tuple[Key, Allowance]], now: datetime) -> None:
    """A try was right: what this address tried here is forgotten, what others tried is not."""
    with _counts([here, *(key for key, _ in spent if key != here)], now) as counts:
        own = counts[here].tries
        for key, allowance in spent:
            counts[key] = give_back(counts[key], allowance, own)
        if here not in dict(spent):
            counts[here] = fresh(now)


@contextmanager
def _counts(keys: Sequence[Key], now: datetime) -> Iterator[dict[Key, Count]]:
    """The counts of these keys, locked; what the block makes of them is kept."""
    ordered = sorted(keys, key=lambda key: key.digest)
    with transaction() as session:
        # A count that a crash takes back harms nobody, and a commit need not wait for the disk.
        session.execute(select(func.set_config("synchronous_commit", "off", True)))
        found = _lock(session, ordered, now)
        counts = {key: remembered(found[key.digest], now) for key in ordered}
        yield counts
        _keep(session, counts)
        _forget(session, now)


def _lock(session: Session, keys: Sequence[Key], now: datetime) -> dict[bytes, Count]:
    """Lock the keys' rows, always in the same order; made when they are missing. In one statement,
    which makes a row anew that somebody else is forgetting.
    """
    kept = LoginDelay
    rows = insert(kept).values([_row(key.digest, fresh(now)) for key in keys])
    locked = rows.on_conflict_do_update(
        index_elements=["key_digest"], set_={"failures": kept.failures}
    ).returning(kept.key_digest, kept.failures, kept.last_failure_at, kept.not_before_at)
    return {row[0]: Count(*row[1:]) for row in session.execute(locked)}


def _keep(session: Session, counts: dict[Key, Count]) -> None:
    rows = insert(LoginDelay)
    new = {name: rows.excluded[name] for name in ("failures", "last_failure_at", "not_before_at")}
    session.execute(
        rows.on_conflict_do_update(index_elements=["key_digest"], set_=new),
        [_row(key.digest, count) for key, count in counts.items()],
    )


def _row(digest: bytes, count: Count) -> dict[str, object]:
    return {
        "key_digest": digest,
        "failures": count.tries,
        "last_failure_at": count.last_at,
        "not_before_at": count.spent_until,
    }


def _forget(session: Session, now: datetime) -> None:
    """Take some old rows away; none that somebody else is counting in."""
    forgotten = LoginDelay.last_failure_at < now - FORGOTTEN_AFTER
    old = first_free(select(LoginDelay.key_digest).where(forgotten), LoginDelay, FORGOTTEN_AT_ONCE)
    session.execute(delete(LoginDelay).where(LoginDelay.key_digest == old.c.key_digest))
