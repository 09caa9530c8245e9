"""An account: how it is found, made, and seen by its owner (`/v1/me`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import Clinic, Passkey, Patient, TotpFactor, User
from models.base import new_id
from models.encryption import keyring
from models.sealing import sealed
from services.accounts.address_changes import is_kept_for_another
from services.exactly_once import violated
from services.exceptions import Invalid

TAKEN: Final = "This address cannot be used: another account of this clinic has it."


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
    """An account without a password; raises `Invalid` when the address has one in this clinic."""
    digest = email_digest(email)
    if is_kept_for_another(session, digest, now):
        raise Invalid({"email": [TAKEN]})
    row = {
        "clinic_id": clinic_id,
        "id": new_id(),
        "email": email.strip(),
        "email_digest": digest,
        "name": name,
        "roles": sorted(set(roles)),
        "timezone": timezone,
        "created_at": now,
    }
    user_id = session.execute(
        insert(User)
        .values(sealed(User, row))
        .on_conflict_do_nothing(
            index_elements=["clinic_id", "email_digest"], index_where=text("active")
        )
        .returning(User.id)
    ).scalar_one_or_none()
    if user_id is None:
        raise Invalid({"email": [TAKEN]})
    return user_id


@contextmanager
def free_address(field: str) -> Iterator[None]:
    """Turn the violation of an address's uniqueness in its clinic into `Invalid` of this field."""
    try:
        yield
    except IntegrityError as error:
        if violated(error) != "uq_users_clinic_id_email_digest":
            raise
        raise Invalid({field: [TAKEN]}) from error


# Staff without a second factor, where the clinic asks for one; of an account and its clinic.
MUST_ENROL: Final = and_(
    Clinic.second_factor == "required",
    ~User.roles.contains(["patient"]),
    ~exists().where(TotpFactor.user_id == User.id, TotpFactor.confirmed_at.is_not(None)),
    ~exists().where(Passkey.user_id == User.id),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody is; `patient_id` only for a patient. `must_enrol`: staff without a second
    factor, where the clinic asks for one.
    """

    id: UUID
    email: str
    name: str
    roles: list[str]
    clinic_id: UUID
    timezone: str
    language: str | None
    quiet_hours: dict[str, str] | None
    epoch: int
    patient_id: UUID | None
    must_enrol: bool


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
            User.language,
            User.quiet_hours,
            User.epoch,
            Patient.id.label("patient_id"),
            MUST_ENROL.label("must_enrol"),
        )
        .join(Clinic, Clinic.id == User.clinic_id)
        .outerjoin(Patient, and_(Patient.clinic_id == User.clinic_id, Patient.user_id == User.id))
        .where(User.id == user_id)
    ).one()
    return Profile(**row._mapping)
