"""What changed in a report between two data cuts, and which entries changed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
)
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
from models.people.patient import NO_END
from services import audit
from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid
from services.patients.view import visible_patient
from services.reports.trend.cut import (
    COUNTING,
    PATIENT_ID,
    REVISION,
    Cut,
    last_versions,
    load_cut,
)
from services.reports.trend.report import Question, build, check_question
from services.rules.instruments.definition import CSSRS_FORMS
from services.rules.trend.difference import ChangedKind, KnownEntry, differences
from services.rules.wire import instant

_ALWAYS: Final = true()


def _versions(root_id: Any, counts: ColumnElement[bool] = _ALWAYS) -> Select[Any]:
    """Every version known at a cut, since which revision it is, and whether it counts."""
    table = root_id.class_
    return select(
        root_id.label("root_id"),
        table.version,
        table.revision.label("since"),
        counts.label("counts"),
    ).where(table.patient_id == PATIENT_ID, table.revision <= REVISION)


_HAS_CONTENT: Final = or_(
    func.jsonb_array_length(SideEffectReport.effects) > 0, SideEffectReport.systolic.is_not(None)
)
_ENDED: Final = PatientPause.ended_revision <= REVISION
_PAUSES: Final = select(
    PatientPause.id.label("root_id"),
    case((_ENDED, 2), else_=1).label("version"),
    case((_ENDED, PatientPause.ended_revision), else_=PatientPause.revision).label("since"),
    _ALWAYS.label("counts"),
).where(PatientPause.patient_id == PATIENT_ID, PatientPause.revision <= REVISION)
# The C-SSRS has a timeline in the report of every instrument, and so has a positive item 9.
_CHECK_INS: Final = select(
    CheckIn.root_id,
    CheckIn.version,
    func.greatest(CheckIn.revision, CheckIn.counts_from_revision).label("since"),
    (CheckIn.answered > 0).label("counts"),
).where(
    *COUNTING,
    or_(
        CheckIn.instrument.in_((bindparam("instrument"), *CSSRS_FORMS)),
        CheckIn.q9_highest > 0,
    ),
)
# Once it was opened: what happened to it later is not in the report.
_ALERTS: Final = (
    select(
        AlertOccurrence.alert_id.label("root_id"),
        literal(1).label("version"),
        func.min(AlertOccurrence.revision).label("since"),
        _ALWAYS.label("counts"),
    )
    .where(AlertOccurrence.patient_id == PATIENT_ID, AlertOccurrence.revision <= REVISION)
    .group_by(AlertOccurrence.alert_id)
)
# Built once: putting a statement together costs more than running it.
_KNOWN: Final[Mapping[ChangedKind, Executable]] = {
    "check_in": _CHECK_INS,
    "side_effects": _versions(SideEffectReport.root_id, _HAS_CONTENT),
    "course": _versions(CourseVersion.course_id),
    "session": _versions(TreatmentSessionVersion.session_id, ~TreatmentSessionVersion.cancelled),
    "pause": _PAUSES.where(PatientPause.to_on != NO_END),
    "discharge": _PAUSES.where(PatientPause.to_on == NO_END),
    "alert": _ALERTS,
}


def get_difference(
    actor: Actor,
    patient_id: UUID,
    instrument: str,
    from_cut: int,
    to_cut: int | None,
    now: datetime,
) -> dict[str, Any]:
    """The difference between two cuts of a patient in view, the newest one by default as the
    second; the read is recorded. Raises as `get_trend`.
    """
    asked = Question(instrument)
    check_question(asked)
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_ENTRIES, patient_id, now)
        asked_for = {"from_cut": from_cut, "to_cut": to_cut}
        cuts = [_load(session, patient_id, *each) for each in asked_for.items()]
        before, after = (_content(session, cut, asked, now) for cut in cuts)
        known = [list(known_at(session, cut, instrument)) for cut in cuts]
        audit.record_read(session, actor, "trend_read", now, patient_id)
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
    asked = {"patient_id": cut.patient_id, "revision": cut.revision, "instrument": instrument}
    for kind, statement in _KNOWN.items():
        for row in last_versions(session.execute(statement, asked)):
            yield KnownEntry(kind, str(row.root_id), row.version, row.since, row.counts)
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


def _record(session: Session, cut: Cut) -> Iterator[KnownEntry]:
    """What the patient's record says of them, as if it were one entry each with a version for every
    change: the zone that days are counted in, and the indications that ask for forms.
    """
    row = session.execute(
        select(Patient.former_zones, Patient.former_indications).where(Patient.id == cut.patient_id)
    ).one()
    kinds: tuple[tuple[ChangedKind, list[dict[str, Any]]], ...] = (
        ("time_zone", row.former_zones),
        ("indications", row.former_indications),
    )
    for kind, former in kinds:
        left = [one["until_revision"] for one in former if one["until_revision"] < cut.revision]
        yield KnownEntry(kind, str(cut.patient_id), len(left) + 1, max(left, default=-1) + 1)
