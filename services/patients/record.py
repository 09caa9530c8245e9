"""A patient's record: made with status row and care team, checked, and how to reach them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import Clinic, Patient, PatientStatus
from models.base import new_id
from services.checks import known_timezone
from services.exactly_once import violated
from services.exceptions import AdultsOnly, Invalid
from services.patients.members import set_care_team
from services.patients.phone import dial_address
from services.rules.danger.silence import says_suicidal_ideation
from services.rules.mood_days import find_zone

ADULT_AT: Final = 18


def enrol(
    session: Session,
    clinic_id: UUID,
    fields: Mapping[str, Any],
    now: datetime,
    *,
    user_id: UUID | None = None,
    patient_id: UUID | None = None,
) -> UUID:
    """Make a patient inside an open transaction, and return the id (`patient_id` if given).

    `fields`: `name`, `timezone` (without a known one the clinic's) and those of the contract's
    `patient` (`born_on` a date, `care_team` UUIDs). Raises `AdultsOnly`, and `Invalid` for a
    taken `mrn` or a care team that is not of this clinic.
    """
    clinics = select(Clinic.timezone).where(Clinic.id == clinic_id)
    zone = known_timezone(fields.get("timezone")) or session.scalars(clinics).one()
    check_adult(fields.get("born_on"), zone, now)
    indications = list(fields.get("indications") or ())
    patient = Patient(
        clinic_id=clinic_id,
        id=patient_id or new_id(),
        user_id=user_id,
        name=fields["name"],
        timezone=zone,
        phone=fields.get("phone"),
        address=fields.get("address"),
        emergency_contact=pack_emergency_contact(fields.get("emergency_contact")),
        born_on=fields.get("born_on"),
        mrn=fields.get("mrn"),
        indications=indications,
        risk_at_intake=risk_at_intake(fields.get("risk_at_intake"), indications),
        created_at=now,
    )
    with mrn_of_one_patient(), session.begin_nested():
        session.add(patient)
        session.flush()
        # Every later write locks it.
        session.add(PatientStatus(clinic_id=clinic_id, patient_id=patient.id))
    set_care_team(session, clinic_id, patient.id, fields.get("care_team") or ())
    return patient.id


@contextmanager
def mrn_of_one_patient() -> Iterator[None]:
    """Turn the database's refusal of a taken `mrn` into `Invalid`; the block flushes."""
    try:
        yield
    except IntegrityError as error:
        if violated(error) != "uq_patients_clinic_id_mrn":
            raise
        raise Invalid({"mrn": ["Another patient of this clinic has this number."]}) from None


def risk_at_intake(stated: bool | None, indications: Iterable[str]) -> bool:
    """What was stated; without it, whether an indication names suicidal ideation."""
    return says_suicidal_ideation(indications) if stated is None else stated


def check_adult(born_on: date | None, timezone: str, now: datetime) -> None:
    """Raises `AdultsOnly` before the 18th birthday on the patient's wall calendar."""
    if born_on is None:
        return
    today = now.astimezone(find_zone(timezone) or UTC).date()
    birthday = (born_on.year + ADULT_AT, born_on.month, born_on.day)
    if (today.year, today.month, today.day) < birthday:
        raise AdultsOnly({"born_on": ["The patient must be 18 or older."]})


def pack_emergency_contact(contact: Mapping[str, Any] | None) -> str | None:
    """`{name, phone, relation}` as the text that is kept encrypted."""
    return None if contact is None else json.dumps(dict(contact), ensure_ascii=False)


def unpack_emergency_contact(kept: str | None) -> dict[str, Any] | None:
    """The emergency contact as it was given."""
    return None if kept is None else dict(json.loads(kept))


def is_contact_missing(phone: str | None, emergency_contact: str | None, country: str) -> bool:
    """Nobody can be called: neither the patient nor their emergency contact (as kept) has a number
    that can be dialled from the clinic's country.
    """
    if dial_address(phone, country):
        return False
    contact = unpack_emergency_contact(emergency_contact) or {}
    return dial_address(contact.get("phone"), country) is None


def country_of(session: Session, clinic_id: UUID) -> str:
    """The clinic's country, ISO 3166."""
    return session.scalars(select(Clinic.country).where(Clinic.id == clinic_id)).one()
