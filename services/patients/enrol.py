"""A new patient: her data, her status row and her care team, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import Clinic, Patient, PatientStatus
from models.base import new_id
from services.exceptions import AdultsOnly, Invalid
from services.patients.contact_data import pack_emergency_contact
from services.patients.members import set_care_team
from services.rules.danger.silence import says_suicidal_ideation
from services.rules.mood_days import find_zone

ADULT_AT: Final = 18


def enrol(
    session: Session,
    clinic_id: UUID,
    name: str,
    timezone: str | None,
    fields: Mapping[str, Any],
    user_id: UUID | None,
    now: datetime,
    patient_id: UUID | None = None,
) -> UUID:
    """Make a patient inside an open transaction, and return her id (`patient_id` if given).

    `timezone` is an IANA name, the clinic's when None. `fields` are those of the contract's
    `patient` (`born_on` a date, `care_team` UUIDs). Raises `AdultsOnly`, and `Invalid`
    for an unknown zone, a taken `mrn` or a care team that is not of this clinic.
    """
    zone = timezone or session.scalars(select(Clinic.timezone).where(Clinic.id == clinic_id)).one()
    check_zone(zone)
    check_adult(fields.get("born_on"), zone, now)
    indications = list(fields.get("indications") or ())
    patient = Patient(
        clinic_id=clinic_id,
        id=patient_id or new_id(),
        user_id=user_id,
        name=name,
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
    add_patient(session, patient)
    set_care_team(session, clinic_id, patient.id, fields.get("care_team") or ())
    return patient.id


def risk_at_intake(stated: bool | None, indications: Iterable[str]) -> bool:
    """What was stated; without it, whether an indication names suicidal ideation."""
    return says_suicidal_ideation(indications) if stated is None else stated


def add_patient(session: Session, patient: Patient) -> None:
    """Write patient and status row, which every later write locks; raises `Invalid` for a taken
    `mrn`.
    """
    try:
        with session.begin_nested():
            session.add(patient)
            session.flush()  # here, so that a taken number is told from any other fault
            session.add(PatientStatus(clinic_id=patient.clinic_id, patient_id=patient.id))
    except IntegrityError as error:
        refuse_taken_mrn(error)


def refuse_taken_mrn(error: IntegrityError) -> None:
    """Turn the database's refusal of a taken `mrn` into `Invalid`; raise anything else on."""
    if "uq_patients_clinic_id_mrn" not in str(error.orig):
        raise error
    raise Invalid({"mrn": ["Another patient of this clinic has this number."]}) from None


def check_zone(timezone: str) -> None:
    """Raises `Invalid` unless it is a name of the IANA time zone database."""
    if find_zone(timezone) is None:
        raise Invalid({"timezone": ["Not a known IANA time zone."]})


def check_adult(born_on: date | None, timezone: str, now: datetime) -> None:
    """Raises `AdultsOnly` before the 18th birthday on the patient's wall calendar."""
    if born_on is None:
        return
    today = now.astimezone(find_zone(timezone)).date()
    birthday = (born_on.year + ADULT_AT, born_on.month, born_on.day)
    if (today.year, today.month, today.day) < birthday:
        raise AdultsOnly({"born_on": ["The patient must be 18 or older."]})
