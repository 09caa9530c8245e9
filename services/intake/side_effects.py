"""Store a report of side effects exactly once, with its decisions, alerts and card."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models import SideEffectReport, TreatmentSession
from services.access import Action, Actor, scopes
from services.accounts.token_check import acting
from services.exactly_once import Answered, content_digest, id_taken_elsewhere, known_answer
from services.exceptions import Invalid, NotFollowed, NotFound
from services.intake.check_in import flags_of, patient_written_about
from services.intake.deciding.background import Known, load_background
from services.intake.deciding.entry import Sent
from services.intake.deciding.findings import Findings
from services.intake.deciding.side_effects import decide_effects
from services.intake.deciding.verdict import Verdict, decide
from services.intake.forms import EffectsAmendment, EffectsForm, checked_effects, plain_effects
from services.intake.records.side_effects import effects_record, load_versions
from services.intake.repeated import made_certain
from services.intake.storing.consequences import Entry, set_off
from services.patients.status.lock import LockedPatient, lock_patient
from services.patients.view import visible_patient
from services.rules.danger.fallback import fallback_tier
from services.rules.side_effects.report import ReportedEffect


@made_certain
def record_side_effects(
    actor: Actor, form: EffectsForm, sent_at: datetime | None, now: datetime
) -> Answered:
    """One report, in one transaction.

    Raises `Invalid`, `NotFound`, `IdTaken`, `ContentConflict`, and `NotFollowed` for a
    harmless report of somebody whom the clinic no longer follows; an emergency is stored and pages.
    """
    scopes(actor, Action.WRITE_ENTRIES)
    effects = checked_effects(form.effects, form.vitals)
    digest = content_digest(
        "side_effects",
        recorded_at=form.recorded_at,
        timezone=form.timezone,
        session_id=None if form.session_id is None else str(form.session_id),
        effects=plain_effects(effects),
        vitals={name: value for name, value in form.vitals.items() if value is not None},
        note=form.note,
    )
    with id_taken_elsewhere(), acting(actor, now) as session:
        patient_id = patient_written_about(session, actor, form.patient_id, now)
        patient = lock_patient(session, patient_id)
        known = known_answer(session, actor, form.id, patient_id, digest)
        if known is not None:
            return known
        before = load_background(session, patient)
        verdict = decide(_sent(actor, patient, form, sent_at, now), before.background)
        row = _row(actor, patient, verdict, form.vitals, effects) | {
            "id": form.id,
            "root_id": form.id,
            "version": 1,
            "session_id": _known_session(session, patient_id, form.session_id, effects),
            "timezone": form.timezone,
            "note": form.note,
            "reason": None,
        }
        report = SideEffectReport(**row)
        findings = decide_effects(session, patient, report, (), before.treatment)
        return _store(session, actor, patient, before, verdict, row, findings, digest, (), now)


@made_certain
def amend_side_effects(
    actor: Actor, report_id: UUID, form: EffectsAmendment, now: datetime
) -> Answered:
    """Add a version to the report that any of its versions' ids names, in one transaction.

    Raises `NotFound`, `Invalid`, `IdTaken`, `ContentConflict` and `NotFollowed`.
    """
    scopes(actor, Action.WRITE_ENTRIES)
    effects = checked_effects(form.effects, form.vitals) if form.effects or form.vitals else ()
    with id_taken_elsewhere(), acting(actor, now) as session:
        patient_id = _patient_of(session, actor, report_id, now)
        patient = lock_patient(session, patient_id)
        versions = load_versions(session, patient_id, report_id)
        first, last = versions[0], versions[-1]
        digest = content_digest(
            "side_effects_amendment",
            root=str(first.id),
            effects=plain_effects(effects),
            vitals={name: value for name, value in form.vitals.items() if value is not None},
            reason=form.reason,
        )
        known = known_answer(session, actor, form.id, patient_id, digest)
        if known is not None:
            return known
        before = load_background(session, patient)
        verdict = decide(_amended(actor, patient, first, form, now), before.background)
        row = _row(actor, patient, verdict, form.vitals, effects) | {
            "id": form.id,
            "root_id": first.id,
            "version": last.version + 1,
            "note": first.note,
            "reason": form.reason,
            **{name: getattr(first, name) for name in KEPT},
        }
        report = SideEffectReport(**row)
        findings = decide_effects(session, patient, report, versions, before.treatment)
        outdated = (
            update(SideEffectReport)
            .where(SideEffectReport.patient_id == patient_id, SideEffectReport.id == last.id)
            .values(superseded=True)
        )
        return _store(
            session, actor, patient, before, verdict, row, findings, digest, (outdated,), now
        )


# An amendment keeps the report's own time, day and session.
KEPT = ("recorded_at", "answered_at", "mood_day", "timezone", "zone", "session_id")


def _patient_of(session: Session, actor: Actor, report_id: UUID, now: datetime) -> UUID:
    patient_id = session.scalar(
        select(SideEffectReport.patient_id).where(SideEffectReport.id == report_id)
    )
    if patient_id is None or actor.patient_id not in (None, patient_id):
        raise NotFound
    if actor.patient_id is None:
        visible_patient(session, actor, Action.WRITE_ENTRIES, patient_id, now)
    return patient_id


def _known_session(
    session: Session,
    patient_id: UUID,
    session_id: UUID | None,
    effects: tuple[ReportedEffect, ...],
) -> UUID | None:
    """The session that was named. An emergency is never refused because the name was wrong."""
    if session_id is None:
        return None
    found = session.scalar(
        select(TreatmentSession.id).where(
            TreatmentSession.patient_id == patient_id, TreatmentSession.id == session_id
        )
    )
    if found is None and fallback_tier("side_effects", None, plain_effects(effects)) is None:
        raise Invalid({"session_id": ["No such session of this patient."]})
    return found


def _sent(
    actor: Actor,
    patient: LockedPatient,
    form: EffectsForm,
    sent_at: datetime | None,
    now: datetime,
) -> Sent:
    return Sent(
        kind="side_effects",
        instrument=None,
        answers={},
        note=form.note,
        recorded_at=form.recorded_at,
        received_at=now,
        timezone=form.timezone,
        profile_timezone=patient.timezone,
        sent_at=sent_at,
        flags=flags_of(actor),
    )


def _amended(
    actor: Actor,
    patient: LockedPatient,
    first: SideEffectReport,
    form: EffectsAmendment,
    now: datetime,
) -> Sent:
    """The reason is read for crisis terms too."""
    carried = frozenset(first.flags) & {"clock_skew", "unknown_timezone"}
    return Sent(
        kind="side_effects",
        instrument=None,
        answers={},
        note=form.reason,
        recorded_at=first.answered_at,
        received_at=now,
        timezone=first.timezone,
        profile_timezone=patient.timezone,
        stated_mood_day=first.mood_day,
        flags=flags_of(actor) | carried,
    )


def _row(
    actor: Actor,
    patient: LockedPatient,
    verdict: Verdict,
    vitals: Any,
    effects: tuple[ReportedEffect, ...],
) -> dict[str, Any]:
    placed = verdict.read.placement
    return {
        "clinic_id": patient.clinic_id,
        "patient_id": patient.patient_id,
        "recorded_at": placed.recorded_at_utc,
        "answered_at": placed.answered_at,
        "received_at": verdict.facts.received_at,
        "mood_day": placed.mood_day,
        "zone": placed.zone,
        "effects": plain_effects(effects),
        **{name: vitals.get(name) for name in ("systolic", "diastolic", "heart_rate")},
        "flags": sorted(verdict.facts.flags),
        "entered_by": actor.user_id if actor.patient_id is None else None,
        "family_id": actor.family_id,
        "revision": patient.next_revision,
    }


def _store(
    session: Session,
    actor: Actor,
    patient: LockedPatient,
    before: Known,
    verdict: Verdict,
    row: dict[str, Any],
    findings: Findings,
    digest: bytes,
    writes: tuple[Any, ...],
    now: datetime,
) -> Answered:
    if not patient.followed and not (verdict.is_risky or findings.emergency):
        raise NotFollowed
    entry = Entry(
        id=row["id"],
        kind="side_effects" if row["version"] == 1 else "side_effects_amendment",
        digest=digest,
        instrument=None,
        writes=(insert(SideEffectReport).values(**row), *writes),
        record=lambda safety: effects_record(row, row["id"], before.treatment, safety),
        root_id=row["root_id"],
        findings=findings,
    )
    return set_off(session, actor, patient, before, verdict, entry, now)
