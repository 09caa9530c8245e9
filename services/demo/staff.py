"""Who works at the demo clinic, and their way into its console without a password."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from models import User
from services import audit
from services.accounts.account import email_digest
from services.accounts.tokens.families import Grant, LoggedInBy, start_family
from services.exceptions import NotFound
from services.unit_of_work import transaction

ADMIN: Final = "admin@demo.example"
STAFF: Final = {
    "clinician@demo.example": ("Clara Clinician", "clinician"),
    "oncall@demo.example": ("Owen Oncall", "on_call"),
}
STAFF_OF: Final = {role: email for email, (_, role) in STAFF.items()} | {"admin": ADMIN}


def find_demo() -> UUID | None:
    """The demo clinic of this database, if there is one."""
    with transaction() as session:
        found: UUID | None = session.scalar(
            text("SELECT clinic_id FROM door_account(:digest)"), {"digest": email_digest(ADMIN)}
        )
        return found


def has_demo() -> bool:
    """Is the demo clinic here? A database that does not answer has none."""
    try:
        return find_demo() is not None
    except SQLAlchemyError:
        return False


def open_console(role: str, now: datetime, by: LoggedInBy) -> Grant:
    """Log one of the demo's staff in without a password; raises `NotFound` where no demo is, and
    for any other role.
    """
    clinic_id, email = find_demo(), STAFF_OF.get(role)
    if clinic_id is None or email is None:
        raise NotFound
    with transaction(clinic_id) as session:
        user_id = session.scalars(
            select(User.id).where(User.email_digest == email_digest(email), User.active)
        ).one_or_none()
        if user_id is None:
            raise NotFound
        grant = start_family(session, user_id, now, by)
        audit.record(session, user_id, "logged_in", now, object_id=grant.actor.family_id)
    return grant
