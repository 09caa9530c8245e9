"""Schedules: made, changed from an instant on, ended. What has been is never written anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models import Clinic, OnCallRotation, OnCallSchedule
from models.base import new_id
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import ContentConflict, Invalid
from services.on_call.policies import is_paged
from services.on_call.stored import (
    get_live,
    load_schedules,
    lock_staff,
    rotation_values,
    too_many,
)
from services.paging import Page, page_of_rows, page_query
from services.rules.escalation.staffing import DAYS
from services.rules.mood_days import find_zone
from services.rules.rota.rotation import Rotation, following, new_rotation
from services.rules.rota.schedule import Schedule
from services.seen import check_seen

# The longest turn of each kind, in its unit.
LONGEST: Final = {"daily": 90, "weekly": 26, "hours": 336}
PLANNED_AHEAD: Final = timedelta(days=366)
_HANDOVER: Final = re.compile(rf"(?:(?P<day>{'|'.join(DAYS)}) )?(?P<clock>\d\d:\d\d)")


def create_schedule(
    actor: Actor, fields: Mapping[str, Any], now: datetime, schedule_id: UUID | None = None
) -> dict[str, Any]:
    """A schedule whose first member is on call from `from_at` (now, when it is left out).

    `schedule_id`: of a form, which makes one. Raises `Forbidden`, `Invalid` for a zone, a hand-over
    or members that cannot be, and `ContentConflict` for a form that has made another one.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    rotation = _rotation(fields["rotation"], fields["timezone"], _start(fields, now, now))
    with acting(actor, now) as session:
        _check_members(session, rotation.members)
        if schedule_id is not None:
            session.execute(select(Clinic.id).with_for_update(key_share=True))
            made = session.get(OnCallSchedule, (actor.clinic_id, schedule_id))
            if made is not None:
                return _made_before(session, actor, made, rotation, fields["name"], now)
        if too_many(session):
            raise Invalid({"name": ["There are too many schedules."]})
        schedule = OnCallSchedule(
            clinic_id=actor.clinic_id,
            id=schedule_id or new_id(),
            name=fields["name"],
            created_at=now,
        )
        session.add(schedule)
        session.flush()
        _add_rotation(session, schedule, rotation, now)
        audit.record(session, actor.user_id, "schedule_made", now, object_id=schedule.id)
        return _shown(schedule, Schedule((rotation,)), now)


def _made_before(
    session: Session,
    actor: Actor,
    made: OnCallSchedule,
    rotation: Rotation,
    name: str,
    now: datetime,
) -> dict[str, Any]:
    known = _known(session, made, now)
    same = shown_rotation(known.rotations[0]) == shown_rotation(rotation)
    if made.name != name or not same:
        raise ContentConflict
    audit.record(session, actor.user_id, audit.AGAIN, now, object_id=made.id)
    return _shown(made, known, now)


def change_schedule(
    actor: Actor,
    schedule_id: UUID,
    changes: Mapping[str, Any],
    now: datetime,
    seen: str | None = None,
) -> dict[str, Any]:
    """Change the name, or the rotation from `from_at` on (now, when it is left out); what was
    planned from then on is replaced. Whoever is on call stays so if they still are a member.

    `seen`: the name of the schedule as somebody had it on the screen. Raises `Forbidden`,
    `NotFound`, `Invalid` as above, and `ChangedMeanwhile`.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    turns = changes.get("rotation", {})
    with acting(actor, now) as session:
        _check_members(session, turns.get("members", ()))
        schedule = get_live(session, schedule_id, lock=True)
        known = _known(session, schedule, now)
        if changes:
            check_seen(seen, _shown(schedule, known, now))
        schedule.name = changes.get("name", schedule.name)
        if turns or "timezone" in changes or "from_at" in changes:
            at = _start(changes, max(now, known.rotations[0].from_at), now)
            before = known.rotation_at(at) or known.rotations[0]
            terms = shown_rotation(before) | turns
            zone = changes.get("timezone", before.zone.key)
            rotation = following(before, _rotation(terms, zone, at))
            session.execute(
                delete(OnCallRotation).where(
                    OnCallRotation.schedule_id == schedule_id, OnCallRotation.from_at >= at
                )
            )
            _add_rotation(session, schedule, rotation, now)
            known = _known(session, schedule, now)
        session.flush()  # the head of the audit chain is locked last
        # Nothing is to be changed: a form that was sent twice, perhaps.
        action = "schedule_changed" if changes else audit.AGAIN
        names = sorted(changes)
        audit.record(session, actor.user_id, action, now, None, schedule_id, fields=names)
        return _shown(schedule, known, now)


def end_schedule(actor: Actor, schedule_id: UUID, now: datetime) -> None:
    """It is nobody's duty any more; what was, is kept. Raises `Forbidden`, `NotFound`, and
    `Invalid` while a policy pages it.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    with acting(actor, now) as session:
        schedule = get_live(session, schedule_id, lock=True)
        if is_paged(session, schedule_id):
            raise Invalid({"schedule_id": ["A policy pages it: change the policy first."]})
        schedule.ended_at = now
        session.flush()  # the head of the audit chain is locked last
        audit.record(session, actor.user_id, "schedule_ended", now, object_id=schedule_id)


