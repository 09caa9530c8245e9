"""By which ways a person is paged, best first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import ContactMethod, Notification, User

EMAIL: Final = "email"
# A person's methods as they put them; those that they have not placed follow, as they were added.
IN_ORDER: Final = (ContactMethod.position.nulls_last(), ContactMethod.id)


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach a person: a method of theirs, or (None) the mail address of the account."""

    channel: str
    method_id: UUID | None = None


ACCOUNT: Final = Address(EMAIL)


def addresses_of(session: Session, clinic_id: UUID, user_id: UUID) -> tuple[Address, ...]:
    """Every way to reach one person, best first; none when the account is switched off."""
    return addresses_of_each(session, clinic_id, [user_id]).get(user_id, ())


def addresses_of_each(
    session: Session, clinic_id: UUID, user_ids: Collection[UUID]
) -> dict[UUID, tuple[Address, ...]]:
    """The same of several, without those whose account is switched off.

    Verified methods in their order, then the account's own mail address, which is all that
    somebody without methods has, then what has refused for good: it may have been mended.
    """
    rows = session.execute(
        select(User.id, ContactMethod.id, ContactMethod.kind, ContactMethod.failing_since)
        .outerjoin(
            ContactMethod,
            (ContactMethod.clinic_id == User.clinic_id)
            & (ContactMethod.user_id == User.id)
            & ContactMethod.active
            & ContactMethod.verified_at.is_not(None),
        )
        .where(User.clinic_id == clinic_id, User.id.in_(user_ids), User.active)
        .order_by(User.id, *IN_ORDER)
    )
    works: dict[UUID, list[Address]] = {}
    fails: dict[UUID, list[Address]] = {}
    user_id: UUID
    for user_id, method_id, kind, failing_since in rows:
        works.setdefault(user_id, [])
        if method_id is not None:
            group = works if failing_since is None else fails
            group.setdefault(user_id, []).append(Address(kind, method_id))
    return {
        user_id: (*methods, ACCOUNT, *fails.get(user_id, ())) for user_id, methods in works.items()
    }


def unreachable(session: Session, clinic_id: UUID, user_ids: Collection[UUID]) -> frozenset[UUID]:
    """Of these people, those whose account is switched off, and those who have no method that works
    and whose account's address refused the last thing sent to it for good.
    """
    ways = addresses_of_each(session, clinic_id, user_ids)
    by_mail_only = {user_id for user_id, found in ways.items() if found[0] == ACCOUNT}
    note = Notification
    newest = (
        select(note.user_id, note.state)
        .ext(distinct_on(note.user_id))
        .where(
            note.clinic_id == clinic_id,
            note.user_id.in_(by_mail_only),
            note.method_id.is_(None),
            note.state.in_(("sent", "delivered", "failed_permanently")),
        )
        .order_by(note.user_id, note.created_at.desc(), note.id.desc())
    )
    refused = {row.user_id for row in session.execute(newest) if row.state == "failed_permanently"}
    return frozenset((set(user_ids) - ways.keys()) | refused)
