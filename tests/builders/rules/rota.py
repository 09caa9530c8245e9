"""Schedules with everything in them, and a walk minute by minute that says who is on call.

The walk knows nothing of instants of hand-overs: it looks at the wall clock each minute, remembers
the latest that it has shown, and counts the hand-overs that lie behind that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from services.rules.rota.rotation import Rotation, following, new_rotation
from services.rules.rota.schedule import Override, Schedule, on_call_at, spans

MINUTE = timedelta(minutes=1)
# Clocks that change by an hour, at midnight, by half an hour, in the other half of the year, never.
ZONES = (
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Europe/London",
    "Asia/Kolkata",
)
# All skipped or repeated somewhere, and one that never is.
HANDOVERS = (time(2, 30), time(0, 30), time(1, 30), time(2), time(8), time(2, 15))
PEOPLE = tuple(UUID(int=number) for number in range(1, 6))


def full_schedule(seed: int, zone: str, kind: str, from_at: datetime, days: int) -> Schedule:
    """A rotation that is changed twice, with covers, absences and one who leaves."""
    random = Random(f"{seed} {zone} {kind}")
    place = ZoneInfo(zone)

    def rotation(at: datetime) -> Rotation:
        length = random.randint(1, {"daily": 3, "weekly": 2, "hours": 50}[kind])
        members = tuple(random.sample(PEOPLE, random.randint(1, 4)))
        handover, weekday = random.choice(HANDOVERS), random.randrange(7)
        return new_rotation(at, place, kind, length, handover, members, weekday)

    def moment() -> datetime:
        return from_at + random.randrange(days * 24 * 60) * MINUTE

    rotations = [rotation(from_at + random.randrange(600) * MINUTE)]
    for at in sorted(moment() for _ in range(2)):
        if at > rotations[-1].from_at:
            rotations.append(following(rotations[-1], rotation(at)))
    overrides = []
    for _ in range(days // 8):
        at = moment()
        end = at + random.randrange(1, 4 * 24 * 60) * MINUTE
        overrides.append(Override(random.choice(PEOPLE), at, end, random.choice(("cover", "away"))))
    overrides.append(
        Override(random.choice(PEOPLE), from_at + days * timedelta(hours=20), None, "left")
    )
    return Schedule(tuple(rotations), tuple(overrides))


def minute_by_minute(
    schedule: Schedule, from_at: datetime, to_at: datetime
) -> Iterator[tuple[datetime, UUID | None]]:
    """Who is on call, by counting, each minute of a span."""
    walks = [_turns(each, from_at, to_at) for each in schedule.rotations]
    at = from_at
    for turns in zip(*walks, strict=True):
        begun = [n for n, each in enumerate(schedule.rotations) if each.from_at <= at]
        members: tuple[UUID, ...] = ()
        if begun:
            rotation, turn = schedule.rotations[begun[-1]], turns[begun[-1]]
            start = (turn + rotation.first) % len(rotation.members)
            members = rotation.members[start:] + rotation.members[:start]
        yield at, _person(schedule, members, at)
        at += MINUTE


def _turns(rotation: Rotation, from_at: datetime, to_at: datetime) -> Iterator[int]:
    """The number of the turn, each minute, from counting since the day before the anchor."""
    begin = datetime.combine(rotation.anchor_on, time(), UTC) - timedelta(days=2)
    begin += (from_at - begin) % MINUTE
    latest = datetime.min  # noqa: DTZ901 - what a wall clock shows has no zone
    passed, day = 0, datetime.combine(rotation.anchor_on, rotation.handover)
    hours_since: datetime | None = None
    at = min(begin, from_at)
    while at < to_at:
        latest = max(latest, at.astimezone(rotation.zone).replace(tzinfo=None))
        while latest >= day:
            passed, day = passed + 1, day + timedelta(days=1)
            hours_since = hours_since or at
        if at >= from_at:
            if rotation.kind == "hours":
                gone = at - (hours_since or to_at)
                yield gone // timedelta(hours=rotation.length)
            else:
                yield (passed - 1) // (rotation.length * (7 if rotation.kind == "weekly" else 1))
        at += MINUTE


def _person(schedule: Schedule, members: tuple[UUID, ...], at: datetime) -> UUID | None:
    """By what was entered last of each person; a cover beats all that was entered before it."""
    entered: dict[UUID, str] = {}
    cover: UUID | None = None
    for override in schedule.overrides:
        if override.from_at <= at and (override.to_at is None or at < override.to_at):
            entered.pop(override.user_id, None)
            entered[override.user_id] = override.kind
    for user_id, kind in entered.items():
        cover = user_id if kind == "cover" else cover
    if cover is not None:
        return cover
    for place, member in enumerate(members):
        if member not in entered:
            return member
        if entered[member] == "left" and place == 0:
            break
    return None


def disagreements(schedule: Schedule, from_at: datetime, to_at: datetime) -> list[str]:
    """The minutes of a span at which `on_call_at` or `spans` and the walk name somebody else."""
    found = []
    cut = iter(spans(schedule, from_at, to_at))
    span = next(cut)
    for at, person in minute_by_minute(schedule, from_at, to_at):
        while span.to_at <= at:
            span = next(cut)
        by_rule, by_span = on_call_at(schedule, at), span.on_call
        named = [each.user_id if each else None for each in (by_rule, by_span)]
        if named != [person, person]:
            found.append(f"{at.isoformat()}: {named} instead of {person}")
    return found
