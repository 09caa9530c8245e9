"""What a patient wrote in their own words, on any form, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models import CheckIn, CheckInContent, HelpRequest, SideEffectReport
from services.patients.history.check_ins import OF_ITS_CHECK_IN

NEWEST: Final = 12


def notes_of(session: Session, patient_id: UUID) -> list[dict[str, Any]]:
    """The newest notes: `at` (as recorded), `about` (an instrument, `side_effects` or
    `help_request`) and `text`. A correction keeps the note of its form.
    """
    found = [
        {"at": row.recorded_at, "about": about or row.instrument, "text": row.note}
        for about, query in _queries(patient_id)
        for row in session.execute(query)
    ]
    return sorted(found, key=_at, reverse=True)[:NEWEST]


def _at(note: dict[str, Any]) -> datetime:
    at: datetime = note["at"]
    return at


def _queries(patient_id: UUID) -> list[tuple[str, Select[*tuple[Any, ...]]]]:
    form, report, asked = CheckIn, SideEffectReport, HelpRequest
    return [
        (
            "",
            select(form.recorded_at, form.instrument, CheckInContent.note)
            .join(CheckInContent, OF_ITS_CHECK_IN)
            .where(form.patient_id == patient_id, CheckInContent.note.is_not(None))
            .order_by(form.recorded_at.desc())
            .limit(NEWEST),
        ),
        (
            "side_effects",
            select(report.recorded_at, report.note)
            .where(report.patient_id == patient_id, report.note.is_not(None))
            .order_by(report.recorded_at.desc())
            .limit(NEWEST),
        ),
        (
            "help_request",
            select(asked.recorded_at, asked.note)
            .where(asked.patient_id == patient_id, asked.note.is_not(None))
            .order_by(asked.recorded_at.desc())
            .limit(NEWEST),
        ),
    ]
