"""A new version of a check-in: it replaces the answers, and never lowers the risk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import CheckIn, CheckInContent
from services.access import Action, Actor, scopes
from services.accounts.token_check import acting
from services.exactly_once import Answered, content_digest, id_taken_elsewhere, known_answer
from services.exceptions import NotFollowed, NotFound
from services.intake.check_in import author_columns, flags_of, read_columns
from services.intake.deciding.background import load_background
from services.intake.deciding.entry import Sent
from services.intake.deciding.verdict import Verdict, decide
from services.intake.forms import AmendForm, checked_answers, known_instrument
from services.intake.records.check_ins import record_of
from services.intake.repeated import made_certain
from services.intake.storing.consequences import Entry, set_off
from services.intake.storing.contents import OF_ITS_CHECK_IN, version_writes
from services.patients.status.lock import LockedPatient, lock_patient
from services.patients.view import visible_patient
from services.rules.courses import UNTREATED, Treatment
from services.rules.instruments.answers import Answers
from services.rules.instruments.lookup import Instrument


@dataclass(frozen=True, slots=True)
class Versions:
    """All versions of one form in the order received; `first` and `last` are check-in rows."""

    first: CheckIn
    last: CheckIn
    answers: tuple[Answers, ...]
    note: str | None


@made_certain
def amend_check_in(actor: Actor, check_in_id: UUID, form: AmendForm, now: datetime) -> Answered:
    """Add a version to the form that any of its versions' ids names, in one transaction.

    Raises `NotFound`, `Invalid`, `IdTaken`, `ContentConflict` and `NotFollowed`.
    """
    scopes(actor, Action.WRITE_ENTRIES)
    with id_taken_elsewhere(), acting(actor, now) as session:
        patient_id = _patient_of(session, actor, check_in_id, now)
        patient = lock_patient(session, patient_id)
        versions = load_versions(session, patient_id, check_in_id)
        asked = known_instrument(versions.first.instrument)
        answers = checked_answers(asked, form.answers)
        digest = content_digest(
            "amendment", root=str(versions.first.id), answers=answers, reason=form.reason
        )
        known = known_answer(session, actor, form.id, patient_id, digest)
        if known is not None:
            return known
        before = load_background(session, patient)
        decided = decide(
            _sent(actor, patient, versions, asked, answers, form, now), before.background
        )
        verdict = _on_the_forms_day(decided, versions.first)
        if not patient.followed and not verdict.is_risky:
            raise NotFollowed
        shown = UNTREATED if actor.token_expired else before.treatment
        entry = _entry(actor, patient, versions, asked, answers, form, digest, verdict, shown)
        return set_off(session, actor, patient, before, verdict, entry, now)


def _on_the_forms_day(verdict: Verdict, first: CheckIn) -> Verdict:
    """The form keeps its day, also where the zone of then can no longer be told (an unknown name, a
    profile that has moved).
    """
    placed = replace(verdict.read.placement, mood_day=first.mood_day, zone=first.zone)
    return replace(verdict, read=replace(verdict.read, placement=placed))


def _patient_of(session: Session, actor: Actor, check_in_id: UUID, now: datetime) -> UUID:
    patient_id = session.scalar(select(CheckIn.patient_id).where(CheckIn.id == check_in_id))
    if patient_id is None:
        raise NotFound
    if actor.patient_id is not None:
        if patient_id != actor.patient_id:
            raise NotFound
        return patient_id
    return visible_patient(session, actor, Action.WRITE_ENTRIES, patient_id, now).id


def load_versions(session: Session, patient_id: UUID, check_in_id: UUID) -> Versions:
    """The versions of the form that `check_in_id` belongs to; raises `NotFound`."""
    root = (
        select(CheckIn.root_id)
        .where(CheckIn.patient_id == patient_id, CheckIn.id == check_in_id)
        .scalar_subquery()
    )
    found = session.execute(
        select(CheckIn, CheckInContent.answers, CheckInContent.note)
        .join(CheckInContent, OF_ITS_CHECK_IN)
        .where(CheckIn.patient_id == patient_id, CheckIn.root_id == root)
        .order_by(CheckIn.version)
    ).all()
    if not found:
        raise NotFound
    return Versions(
        first=found[0].CheckIn,
        last=found[-1].CheckIn,
        answers=tuple(row.answers for row in found),
        note=found[0].note,
    )


def _sent(
    actor: Actor,
    patient: LockedPatient,
    versions: Versions,
    asked: Instrument,
    answers: Answers,
    form: AmendForm,
    now: datetime,
) -> Sent:
    """The amendment keeps the form's own time and day; the reason is read for crisis terms too."""
    first = versions.first
    carried = frozenset(first.flags) & {"clock_skew", "token_expired", "unknown_timezone"}
    return Sent(
        kind="amendment",
        instrument=asked,
        answers=answers,
        note=form.reason,
        recorded_at=first.answered_at,
        received_at=now,
        timezone=first.timezone,
        profile_timezone=patient.timezone,
        stated_mood_day=first.mood_day,
        flags=flags_of(actor) | carried,
        earlier=versions.answers,
    )


def _entry(
    actor: Actor,
    patient: LockedPatient,
    versions: Versions,
    asked: Instrument,
    answers: Answers,
    form: AmendForm,
    digest: bytes,
    verdict: Verdict,
    treatment: Treatment,
) -> Entry:
    first, last = versions.first, versions.last
    row: dict[str, Any] = {
        **read_columns(patient, asked, verdict),
        **author_columns(actor),
        "id": form.id,
        "root_id": first.id,
        "version": last.version + 1,
        "mood_day": first.mood_day,
        "recorded_at": first.recorded_at,
        "answered_at": first.answered_at,
        "timezone": first.timezone,
        "zone": first.zone,
    }
    outdated = (
        update(CheckIn)
        .where(CheckIn.patient_id == patient.patient_id, CheckIn.id == last.id)
        .values(superseded=True, superseded_revision=patient.next_revision)
    )
    return Entry(
        id=form.id,
        kind="amendment",
        digest=digest,
        instrument=asked.code,
        answers=answers,
        writes=(*version_writes(row, answers, reason=form.reason), outdated),
        record=lambda safety: record_of(
            row,
            form.id,
            answers=answers,
            note=versions.note,
            client_total=None,
            treatment=treatment,
            safety=safety,
        ),
        root_id=first.id,
    )
