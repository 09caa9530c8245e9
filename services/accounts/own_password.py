"""Changing the own password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from models import User
from services import audit
from services.access import Actor
from services.accounts.delays import counted_attempt, password_key
from services.accounts.families import end_families
from services.accounts.passwords import hash_password, matches
from services.accounts.sessions import acting
from services.exceptions import Invalid


def change_password(actor: Actor, old: str | None, new: str, now: datetime) -> None:
    """Set a new password and log every other device out.

    A patient who has none yet sets a first one. Raises ``Invalid`` unless ``old`` is the present
    password, and ``RateLimited`` after several wrong ones.
    """
    present = select(User.password_hash).where(User.id == actor.user_id)
    with acting(actor, now) as session:
        kept = session.scalar(present)
    with counted_attempt((password_key(actor.user_id),), now):
        if kept is not None and not matches(old or "", kept):
            raise Invalid({"old_password": ["Not your present password."]})
        password_hash = hash_password(new)
        with acting(actor, now) as session:
            # Families before accounts, as a refresh locks them.
            end_families(session, actor.user_id, "password_changed", now, but=actor.family_id)
            if session.scalar(present.with_for_update(key_share=True)) != kept:
                raise Invalid({"old_password": ["Changed meanwhile on another device."]})
            session.execute(
                update(User).where(User.id == actor.user_id).values(password_hash=password_hash)
            )
            audit.record(session, actor.user_id, "password_changed", now, object_id=actor.user_id)
