"""The data cut of a report: a revision of the patient, and what was known of them then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Select, Text, bindparam, cast, func, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

from models import (
    Alert,
    AlertOccurrence,
    CheckIn,
    ConcomitantTreatment,
    CourseVersion,
    HelpRequest,
    Patient,
    PatientStatus,
    SideEffectReport,
    StoredScreening,
    StoredVitals,
    TreatmentSessionVersion,
    UnreadableBody,
)
from models.alerts.alert import SEVERITIES
from models.base import Base
from services.exceptions import Invalid
from services.patients.history.check_ins import ENTRY_COLUMNS, entry_of
from services.patients.history.side_effects import read_effects, rule_vitals
from services.patients.revisions import REVISIONS_OF_A_NUMBERING, numbering_of
from services.rules.day_series import SeriesEntry
from services.rules.figures.item9 import LEVELS, Item9On, LevelOn
from services.rules.instruments.definition import CSSRS_FORMS
from services.rules.mood_days import find_zone, mood_day_at
from services.rules.session_day.vital_signs import SessionVitals
from services.rules.side_effects.report import EffectsReport
from services.rules.trend.document import OpenedAlert

# When what a report is made of was received, of every table with a revision.
RECEIVED: Final[tuple[InstrumentedAttribute[datetime], ...]] = (
    CheckIn.received_at,
    SideEffectReport.received_at,
    HelpRequest.received_at,
    UnreadableBody.received_at,
    AlertOccurrence.received_at,
    CourseVersion.entered_at,
    TreatmentSessionVersion.entered_at,
    StoredVitals.received_at,
)

PATIENT_ID: Final = bindparam("patient_id", type_=CheckIn.patient_id.type)
REVISION: Final = bindparam("revision", type_=CheckIn.revision.type)
# Built once: putting a statement together costs more than running it.
_PATIENT: Final = (
    select(
        PatientStatus.revision,
        Patient.timezone,
        Patient.former_zones,
        Patient.indications,
        Patient.former_indications,
        Patient.accepted_at,
        Patient.created_at,
    )
    .join(PatientStatus, PatientStatus.patient_id == Patient.id)
    .where(Patient.id == PATIENT_ID)
)


def _newest() -> Select[Any]:
    sources: list[Select[Any]] = [
        select(func.max(at).label("at")).where(
            at.class_.patient_id == PATIENT_ID, at.class_.revision <= REVISION
        )
        for at in RECEIVED
    ]
    each = union_all(*sources).subquery()
    return select(func.max(each.c.at))


_NEWEST: Final = _newest()


def _left() -> Select[Any]:
    """The last revision before one from which any row of the patient is."""
    tables = set(Base.metadata.sorted_tables) - {PatientStatus.__table__}
    sources = [
        select(func.max(column).label("revision")).where(
            one.c.patient_id == PATIENT_ID, column < bindparam("ends", type_=Integer)
        )
        for one in sorted(tables, key=attrgetter("name"))
        if "patient_id" in one.c
        for column in one.c
        if column.name.endswith("revision")
    ]
    each = union_all(*sources).subquery()
    return select(func.max(each.c.revision))


_LEFT: Final = _left()


@dataclass(frozen=True, slots=True)
class Cut:
    """`at` is when the newest entry up to the revision was received; nothing later is known.

    So one revision is one instant for ever, whoever asks and whenever.
    """

    patient_id: UUID
    revision: int
    at: datetime
    timezone: str
    indications: frozenset[str]
    accepted_on: date | None


def load_cut(session: Session, patient_id: UUID, wanted: int | None) -> Cut:
    """The cut at a revision, the current one by default; raises `Invalid` for one to come, and for
    one that a restored database has lost: a report of it would be of something else.
    """
    row = session.execute(_PATIENT, {"patient_id": patient_id}).one()
    revision = row.revision if wanted is None else wanted
    if not 0 <= revision <= row.revision or _is_lost(session, patient_id, revision, row.revision):
        raise Invalid({"cut": ["This patient has no such revision."]})
    at = _newest_entry_at(session, patient_id, revision) or row.created_at
    known = row.accepted_at is not None and row.accepted_at <= at
    return Cut(
        patient_id=patient_id,
        revision=revision,
        at=at,
        timezone=_then(row.former_zones, revision).get("timezone", row.timezone),
        indications=frozenset(
            _then(row.former_indications, revision).get("indications", row.indications)
        ),
        accepted_on=_accepted_on(row, revision) if known else None,
    )


def _is_lost(session: Session, patient_id: UUID, revision: int, newest: int) -> bool:
    """Is nothing left of it, nor of a later one, from before the restore that followed it?"""
    numbering = numbering_of(revision)
    if numbering == numbering_of(newest):
        return False
    begun = numbering * REVISIONS_OF_A_NUMBERING
    ends = begun + REVISIONS_OF_A_NUMBERING
    left = session.scalar(_LEFT, {"patient_id": patient_id, "ends": ends})
    return revision > max(begun, left or 0)


def _accepted_on(row: Any, revision: int) -> date:
    """The mood day of the acceptance in the zone of then; in that of the cut where a move was kept
    without its instant.
    """
    zone = _then(row.former_zones, revision).get("timezone", row.timezone)
    for former in row.former_zones:
        if "until_at" not in former:
            break
        if row.accepted_at < datetime.fromisoformat(former["until_at"]):
            zone = former["timezone"]
            break
    return mood_day_at(row.accepted_at, find_zone(zone) or UTC)


def _then(former: Sequence[dict[str, Any]], revision: int) -> dict[str, Any]:
    """What was true at a revision of what has changed since; `former` oldest first."""
    return next((one for one in former if revision <= one["until_revision"]), {})


def _newest_entry_at(session: Session, patient_id: UUID, revision: int) -> datetime | None:
    newest: datetime | None = session.scalar(
        _NEWEST, {"patient_id": patient_id, "revision": revision}
    )
    return None if newest is None else newest.astimezone(UTC)


# The versions of check-ins that counted at a cut.
COUNTING: Final = (
    CheckIn.patient_id == PATIENT_ID,
    CheckIn.revision <= REVISION,
    CheckIn.counts_in_trend.is_(True),
    func.coalesce(CheckIn.counts_from_revision, 0) <= REVISION,
)
# Built once: putting a statement together costs more than running it.
_ENTRIES: Final = select(*ENTRY_COLUMNS).where(
    *COUNTING, CheckIn.instrument == bindparam("instrument")
)
_LEVELS: Final = select(
    CheckIn.root_id,
    CheckIn.version,
    CheckIn.mood_day,
    CheckIn.cssrs_level,
    CheckIn.band,
    CheckIn.instrument,
).where(*COUNTING, CheckIn.instrument.in_(CSSRS_FORMS))
_ITEM9: Final = select(
    CheckIn.root_id, CheckIn.version, CheckIn.mood_day, CheckIn.q9_highest, CheckIn.instrument
).where(*COUNTING, CheckIn.q9_highest.is_not(None), CheckIn.instrument != bindparam("instrument"))
_EFFECTS: Final = select(
    SideEffectReport.root_id,
    SideEffectReport.version,
    SideEffectReport.answered_at,
    SideEffectReport.received_at,
    SideEffectReport.mood_day,
    SideEffectReport.effects,
    SideEffectReport.session_id,
).where(
    SideEffectReport.patient_id == PATIENT_ID,
    SideEffectReport.revision <= REVISION,
    SideEffectReport.counts_in_trend.is_(True),
    func.coalesce(SideEffectReport.counts_from_revision, 0) <= REVISION,
)
_ALERTS: Final = (
    select(
        Alert.id,
        Alert.family,
        Alert.triggered_at,
        Alert.resolved_at,
        AlertOccurrence.rule,
        AlertOccurrence.first_tier,
    )
    .join(AlertOccurrence, AlertOccurrence.alert_id == Alert.id)
    .where(AlertOccurrence.patient_id == PATIENT_ID, AlertOccurrence.revision <= REVISION)
    .order_by(
        AlertOccurrence.revision,
        func.array_position(cast(list(SEVERITIES), ARRAY(Text)), AlertOccurrence.first_tier),
        AlertOccurrence.id,
    )
)


def entries_at(session: Session, cut: Cut, instrument: str) -> list[SeriesEntry]:
    """Every form of the instrument in the last version that counted at the cut."""
    rows = session.execute(_ENTRIES, {**_asked(cut), "instrument": instrument})
    return [entry_of(row) for row in last_versions(rows)]


def levels_at(session: Session, cut: Cut, *, named: bool) -> list[LevelOn]:
    """The C-SSRS levels that counted at the cut, voided ones left out; `named`: with their form.

    Each the highest of what the versions say themselves: the stored level leaves out what the
    clinic knew already.
    """
    rows = session.execute(_LEVELS, _asked(cut)).all()
    levels: dict[UUID, set[str]] = {}
    for row in rows:
        levels.setdefault(row.root_id, set()).update({row.cssrs_level, row.band} - {None})
    return [
        LevelOn(
            row.mood_day,
            max(levels[row.root_id], key=LEVELS.index),
            row.instrument if named else None,
        )
        for row in last_versions(rows)
        if row.cssrs_level
    ]


def item9_elsewhere_at(session: Session, cut: Cut, instrument: str) -> list[Item9On]:
    """The answers to item 9 on other forms that counted at the cut, each the highest of its
    versions.
    """
    rows = session.execute(_ITEM9, {**_asked(cut), "instrument": instrument})
    return [Item9On(row.mood_day, row.q9_highest, row.instrument) for row in last_versions(rows)]


def effects_at(session: Session, cut: Cut) -> list[EffectsReport]:
    """The reports of side effects in their last version at the cut."""
    return [_report(row) for row in last_versions(session.execute(_EFFECTS, _asked(cut)))]


def alerts_at(session: Session, cut: Cut) -> tuple[OpenedAlert, ...]:
    """The alerts opened up to the cut, oldest first, as they were when they opened."""
    opened: dict[UUID, OpenedAlert] = {}
    for row in session.execute(_ALERTS, _asked(cut)):
        # The first row of an alert is the most severe of what opened it.
        if row.id not in opened:
            opened[row.id] = OpenedAlert(
                str(row.id),
                row.family,
                row.rule,
                row.first_tier,
                row.triggered_at,
                is_open=row.resolved_at is None or row.resolved_at > cut.at,
            )
    return tuple(opened.values())


def vitals_at(session: Session, cut: Cut) -> list[SessionVitals]:
    """Vital signs as they stood at the cut, in the order taken."""
    columns = StoredVitals.__table__.c
    rows = session.execute(
        select(*columns)
        .where(
            StoredVitals.patient_id == cut.patient_id,
            StoredVitals.revision <= cut.revision,
            func.coalesce(StoredVitals.superseded_revision, cut.revision + 1) > cut.revision,
        )
        .order_by(StoredVitals.taken_at, StoredVitals.id)
    )
    return [rule_vitals(row) for row in rows]


def treatments_at(session: Session, cut: Cut) -> list[tuple[str, date, date | None]]:
    """Other treatment known at the cut: name, since when, and until when if it had stopped."""
    table = ConcomitantTreatment
    rows = session.execute(
        select(table.name, table.started_on, table.stopped_on, table.stopped_revision)
        .where(table.patient_id == cut.patient_id, table.revision <= cut.revision)
        .order_by(table.started_on, table.id)
    )
    return [
        (row.name, row.started_on, row.stopped_on if _was(row.stopped_revision, cut) else None)
        for row in rows
    ]


def screened_at(session: Session, cut: Cut) -> list[date]:
    """The days of the screenings known at the cut."""
    table = StoredScreening
    known = select(table.screened_on).where(
        table.patient_id == cut.patient_id, table.revision <= cut.revision
    )
    return list(session.scalars(known))


def _was(revision: int | None, cut: Cut) -> bool:
    return revision is not None and revision <= cut.revision


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
        effects=read_effects(row.effects),
        session_id=None if row.session_id is None else str(row.session_id),
    )


def _asked(cut: Cut) -> dict[str, Any]:
    return {"patient_id": cut.patient_id, "revision": cut.revision}
