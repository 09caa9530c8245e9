"""Standing plans, looked at again: set with their conditions, and over when an answer ends them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.watch.answers import DOUBTS, UNKNOWN, RawAnswer, counted_item9, counted_level
from services.watch.reading import RawHistory

LONGEST: Final = timedelta(days=14)
CSSRS_AGE: Final = timedelta(hours=24)
MISSED_DAYS: Final = 2
# Whoever writes reads the clock first and then waits for the patient's lock.
SLACK: Final = timedelta(minutes=1)
MORNING: Final = timedelta(hours=4)


def plan_faults(plan: Any, history: RawHistory) -> Iterator[str]:
    """What is wrong with one plan, as words."""
    if not _is_sound(plan, history):
        yield "plan_invalid"
    over_at = min(_endings(plan, history), default=None)
    if over_at is not None and (plan.ended_at is None or plan.ended_at > over_at + SLACK):
        yield "plan_not_ended"


def spares(plan: Any, answer: RawAnswer, history: RawHistory) -> bool:
    """Whether a plan may spare this item 9 of 1 its page."""
    if answer.flags & DOUBTS or not _is_in_force(plan, answer.received_at):
        return False
    days = (
        one.mood_day
        for one in history.answers
        if one.item9 is not None and one.revision < answer.revision and one.time_is_believed
    )
    last = max([_set_on(plan), *days])
    return (answer.mood_day - last).days - 1 < MISSED_DAYS


def _is_in_force(plan: Any, at: datetime) -> bool:
    over = min(plan.until_at, plan.ended_at or plan.until_at)
    return bool(plan.set_at - SLACK <= at < over + SLACK and at < plan.until_at)


def _is_sound(plan: Any, history: RawHistory) -> bool:
    own = next((one for one in history.answers if one.id == plan.check_in_id), None)
    of_this = (plan.family, plan.alert_patient_id, plan.by)
    return (
        of_this == ("suicide_risk", plan.patient_id, plan.set_by)
        and plan.until_at <= plan.set_at + LONGEST
        and own is not None
        and own.reassures
        and own.level(history.behaviour_before(own)) < UNKNOWN
        and min(own.at, own.received_at) >= plan.set_at - CSSRS_AGE
        and max(own.at, own.received_at) <= plan.set_at + SLACK
        and all(
            _is_before(one, own) for one in history.occurrences if one.alert_id == plan.alert_id
        )
    )


def _is_before(occurrence: Any, own: RawAnswer) -> bool:
    if occurrence.entry_id == own.id:
        return bool(occurrence.rule == "S5")
    return bool(occurrence.at < own.at and occurrence.received_at < own.received_at)


def _endings(plan: Any, history: RawHistory) -> Iterator[datetime]:
    """When something came that ends it."""
    for answer in history.answers:
        earlier = history.earlier(answer)
        level = counted_level(answer, earlier, history.behaviour_before(answer))
        is_graver = counted_item9(answer, earlier) > 1 or level >= UNKNOWN
        if answer.received_at > plan.set_at and (is_graver or answer.leaves_item9_open):
            yield answer.received_at
    for row in (*history.help, *(body for body in history.bodies if body.counts)):
        if row.received_at > plan.set_at:
            yield row.received_at


def _set_on(plan: Any) -> date:
    """The patient's mood day of then: the latest, where they have lived in several zones."""
    names = {plan.timezone, *(zone.get("timezone") for zone in plan.former_zones)}
    return max(_day(plan.set_at, name) for name in names)


def _day(at: datetime, name: Any) -> date:
    try:
        zone: Any = ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError):  # a name that a phone made up
        zone = UTC
    return (at.astimezone(zone).replace(tzinfo=None) - MORNING).date()
