"""Who reads the console: their name, the clinic that they work in, and what it asks of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from models import Clinic, User
from services.access import Actor
from services.accounts.account import MUST_ENROL
from services.accounts.tokens.token_check import acting

# Who works with the console at all.
STAFF_ROLES: Final = ("clinician", "on_call", "admin")


@dataclass(frozen=True, slots=True)
class Reader:
    """Names and zones as the database has them now, and `must_enrol` (`Actor`)."""

    name: str
    timezone: str
    clinic: str
    clinic_timezone: str
    country: str
    must_enrol: bool


def get_reader(actor: Actor, now: datetime) -> Reader:
    """Who the actor is and where; raises `Unauthenticated` for a log-in that has ended."""
    found = select(
        User.name,
        User.timezone,
        Clinic.name.label("clinic"),
        Clinic.timezone.label("clinic_timezone"),
        Clinic.country,
        MUST_ENROL.label("must_enrol"),
    ).join(Clinic, Clinic.id == User.clinic_id)
    with acting(actor, now) as session:
        row = session.execute(found.where(User.id == actor.user_id)).one()
    return Reader(**row._mapping)
