"""Which account an identity (issuer and subject) opens: one of one clinic, linked once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import OidcIdentity, User
from models.encryption import keyring


@dataclass(frozen=True, slots=True)
class IdentityAccount:
    """An active account of staff; `is_linked`: the identity opens it already."""

    user_id: UUID
    is_linked: bool


def digest_of(issuer: str, subject: str) -> bytes:
    """What an identity is found by. An issuer has no blank in it."""
    return keyring.digest(f"{issuer} {subject}".encode(), "oidc_identities.identity")


def account_of(
    session: Session, clinic_id: UUID, identity: bytes, address: bytes | None
) -> IdentityAccount | None:
    """The account of this clinic that it is linked to; else, once, the one with this
    verified address (its digest) that no other identity opens.
    """
    staff = (User.clinic_id == clinic_id, User.active, ~User.roles.contains(["patient"]))
    linked = (
        select(User.id)
        .join(OidcIdentity, OidcIdentity.user_id == User.id)
        .where(OidcIdentity.identity_digest == identity, *staff)
    )
    if (user_id := session.scalar(linked)) is not None:
        return IdentityAccount(user_id, is_linked=True)
    is_taken = exists().where(OidcIdentity.user_id == User.id)
    by_address = select(User.id).where(User.email_digest == address, ~is_taken, *staff)
    if address is None or (user_id := session.scalar(by_address)) is None:
        return None
    return IdentityAccount(user_id, is_linked=False)


def link(session: Session, clinic_id: UUID, user_id: UUID, identity: bytes, now: datetime) -> bool:
    """Let the identity open the account; false where either has another by now."""
    row = {
        "clinic_id": clinic_id,
        "user_id": user_id,
        "identity_digest": identity,
        "linked_at": now,
    }
    made = insert(OidcIdentity).values(row).on_conflict_do_nothing()
    return session.scalar(made.returning(OidcIdentity.user_id)) is not None


def unlink(session: Session, user_id: UUID) -> bool:
    """No identity opens the account any more; was there one?"""
    gone = delete(OidcIdentity).where(OidcIdentity.user_id == user_id)
    return session.scalar(gone.returning(OidcIdentity.user_id)) is not None
