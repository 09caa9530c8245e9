"""How the patients of a list went lately: the daily form of the last 60 days, day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import CheckIn
from services.caseload.worklist.row import CaseRow, Days
from services.patients.history.check_ins import ENTRY_COLUMNS, counting, entry_of
from services.rules.day_series import SeriesEntry, day_rows

DAILY: Final = "phq9-daily"
SHOWN: Final = timedelta(days=60)
# The course of how many patients is read at once: a list may be longer, and says so.
COURSES_AT_MOST: Final = 1000


def courses_of(
    session: Session, rows: Sequence[CaseRow], days: Days
) -> Mapping[UUID, Mapping[str, Any]]:
    """By patient, as the trend has it: `from`, `to`, and of each day with an answer `mood_day`,
    `value` and `q9_max`. Of those alone whose clinical content the reader may see, the first 1000.
    """
    seen = [row for row in rows if row.clinical][:COURSES_AT_MOST]
    spans = {row.id: days.today(row.timezone) for row in seen}
    if not spans:
        return {}
    first = min(spans.values()) - SHOWN
    entries: dict[UUID, list[SeriesEntry]] = defaultdict(list)
    query = select(CheckIn.patient_id, *ENTRY_COLUMNS).where(
        CheckIn.patient_id.in_(spans),
        counting(CheckIn.patient_id, DAILY),
        CheckIn.mood_day > first,
    )
    for row in session.execute(query):
        entries[row[0]].append(entry_of(row))
    return {
        patient_id: {
            "instrument": DAILY,
            "from": today - SHOWN + timedelta(days=1),
            "to": today,
            "days": [
                {"mood_day": day.mood_day, "value": day.value, "q9_max": day.q9_max}
                for day in day_rows(entries[patient_id])
                if today - SHOWN < day.mood_day <= today
            ],
        }
        for patient_id, today in spans.items()
    }
