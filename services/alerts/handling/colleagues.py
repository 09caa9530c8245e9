"""Who can take an alert from somebody: active, allowed to act on it, and in reach of a page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models import Alert, User
from services.access import Actor
from services.alerts.people import who_may_act
from services.contact_methods.addresses import unreachable

ROLES: Final = ("clinician", "on_call")
# An alert about nobody is an administrator's to resolve, too.
ROLES_WITHOUT_PATIENT: Final = (*ROLES, "admin")


def colleagues(session: Session, alert: Alert, actor: Actor) -> list[dict[str, Any]]:
    """To whom the actor may hand the alert over, by name."""
    if alert.status == "resolved":
        return []
    found = able_to_take(session, alert)
    wanted = found.keys() - {actor.user_id, alert.acknowledged_by}
    named = sorted((found[user_id], str(user_id), user_id) for user_id in wanted)
    return [{"user_id": user_id, "name": name} for name, _, user_id in named]


def able_to_take(
    session: Session, alert: Alert, people: Collection[UUID] | None = None
) -> dict[UUID, str]:
    """Of these (None: all), those who are active, may act on the alert and can be reached."""
    roles = ROLES if alert.patient_id else ROLES_WITHOUT_PATIENT
    query = select(User.id, User.name).where(
        User.clinic_id == alert.clinic_id,
        User.active,
        or_(*(User.roles.contains([role]) for role in roles)),
    )
    if people is not None:
        query = query.where(User.id.in_(people))
    found = {row.id: row.name for row in session.execute(query)}
    able = frozenset(found)
    if alert.patient_id is not None:
        able = who_may_act(session, alert.patient_id, able)
    able -= unreachable(session, alert.clinic_id, able)
    return {user_id: found[user_id] for user_id in able}
