"""An account as its owner sees it (`/v1/me`)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Patient, User


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
