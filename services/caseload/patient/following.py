"""Is a patient followed: active, paused for a while, or discharged?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import Alert, Patient, PatientPause, StoredPlan
from models.base import new_id
from models.patient import NO_END
from services.caseload.patient.profile import today_of
from services.exceptions import Invalid, OpenAlertExists
from services.rules.catalogue import SUICIDE_RISK, UNREADABLE_RISK

# API contract, PATCH /v1/patients/{id}.
LONGEST_PAUSE: Final = timedelta(days=30)
KEEPS_FOLLOWED: Final = (SUICIDE_RISK, UNREADABLE_RISK)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """`until_on` is the last paused day."""

    status: str
    reason: str | None = None
    until_on: date | None = None


def change_status(
    session: Session, patient: Patient, asked: StatusChange, revision: int, now: datetime
) -> None:
    """Decide and write a change of status. The status row is locked by the caller.

    Raises `OpenAlertExists` when a patient with an open safety alert would be paused or discharged,
    and `Invalid` for a pause without a reason or with an end that is too far away.
    """
    today = today_of(patient.timezone, now)
    _check_pause(asked, today)
    if asked.status != "active":
        _refuse_open_alert(session, patient)
    _end_pause(session, patient, today, revision)
    if asked.status == "paused" and asked.until_on is not None:
        _begin_pause(session, patient, today, asked.until_on, revision)
    if asked.status == "discharged":
        _begin_pause(session, patient, today, NO_END, revision)
        _end_standing_plan(session, patient, now)
    patient.status = asked.status
    patient.paused_until = asked.until_on
    patient.status_reason = asked.reason


def _check_pause(asked: StatusChange, today: date) -> None:
    if asked.status != "paused":
        if asked.until_on is not None:
            raise Invalid({"until_on": ["Only a pause has an end."]})
        return
    errors = {}
    if not (asked.reason or "").strip():
        errors["reason"] = ["A pause needs a reason."]
    if asked.until_on is None:
        errors["until_on"] = ["A pause needs an end."]
    elif not timedelta(0) <= asked.until_on - today <= LONGEST_PAUSE:
        errors["until_on"] = [f"From today to {LONGEST_PAUSE.days} days away."]
    if errors:
        raise Invalid(errors)


def _refuse_open_alert(session: Session, patient: Patient) -> None:
    is_open = session.scalar(
        select(Alert.id)
        .where(
            Alert.patient_id == patient.id,
            Alert.family.in_(KEEPS_FOLLOWED),
            Alert.status != "resolved",
        )
        .limit(1)
    )
    if is_open is not None:
        raise OpenAlertExists


def _end_pause(session: Session, patient: Patient, today: date, revision: int) -> None:
    """End what is running of pauses and discharges: something is due again today."""
    session.execute(
        update(PatientPause)
        .where(
            PatientPause.patient_id == patient.id,
            PatientPause.to_on >= today,
            PatientPause.ended_on.is_(None),
        )
        .values(ended_on=today, ended_revision=revision)
    )


def _begin_pause(
    session: Session, patient: Patient, today: date, last_day: date, revision: int
) -> None:
    session.add(
        PatientPause(
            clinic_id=patient.clinic_id,
            id=new_id(),
            patient_id=patient.id,
            from_on=today,
            to_on=last_day,
            revision=revision,
        )
    )


def _end_standing_plan(session: Session, patient: Patient, now: datetime) -> None:
    session.execute(
        update(StoredPlan)
        .where(StoredPlan.patient_id == patient.id, StoredPlan.ended_at.is_(None))
        .values(ended_at=now, ended_because="discharged")
    )
