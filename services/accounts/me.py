"""The own account."""

from __future__ import annotations

from datetime import datetime

from services.access import Actor
from services.accounts.profile import Profile, load_profile
from services.accounts.sessions import acting


def get_me(actor: Actor, now: datetime) -> Profile:
    """Who the actor is, as the database has it now."""
    with acting(actor, now) as session:
        return load_profile(session, actor.user_id)
