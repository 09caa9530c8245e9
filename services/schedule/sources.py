"""What a schedule is made from: acceptance, pauses, treatment, and the answers that can matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models import CheckIn, Patient, SideEffectReport
from services.patients.history.check_ins import counting
from services.patients.history.pauses import load_pauses
from services.patients.history.treatments import load_treatment
from services.rules.mood_days import find_zone
from services.rules.schedule.case import SIDE_EFFECTS, Answered, ScheduleCase


def load_case(session: Session, patient: Patient) -> ScheduleCase:
    """The patient's case as it is now, without answers."""
    return ScheduleCase(
        zone=find_zone(patient.timezone) or UTC,
        accepted_at=patient.accepted_at,
        away=load_pauses(session, [(patient.clinic_id, patient.id)])[patient.id],
        treatment=load_treatment(session, patient.id),
        indications=frozenset(patient.indications),
        status=patient.status,
    )


def load_answers(
    session: Session, patient_id: UUID, needed: Mapping[str, date]
) -> dict[str, Sequence[Answered]]:
    """The answers of each instrument (`side_effects`: reports) about a mood day or a later one.

    A form whose every answer was taken back answers nothing.
    """
    return {
        instrument: [
            Answered(row.mood_day, row.answered_at)
            for row in session.execute(_answered(patient_id, instrument, since))
        ]
        for instrument, since in needed.items()
    }


def _answered(patient_id: UUID, instrument: str, since: date) -> Select[date, datetime]:
    if instrument == SIDE_EFFECTS:
        reports = SideEffectReport
        return select(reports.mood_day, reports.answered_at).where(
            reports.patient_id == patient_id,
            ~reports.superseded,
            reports.mood_day >= since,
        )
    return select(CheckIn.mood_day, CheckIn.answered_at).where(
        counting(patient_id, instrument), CheckIn.mood_day >= since, CheckIn.answered > 0
    )
