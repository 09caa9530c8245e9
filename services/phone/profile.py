"""What somebody says of themselves: language, zone, and when not to be reminded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from models import Clinic, User
from services import audit
from services.access import Actor
from services.accounts.account import Profile, load_profile
from services.accounts.tokens.token_check import acting
from services.checks import known_timezone
from services.patients.recount import move_account_to_zone
from services.reminders.planning import look_again


def change_own_profile(actor: Actor, fields: Mapping[str, Any], now: datetime) -> Profile:
    """The account with these fields changed; a patient who moves counts their days in the new zone.

    A zone that a phone reports and nobody knows is the clinic's. Raises `Unauthenticated`.
    """
    changes = dict(fields)
    with acting(actor, now) as session:
        if "timezone" in changes:
            clinics = select(Clinic.timezone).where(Clinic.id == actor.clinic_id)
            zone = known_timezone(changes["timezone"]) or session.scalars(clinics).one()
            changes["timezone"] = zone
            move_account_to_zone(session, actor.clinic_id, actor.user_id, zone, now)
        if changes:
            session.execute(update(User).where(User.id == actor.user_id).values(**changes))
            look_again(session, actor.user_id, now)
            names = sorted(changes)
            audit.record(
                session,
                actor.user_id,
                "own_account_changed",
                now,
                object_id=actor.user_id,
                fields=names,
            )
        audit.record_read(session, actor, "own_account_read", now)
        return load_profile(session, actor.user_id)
