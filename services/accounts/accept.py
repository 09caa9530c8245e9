"""Accepting an invitation: a code becomes a log-in once, and again after a lost answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models import Invitation, Patient, TokenFamily, TokenPair, User
from models.encryption import keyring
from services import audit
from services.accounts.account import load_profile
from services.accounts.guesses.delays import guesses_codes
from services.accounts.invitation_codes import code_digest
from services.accounts.letters import DEVICE, tell_of
from services.accounts.new_passwords import hash_new_password
from services.accounts.passwords import Turn, matches
from services.accounts.tokens.families import (
    PHONE,
    Grant,
    LoggedInBy,
    end_families,
    has_had_a_device,
    issue_pair,
    start_family,
)
from services.checks import known_timezone
from services.exceptions import Invalid, InvitationInvalid
from services.patients.recount import move_account_to_zone
from services.unit_of_work import transaction

AGAIN_WITHIN: Final = timedelta(hours=1)
NOWHERE: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What somebody who accepts sends; staff need a password, a patient may leave it out."""

    code: str
    password: str | None = None
    timezone: str | None = None
    device_id: str | None = None
    by: LoggedInBy = PHONE

    @property
    def device_digest(self) -> bytes | None:
        """Device, and whether a password was set: what must be the same for a second answer."""
        if not self.device_id:
            return None
        with_password = "with" if self.password else "without"
        return keyring.digest(f"{with_password} {self.device_id}".encode(), "invitations.device")


@dataclass(frozen=True, slots=True)
class FoundInvitation:
    """An invitation and its account, as they stand."""

    clinic_id: UUID
    id: UUID
    user_id: UUID
    roles: list[str]
    password_hash: str | None
    expires_at: datetime
    ends_old_devices: bool
    accepted_at: datetime | None
    device_digest: bytes | None
    family_id: UUID | None


def accept(acceptance: Acceptance, address: str | None, now: datetime) -> Grant:
    """Take over the account: a new family for this device.

    Raises `InvitationInvalid` alike for unknown, spent and expired codes, `Invalid` for staff
    without a password, `RateLimited` after too many wrong ones.
    """
    with guesses_codes(address, now):
        clinic_id, invitation_id = _find(acceptance.code)
        with transaction(clinic_id) as session:
            before = _load(session, invitation_id)
        # argon2 takes its time: no row is locked meanwhile.
        password_hash = _new_hash(clinic_id, acceptance, before, now)
        with transaction(clinic_id) as session:
            found = _load(session, invitation_id, lock=True)
            if found is None or found != before:
                raise InvitationInvalid
            if found.accepted_at is None:
                return _first_time(session, found, acceptance, password_hash, now)
            return _again(session, found, now)


def _new_hash(
    clinic_id: UUID, acceptance: Acceptance, found: FoundInvitation | None, now: datetime
) -> str | None:
    """Check everything that can be checked without a lock; the hash of a new password."""
    if found is None:
        raise InvitationInvalid
    if found.accepted_at is None:
        if found.expires_at <= now:
            raise InvitationInvalid
        return _first_hash(clinic_id, acceptance, found)
    if acceptance.device_digest is None or acceptance.device_digest != found.device_digest:
        raise InvitationInvalid
    if found.accepted_at + AGAIN_WITHIN < now:
        raise InvitationInvalid
    if acceptance.password and not matches(acceptance.password, found.password_hash, Turn.STRANGER):
        raise InvitationInvalid
    return None


def _first_hash(clinic_id: UUID, acceptance: Acceptance, found: FoundInvitation) -> str | None:
    if acceptance.password is None:
        if "patient" not in found.roles:
            raise Invalid({"password": ["Staff need a password."]})
        return None
    if found.password_hash is None:
        return hash_new_password(clinic_id, found.user_id, acceptance.password, "password")
    # Whoever hands out a code must not put a password of their own in its place.
    if not matches(acceptance.password, found.password_hash, Turn.STRANGER):
        raise InvitationInvalid
    return None


def _first_time(
    session: Session,
    found: FoundInvitation,
    acceptance: Acceptance,
    password_hash: str | None,
    now: datetime,
) -> Grant:
    if found.ends_old_devices:
        end_families(session, found.user_id, "new_device", now)
    # An unknown name leaves the zone of the invitation, or the clinic's.
    zone = known_timezone(acceptance.timezone)
    changes = {"password_hash": password_hash, "timezone": zone}
    if given := {name: value for name, value in changes.items() if value is not None}:
        session.execute(update(User).where(User.id == found.user_id).values(**given))
    session.execute(
        update(Patient)
        .where(Patient.clinic_id == found.clinic_id, Patient.user_id == found.user_id)
        .values(accepted_at=func.coalesce(Patient.accepted_at, now))
    )
    if zone is not None:
        move_account_to_zone(session, found.clinic_id, found.user_id, zone, now)
    further = has_had_a_device(session, found.user_id)
    grant = start_family(session, found.user_id, now, acceptance.by)
    if further:
        tell_of(session, grant.profile.clinic_id, found.user_id, DEVICE, now)
    session.execute(
        update(Invitation)
        .where(Invitation.id == found.id)
        .values(
            accepted_at=now, device_digest=acceptance.device_digest, family_id=grant.actor.family_id
        )
    )
    patient_id = grant.profile.patient_id
    detail: dict[str, Any] = {"further_device": 1} if further else {}
    audit.record(session, found.user_id, "invitation_accepted", now, patient_id, found.id, **detail)
    return grant


def _again(session: Session, found: FoundInvitation, now: datetime) -> Grant:
    """Answer the same device once more: the pair that got lost is void."""
    family_id = session.scalar(
        select(TokenFamily.id)
        .where(TokenFamily.id == found.family_id, TokenFamily.revoked_at.is_(None))
        .with_for_update()
    )
    pairs = select(TokenPair).where(TokenPair.family_id == found.family_id)
    used = session.scalars(pairs.where(TokenPair.used_at.is_not(None))).first()
    if family_id is None or used is not None:
        raise InvitationInvalid
    session.execute(
        update(TokenPair)
        .where(TokenPair.family_id == family_id, TokenPair.voided_at.is_(None))
        .values(voided_at=now)
    )
    profile = load_profile(session, found.user_id)
    event = "invitation_answered_again"
    audit.record(session, found.user_id, event, now, profile.patient_id, found.id)
    return issue_pair(session, profile, family_id, now)


def _find(code: str) -> tuple[UUID, UUID]:
    with transaction() as session:
        door = func.door_invitation(code_digest(code)).table_valued("clinic_id", "invitation_id")
        row = session.execute(select(door)).one_or_none()
    return (row.clinic_id, row.invitation_id) if row else (NOWHERE, NOWHERE)


def _load(session: Session, invitation_id: UUID, *, lock: bool = False) -> FoundInvitation | None:
    """The invitation of an active account."""
    query = (
        select(
            Invitation.clinic_id,
            Invitation.id,
            Invitation.user_id,
            User.roles,
            User.password_hash,
            Invitation.expires_at,
            Invitation.ends_old_devices,
            Invitation.accepted_at,
            Invitation.device_digest,
            Invitation.family_id,
        )
        .join(User, User.id == Invitation.user_id)
        .where(Invitation.id == invitation_id, User.active)
    )
    if lock:
        query = query.with_for_update(of=[Invitation, User], key_share=True)
    row = session.execute(query).one_or_none()
    return FoundInvitation(**row._mapping) if row else None
