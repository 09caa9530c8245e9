"""Inviting somebody into the clinic, or a known patient's next device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Clinic, Patient, User
from models.people.account import ROLES
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.account import TAKEN, add_user, email_digest, free_address
from services.accounts.address_changes import is_kept_for_another
from services.accounts.invitation_codes import end_open_codes, issue_code
from services.accounts.tokens.families import has_had_a_device
from services.accounts.tokens.token_check import acting
from services.checks import check_email, known_timezone
from services.exceptions import Invalid
from services.patients.record import enrol
from services.patients.status.row import raise_revision
from services.patients.view import visible_patient
from services.rules.indications import INDICATIONS

USED: Final = "This account has been used: its owner changes the address."


@dataclass(frozen=True, slots=True)
class InvitationForm:
    """Who is invited as what; `patient` holds the contract's fields for a patient."""

    email: str
    name: str
    roles: Sequence[str]
    timezone: str | None = None
    patient: Mapping[str, Any] | None = None

    @property
    def is_for_patient(self) -> bool:
        """Is a patient invited, and not staff?"""
        return "patient" in self.roles


@dataclass(frozen=True, slots=True)
class Invited:
    """The code to hand over, whom it makes, and which indications no rule and no form knows."""

    code: str
    expires_at: datetime
    user_id: UUID
    patient_id: UUID | None = None
    unknown_indications: Sequence[str] | None = None


def invite(actor: Actor, form: InvitationForm, now: datetime) -> Invited:
    """A new account with a code; for a patient also their record, all or nothing.

    Staff who have never logged in are invited again under the same address: earlier codes end.
    Raises `Forbidden`, `AdultsOnly`, and `Invalid` for what cannot be.
    """
    scopes(actor, Action.INVITE_PATIENTS if form.is_for_patient else Action.INVITE_STAFF)
    check_form(form)
    with acting(actor, now) as session:
        again = None if form.is_for_patient else _waiting_staff(session, form)
        user_id = again or _new_user(session, actor, form, now)
        patient_id = None
        if form.is_for_patient:
            patient_id = _new_patient(session, actor, form, user_id, now)
        if again:
            end_open_codes(session, user_id, now)
        code, expires_at = issue_code(session, actor.clinic_id, user_id, actor.user_id, now)
        roles = sorted(form.roles)
        about = [user_id]
        audit.record(
            session, actor.user_id, "user_invited", now, patient_id, user_id, about, roles=roles
        )
    entered = (form.patient or {}).get("indications") or ()
    unknown = INDICATIONS.newest.unknown(entered) if form.is_for_patient else None
    return Invited(code, expires_at, user_id, patient_id, unknown)


def invite_device(
    actor: Actor,
    patient_id: UUID,
    now: datetime,
    *,
    email: str | None = None,
    end_old_devices: bool = False,
) -> Invited:
    """A code for another device of a known patient; on acceptance it may end the old ones.

    `email` makes the account of a patient who has none yet, and corrects the address of one that
    nobody has ever used; earlier codes then end. Raises `Forbidden`, `NotFound`, and `Invalid` when
    a new account has no address, or a taken one, or it is deactivated, or used.
    """
    scopes(actor, Action.INVITE_PATIENTS)
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.MANAGE_PATIENTS, patient_id, now)
        typed = check_email(email) if patient.user_id and email is not None else None
        user_id = patient.user_id or _account_for(session, patient, email, now)
        if not session.scalars(select(User.active).where(User.id == user_id)).one():
            raise Invalid({"patient_id": ["The account is deactivated: activate it first."]})
        detail: dict[str, Any] = {}
        if typed is not None and _correct_address(session, user_id, typed, now):
            detail = {"address_corrected": 1}
        if end_old_devices:
            end_open_codes(session, user_id, now)
        code, expires_at = issue_code(
            session, actor.clinic_id, user_id, actor.user_id, now, ends_old_devices=end_old_devices
        )
        about = [user_id]
        audit.record(
            session, actor.user_id, "device_invited", now, patient_id, user_id, about, **detail
        )
    return Invited(code, expires_at, user_id, patient_id)


def check_form(form: InvitationForm) -> None:
    """Raise `Invalid` for what no invitation can be, whoever sends it."""
    check_email(form.email)
    check_roles(form.roles)
    if form.patient is not None and not form.is_for_patient:
        raise Invalid({"patient": ["Only an invitation with the role patient has this."]})


def check_roles(roles: Sequence[str]) -> None:
    """Raise `Invalid` unless these are known roles, and `patient` stands alone."""
    if not roles or not set(roles) <= set(ROLES):
        raise Invalid({"roles": [f"One or more of {', '.join(ROLES)}."]})
    if "patient" in roles and len(set(roles)) > 1:
        raise Invalid({"roles": ["The role patient is not combined with another."]})


def _new_user(session: Session, actor: Actor, form: InvitationForm, now: datetime) -> UUID:
    zone = known_timezone(form.timezone) or _clinic_zone(session)
    return add_user(session, actor.clinic_id, form.email, form.name, form.roles, zone, now)


def _new_patient(
    session: Session, actor: Actor, form: InvitationForm, user_id: UUID, now: datetime
) -> UUID:
    try:
        fields = {"name": form.name, "timezone": form.timezone, **(form.patient or {})}
        return enrol(session, actor.clinic_id, fields, now, user_id=user_id)
    except Invalid as error:
        # The fields stand under `patient` in this body.
        under = {f"patient.{path}": messages for path, messages in error.errors.items()}
        raise type(error)(under) from None


def _account_for(session: Session, patient: Patient, email: str | None, now: datetime) -> UUID:
    # Two at once would make two accounts, of which one would belong to nobody.
    raise_revision(session, patient.id)
    session.refresh(patient)
    if patient.user_id is not None:
        return patient.user_id
    if email is None:
        raise Invalid({"email": ["This patient has no account yet: an address is needed."]})
    patient.user_id = add_user(
        session,
        patient.clinic_id,
        check_email(email),
        patient.name,
        ["patient"],
        patient.timezone,
        now,
    )
    return patient.user_id


def _correct_address(session: Session, user_id: UUID, email: str, now: datetime) -> bool:
    """Was the account made under another address? Then it has this one, if nobody has used it."""
    account, digest = select(User).where(User.id == user_id), email_digest(email)
    if session.scalars(account).one().email_digest == digest:
        return False
    end_open_codes(session, user_id, now)  # codes before accounts, as an acceptance locks them
    locked = account.with_for_update(key_share=True).execution_options(populate_existing=True)
    user = session.scalars(locked).one()
    if user.password_hash is not None or has_had_a_device(session, user_id):
        raise Invalid({"email": [USED]})
    if is_kept_for_another(session, digest, now):
        raise Invalid({"email": [TAKEN]})
    with free_address("email"):
        user.email, user.email_digest = email.strip(), digest
        session.flush()
    return True


def _clinic_zone(session: Session) -> str:
    return session.scalars(select(Clinic.timezone)).one()


def _waiting_staff(session: Session, form: InvitationForm) -> UUID | None:
    """An account of this clinic with this address and these roles that never logged in."""
    return session.scalar(
        select(User.id).where(
            User.email_digest == email_digest(form.email),
            User.roles == sorted(set(form.roles)),
            User.password_hash.is_(None),
            User.active,
        )
    )
