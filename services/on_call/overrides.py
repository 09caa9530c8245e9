"""Overrides of a schedule: somebody covers a span, is away, or has left the clinic."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from models import OnCallOverride, OnCallRotation, User
from models.base import new_id
from services import audit
from services.access import Action, Actor, Scope, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import ContentConflict, Forbidden, Invalid, NotFound
from services.on_call.shifts import FORESEEN, LATEST, gaps_of
from services.on_call.stored import get_live, live_schedules, lock_staff, names_of
from services.paging import Page, page_of_rows, page_query
from services.rules.rota.schedule import LEFT

LONGEST_OVERRIDE: Final = timedelta(days=366)


def add_override(
    actor: Actor,
    schedule_id: UUID,
    fields: Mapping[str, Any],
    now: datetime,
    override_id: UUID | None = None,
) -> dict[str, Any]:
    """Somebody covers a span, or is away; staff for themselves, administrators for everybody. What
    has passed stays as it was. The answer names the gaps that are left in the span.

    `override_id`: an id of a form's, which makes it once. Raises `Forbidden`, `NotFound`, `Invalid`
    for a span that cannot be or no active staff, and `ContentConflict` for an id of another one.
    """
    user_id: UUID = fields["user_id"]
    _check_is_own(actor, user_id)
    start, end = max(fields["from_at"], now), fields["to_at"]
    if not start < end <= LATEST:
        raise Invalid({"to_at": ["Must be after `from_at`, and after now."]})
    if end - start > LONGEST_OVERRIDE:
        raise Invalid({"to_at": ["At most 366 days after `from_at`."]})
    with acting(actor, now) as session:
        if not lock_staff(session, [user_id]):
            raise Invalid({"user_id": ["Not active staff of this clinic."]})
        schedule = get_live(session, schedule_id, lock=True)
        override = OnCallOverride(
            clinic_id=actor.clinic_id,
            id=override_id or new_id(),
            schedule_id=schedule_id,
            user_id=user_id,
            kind=fields["kind"],
            from_at=start,
            to_at=end,
            reason=fields.get("reason"),
            created_by=actor.user_id,
            created_at=now,
        )
        known = session.get(OnCallOverride, (actor.clinic_id, override.id))
        if known is not None and not _is_same(known, override, fields["from_at"]):
            raise ContentConflict
        if known is None:
            session.add(override)
            session.flush()
        left = gaps_of(session, actor.clinic_id, {schedule_id: schedule.name}, start, end)
        names = names_of(session, [user_id])
        action = "override_made" if known is None else audit.AGAIN
        audit.record(session, actor.user_id, action, now, object_id=override.id)
        return _shown(known or override, names) | {"gaps": left}


def _is_same(known: OnCallOverride, sent: OnCallOverride, from_at: datetime) -> bool:
    """Was this sent before? What had passed then was cut off its beginning."""
    return known.from_at == max(from_at, known.created_at) and all(
        getattr(known, name) == getattr(sent, name)
        for name in ("schedule_id", "user_id", "kind", "to_at", "reason")
    )


def whom_to_enter(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """For whom the actor may enter overrides, by name: administrators for all active staff, others
    for themselves. Raises `Forbidden`.
    """
    query = select(User.id, User.name).where(User.active, ~User.roles.contains(["patient"]))
    if Scope.CLINIC not in scopes(actor, Action.WRITE_OVERRIDES):
        query = query.where(User.id == actor.user_id)
    with acting(actor, now) as session:
        rows = session.execute(query.order_by(User.name, User.id))
        return [{"user_id": row.id, "name": row.name} for row in rows]


def list_overrides(
    actor: Actor, schedule_id: UUID, now: datetime, limit: int, cursor: str | None
) -> Page:
    """The overrides of a schedule, newest first, without those taken back before they began."""
    scopes(actor, Action.READ_CLINIC)
    table = OnCallOverride
    query = select(table).where(
        table.schedule_id == schedule_id, or_(table.to_at.is_(None), table.to_at > table.from_at)
    )
    query = page_query(query, table.created_at, table.id, limit, cursor)
    with acting(actor, now) as session:
        get_live(session, schedule_id)
        rows = session.scalars(query).all()
        page = page_of_rows(rows, limit, lambda row: (row.created_at, row.id))
        names = names_of(session, (row.user_id for row in page.rows))
        return page.rendered(lambda row: _shown(row, names))


def end_override(actor: Actor, schedule_id: UUID, override_id: UUID, now: datetime) -> None:
    """Take an override back from now on. Raises `Forbidden` for somebody else's, `NotFound`, and
    `Invalid` for one that is over: the past stays as it was.
    """
    scopes(actor, Action.WRITE_OVERRIDES)
    table = OnCallOverride
    with acting(actor, now) as session:
        get_live(session, schedule_id, lock=True)
        found = session.scalars(
            select(table).where(
                table.id == override_id, table.schedule_id == schedule_id, table.kind != LEFT
            )
        ).one_or_none()
        if found is None or found.to_at == found.from_at:
            raise NotFound
        _check_is_own(actor, found.user_id)
        if found.to_at is not None and found.to_at <= now:
            raise Invalid({"override_id": ["It is over, and what was is not written anew."]})
        found.to_at = max(now, found.from_at)
        session.flush()  # the head of the audit chain is locked last
        audit.record(session, actor.user_id, "override_ended", now, object_id=override_id)


def leave_duty(
    session: Session, actor: Actor, user_id: UUID, now: datetime
) -> list[dict[str, Any]]:
    """Somebody has left: from now on their turns are nobody's, until they are given to others.
    Their account is locked by the caller. The gaps that this opens in the next 28 days.
    """
    mine: dict[UUID, str] = {}
    for schedule_id, name in live_schedules(session, actor.clinic_id).items():
        get_live(session, schedule_id, lock=True)
        if _has_duty(session, schedule_id, user_id, now):
            mine[schedule_id] = name
    if not mine:
        return []
    end = now + FORESEEN
    before = gaps_of(session, actor.clinic_id, mine, now, end)
    session.execute(
        insert(OnCallOverride).values(
            [
                {
                    "clinic_id": actor.clinic_id,
                    "id": new_id(),
                    "schedule_id": schedule_id,
                    "user_id": user_id,
                    "kind": LEFT,
                    "from_at": now,
                    "created_by": actor.user_id,
                    "created_at": now,
                }
                for schedule_id in mine
            ]
        )
    )
    return [gap for gap in gaps_of(session, actor.clinic_id, mine, now, end) if gap not in before]


def come_back(session: Session, user_id: UUID, now: datetime) -> None:
    """Somebody who had left is back: their turns are theirs again from now on."""
    table = OnCallOverride
    session.execute(
        update(table)
        .where(table.user_id == user_id, table.kind == LEFT, table.to_at.is_(None))
        .values(to_at=now)
    )


def _has_duty(session: Session, schedule_id: UUID, user_id: UUID, now: datetime) -> bool:
    turns = select(OnCallRotation.id).where(
        OnCallRotation.schedule_id == schedule_id, OnCallRotation.members.contains([user_id])
    )
    covers = select(OnCallOverride.id).where(
        OnCallOverride.schedule_id == schedule_id,
        OnCallOverride.user_id == user_id,
        OnCallOverride.to_at > now,
    )
    return any(session.scalar(each.limit(1)) is not None for each in (turns, covers))


def _check_is_own(actor: Actor, user_id: UUID) -> None:
    reach = scopes(actor, Action.WRITE_OVERRIDES)
    if Scope.CLINIC not in reach and user_id != actor.user_id:
        raise Forbidden


def _shown(override: OnCallOverride, names: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "id": override.id,
        "schedule_id": override.schedule_id,
        "user_id": override.user_id,
        "name": names[override.user_id],
        "kind": override.kind,
        "from_at": override.from_at,
        "to_at": override.to_at,
        "reason": override.reason,
        "created_by": override.created_by,
        "created_at": override.created_at,
    }
