"""On which days nothing is due for a patient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models import PatientPause
from services.rules.mood_days import DaySpan


def load_pauses(
    session: Session, patients: Sequence[tuple[UUID, UUID]]
) -> dict[UUID, list[DaySpan]]:
    """The paused days of each patient, who is given with the clinic before. A pause that ended
    early leaves the day on which it ended due.
    """
    pause = PatientPause
    rows = session.execute(
        select(pause.patient_id, pause.from_on, pause.to_on, pause.ended_on).where(
            tuple_(pause.clinic_id, pause.patient_id).in_(patients)
        )
    )
    spans: dict[UUID, list[DaySpan]] = {patient_id: [] for _, patient_id in patients}
    for row in rows:
        ended = row.to_on if row.ended_on is None else row.ended_on - timedelta(days=1)
        if row.from_on <= ended:
            spans[row.patient_id].append(DaySpan(row.from_on, min(row.to_on, ended)))
    return spans
