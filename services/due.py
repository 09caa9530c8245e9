"""What is due for a patient around now, for the phone and for those who follow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from models import CheckIn, Patient, PatientStatus, SideEffectReport
from services import audit
from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.patients.followed import why_not_followed
from services.patients.history.check_ins import counting
from services.patients.history.pauses import load_pauses
from services.patients.history.treatments import load_treatment
from services.patients.view import visible_patient
from services.rules.danger.numbers import RULES
from services.rules.instruments.definition import CSSRS_FORMS, LIFETIME_CSSRS
from services.rules.mood_days import find_zone
from services.rules.schedule.case import SIDE_EFFECTS, AnsweredForm, DueItem, ScheduleCase
from services.rules.schedule.due import answers_needed, items_of, windows_now
from services.rules.session_day.driving import restricted_until

_PATIENT: Final = bindparam("patient_id", type_=CheckIn.patient_id.type)
_SINCE: Final = bindparam("since", type_=CheckIn.mood_day.type)
# Built once: putting a statement together costs more than running it.
_REPORTS: Final = select(SideEffectReport.mood_day, SideEffectReport.answered_at).where(
    SideEffectReport.patient_id == _PATIENT,
    ~SideEffectReport.superseded,
    SideEffectReport.mood_day >= _SINCE,
)
_FORMS: Final = select(CheckIn.mood_day, CheckIn.answered_at).where(
    counting(_PATIENT, bindparam("instrument", type_=CheckIn.instrument.type)),
    CheckIn.mood_day >= _SINCE,
    CheckIn.answered > 0,
)
_SHOWN: Final = tuple(each.name for each in fields(DueItem))


def get_due(actor: Actor, patient_id: UUID, now: datetime) -> dict[str, Any]:
    """What is due for a patient in view, from 3 days ago to 14 days ahead, and until when they
    must not drive; the read is recorded. Raises `NotFound`, `Forbidden`.
    """
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.READ_ENTRIES, patient_id, now)
        document = build(session, patient, now)
        audit.record_read(session, actor, "due_read", now, patient_id)
        return document


def build(session: Session, patient: Patient, now: datetime) -> dict[str, Any]:
    """The due list as of now."""
    case, items = items_due(session, patient, now, around=now)
    return {
        "items": [{name: getattr(item, name) for name in _SHOWN} for item in items],
        "server_time": now,
        "timezone": patient.timezone,
        "driving_restriction_until": restricted_until(case.treatment, case.zone, now),
    }


def items_due(
    session: Session, patient: Patient, now: datetime, around: datetime
) -> tuple[ScheduleCase, list[DueItem]]:
    """The patient's case, and what is due as of now from 3 days before an instant to 14 days after
    it, by when it opens.
    """
    case = load_case(session, patient)
    windows = windows_now(case, around)
    needed = answers_needed(windows, case.zone)
    case = replace(case, answered=load_answers(session, patient.id, needed))
    items = (*after_item9(session, patient.id, now), *items_of(windows, case, now))
    return case, sorted(items, key=lambda one: one.opens_at)


def after_item9(session: Session, patient_id: UUID, now: datetime) -> tuple[DueItem, ...]:
    """The C-SSRS that follows a positive item 9 of the last 24 hours, answered or not."""
    at = session.scalar(
        select(PatientStatus.item9_positive_at).where(PatientStatus.patient_id == patient_id)
    )
    ends = None if at is None else at + RULES.item9_before_cssrs
    if at is None or ends is None or not at <= now < ends:
        return ()
    mine = (CheckIn.patient_id == patient_id, CheckIn.complete, ~CheckIn.superseded)
    answered = session.scalar(
        select(func.min(CheckIn.answered_at)).where(
            *mine, CheckIn.instrument.in_(CSSRS_FORMS), CheckIn.answered_at >= at
        )
    )
    # Which one was asked does not change when it is answered.
    known = select(CheckIn.id).where(
        *mine, CheckIn.instrument == LIFETIME_CSSRS, CheckIn.answered_at < at
    )
    lifetime, since_last = CSSRS_FORMS
    item = DueItem(
        instrument=lifetime if session.scalar(known.limit(1)) is None else since_last,
        reason="after_item9",
        session_id=None,
        mood_day=None,
        counts_from_at=at,
        opens_at=at,
        due_at=ends,
        expires_at=ends,
        status="due" if answered is None else "answered",
        answered_at=answered,
    )
    return (item,)


def load_case(session: Session, patient: Patient) -> ScheduleCase:
    """The patient's case as it is now, without answers."""
    return ScheduleCase(
        zone=find_zone(patient.timezone) or UTC,
        accepted_at=patient.accepted_at,
        away=load_pauses(session, [(patient.clinic_id, patient.id)])[patient.id],
        treatment=load_treatment(session, patient.id),
        indications=frozenset(patient.indications),
        is_followed=why_not_followed(patient.status, patient.consent_withdrawn_at) is None,
    )


def load_answers(
    session: Session, patient_id: UUID, needed: Mapping[str, date]
) -> dict[str, Sequence[AnsweredForm]]:
    """The answers of each instrument (`side_effects`: reports) about a mood day or a later one.

    A form whose every answer was taken back answers nothing.
    """
    return {
        instrument: [
            AnsweredForm(row.mood_day, row.answered_at)
            for row in session.execute(
                _REPORTS if instrument == SIDE_EFFECTS else _FORMS,
                {"patient_id": patient_id, "instrument": instrument, "since": since},
            )
        ]
        for instrument, since in needed.items()
    }
