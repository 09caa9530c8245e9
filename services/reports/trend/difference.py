"""What changed in a report between two data cuts, and which entries changed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import (
    AlertOccurrence,
    CheckIn,
    CourseVersion,
    Patient,
    PatientPause,
    SideEffectReport,
    TreatmentSessionVersion,
)
from models.patient import NO_END
from services import audit
from services.access import Action, Actor
from services.accounts.token_check import acting
from services.exceptions import Invalid
from services.patients.view import visible_patient
from services.reports.trend.cut import COUNTING, Cut, last_versions, load_cut
from services.reports.trend.report import Question, build, check_question
from services.rules.trend.difference import EntryKind, KnownEntry, differences
from services.rules.wire import instant


def get_difference(
    actor: Actor,
    patient_id: UUID,
    instrument: str,
    from_cut: int,
    to_cut: int | None,
    now: datetime,
) -> dict[str, Any]:
    """The difference between two cuts of a patient in view, the newest one by default as the
    second; a read by staff is recorded. Raises as `get_trend`.
    """
    asked = Question(instrument)
    check_question(asked)
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_ENTRIES, patient_id, now)
        asked_for = {"from_cut": from_cut, "to_cut": to_cut}
        cuts = [_load(session, patient_id, *each) for each in asked_for.items()]
        before, after = (_content(session, cut, asked, now) for cut in cuts)
        known = [list(known_at(session, cut, instrument)) for cut in cuts]
        if patient_id != actor.patient_id:
            audit.record(session, actor.user_id, "trend_read", now, patient_id=patient_id)
    found = differences(before, after, *known)
    return {
        "patient_id": str(patient_id),
        "instrument": instrument,
        "before": _cut(cuts[0]),
        "after": _cut(cuts[1]),
        "fields": [asdict(field) for field in found.fields],
        "entries": [asdict(entry) for entry in found.entries],
    }


def known_at(session: Session, cut: Cut, instrument: str) -> Iterator[KnownEntry]:
    """Everything that the report of an instrument rests on, in the version that counted."""
    yield from _check_ins(session, cut, instrument)
    yield from _side_effects(session, cut)
    yield from _treatment(session, cut)
    yield from _pauses(session, cut)
    yield from _alerts(session, cut)
    yield from _record(session, cut)


def _load(session: Session, patient_id: UUID, name: str, revision: int | None) -> Cut:
    try:
        return load_cut(session, patient_id, revision)
    except Invalid as error:
        raise Invalid({name: error.errors["cut"]}) from error


def _content(session: Session, cut: Cut, asked: Question, now: datetime) -> dict[str, Any]:
    """The report without the cut itself, which is shown beside the difference."""
    document = build(session, cut, replace(asked, cut=cut.revision), now).document
    return {name: value for name, value in document.items() if name != "data_cut"}


def _cut(cut: Cut) -> dict[str, Any]:
    return {"revision": cut.revision, "at": instant(cut.at)}


def _check_ins(session: Session, cut: Cut, instrument: str) -> Iterator[KnownEntry]:
    # The C-SSRS has a timeline in the report of every instrument.
    rows = session.execute(
        select(
            CheckIn.root_id,
            CheckIn.version,
            func.greatest(CheckIn.revision, CheckIn.counts_from_revision).label("since"),
            CheckIn.answered,
        ).where(*COUNTING, CheckIn.instrument.in_((instrument, "cssrs-screener"))),
        {"patient_id": cut.patient_id, "revision": cut.revision},
    )
    for row in last_versions(rows):
        yield KnownEntry("check_in", str(row.root_id), row.version, row.since, row.answered > 0)


def _side_effects(session: Session, cut: Cut) -> Iterator[KnownEntry]:
    report = SideEffectReport
    rows = session.execute(
        select(
            report.root_id, report.version, report.revision, report.effects, report.systolic
        ).where(report.patient_id == cut.patient_id, report.revision <= cut.revision)
    )
    for row in last_versions(rows):
        has_content = bool(row.effects) or row.systolic is not None
        yield KnownEntry("side_effects", str(row.root_id), row.version, row.revision, has_content)


def _treatment(session: Session, cut: Cut) -> Iterator[KnownEntry]:
    course, treatment = CourseVersion, TreatmentSessionVersion
    courses = select(course.course_id.label("root_id"), course.version, course.revision).where(
        course.patient_id == cut.patient_id, course.revision <= cut.revision
    )
    for row in last_versions(session.execute(courses)):
        yield KnownEntry("course", str(row.root_id), row.version, row.revision)
    sessions = select(
        treatment.session_id.label("root_id"),
        treatment.version,
        treatment.revision,
        treatment.cancelled,
    ).where(treatment.patient_id == cut.patient_id, treatment.revision <= cut.revision)
    for row in last_versions(session.execute(sessions)):
        yield KnownEntry("session", str(row.root_id), row.version, row.revision, not row.cancelled)


def _pauses(session: Session, cut: Cut) -> Iterator[KnownEntry]:
    rows = session.execute(
        select(
            PatientPause.id, PatientPause.to_on, PatientPause.revision, PatientPause.ended_revision
        ).where(PatientPause.patient_id == cut.patient_id, PatientPause.revision <= cut.revision)
    )
    for row in rows:
        ended = row.ended_revision is not None and row.ended_revision <= cut.revision
        since = row.ended_revision if ended else row.revision
        kind: EntryKind = "discharge" if row.to_on == NO_END else "pause"
        yield KnownEntry(kind, str(row.id), 2 if ended else 1, since)


def _alerts(session: Session, cut: Cut) -> Iterator[KnownEntry]:
    """An alert once it was opened; what happened to it later is not in the report."""
    rows = session.execute(
        select(AlertOccurrence.alert_id, func.min(AlertOccurrence.revision).label("since"))
        .where(
            AlertOccurrence.patient_id == cut.patient_id, AlertOccurrence.revision <= cut.revision
        )
        .group_by(AlertOccurrence.alert_id)
    )
    for row in rows:
        yield KnownEntry("alert", str(row.alert_id), 1, row.since)


def _record(session: Session, cut: Cut) -> Iterator[KnownEntry]:
    """What the patient's record says of them, as if it were one entry each with a version for every
    change: the zone that days are counted in, and the indications that ask for forms.
    """
    row = session.execute(
        select(Patient.former_zones, Patient.former_indications).where(Patient.id == cut.patient_id)
    ).one()
    kinds: tuple[tuple[EntryKind, list[dict[str, Any]]], ...] = (
        ("time_zone", row.former_zones),
        ("indications", row.former_indications),
    )
    for kind, former in kinds:
        left = [one["until_revision"] for one in former if one["until_revision"] < cut.revision]
        yield KnownEntry(kind, str(cut.patient_id), len(left) + 1, max(left, default=-1) + 1)
