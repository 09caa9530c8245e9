"""Answers and notes stand beside their check-in, in a table that the alert worker cannot read."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Insert, and_, insert

from models import CheckIn, CheckInContent
from services.rules.instruments.answers import Answers

OF_ITS_CHECK_IN: Final[ColumnElement[bool]] = and_(
    CheckInContent.clinic_id == CheckIn.clinic_id,
    CheckInContent.patient_id == CheckIn.patient_id,
    CheckInContent.check_in_id == CheckIn.id,
)


def version_writes(row: dict[str, Any], answers: Answers, **beside: Any) -> tuple[Insert, Insert]:
    """One version of a form: its columns, and beside it the answers, note, reason and total."""
    contents = insert(CheckInContent).values(
        clinic_id=row["clinic_id"],
        patient_id=row["patient_id"],
        check_in_id=row["id"],
        answers=answers,
        **beside,
    )
    return insert(CheckIn).values(**row), contents
