"""One patient as staff work with them: everything of the chart in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Clinic, Patient, User
from services import audit, due
from services.access import Action, Actor, reaches
from services.accounts.tokens.token_check import acting
from services.alerts.handling.of_patient import alerts_of_patient, plan_in_force
from services.caseload.patient.profile import may_see_clinical, show_patient
from services.caseload.worklist.one_patient import line_of
from services.overview.notes import notes_of
from services.patients.history.side_effects import vitals_of_patient
from services.patients.phone import dial_address
from services.patients.view import in_view_clause, visible_patient
from services.reports.trend.cut import load_cut
from services.reports.trend.report import Gathered, Question, check_question, gather, report_of
from services.rules.courses import hours_since, session_before
from services.rules.day_series import in_order
from services.rules.session_day.vital_signs import SessionVitals
from services.rules.side_effects.report import EffectsReport
from services.rules.trend.document import TrendReport
from services.treatment.concomitant import treatments_page
from services.treatment.courses import courses_page
from services.treatment.screenings import screenings_page
from services.treatment.session_record import sessions_page

SESSIONS: Final = 100
RECORDS: Final = 20


@dataclass(frozen=True, slots=True)
class Content:
    """What is clinical. `hours`: from the last session before the answer that a day's value comes
    from; `sessions`, `courses`, `screenings` and `treatments` newest first.
    """

    report: TrendReport
    hours: Mapping[date, float]
    line: Mapping[str, Any]
    alerts: Sequence[Mapping[str, Any]]
    plan: Mapping[str, Any] | None
    due: Mapping[str, Any]
    sessions: Sequence[Mapping[str, Any]]
    courses: Sequence[Mapping[str, Any]]
    screenings: Sequence[Mapping[str, Any]]
    treatments: Sequence[Mapping[str, Any]]
    vitals: Sequence[SessionVitals]
    effects: Sequence[EffectsReport]
    notes: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Overview:
    """One patient; `content` is None for whoever may not see what is clinical. `dial`: what a phone
    dials, for the patient and for their emergency contact. `may`: what the reader may change.
    """

    patient: Mapping[str, Any]
    clinic: Mapping[str, Any]
    team: Sequence[Mapping[str, Any]]
    dial: Mapping[str, str | None]
    may: frozenset[Action]
    content: Content | None


def get_overview(actor: Actor, patient_id: UUID, asked: Question, now: datetime) -> Overview:
    """The patient's page; the read is recorded.

    Raises `NotFound`, `Forbidden`, and `Invalid` as `get_trend`.
    """
    check_question(asked)
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.READ_PATIENTS, patient_id, now)
        found = _overview(session, actor, patient, asked, now)
        audit.record_read(session, actor, "overview_read", now, patient_id)
        return found


def _overview(
    session: Session, actor: Actor, patient: Patient, asked: Question, now: datetime
) -> Overview:
    clinics = select(Clinic.name, Clinic.timezone, Clinic.country)
    clinic = session.execute(clinics.where(Clinic.id == actor.clinic_id)).one()._asdict()
    shown = show_patient(session, actor, patient, now)
    contact = shown["emergency_contact"] or {}
    is_clinical = may_see_clinical(session, actor, patient.id, now)
    return Overview(
        patient=shown,
        clinic=clinic,
        team=_named(session, shown["care_team"]),
        dial={
            "patient": dial_address(shown["phone"], clinic["country"]),
            "contact": dial_address(contact.get("phone"), clinic["country"]),
        },
        may=_may_change(session, actor, patient.id, now),
        content=_content(session, actor, patient, asked, now) if is_clinical else None,
    )


_WRITES: Final = (
    Action.MANAGE_TREATMENT,
    Action.MANAGE_PATIENTS,
    Action.WRITE_ENTRIES,
    Action.INVITE_PATIENTS,
    Action.CONSENT,
    Action.EXPORT_PATIENTS,
    Action.ERASE_PATIENTS,
)


def _may_change(
    session: Session, actor: Actor, patient_id: UUID, now: datetime
) -> frozenset[Action]:
    """Of this patient: who is here by break-glass may change less."""
    asked = [action for action in _WRITES if reaches(actor, action)]
    if not asked:
        return frozenset()
    holds = [in_view_clause(actor, action, now).label(action.name) for action in asked]
    row = session.execute(select(*holds).where(Patient.id == patient_id)).one()
    return frozenset(action for action, is_in in zip(asked, row, strict=True) if is_in)


def _named(session: Session, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    if not ids:
        return []
    rows = session.execute(select(User.id, User.name).where(User.id.in_(ids)).order_by(User.name))
    return [row._asdict() for row in rows]


def _content(
    session: Session, actor: Actor, patient: Patient, asked: Question, now: datetime
) -> Content:
    cut = load_cut(session, patient.id, asked.cut)
    gathered = gather(session, cut, asked.instrument)
    treatment = gathered.treatment if asked.cut is None else None
    return Content(
        report=report_of(session, cut, asked, gathered, now),
        hours=_hours(gathered),
        line=line_of(session, actor, patient.id, now) or {},
        alerts=alerts_of_patient(session, actor, patient.id, now),
        plan=plan_in_force(session, patient.id, now),
        due=due.build(session, patient, now),
        sessions=sessions_page(session, patient.id, SESSIONS, None, now, treatment)["items"],
        courses=courses_page(session, patient.id, RECORDS, None, treatment)["items"],
        screenings=screenings_page(session, patient.id, RECORDS, None)["items"],
        treatments=treatments_page(session, patient.id, RECORDS, None)["items"],
        vitals=vitals_of_patient(session, patient.id),
        effects=gathered.beside.effects,
        notes=notes_of(session, patient.id),
    )


def _hours(gathered: Gathered) -> dict[date, float]:
    """By day, as a check-in shows them; of several complete answers on a day the last."""
    found = {}
    for entry in in_order(gathered.entries):
        last = session_before(entry.recorded_at, gathered.treatment.sessions)
        if last is not None and entry.total is not None:
            found[entry.mood_day] = hours_since(last, entry.recorded_at)
    return found
