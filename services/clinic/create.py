"""Clinics: making one, and inviting an administrator, again or anew."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from models import Clinic, User
from models.base import new_id
from services import audit
from services.accounts.account import add_user, email_digest
from services.accounts.invitation_codes import end_open_codes, issue_code
from services.checks import check_country, check_email, check_timezone
from services.clinic.contacts import add_last_resort
from services.exceptions import NotFound
from services.rules.escalation.states import DEFAULT_LADDERS
from services.unit_of_work import transaction


@dataclass(frozen=True, slots=True)
class NewClinic:
    """A clinic, its first administrator, and the code with which the account is taken over."""

    clinic_id: UUID
    admin_id: UUID
    invitation_code: str


def create_clinic(
    name: str, timezone: str, country: str, admin_email: str, now: datetime, *, tried: bool = True
) -> NewClinic:
    """A clinic with its administrator, who is the last resort of its alerts from now on, `tried` as
    every contact of the chain.

    Raises `Invalid` for an unknown zone or country, or an address that another account has.
    """
    timezone = check_timezone(timezone)
    check_country(country)
    check_email(admin_email)
    clinic_id = new_id()
    with transaction(clinic_id) as session:
        session.execute(
            insert(Clinic).values(
                id=clinic_id,
                name=name,
                timezone=timezone,
                country=country,
                ladder={tier: asdict(pace) for tier, pace in DEFAULT_LADDERS.items()},
                created_at=now,
            )
        )
        admin_id = add_user(
            session, clinic_id, admin_email, "Administrator", ["admin"], timezone, now
        )
        add_last_resort(session, clinic_id, admin_id, admin_email, now, tried=tried)
        code, _ = issue_code(session, clinic_id, admin_id, None, now)
        audit.record(session, None, "clinic_created", now, object_id=clinic_id)
    return NewClinic(clinic_id, admin_id, code)


def invite_administrator(clinic_id: UUID, email: str, now: datetime) -> str:
    """A code for one more administrator of a clinic, who can invite all others anew.

    For the operator, when nobody of the clinic can log in any more, as after a lost key. Raises
    `NotFound` for an unknown clinic, `Invalid` for an address that has an account in it.
    """
    check_email(email)
    with transaction(clinic_id) as session:
        timezone = session.scalar(select(Clinic.timezone).where(Clinic.id == clinic_id))
        if timezone is None:
            raise NotFound("There is no such clinic.")
        user_id = add_user(session, clinic_id, email, "Administrator", ["admin"], timezone, now)
        code, _ = issue_code(session, clinic_id, user_id, None, now)
        audit.record(session, None, "user_invited", now, object_id=user_id, roles=["admin"])
    return code


def invite_again(clinic_id: UUID, email: str, now: datetime) -> str:
    """A new code for somebody of this clinic who has never logged in; earlier codes end.

    For the operator, when the first administrator's code has expired. Raises `NotFound`.
    """
    with transaction(clinic_id) as session:
        user_id = session.scalar(
            select(User.id).where(
                User.email_digest == email_digest(email), User.password_hash.is_(None), User.active
            )
        )
        if user_id is None:
            raise NotFound("Nobody of this clinic is still waiting under this address.")
        end_open_codes(session, user_id, now)
        code, _ = issue_code(session, clinic_id, user_id, None, now)
        audit.record(session, None, "user_invited", now, object_id=user_id)
    return code
