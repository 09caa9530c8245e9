"""Whose account is meant: an address may have one in each of several clinics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Clinic, User
from services.accounts.account import email_digest
from services.unit_of_work import transaction


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An active account that an address has."""

    clinic_id: UUID
    user_id: UUID


def candidates(email: str, clinic_id: UUID | None = None) -> list[FoundAccount]:
    """The active accounts of an address, through the door, the oldest first; of one clinic if it is
    named. None at all for an address that nobody has.
    """
    with transaction() as session:
        door = func.door_account(email_digest(email)).table_valued("clinic_id", "user_id")
        found = [FoundAccount(*row) for row in session.execute(select(door))]
    named = [one for one in found if clinic_id in (None, one.clinic_id)]
    return sorted(named, key=lambda one: one.user_id)


def kept_password(one: FoundAccount) -> str | None:
    """The hash of the account's password, if it has one."""
    with transaction(one.clinic_id) as session:
        return password_of(session, one.user_id)


def password_of(session: Session, user_id: UUID, *, lock: bool = False) -> str | None:
    """The same inside a transaction of its clinic; None also when it is not active any more."""
    query = select(User.password_hash).where(User.id == user_id, User.active)
    return session.scalar(query.with_for_update(key_share=True) if lock else query)


def clinics_of(found: Sequence[FoundAccount]) -> list[dict[str, Any]]:
    """Id and name of the clinics of these accounts, for whoever has to choose one of them."""
    return [{"id": one.clinic_id, "name": _clinic_name(one.clinic_id)} for one in found]


def _clinic_name(clinic_id: UUID) -> str:
    with transaction(clinic_id) as session:
        return session.scalars(select(Clinic.name)).one()