def get_schedule(actor: Actor, schedule_id: UUID, now: datetime) -> dict[str, Any]:
    """One schedule; raises `Forbidden` and `NotFound`."""
    scopes(actor, Action.READ_CLINIC)
    with acting(actor, now) as session:
        schedule = get_live(session, schedule_id)
        return _shown(schedule, _known(session, schedule, now), now)


def list_schedules(actor: Actor, now: datetime, limit: int, cursor: str | None) -> Page:
    """The clinic's schedules, newest first."""
    scopes(actor, Action.READ_CLINIC)
    table = OnCallSchedule
    query = select(table).where(table.ended_at.is_(None))
    query = page_query(query, table.created_at, table.id, limit, cursor)
    with acting(actor, now) as session:
        rows = session.scalars(query).all()
        page = page_of_rows(rows, limit, lambda row: (row.created_at, row.id))
        ids = [row.id for row in page.rows]
        known = load_schedules(session, actor.clinic_id, ids, now)
        return page.rendered(lambda row: _shown(row, known[row.id], now))


def shown_rotation(rotation: Rotation) -> dict[str, Any]:
    """The rotation as the contract has it; the hand-over of weeks names its day."""
    clock = f"{rotation.handover:%H:%M}"
    if rotation.kind == "weekly":
        clock = f"{DAYS[rotation.anchor_on.weekday()]} {clock}"
    return {
        "kind": rotation.kind,
        "length": rotation.length,
        "handover": clock,
        "members": list(rotation.members),
    }


def _shown(schedule: OnCallSchedule, known: Schedule, now: datetime) -> dict[str, Any]:
    current = known.rotation_at(now) or known.rotations[0]
    planned = [each for each in known.rotations if each.from_at > current.from_at]
    return {
        "id": schedule.id,
        "name": schedule.name,
        **_in_force(current),
        "planned": [_in_force(each) for each in planned],
        "created_at": schedule.created_at,
    }


def _in_force(rotation: Rotation) -> dict[str, Any]:
    return {
        "timezone": rotation.zone.key,
        "rotation": shown_rotation(rotation),
        "from_at": rotation.from_at,
    }


def _known(session: Session, schedule: OnCallSchedule, now: datetime) -> Schedule:
    return load_schedules(session, schedule.clinic_id, [schedule.id], now)[schedule.id]


def _add_rotation(
    session: Session, schedule: OnCallSchedule, rotation: Rotation, now: datetime
) -> None:
    session.execute(
        insert(OnCallRotation).values(
            clinic_id=schedule.clinic_id,
            id=new_id(),
            schedule_id=schedule.id,
            created_at=now,
            **rotation_values(rotation),
        )
    )


def _start(fields: Mapping[str, Any], default: datetime, now: datetime) -> datetime:
    """From when it holds; what lies in the past counts from now."""
    start: datetime = max(fields.get("from_at") or default, now)
    if start > now + PLANNED_AHEAD:
        raise Invalid({"from_at": ["More than a year ahead."]})
    return start


def _rotation(terms: Mapping[str, Any], zone: str, at: datetime) -> Rotation:
    kind, length, members = terms["kind"], terms["length"], tuple(terms["members"])
    if length > LONGEST[kind]:
        raise Invalid({"rotation.length": [f"At most {LONGEST[kind]}."]})
    if len(set(members)) < len(members):
        raise Invalid({"rotation.members": ["Each person once."]})
    weekday, clock = _handover(terms["handover"], kind)
    return new_rotation(at, _zone(zone), kind, length, clock, members, weekday)


def _handover(text: str, kind: str) -> tuple[int, time]:
    found = _HANDOVER.fullmatch(text)
    try:
        if found is None or (found["day"] and kind != "weekly"):
            raise ValueError("not a hand-over of this kind")
        return DAYS.index(found["day"] or DAYS[0]), time.fromisoformat(found["clock"])
    except ValueError as error:
        words = "A time such as 08:00; for weeks with its day, such as mon 08:00."
        raise Invalid({"rotation.handover": [words]}) from error


def _zone(name: str) -> ZoneInfo:
    zone = find_zone(name)
    if not isinstance(zone, ZoneInfo):
        raise Invalid({"timezone": ["Not an IANA time zone that is known."]})
    return zone


def _check_members(session: Session, members: Any) -> None:
    if members and not lock_staff(session, members):
        raise Invalid({"rotation.members": ["Not all are active staff of this clinic."]})
