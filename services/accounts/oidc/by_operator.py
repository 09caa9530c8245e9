"""What the operator does about the identity that opens an account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import User
from services import audit
from services.accounts.account import email_digest
from services.accounts.letters import SIGN_IN_LINKED, tell_of
from services.accounts.oidc.identities import digest_of, link, unlink
from services.accounts.oidc.providers import find_provider
from services.accounts.tokens.families import end_families
from services.exceptions import Invalid, NotFound
from services.unit_of_work import transaction


def link_identity(clinic_id: UUID, email: str, subject: str, now: datetime) -> None:
    """Let this subject of the clinic's provider open an account, where the provider vouches for no
    mail addresses. Raises `Invalid` where either has another, and `NotFound`.
    """
    identity = digest_of(find_provider(clinic_id).issuer, subject)
    with transaction(clinic_id) as session:
        user_id = _staff(session, clinic_id, email)
        if not link(session, clinic_id, user_id, identity, now):
            raise Invalid({"subject": ["Account or subject is linked already: unlink it first."]})
        tell_of(session, clinic_id, user_id, SIGN_IN_LINKED, now)
        audit.record(session, None, "sign_in_linked", now, None, user_id, [user_id])


def unlink_identity(clinic_id: UUID, email: str, now: datetime) -> None:
    """No identity opens the account, and every log-in of it ends. Raises `NotFound`."""
    with transaction(clinic_id) as session:
        user_id = _staff(session, clinic_id, email)
        end_families(session, user_id, "sign_in_unlinked", now)
        if not unlink(session, user_id):
            raise NotFound
        audit.record(session, None, "sign_in_unlinked", now, None, user_id, [user_id])


def _staff(session: Session, clinic_id: UUID, email: str) -> UUID:
    found = session.scalar(
        select(User.id).where(
            User.clinic_id == clinic_id,
            User.email_digest == email_digest(email),
            User.active,
            ~User.roles.contains(["patient"]),
        )
    )
    if found is None:
        raise NotFound
    return found
