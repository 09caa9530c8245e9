"""Stored schedules as the pure rules read them, and the names of people."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models import OnCallOverride, OnCallRotation, OnCallSchedule, User
from services.exceptions import NotFound
from services.rules.rota.rotation import Rotation
from services.rules.rota.schedule import Override, Schedule

MAX_SCHEDULES: Final = 50


def live_schedules(session: Session, clinic_id: UUID) -> dict[UUID, str]:
    """The clinic's schedules by id, with their names, in the order in which they were made."""
    rows = session.execute(
        select(OnCallSchedule.id, OnCallSchedule.name)
        .where(OnCallSchedule.clinic_id == clinic_id, OnCallSchedule.ended_at.is_(None))
        .order_by(OnCallSchedule.created_at, OnCallSchedule.id)
    )
    return {row.id: row.name for row in rows}


def get_live(session: Session, schedule_id: UUID, *, lock: bool = False) -> OnCallSchedule:
    """One schedule that has not ended; raises `NotFound`.

    Its row is the lock of its rotations and overrides; whoever locks accounts too, does so before.
    """
    query = select(OnCallSchedule).where(
        OnCallSchedule.id == schedule_id, OnCallSchedule.ended_at.is_(None)
    )
    found = session.scalars(query.with_for_update(key_share=True) if lock else query).one_or_none()
    if found is None:
        raise NotFound
    return found


def load_schedules(
    session: Session,
    clinic_id: UUID,
    schedule_ids: Collection[UUID],
    from_at: datetime,
    to_at: datetime | None = None,
) -> dict[UUID, Schedule]:
    """What is known of these schedules in a span (without a `to_at`: at that instant)."""
    rotations: dict[UUID, list[Rotation]] = {each: [] for each in schedule_ids}
    for row in session.scalars(
        select(OnCallRotation)
        .where(OnCallRotation.clinic_id == clinic_id, OnCallRotation.schedule_id.in_(schedule_ids))
        .order_by(OnCallRotation.from_at)
    ):
        rotations[row.schedule_id].append(rotation_of(row))
    overrides: dict[UUID, list[Override]] = {each: [] for each in schedule_ids}
    one = OnCallOverride
    for each in session.execute(
        select(one.schedule_id, one.user_id, one.from_at, one.to_at, one.kind)
        .where(
            one.clinic_id == clinic_id,
            one.schedule_id.in_(schedule_ids),
            one.from_at < to_at if to_at else one.from_at <= from_at,
            or_(one.to_at.is_(None), one.to_at > from_at),
            or_(one.to_at.is_(None), one.to_at > one.from_at),
        )
        .order_by(one.created_at, one.id)
    ):
        overrides[each.schedule_id].append(
            Override(each.user_id, each.from_at, each.to_at, each.kind)
        )
    return {each: Schedule(tuple(rotations[each]), tuple(overrides[each])) for each in schedule_ids}


def rotation_of(row: OnCallRotation) -> Rotation:
    """A stored rotation."""
    return Rotation(
        row.from_at,
        ZoneInfo(row.timezone),
        row.kind,
        row.length,
        row.handover,
        row.anchor_on,
        tuple(row.members),
        row.first,
    )


def rotation_values(rotation: Rotation) -> dict[str, Any]:
    """The columns of a rotation."""
    return {
        "from_at": rotation.from_at,
        "timezone": rotation.zone.key,
        "kind": rotation.kind,
        "length": rotation.length,
        "handover": rotation.handover,
        "anchor_on": rotation.anchor_on,
        "members": list(rotation.members),
        "first": rotation.first,
    }


def names_of(session: Session, user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of these people."""
    query = select(User.id, User.name).where(User.id.in_(set(user_ids)))
    return {row.id: row.name for row in session.execute(query)}


def lock_staff(session: Session, user_ids: Collection[UUID]) -> bool:
    """Are all of them active staff? They stay so until the end of the transaction."""
    found = session.scalars(
        select(User.id)
        .where(User.id.in_(user_ids), User.active, ~User.roles.contains(["patient"]))
        .order_by(User.id)
        .with_for_update(read=True)
    ).all()
    return len(found) == len(set(user_ids))


def too_many(session: Session) -> bool:
    """Does the clinic have as many schedules as one page of who is on call shows?"""
    count = select(func.count()).where(OnCallSchedule.ended_at.is_(None))
    return (session.scalar(count.select_from(OnCallSchedule)) or 0) >= MAX_SCHEDULES
