"""Whether the clinic follows a patient's answers, and what begins and ends with it.

Nobody follows the discharged and those who withdrew their consent. An ordinary answer is then
refused (`not_followed`), a risky one and every help request is taken as ever; nothing is due, there
is no reminder, silence is no alert, and a standing plan is over. The paused are followed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, and_, update
from sqlalchemy.orm import Session

from models import Patient, PatientPause, StoredPlan
from models.base import new_id
from models.people.patient import NO_END
from services.rules.mood_days import find_zone, mood_day_at

Why = Literal["discharged", "consent_withdrawn"]

IS_FOLLOWED: Final[ColumnElement[bool]] = and_(
    Patient.status != "discharged", Patient.consent_withdrawn_at.is_(None)
)


def why_not_followed(status: str, consent_withdrawn_at: datetime | None) -> Why | None:
    """Why nobody follows the patient; None: somebody does."""
    if status == "discharged":
        return "discharged"
    return None if consent_withdrawn_at is None else "consent_withdrawn"


def today_of(timezone: str, now: datetime) -> date:
    """The mood day that is running for a patient; an unknown zone counts as UTC."""
    return mood_day_at(now, find_zone(timezone) or UTC)


def stop_following(
    session: Session, patient: Patient, why: Why, revision: int, now: datetime
) -> None:
    """Nothing is due from today on, and a standing plan is over. The status row is locked."""
    today = today_of(patient.timezone, now)
    is_of_consent = why == "consent_withdrawn"
    begin_pause(session, patient, today, NO_END, revision, of_consent=is_of_consent)
    session.execute(
        update(StoredPlan)
        .where(StoredPlan.patient_id == patient.id, StoredPlan.ended_at.is_(None))
        .values(ended_at=now, ended_because=why)
    )


def begin_pause(
    session: Session,
    patient: Patient,
    today: date,
    last_day: date,
    revision: int,
    *,
    of_consent: bool = False,
) -> None:
    """Nothing is due until then."""
    session.add(
        PatientPause(
            clinic_id=patient.clinic_id,
            id=new_id(),
            patient_id=patient.id,
            from_on=today,
            to_on=last_day,
            revision=revision,
            of_consent=of_consent,
        )
    )


def end_pauses(
    session: Session, patient: Patient, today: date, revision: int, *, of_consent: bool = False
) -> None:
    """End what is running of pauses and discharges, or of withdrawals of consent: something is due
    again today, unless the other goes on.
    """
    session.execute(
        update(PatientPause)
        .where(
            PatientPause.patient_id == patient.id,
            PatientPause.to_on >= today,
            PatientPause.ended_on.is_(None),
            PatientPause.of_consent.is_(of_consent),
        )
        .values(ended_on=today, ended_revision=revision)
    )
