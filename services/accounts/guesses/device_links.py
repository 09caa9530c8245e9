"""A link by mail for whoever strangers keep out: it makes one device known, once.

The link names the account and its end, and carries our digest of both; that it was used is counted
with the tries, which are forgotten no sooner than the link has ended.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from secrets import token_bytes
from typing import Final
from uuid import UUID

from models.encryption import keyring
from services.accounts.candidates import FoundAccount
from services.accounts.guesses.delays import Key, count_attempt
from services.accounts.guesses.tries import FORGOTTEN_AFTER, Allowance
from services.accounts.letters import queue_letter
from services.exceptions import LinkInvalid, RateLimited
from services.unit_of_work import transaction

ONCE: Final = Allowance(1, FORGOTTEN_AFTER)
NONCE_BYTES: Final = 12
END_BYTES: Final = 8
CONTENT_BYTES: Final = 16 + END_BYTES + NONCE_BYTES


def mail_links(email: str, accounts: Sequence[FoundAccount], page: str, now: datetime) -> None:
    """Queue a letter for each account, once in 15 minutes; it is counted for an address that
    nobody has, too.

    `page` is the address that the link's code is put behind.
    """
    with suppress(RateLimited):
        count_attempt(Key("device_link", email.strip().casefold()), ONCE, now)
        ends_at = now + FORGOTTEN_AFTER
        for one in accounts:
            with transaction(one.clinic_id) as session:
                link = page + _written(one.user_id, ends_at)
                whose = (one.clinic_id, one.user_id)
                queue_letter(session, *whose, code=link, expires_at=ends_at, now=now)


def open_link(code: str, now: datetime) -> UUID:
    """Whose device becomes known; raises `LinkInvalid` for what is forged, over or was used."""
    user_id, ends_at, name = _read(code)
    if ends_at <= now or ends_at > now + FORGOTTEN_AFTER + timedelta(minutes=1):
        raise LinkInvalid
    try:
        count_attempt(Key("device_link_used", name), ONCE, now)
    except RateLimited:
        raise LinkInvalid from None
    return user_id


def _written(user_id: UUID, ends_at: datetime) -> str:
    end = int(ends_at.timestamp()).to_bytes(END_BYTES)
    content = user_id.bytes + end + token_bytes(NONCE_BYTES)
    return urlsafe_b64encode(content + _signature(content)).decode().rstrip("=")


def _read(code: str) -> tuple[UUID, datetime, str]:
    """Account, end, and what it is known by: several spellings read as the same bytes."""
    try:
        whole = urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except ValueError:
        raise LinkInvalid from None
    content, signature = whole[:CONTENT_BYTES], whole[CONTENT_BYTES:]
    if not compare_digest(signature, _signature(content)):
        raise LinkInvalid
    end = int.from_bytes(content[16 : 16 + END_BYTES])
    return UUID(bytes=content[:16]), datetime.fromtimestamp(end, UTC), content.hex()


def _signature(content: bytes) -> bytes:
    return keyring.digest(content, "device links")
