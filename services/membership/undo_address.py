"""Whoever reads the old mailbox may undo a change of address, without a log-in, for 7 days."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import EmailChange, User
from models.encryption import keyring
from services import audit
from services.accounts.account import free_address
from services.accounts.address_changes import lock_open_changes, may_be_undone
from services.accounts.endings import end_reset_code
from services.accounts.oidc.identities import unlink
from services.accounts.tokens.families import end_families
from services.clinic.contacts import take_back_address
from services.exceptions import LinkInvalid
from services.unit_of_work import transaction

CONTENT_BYTES: Final = 32


def undo_link(clinic_id: UUID, change_id: UUID) -> str:
    """What the link to undo a change carries: both ids, and our digest of them."""
    content = clinic_id.bytes + change_id.bytes
    return urlsafe_b64encode(content + _signature(content)).decode().rstrip("=")


def undo_address(link: str, now: datetime) -> None:
    """End the change and all that came after it, and every log-in: whoever asked for it knows the
    password, and may have linked the account to what they are at the clinic's provider. If it was
    confirmed, the account and its contacts have the old address again.

    Raises `LinkInvalid` for what is forged, over or was used, and `Invalid` when another account of
    the clinic has the old address.
    """
    clinic_id, change_id = _read(link)
    with transaction(clinic_id) as session:
        asked = select(EmailChange.user_id).where(EmailChange.id == change_id)
        user_id = session.scalar(asked)
        if user_id is None:
            raise LinkInvalid
        changes = lock_open_changes(session, user_id)
        undone = [one for one in changes if one.id >= change_id]
        if not undone or undone[0].id != change_id or not may_be_undone(undone[0], now):
            raise LinkInvalid
        end_reset_code(session, user_id, now)
        end_families(session, user_id, "address_undone", now)
        _take_back(session, user_id, undone, now)
        if unlink(session, user_id):
            audit.record(session, None, "sign_in_unlinked", now, None, user_id, [user_id])
        audit.record(session, None, "address_change_undone", now, None, change_id)


def _take_back(
    session: Session, user_id: UUID, undone: Sequence[EmailChange], now: datetime
) -> None:
    query = select(User).where(User.id == user_id).with_for_update(key_share=True)
    user = session.scalars(query.execution_options(populate_existing=True)).one()
    user.epoch += 1
    confirmed = sorted(
        (one for one in undone if one.confirmed_at), key=lambda one: one.confirmed_at or now
    )
    for change in undone:
        change.ended_at = now
    with free_address("email"):
        for change in reversed(confirmed):
            user.email, user.email_digest = change.old_email, change.old_digest
            session.flush()
            take_back_address(session, change.contact_ids, change.new_email, change.old_email)
    session.flush()  # the head of the audit chain is locked last


def _read(link: str) -> tuple[UUID, UUID]:
    try:
        whole = urlsafe_b64decode(link + "=" * (-len(link) % 4))
    except ValueError:
        raise LinkInvalid from None
    content, signature = whole[:CONTENT_BYTES], whole[CONTENT_BYTES:]
    if not compare_digest(signature, _signature(content)):
        raise LinkInvalid
    return UUID(bytes=content[:16]), UUID(bytes=content[16:])


def _signature(content: bytes) -> bytes:
    return keyring.digest(content, "email change links")
