"""Break-glass: in an emergency a member of staff sees a patient who is not in their view.

For one hour, of their own clinic, with a reason. It opens what a role does with a patient in view,
but nothing that would outlast the hour (`services.access.OUTLASTS_A_GRANT`), and the caseload stays
as it was. Each is in the audit with its reason, and the clinic's administrators get a letter.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models import Patient, User, ViewGrant
from models.base import new_id
from services import audit
from services.access import Action, Actor, reaches, scopes
from services.accounts.letters import tell_of_break_glass
from services.accounts.tokens.token_check import acting
from services.exceptions import NotFound, RateLimited
from services.patients.view import CLOCKS_DIFFER, clinical_content_clause

# API contract, "Privacy".
OPENS_FOR: Final = timedelta(hours=1)
# A night of emergencies stays below it; reading through a clinic does not.
AT_MOST: Final = 20
WITHIN: Final = timedelta(hours=1)


def break_glass(
    actor: Actor,
    reason: str,
    now: datetime,
    *,
    patient_id: UUID | None = None,
    mrn: str | None = None,
) -> dict[str, Any]:
    """Open one patient of the clinic, named by id or by record number, and say until when.

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
        grant = ViewGrant(
            clinic_id=actor.clinic_id,
            id=new_id(),
            user_id=actor.user_id,
            patient_id=found,
            granted_at=now,
            ends_at=now + OPENS_FOR,
        )
        session.add(grant)
        session.flush()
        audit.record(
            session, actor.user_id, "glass_broken", now, found, grant.id, reason=reason.strip()
        )
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


def _tell_administrators(session: Session, actor: Actor, patient_id: UUID, now: datetime) -> None:
    who = session.scalars(select(User.name).where(User.id == actor.user_id)).one()
    admins = select(User.id).where(
        User.clinic_id == actor.clinic_id, User.active, User.roles.contains(["admin"])
    )
    for admin_id in session.scalars(admins).all():
        tell_of_break_glass(session, actor.clinic_id, admin_id, who, patient_id, now)
