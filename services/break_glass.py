"""Break-glass: in an emergency a member of staff sees a patient who is not in their view.

For one hour, of their own clinic, with a reason. It opens what a role does with a patient in view,
but nothing that would outlast the hour (`services.access.OUTLASTS_A_GRANT`), and the caseload stays
as it was. Each is in the audit, and the clinic's administrators get a letter; they alone read why.

The hour is counted from the first: asked again while it runs it is recorded with its reason, and
ends when it would have ended. Whoever needs longer says so again when it is over, and is written
about again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from models import AuditEntry, Patient, User, ViewGrant
from models.base import new_id
from services import audit
from services.access import Action, Actor, reaches, scopes
from services.accounts.letters import tell_of_break_glass
from services.accounts.tokens.token_check import acting
from services.exceptions import NotFound, RateLimited
from services.patients.view import CLOCKS_DIFFER, clinical_content_clause

BROKEN: Final = "glass_broken"
# API contract, "Privacy".
OPENS_FOR: Final = timedelta(hours=1)
# A night of emergencies stays below it; reading through a clinic does not.
AT_MOST: Final = 20
WITHIN: Final = timedelta(hours=1)
LISTED: Final = 50


def break_glass(
    actor: Actor,
    reason: str,
    now: datetime,
    *,
    patient_id: UUID | None = None,
    mrn: str | None = None,
) -> dict[str, Any]:
    """Open one patient of the clinic, named by id or by record number, and say until when; where it
    is open already, until then.

    Raises `Forbidden`, `NotFound`, and `RateLimited` after 20 within an hour.
    """
    scopes(actor, Action.BREAK_GLASS)
    named = Patient.mrn == mrn if patient_id is None else Patient.id == patient_id
    with acting(actor, now) as session:
        # Locked against an erasure alone: the grant, and what is recorded, go with the patient.
        kept = select(Patient.id).where(named).with_for_update(read=True, key_share=True)
        found = session.scalar(kept)
        if found is None:
            raise NotFound
        _check_rate(session, actor, now)
        runs_until = _runs_until(session, actor, found, now)
        grant = ViewGrant(
            clinic_id=actor.clinic_id,
            id=new_id(),
            user_id=actor.user_id,
            patient_id=found,
            granted_at=now,
            ends_at=runs_until or now + OPENS_FOR,
            reason=reason.strip(),
        )
        session.add(grant)
        session.flush()
        audit.record(session, actor.user_id, BROKEN, now, found, grant.id)
        if runs_until is None:
            _tell_administrators(session, actor, found, now)
        return {"patient_id": found, "expires_at": grant.ends_at}


def is_closed(actor: Actor, patient_id: UUID, now: datetime) -> bool:
    """Would break-glass open this patient to the actor, if there is such a patient?"""
    if not reaches(actor, Action.BREAK_GLASS):
        return False
    in_view = clinical_content_clause(actor, now)
    with acting(actor, now) as session:
        return session.scalar(select(Patient.id).where(Patient.id == patient_id, in_view)) is None


def end_grants(session: Session, user_id: UUID, now: datetime) -> None:
    """Whoever is deactivated sees nobody any more, also when they come back within the hour."""
    session.execute(
        update(ViewGrant)
        .where(ViewGrant.user_id == user_id, ViewGrant.ends_at > now)
        .values(ends_at=func.greatest(ViewGrant.granted_at, now))
    )


def _check_rate(session: Session, actor: Actor, now: datetime) -> None:
    """The account is locked, so that requests at once are counted one after the other."""
    session.execute(select(User.id).where(User.id == actor.user_id).with_for_update(key_share=True))
    count, first = session.execute(
        select(func.count(), func.min(ViewGrant.granted_at)).where(
            ViewGrant.user_id == actor.user_id,
            ViewGrant.granted_at > now - WITHIN,
            ViewGrant.granted_at <= now + CLOCKS_DIFFER,
        )
    ).one()
    if count >= AT_MOST:
        raise RateLimited(int((first + WITHIN - now).total_seconds()) + 1)


def _runs_until(session: Session, actor: Actor, patient_id: UUID, now: datetime) -> datetime | None:
    """The end of the hour that is running; None: none is. The account is locked by the caller."""
    return session.scalar(
        select(func.max(ViewGrant.ends_at)).where(
            ViewGrant.user_id == actor.user_id,
            ViewGrant.patient_id == patient_id,
            ViewGrant.granted_at <= now + CLOCKS_DIFFER,
            ViewGrant.ends_at > now,
        )
    )


def list_openings(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The newest 50: who opened whom, why, from when to when, and what they did there (`done`: how
    often each action was recorded). For administrators; the read is recorded. Raises `Forbidden`.
    """
    scopes(actor, Action.READ_AUDIT)
    newest = (
        select(ViewGrant, User.name, Patient.name)
        .join(User, User.id == ViewGrant.user_id)
        .join(Patient, Patient.id == ViewGrant.patient_id)
        .order_by(ViewGrant.granted_at.desc(), ViewGrant.id)
        .limit(LISTED)
    )
    with acting(actor, now) as session:
        rows = session.execute(newest).all()
        done = _done_there(session, [grant.id for grant, *_ in rows])
        about = sorted({grant.patient_id for grant, *_ in rows})
        audit.record(session, actor.user_id, "break_glass_read", now, about=about)
        return [
            {
                "by": by,
                "patient_id": grant.patient_id,
                "patient": patient,
                "reason": grant.reason,
                "granted_at": grant.granted_at,
                "ends_at": grant.ends_at,
                "done": done.get(grant.id, []),
            }
            for grant, by, patient in rows
        ]


def _done_there(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, int]]]:
    """What was recorded of them about that patient in that hour, by grant."""
    query = (
        select(ViewGrant.id, AuditEntry.action, func.count())
        .join(
            AuditEntry,
            and_(
                AuditEntry.clinic_id == ViewGrant.clinic_id,
                AuditEntry.patient_id == ViewGrant.patient_id,
                AuditEntry.actor_id == ViewGrant.user_id,
                AuditEntry.at.between(ViewGrant.granted_at, ViewGrant.ends_at),
                AuditEntry.action != BROKEN,
            ),
        )
        .where(ViewGrant.id.in_(ids))
        .group_by(ViewGrant.id, AuditEntry.action)
        .order_by(AuditEntry.action)
    )
    found: dict[UUID, list[tuple[str, int]]] = {}
    for grant_id, action, count in session.execute(query):
        found.setdefault(grant_id, []).append((action, count))
    return found


def reasons_of(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """Why, by the id of the grant; of one from before reasons were kept there is none."""
    query = select(ViewGrant.id, ViewGrant.reason).where(ViewGrant.id.in_(ids))
    return {grant_id: why for grant_id, why in session.execute(query) if why is not None}


def _tell_administrators(session: Session, actor: Actor, patient_id: UUID, now: datetime) -> None:
    who = session.scalars(select(User.name).where(User.id == actor.user_id)).one()
    admins = select(User.id).where(
        User.clinic_id == actor.clinic_id, User.active, User.roles.contains(["admin"])
    )
    for admin_id in session.scalars(admins).all():
        tell_of_break_glass(session, actor.clinic_id, admin_id, who, patient_id, now)
