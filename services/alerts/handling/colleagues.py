"""Who can take an alert from somebody: active, allowed to act on it, and in reach of a page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Alert, User
from services.access import Actor
from services.alerts.permissions import who_may_act
from services.contact_methods.addresses import unreachable


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
    staff = select(User.id, User.name).where(
        User.clinic_id == alert.clinic_id, User.active, ~User.roles.contains(["patient"])
    )
    if people is not None:
        staff = staff.where(User.id.in_(people))
    names = {row.id: row.name for row in session.execute(staff)}
    of_nobody = alert.patient_id is None
    able = who_may_act(session, alert.clinic_id, alert.patient_id, names.keys(), admins=of_nobody)
    able -= unreachable(session, alert.clinic_id, able)
    return {user_id: names[user_id] for user_id in able}
