"""Refresh families: one log-in of one device, and the pairs of tokens that descend from it.

Parts of use cases; nothing here opens a transaction or knows how a token is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from models import PushedDevice, TokenFamily, TokenPair, User
from models.base import new_id
from services import audit
from services.access import Actor
from services.accounts.account import Profile, load_profile

# From the last use (contract, "Accounts").
PATIENT_LIFETIME: Final = timedelta(days=400)
STAFF_LIFETIME: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one pair of tokens says; written down the same way each time it gives the same bytes."""

    actor: Actor
    issued_at: datetime
    lifetime: timedelta
    profile: Profile


@dataclass(frozen=True, slots=True)
class LoggedInBy:
    """Where a log-in is made, a row of `LOG_IN_KINDS`, and kind of browser and system in words."""

    kind: str = "phone"
    device: str | None = None


PHONE: Final = LoggedInBy()


def lifetime_of(roles: Sequence[str]) -> timedelta:
    """How long a family of these roles lives from its last use."""
    return PATIENT_LIFETIME if "patient" in roles else STAFF_LIFETIME


def start_family(session: Session, user_id: UUID, now: datetime, by: LoggedInBy = PHONE) -> Grant:
    """Log a device in: a new family with its first pair. The phone needs no invitation any more."""
    profile = load_profile(session, user_id)
    family_id = new_id()
    session.execute(
        insert(TokenFamily).values(
            clinic_id=profile.clinic_id,
            id=family_id,
            user_id=user_id,
            kind=by.kind,
            device=by.device,
            lifetime_s=int(lifetime_of(profile.roles).total_seconds()),
            started_at=now,
            last_used_at=now,
        )
    )
    session.execute(
        update(User).where(User.id == user_id, User.needs_invitation).values(needs_invitation=False)
    )
    return issue_pair(session, profile, family_id, now)


def issue_pair(session: Session, profile: Profile, family_id: UUID, now: datetime) -> Grant:
    """A new, unused pair of a family."""
    pair_id = new_id()
    session.execute(
        insert(TokenPair).values(
            clinic_id=profile.clinic_id, id=pair_id, family_id=family_id, issued_at=now
        )
    )
    return grant_of(profile, family_id, pair_id, now)


def grant_of(profile: Profile, family_id: UUID, pair_id: UUID, issued_at: datetime) -> Grant:
    """The grant of a pair that exists."""
    actor = Actor(
        user_id=profile.id,
        clinic_id=profile.clinic_id,
        roles=frozenset(profile.roles),
        epoch=profile.epoch,
        family_id=family_id,
        pair_id=pair_id,
        patient_id=profile.patient_id,
        must_enrol=profile.must_enrol,
    )
    return Grant(actor, issued_at, lifetime_of(profile.roles), profile)


def has_had_a_device(session: Session, user_id: UUID) -> bool:
    """Has anybody ever logged in to this account?"""
    families = select(TokenFamily.id).where(TokenFamily.user_id == user_id)
    return session.scalar(families.limit(1)) is not None


def end_families(
    session: Session, user_id: UUID, reason: str, now: datetime, but: UUID | None = None
) -> int:
    """End every family of an account, except one if it is named; returns how many ended."""
    families = [TokenFamily.user_id == user_id]
    if but is not None:
        families.append(TokenFamily.id != but)
    return len(_end(session, families, reason, now))


def end_other_families(session: Session, actor: Actor, reason: str, now: datetime) -> None:
    """End every family of the actor's account but their own, and hold up log-ins until the commit:
    also one that was let in meanwhile by what is being changed.
    """
    end_families(session, actor.user_id, reason, now, but=actor.family_id)
    # Families before accounts, as a refresh locks them; a log-in locks the account and adds one.
    account = select(User.id).where(User.id == actor.user_id)
    session.execute(account.with_for_update(key_share=True))
    end_families(session, actor.user_id, reason, now, but=actor.family_id)


def end_family(session: Session, family_id: UUID, reason: str, now: datetime) -> bool:
    """End one family; returns whether it was alive."""
    return bool(_end(session, [TokenFamily.id == family_id], reason, now))


def _end(
    session: Session, families: Sequence[ColumnElement[bool]], reason: str, now: datetime
) -> Sequence[UUID]:
    """End those that are alive; what they put where reminders go ends with them."""
    ended = session.scalars(
        update(TokenFamily)
        .where(*families, TokenFamily.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason=reason)
        .returning(TokenFamily.id)
    ).all()
    if ended:
        session.execute(delete(PushedDevice).where(PushedDevice.family_id.in_(ended)))
    return ended


def revoke_for_theft(session: Session, user_id: UUID, family_id: UUID, now: datetime) -> None:
    """A token that should no longer exist is in use: end the family; the caseload then says that
    the phone needs a new invitation.
    """
    if not end_family(session, family_id, "token_reuse", now):
        return
    session.execute(update(User).where(User.id == user_id).values(needs_invitation=True))
    audit.record(session, user_id, "token_reused", now, object_id=family_id)
