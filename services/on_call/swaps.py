"""Two turns of one schedule change hands, both or none: each of the two covers the other's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models import OnCallOverride
from models.base import new_id
from services import audit
from services.access import Action, Actor, Scope, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import ChangedMeanwhile, Forbidden, Invalid
from services.on_call.shifts import gaps_of
from services.on_call.stored import get_live, load_schedules, lock_staff
from services.rules.rota.schedule import COVER, Schedule, spans


@dataclass(frozen=True, slots=True)
class DutyTurn:
    """Who is on call from an instant to (not including) another, as somebody saw it."""

    user_id: UUID
    from_at: datetime
    to_at: datetime


def swap_turns(
    actor: Actor,
    schedule_id: UUID,
    turns: tuple[DutyTurn, DutyTurn],
    now: datetime,
    swap_id: UUID | None = None,
) -> list[dict[str, Any]]:
    """Each of the two has the other's turn. The gaps that are left in them.

    For administrators alone: nobody else puts a turn on somebody. Of a turn that has begun, what is
    left is swapped. `swap_id`: of a form, which swaps once. Raises `Forbidden`, `NotFound`,
    `Invalid` for turns that cannot be swapped, and `ChangedMeanwhile` when they are not theirs any
    more.
    """
    if Scope.CLINIC not in scopes(actor, Action.WRITE_OVERRIDES):
        raise Forbidden
    first, second = turns
    if first.user_id == second.user_id:
        raise Invalid({"second": ["Choose a turn of somebody else."]})
    if min(first.to_at, second.to_at) <= now:
        raise Invalid({"first": ["A turn that is over stays as it was."]})
    with acting(actor, now) as session:
        if not lock_staff(session, [first.user_id, second.user_id]):
            raise Invalid({"second": ["Not both are active staff of this clinic."]})
        schedule = get_live(session, schedule_id, lock=True)
        start, end = max(now, min(one.from_at for one in turns)), max(one.to_at for one in turns)
        if swap_id and session.get(OnCallOverride, (actor.clinic_id, swap_id)):
            audit.record(session, actor.user_id, audit.AGAIN, now, object_id=swap_id)
        else:
            known = load_schedules(session, actor.clinic_id, [schedule_id], start, end)
            for turn in turns:
                _check_is_theirs(known[schedule_id], turn, now)
            _cover(session, actor, schedule_id, first.user_id, second, now, swap_id or new_id())
            _cover(session, actor, schedule_id, second.user_id, first, now, new_id())
        return gaps_of(session, actor.clinic_id, {schedule_id: schedule.name}, start, end)


def _check_is_theirs(known: Schedule, turn: DutyTurn, now: datetime) -> None:
    found = spans(known, max(now, turn.from_at), turn.to_at)
    if not found or any(
        each.on_call is None or each.on_call.user_id != turn.user_id for each in found
    ):
        raise ChangedMeanwhile


def _cover(
    session: Session,
    actor: Actor,
    schedule_id: UUID,
    user_id: UUID,
    turn: DutyTurn,
    now: datetime,
    override_id: UUID,
) -> None:
    session.add(
        OnCallOverride(
            clinic_id=actor.clinic_id,
            id=override_id,
            schedule_id=schedule_id,
            user_id=user_id,
            kind=COVER,
            from_at=max(turn.from_at, now),
            to_at=turn.to_at,
            reason="swapped",
            created_by=actor.user_id,
            created_at=now,
        )
    )
    session.flush()
    audit.record(session, actor.user_id, "override_made", now, object_id=override_id)
