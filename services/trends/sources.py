"""What a report is made of, as of a data cut: forms, pauses, alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from models import Alert, AlertOccurrence, CheckIn, PatientPause
from models.alert import SEVERITIES
from services.patients.series_rows import ENTRY_COLUMNS, entry_of
from services.rules.adherence import DaySpan
from services.rules.day_series import Entry
from services.trends.cut import Cut
from services.trends.wire import instant


def entries_at(session: Session, cut: Cut, instrument: str) -> list[Entry]:
    """Every form of the instrument in the last version that counted at the cut."""
    rows = session.execute(
        select(*ENTRY_COLUMNS)
        .where(
            CheckIn.patient_id == cut.patient_id,
            CheckIn.instrument == instrument,
            CheckIn.revision <= cut.revision,
            CheckIn.counts_in_trend,
            func.coalesce(CheckIn.counts_from_revision, 0) <= cut.revision,
        )
        .order_by(CheckIn.mood_day, CheckIn.root_id, CheckIn.version)
    )
    latest: dict[Any, tuple[int, Entry]] = {}
    for row in rows:
        before = latest.get(row.root_id)
        if before is None or row.version > before[0]:
            latest[row.root_id] = (row.version, entry_of(row))
    return [entry for _, entry in latest.values()]


def pauses_at(session: Session, cut: Cut) -> list[DaySpan]:
    """The paused days as they were planned or had ended at the cut."""
    rows = session.execute(
        select(
            PatientPause.from_on,
            PatientPause.to_on,
            PatientPause.ended_on,
            PatientPause.ended_revision,
        ).where(
            PatientPause.patient_id == cut.patient_id,
            PatientPause.revision <= cut.revision,
        )
    )
    spans = []
    for row in rows:
        last = row.to_on
        if row.ended_on is not None and row.ended_revision <= cut.revision:
            last = min(last, row.ended_on - timedelta(days=1))
        if row.from_on <= last:
            spans.append(DaySpan(row.from_on, last))
    return spans


def alerts_at(session: Session, cut: Cut) -> list[dict[str, Any]]:
    """The alerts opened up to the cut, oldest first, as they were when they opened."""
    rows = session.execute(
        select(
            Alert.id,
            Alert.family,
            Alert.triggered_at,
            AlertOccurrence.rule,
            AlertOccurrence.first_tier,
        )
        .join(AlertOccurrence, AlertOccurrence.alert_id == Alert.id)
        .where(
            AlertOccurrence.patient_id == cut.patient_id, AlertOccurrence.revision <= cut.revision
        )
        .order_by(
            AlertOccurrence.revision,
            array_position(list(SEVERITIES), AlertOccurrence.first_tier),
            AlertOccurrence.id,
        )
    )
    opened: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        # The first row of an alert is the most severe of what opened it.
        opened.setdefault(row.id, _opened(row))
    return list(opened.values())


def array_position(listed: list[str], column: Any) -> ColumnElement[int]:
    """The place of a word in a list, from 1."""
    return func.array_position(cast(listed, ARRAY(Text)), column)


def _opened(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "family": row.family,
        "rule": row.rule,
        "severity": row.first_tier,
        "triggered_at": instant(row.triggered_at),
    }
