"""Check-ins of one instrument as the pure rules take them, and which versions count."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Row, and_, exists, or_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from models import CheckIn
from services.rules.day_series import Entry

ENTRY_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    CheckIn.mood_day,
    CheckIn.answered_at,
    CheckIn.received_at,
    CheckIn.root_id,
    CheckIn.version,
    CheckIn.total,
    CheckIn.q9_highest,
    CheckIn.answered,
    CheckIn.flags,
)


def entry_of(row: Row[Any]) -> Entry:
    """An entry from a row of ``ENTRY_COLUMNS``."""
    return Entry(
        mood_day=row.mood_day,
        recorded_at=row.answered_at,
        received_at=row.received_at,
        entry_id=str(row.root_id),
        total=row.total,
        item9_max=row.q9_highest,
        answered=row.answered,
        late="entered_late" in row.flags,
    )


def counting(
    patient_id: UUID | BindParameter[UUID], instrument: str | BindParameter[str]
) -> ColumnElement[bool]:
    """The versions that the trend rests on: of each form the last that counts.

    A version sent with an expired token does not count at first; until it does, the one before it
    stands.
    """
    newer = aliased(CheckIn)
    overtaken = exists().where(
        newer.clinic_id == CheckIn.clinic_id,
        newer.patient_id == CheckIn.patient_id,
        newer.root_id == CheckIn.root_id,
        newer.version > CheckIn.version,
        newer.counts_in_trend,
    )
    return and_(
        CheckIn.patient_id == patient_id,
        CheckIn.instrument == instrument,
        CheckIn.counts_in_trend,
        or_(~CheckIn.superseded, ~overtaken),
    )
