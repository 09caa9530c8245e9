"""Who is on call: the shifts of a schedule, now and next, and when nobody is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid
from services.on_call.stored import get_live, live_schedules, load_schedules, names_of
from services.paging import Page, decode_cursor, page_of_rows
from services.rules.rota.schedule import Shift, gaps, now_and_next, shifts

FORESEEN: Final = timedelta(days=28)
LONGEST_SPAN: Final = timedelta(days=400)
# Time zones are known for these years, and no schedule is older or planned further.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
# What a schedule says of the days around an instant is enough for the shift that holds it.
AROUND: Final = timedelta(days=800)


def list_shifts(
    actor: Actor,
    schedule_id: UUID,
    now: datetime,
    from_at: datetime | None,
    to_at: datetime | None,
    limit: int,
    cursor: str | None,
) -> Page:
    """The shifts within a span (28 days from now when left out), ascending, cut at its ends.

    Raises `Forbidden`, `NotFound`, and `Invalid` for a span of over 400 days.
    """
    scopes(actor, Action.READ_CLINIC)
    start, end = checked_span(now, from_at, to_at)
    seen = decode_cursor(cursor, datetime)[0] if cursor else None
    with acting(actor, now) as session:
        get_live(session, schedule_id)
        known = load_schedules(session, actor.clinic_id, [schedule_id], start, end)[schedule_id]
        found = shifts(known, start, end)
        later = [each for each in found if seen is None or each.from_at > seen]
        page = page_of_rows(later, limit, lambda each: (each.from_at,))
        names = _names(session, page.rows)
        return page.rendered(lambda each: shown_shift(each, names))


def on_call_now(actor: Actor, now: datetime, at: datetime | None) -> dict[str, Any]:
    """For each schedule of the clinic who is on call at an instant, and who is next."""
    scopes(actor, Action.READ_CLINIC)
    moment = _within_reason(at or now, "at")
    with acting(actor, now) as session:
        schedules = live_schedules(session, actor.clinic_id)
        known = load_schedules(
            session, actor.clinic_id, list(schedules), moment - AROUND, moment + AROUND
        )
        both = {each: now_and_next(known[each], moment) for each in schedules}
        names = _names(session, [one for pair in both.values() for one in pair if one])
    return {
        "at": moment,
        "items": [
            {
                "schedule_id": each,
                "name": schedules[each],
                "now": current and shown_shift(current, names),
                "next": following and shown_shift(following, names),
            }
            for each, (current, following) in both.items()
        ],
        "next_cursor": None,
    }


def coverage(
    actor: Actor,
    now: datetime,
    from_at: datetime | None,
    to_at: datetime | None,
    limit: int,
    cursor: str | None,
) -> Page:
    """When nobody is on call within a span, for each schedule of the clinic, the earliest first."""
    scopes(actor, Action.READ_CLINIC)
    start, end = checked_span(now, from_at, to_at)
    seen = decode_cursor(cursor, datetime, UUID) if cursor else None
    with acting(actor, now) as session:
        schedules = live_schedules(session, actor.clinic_id)
        found = gaps_of(session, actor.clinic_id, schedules, start, end)
    later = [each for each in found if seen is None or _place_of_gap(each) > seen]
    return page_of_rows(later, limit, _place_of_gap).rendered(dict)


def gaps_of(
    session: Session, clinic_id: UUID, schedules: dict[UUID, str], start: datetime, end: datetime
) -> list[dict[str, Any]]:
    """When nobody is on call in these schedules, the earliest first."""
    known = load_schedules(session, clinic_id, list(schedules), start, end)
    found = [
        {"schedule_id": each, "name": name, "from_at": gap.from_at, "to_at": gap.to_at}
        for each, name in schedules.items()
        for gap in gaps(known[each], start, end)
    ]
    return sorted(found, key=_place_of_gap)


def shown_shift(shift: Shift, names: dict[UUID, str]) -> dict[str, Any]:
    """A shift of somebody."""
    if shift.on_call is None:
        raise AssertionError("a gap is no shift")
    return {
        "user_id": shift.on_call.user_id,
        "name": names[shift.on_call.user_id],
        "from_at": shift.from_at,
        "to_at": shift.to_at,
        "source": shift.on_call.source,
    }


def checked_span(
    now: datetime, from_at: datetime | None, to_at: datetime | None
) -> tuple[datetime, datetime]:
    """The span asked for, in UTC; raises `Invalid` when it is empty, too long or far away."""
    start = _within_reason(from_at or now, "from")
    end = _within_reason(to_at or start + FORESEEN, "to")
    if start >= end:
        raise Invalid({"to": ["Must be after `from`."]})
    if end - start > LONGEST_SPAN:
        raise Invalid({"to": ["At most 400 days after `from`."]})
    return start, end


def _within_reason(at: datetime, field: str) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise Invalid({field: ["Too far away."]})
    return at.astimezone(UTC)


def _names(session: Session, found: Sequence[Shift]) -> dict[UUID, str]:
    return names_of(session, (each.on_call.user_id for each in found if each.on_call))


def _place_of_gap(gap: dict[str, Any]) -> tuple[datetime, UUID]:
    return gap["from_at"], gap["schedule_id"]
