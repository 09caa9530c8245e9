"""Store a check-in exactly once, with its score, decisions, alert, first pages and first answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.access import Action, Actor, scopes
from services.accounts.token_check import acting
from services.exactly_once import Answered, content_digest, id_taken_elsewhere, known_answer
from services.exceptions import Invalid, NotFollowed, NotFound
from services.intake.deciding.background import load_background
from services.intake.deciding.entry import ENTERED_BY_STAFF, TOKEN_EXPIRED, Sent
from services.intake.deciding.verdict import Verdict, decide
from services.intake.forms import CheckInForm, checked_answers, known_instrument
from services.intake.records.check_ins import SCORE_FIELDS, record_of
from services.intake.repeated import made_certain
from services.intake.storing.consequences import Entry, set_off
from services.intake.storing.contents import version_writes
from services.patients.status.lock import LockedPatient, lock_patient
from services.patients.view import visible_patient
from services.rules.courses import UNTREATED, Treatment
from services.rules.instruments.answers import Answers
from services.rules.instruments.lookup import Instrument


@made_certain
def record_check_in(
    actor: Actor, form: CheckInForm, sent_at: datetime | None, now: datetime
) -> Answered:
    """One check-in, in one transaction.

    Raises `Invalid`, `NotFound`, `IdTaken`, `ContentConflict`, and `NotFollowed` for a
    harmless answer of somebody whom the clinic no longer follows; a risky one is stored and pages.
    """
    scopes(actor, Action.WRITE_ENTRIES)
    asked = known_instrument(form.instrument)
    answers = checked_answers(asked, form.answers)
    digest = content_digest(
        "check_in",
        instrument=asked.code,
        answers=answers,
        recorded_at=form.recorded_at,
        timezone=form.timezone,
        note=form.note,
        client_total=form.client_total,
    )
    with id_taken_elsewhere(), acting(actor, now) as session:
        patient_id = patient_written_about(session, actor, form.patient_id, now)
        patient = lock_patient(session, patient_id)
        known = known_answer(session, actor, form.id, patient_id, digest)
        if known is not None:
            return known
        before = load_background(session, patient)
        sent = _sent(actor, patient, form, asked, answers, sent_at, now)
        verdict = decide(sent, before.background)
        if not patient.followed and not verdict.is_risky:
            raise NotFollowed
        shown = UNTREATED if actor.token_expired else before.treatment
        entry = _entry(actor, patient, form, asked, answers, digest, verdict, shown)
        return set_off(session, actor, patient, before, verdict, entry, now)


def _sent(
    actor: Actor,
    patient: LockedPatient,
    form: CheckInForm,
    asked: Instrument,
    answers: Answers,
    sent_at: datetime | None,
    now: datetime,
) -> Sent:
    return Sent(
        kind="check_in",
        instrument=asked,
        answers=answers,
        note=form.note,
        recorded_at=form.recorded_at,
        received_at=now,
        timezone=form.timezone,
        profile_timezone=patient.timezone,
        sent_at=sent_at,
        stated_mood_day=form.mood_day,
        client_total=form.client_total,
        flags=flags_of(actor),
    )


def _entry(
    actor: Actor,
    patient: LockedPatient,
    form: CheckInForm,
    asked: Instrument,
    answers: Answers,
    digest: bytes,
    verdict: Verdict,
    treatment: Treatment,
) -> Entry:
    row: dict[str, Any] = {
        **read_columns(patient, asked, verdict),
        **author_columns(actor),
        "id": form.id,
        "root_id": form.id,
        "version": 1,
        "timezone": form.timezone,
    }
    return Entry(
        id=form.id,
        kind="check_in",
        digest=digest,
        instrument=asked.code,
        answers=answers,
        writes=version_writes(row, answers, note=form.note, client_total=form.client_total),
        record=lambda safety: record_of(
            row,
            form.id,
            answers=answers,
            note=form.note,
            client_total=form.client_total,
            treatment=treatment,
            safety=safety,
        ),
    )


def patient_written_about(
    session: Session, actor: Actor, patient_id: UUID | None, now: datetime
) -> UUID:
    """The patient herself, or the one in view whom staff name; raises `NotFound`, `Invalid`."""
    if actor.patient_id is not None:
        if patient_id not in (None, actor.patient_id):
            raise NotFound
        return actor.patient_id
    if patient_id is None:
        raise Invalid({"patient_id": ["Staff name the patient."]})
    return visible_patient(session, actor, Action.WRITE_ENTRIES, patient_id, now).id


def flags_of(actor: Actor) -> frozenset[str]:
    """What the author of an entry puts in doubt."""
    expired = {TOKEN_EXPIRED} if actor.token_expired else set()
    by_staff = {ENTERED_BY_STAFF} if actor.patient_id is None else set()
    return frozenset(expired | by_staff)


def author_columns(actor: Actor) -> dict[str, Any]:
    """Who sent it, with which log-in, and whether it counts in the trends already."""
    return {
        "entered_by": actor.user_id if actor.patient_id is None else None,
        "family_id": actor.family_id,
        "counts_in_trend": not actor.token_expired,
    }


def read_columns(patient: LockedPatient, asked: Instrument, verdict: Verdict) -> dict[str, Any]:
    """The columns that come from reading the answers: the same for every version."""
    read = verdict.read
    score = {field: getattr(read.score, field) for field in SCORE_FIELDS}
    return {
        "clinic_id": patient.clinic_id,
        "patient_id": patient.patient_id,
        "instrument": asked.code,
        "instrument_version": asked.version,
        "mood_day": read.placement.mood_day,
        "recorded_at": read.placement.recorded_at_utc,
        "answered_at": read.placement.answered_at,
        "received_at": read.facts.received_at,
        "zone": read.placement.zone,
        **score,
        "q9": read.facts.item9_number,
        "q9_highest": read.q9_highest,
        "q9_unknown": read.facts.item9 == "unknown",
        "cssrs_level": read.facts.cssrs,
        "flags": sorted(read.facts.flags),
        "revision": patient.next_revision,
    }
