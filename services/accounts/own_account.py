"""The own account: who I am, my password, my devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import CheckIn, Invitation, TokenFamily, TokenPair, User
from services import audit
from services.access import Actor
from services.accounts.account import Profile, load_profile
from services.accounts.guesses.delays import one_tries
from services.accounts.new_passwords import hash_new_password
from services.accounts.passwords import Turn, matches
from services.accounts.tokens.families import end_family, end_other_families
from services.accounts.tokens.refresh import Presented
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid, NotFound

FIRST_PASSWORD_WITHIN: Final = timedelta(hours=1)
NOT_THIS_DEVICE: Final = "A first password takes the newest refresh token of this device."
TOO_LATE: Final = (
    "A first password is set within an hour of accepting an invitation: ask your clinic for one."
)


def get_me(actor: Actor, now: datetime) -> Profile:
    """Who the actor is, as the database has it now; the read is recorded."""
    with acting(actor, now) as session:
        audit.record_read(session, actor, "own_account_read", now)
        return load_profile(session, actor.user_id)


def change_password(
    actor: Actor, old: str | None, new: str, now: datetime, device: Presented | None = None
) -> None:
    """Set a new password and log every other device out.

    A patient who has none yet sets a first one with the refresh token of this `device`, within an
    hour of accepting an invitation: a stolen access token must not become a password, nor a stolen
    device that of every other. Raises `Invalid` unless `old` is the present password, also for a
    new one that is easy to guess, and `RateLimited` after several wrong ones.
    """
    present = select(User.password_hash).where(User.id == actor.user_id)
    with acting(actor, now) as session:
        kept = session.scalar(present)
        if kept is None and not _is_fresh(session, actor.family_id, now):
            raise Invalid({"old_password": [TOO_LATE]})
        if kept is None and not _is_of_this_device(session, actor, device):
            raise Invalid({"refresh_token": [NOT_THIS_DEVICE]})
    with one_tries("password", actor.user_id, now):
        if kept is not None and not matches(old or "", kept, Turn.STRANGER):
            raise Invalid({"old_password": ["Not your present password."]})
        password_hash = hash_new_password(actor.clinic_id, actor.user_id, new, "new_password")
        with acting(actor, now) as session:
            end_other_families(session, actor, "password_changed", now)
            if session.scalar(present) != kept:
                raise Invalid({"old_password": ["Changed meanwhile on another device."]})
            session.execute(
                update(User).where(User.id == actor.user_id).values(password_hash=password_hash)
            )
            audit.record(session, actor.user_id, "password_changed", now, object_id=actor.user_id)


def _is_fresh(session: Session, family_id: UUID, now: datetime) -> bool:
    started_at = select(TokenFamily.started_at).where(TokenFamily.id == family_id)
    return session.scalars(started_at).one() >= now - FIRST_PASSWORD_WITHIN


def _is_of_this_device(session: Session, actor: Actor, device: Presented | None) -> bool:
    """Is it the newest refresh token of the family that asks?"""
    if device is None or (device.user_id, device.family_id) != (actor.user_id, actor.family_id):
        return False
    newest = select(TokenPair.id).where(
        TokenPair.id == device.pair_id,
        TokenPair.family_id == actor.family_id,
        TokenPair.spent_at.is_(None),
        TokenPair.voided_at.is_(None),
    )
    return session.scalar(newest) is not None


@dataclass(frozen=True, slots=True)
class Device:
    """A family that is alive; `current` is the one that asks, `by_invitation`: it came with a code
    that staff handed out, and not by a log-in. `clock_skew_s`: how far its clock was behind ours
    (less than 0: ahead) when it last sent an entry and its own time. `kind`, `device`: where it
    was made, and with what.
    """

    id: UUID
    started_at: datetime
    last_used_at: datetime
    current: bool
    by_invitation: bool
    clock_skew_s: int | None = None
    kind: str = "phone"
    device: str | None = None


def log_out(actor: Actor, now: datetime) -> None:
    """End the family of this token."""
    with acting(actor, now) as session:
        end_family(session, actor.family_id, "logged_out", now)
        audit.record(session, actor.user_id, "logged_out", now, object_id=actor.family_id)


def list_devices(actor: Actor, now: datetime) -> list[Device]:
    """The account's living families, newest first; the read is recorded."""
    with acting(actor, now) as session:
        audit.record_read(session, actor, "devices_read", now)
        by_code = exists().where(Invitation.family_id == TokenFamily.id)
        rows = session.execute(
            select(TokenFamily, by_code)
            .where(TokenFamily.user_id == actor.user_id, TokenFamily.revoked_at.is_(None))
            .order_by(TokenFamily.started_at.desc(), TokenFamily.id.desc())
        ).all()
        skews = _skews(session, actor)
        return [
            Device(
                row.id,
                row.started_at,
                row.last_used_at,
                row.id == actor.family_id,
                invited,
                skews.get(row.id),
                row.kind,
                row.device,
            )
            for row, invited in rows
            if row.last_used_at + timedelta(seconds=row.lifetime_s) >= now
        ]


def _skews(session: Session, actor: Actor) -> dict[UUID, int]:
    """By family of a patient's: what its newest entry that came with a time of sending tells."""
    if actor.patient_id is None:
        return {}
    newest = (
        select(CheckIn.family_id, CheckIn.received_at, CheckIn.sent_at)
        .ext(distinct_on(CheckIn.family_id))
        .where(
            CheckIn.patient_id == actor.patient_id,
            CheckIn.sent_at.is_not(None),
            CheckIn.family_id.is_not(None),
        )
        .order_by(CheckIn.family_id, CheckIn.received_at.desc())
    )
    return {
        row.family_id: round((row.received_at - row.sent_at).total_seconds())
        for row in session.execute(newest)
    }


def end_device(actor: Actor, family_id: UUID, now: datetime) -> None:
    """End one of the account's own families; raises `NotFound` for any other."""
    with acting(actor, now) as session:
        own = select(TokenFamily.id).where(
            TokenFamily.id == family_id, TokenFamily.user_id == actor.user_id
        )
        if session.scalar(own) is None or not end_family(session, family_id, "ended", now):
            raise NotFound
        audit.record(session, actor.user_id, "device_ended", now, object_id=family_id)


def end_other_devices(actor: Actor, now: datetime) -> None:
    """End every log-in of the account but the one that asks."""
    with acting(actor, now) as session:
        end_other_families(session, actor, "ended", now)
        audit.record(session, actor.user_id, "other_devices_ended", now, object_id=actor.user_id)
