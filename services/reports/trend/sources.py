"""What a report is made of, as of a data cut: forms, pauses, alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from models import Alert, AlertOccurrence, CheckIn, PatientPause, SideEffectReport
from models.alert import SEVERITIES
from services.patients.history.check_ins import ENTRY_COLUMNS, entry_of
from services.reports.trend.cut import Cut
from services.rules.day_series import Entry
from services.rules.figures.item9 import LevelOn
from services.rules.side_effects.report import EffectsReport, ReportedEffect
from services.rules.trend.adherence import DaySpan
from services.rules.trend.wire import instant

_PATIENT: Final = bindparam("patient_id", type_=CheckIn.patient_id.type)
_REVISION: Final = bindparam("revision", type_=CheckIn.revision.type)


def array_position(listed: list[str], column: Any) -> ColumnElement[int]:
    """The place of a word in a list, from 1."""
    return func.array_position(cast(listed, ARRAY(Text)), column)


# The versions of check-ins that counted at a cut.
COUNTING: Final = (
    CheckIn.patient_id == _PATIENT,
    CheckIn.revision <= _REVISION,
    CheckIn.counts_in_trend.is_(True),
    func.coalesce(CheckIn.counts_from_revision, 0) <= _REVISION,
)
# Built once: putting a statement together costs more than running it.
_ENTRIES: Final = select(*ENTRY_COLUMNS).where(
    *COUNTING, CheckIn.instrument == bindparam("instrument")
)
_LEVELS: Final = select(
    CheckIn.root_id, CheckIn.version, CheckIn.mood_day, CheckIn.cssrs_level
).where(*COUNTING, CheckIn.instrument == "cssrs-screener")
_EFFECTS: Final = select(
    SideEffectReport.root_id,
    SideEffectReport.version,
    SideEffectReport.answered_at,
    SideEffectReport.received_at,
    SideEffectReport.mood_day,
    SideEffectReport.effects,
    SideEffectReport.session_id,
).where(SideEffectReport.patient_id == _PATIENT, SideEffectReport.revision <= _REVISION)
_PAUSES: Final = select(
    PatientPause.from_on, PatientPause.to_on, PatientPause.ended_on, PatientPause.ended_revision
).where(PatientPause.patient_id == _PATIENT, PatientPause.revision <= _REVISION)
_ALERTS: Final = (
    select(
        Alert.id,
        Alert.family,
        Alert.triggered_at,
        AlertOccurrence.rule,
        AlertOccurrence.first_tier,
    )
    .join(AlertOccurrence, AlertOccurrence.alert_id == Alert.id)
    .where(AlertOccurrence.patient_id == _PATIENT, AlertOccurrence.revision <= _REVISION)
    .order_by(
        AlertOccurrence.revision,
        array_position(list(SEVERITIES), AlertOccurrence.first_tier),
        AlertOccurrence.id,
    )
)


def entries_at(session: Session, cut: Cut, instrument: str) -> list[Entry]:
    """Every form of the instrument in the last version that counted at the cut."""
    rows = session.execute(_ENTRIES, {**_asked(cut), "instrument": instrument})
    return [entry_of(row) for row in last_versions(rows)]


def levels_at(session: Session, cut: Cut) -> list[LevelOn]:
    """The C-SSRS levels of the screeners that counted at the cut, voided ones left out."""
    rows = session.execute(_LEVELS, _asked(cut))
    return [
        LevelOn(row.mood_day, row.cssrs_level) for row in last_versions(rows) if row.cssrs_level
    ]


def effects_at(session: Session, cut: Cut) -> list[EffectsReport]:
    """The reports of side effects in their last version at the cut."""
    return [_report(row) for row in last_versions(session.execute(_EFFECTS, _asked(cut)))]


def pauses_at(session: Session, cut: Cut) -> list[DaySpan]:
    """The paused days as they were planned or had ended at the cut."""
    spans = []
    for row in session.execute(_PAUSES, _asked(cut)):
        last = row.to_on
        if row.ended_on is not None and row.ended_revision <= cut.revision:
            last = min(last, row.ended_on - timedelta(days=1))
        if row.from_on <= last:
            spans.append(DaySpan(row.from_on, last))
    return spans


def alerts_at(session: Session, cut: Cut) -> list[dict[str, Any]]:
    """The alerts opened up to the cut, oldest first, as they were when they opened."""
    opened: dict[UUID, dict[str, Any]] = {}
    for row in session.execute(_ALERTS, _asked(cut)):
        # The first row of an alert is the most severe of what opened it.
        opened.setdefault(row.id, _opened(row))
    return list(opened.values())


def _opened(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "family": row.family,
        "rule": row.rule,
        "severity": row.first_tier,
        "triggered_at": instant(row.triggered_at),
    }


def last_versions(rows: Iterable[Any]) -> list[Any]:
    """Of each `root_id` the row with the highest `version`, in no particular order."""
    ascending = sorted(rows, key=attrgetter("version"))
    return list({row.root_id: row for row in ascending}.values())


def _report(row: Any) -> EffectsReport:
    return EffectsReport(
        id=str(row.root_id),
        recorded_at=row.answered_at,
        received_at=row.received_at,
        mood_day=row.mood_day,
        effects=tuple(_effect(effect) for effect in row.effects),
        session_id=None if row.session_id is None else str(row.session_id),
    )


def _effect(stored: dict[str, Any]) -> ReportedEffect:
    return ReportedEffect(
        stored["code"], stored["grade"], _moment(stored, "onset_at"), _moment(stored, "ended_at")
    )


def _moment(stored: dict[str, Any], name: str) -> datetime | None:
    text: str | None = stored.get(name)
    return None if text is None else datetime.fromisoformat(text)


def _asked(cut: Cut) -> dict[str, Any]:
    return {"patient_id": cut.patient_id, "revision": cut.revision}
