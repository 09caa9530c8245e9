"""An account: how it is found, made, and seen by its owner (`/v1/me`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import Patient, User
from models.base import new_id
from models.encryption import keyring
from services.exceptions import Invalid

TAKEN: Final = "This address cannot be used: another account has it."


def email_digest(email: str) -> bytes:
    """What an account is found by; letter case and outer spaces do not count."""
    return keyring.digest(email.strip().casefold().encode(), "users.email")


def add_user(
    session: Session,
    clinic_id: UUID,
    email: str,
    name: str,
    roles: Sequence[str],
    timezone: str,
    now: datetime,
) -> UUID:
    """An account without a password; raises `Invalid` when the address has one already."""
    user_id = session.execute(
        insert(User)
        .values(
            clinic_id=clinic_id,
            id=new_id(),
            email=email.strip(),
            email_digest=email_digest(email),
            name=name,
            roles=sorted(set(roles)),
            timezone=timezone,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["email_digest"])
        .returning(User.id)
    ).scalar_one_or_none()
    if user_id is None:
        raise Invalid({"email": [TAKEN]})
    return user_id


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody is; `patient_id` only for a patient."""

    id: UUID
    email: str
    name: str
    roles: list[str]
    clinic_id: UUID
    timezone: str
    epoch: int
    patient_id: UUID | None


def load_profile(session: Session, user_id: UUID) -> Profile:
    """The profile of an account of the transaction's clinic."""
    row = session.execute(
        select(
            User.id,
            User.email,
            User.name,
            User.roles,
            User.clinic_id,
            User.timezone,
            User.epoch,
            Patient.id.label("patient_id"),
        )
        .outerjoin(Patient, Patient.user_id == User.id)
        .where(User.id == user_id)
    ).one()
    return Profile(**row._mapping)
