"""Logging out, here or on another device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from models import TokenFamily
from services import audit
from services.access import Actor
from services.accounts.families import end_family
from services.accounts.sessions import acting
from services.exceptions import NotFound


@dataclass(frozen=True, slots=True)
class Device:
    """A family that is alive; ``current`` is the one that asks."""

    id: UUID
    started_at: datetime
    last_used_at: datetime
    current: bool


def log_out(actor: Actor, now: datetime) -> None:
    """End the family of this token."""
    with acting(actor, now) as session:
        end_family(session, actor.family_id, "logged_out", now)
        audit.record(session, actor.user_id, "logged_out", now, object_id=actor.family_id)


def list_devices(actor: Actor, now: datetime) -> list[Device]:
    """The account's living families, newest first."""
    with acting(actor, now) as session:
        rows = session.scalars(
            select(TokenFamily)
            .where(TokenFamily.user_id == actor.user_id, TokenFamily.revoked_at.is_(None))
            .order_by(TokenFamily.started_at.desc(), TokenFamily.id.desc())
        ).all()
        return [
            Device(row.id, row.started_at, row.last_used_at, row.id == actor.family_id)
            for row in rows
            if row.last_used_at + timedelta(seconds=row.lifetime_s) >= now
        ]


def end_device(actor: Actor, family_id: UUID, now: datetime) -> None:
    """End one of the account's own families; raises ``NotFound`` for any other."""
    with acting(actor, now) as session:
        own = select(TokenFamily.id).where(
            TokenFamily.id == family_id, TokenFamily.user_id == actor.user_id
        )
        if session.scalar(own) is None or not end_family(session, family_id, "ended", now):
            raise NotFound
        audit.record(session, actor.user_id, "device_ended", now, object_id=family_id)
