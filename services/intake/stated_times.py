"""A clinician's word for when something was answered whose own stamp nobody can believe."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import CheckIn, CheckInContent
from models.sealing import sealed
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid, NotFound
from services.patients.status.lock import lock_status_row
from services.patients.status.row import raise_revision, refresh
from services.patients.view import visible_patient
from services.rules.mood_days import (
    FARTHEST_BACK,
    IMPLAUSIBLE_TIME,
    SKEW_LIMIT,
    find_zone,
    mood_day_at,
    to_utc,
)


def state_time(
    actor: Actor, check_in_id: UUID, answered_at: datetime, reason: str, now: datetime
) -> None:
    """From now on the form that any of its versions' ids names counts at this instant; the same
    again changes nothing. What the phone said stays beside it.

    Raises `Forbidden`, `NotFound`, and `Invalid` for a form whose time is not in doubt, or was
    stated otherwise, and for an instant after the receipt or longer ago than a life.
    """
    scopes(actor, Action.MANAGE_TREATMENT)
    stated = to_utc(answered_at)
    with acting(actor, now) as session:
        patient_id = session.scalar(select(CheckIn.patient_id).where(CheckIn.id == check_in_id))
        if patient_id is None:
            raise NotFound
        visible_patient(session, actor, Action.MANAGE_TREATMENT, patient_id, now)
        lock_status_row(session, patient_id)
        first = _first_version(session, patient_id, check_in_id)
        if first.counts_in_trend and first.answered_at == stated:
            return
        _check(first, stated)
        _count_from(session, first, stated, raise_revision(session, patient_id))
        session.execute(
            update(CheckInContent)
            .where(CheckInContent.patient_id == patient_id, CheckInContent.check_in_id == first.id)
            .values(
                sealed(
                    CheckInContent,
                    {"reason": reason},
                    clinic_id=actor.clinic_id,
                    patient_id=patient_id,
                    check_in_id=first.id,
                )
            )
        )
        refresh(session, patient_id, now)
        audit.record(session, actor.user_id, "check_in_time_stated", now, patient_id, first.id)


def _first_version(session: Session, patient_id: UUID, check_in_id: UUID) -> CheckIn:
    root = select(CheckIn.root_id).where(
        CheckIn.patient_id == patient_id, CheckIn.id == check_in_id
    )
    return session.scalars(
        select(CheckIn).where(
            CheckIn.patient_id == patient_id, CheckIn.id == root.scalar_subquery()
        )
    ).one()


def _check(first: CheckIn, stated: datetime) -> None:
    if IMPLAUSIBLE_TIME not in first.flags or first.counts_in_trend:
        raise Invalid({"recorded_at": ["The time of this entry is not in doubt any more."]})
    if stated - first.received_at > SKEW_LIMIT:
        raise Invalid({"recorded_at": ["Nothing is answered after it was received."]})
    if first.received_at - stated > FARTHEST_BACK:
        raise Invalid({"recorded_at": ["Nothing is answered over 100 years before it came."]})


def _count_from(session: Session, first: CheckIn, stated: datetime, revision: int) -> None:
    """All versions have one place in time, and count from this revision on."""
    day = mood_day_at(stated, find_zone(first.zone) or UTC)
    session.execute(
        update(CheckIn)
        .where(CheckIn.patient_id == first.patient_id, CheckIn.root_id == first.id)
        .values(
            answered_at=stated,
            mood_day=day,
            counts_in_trend=True,
            counts_from_revision=revision,
        )
        .execution_options(synchronize_session=False)
    )
