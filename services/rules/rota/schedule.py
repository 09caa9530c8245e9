"""Who is on call at an instant, and the shifts of a span: one schedule, told as it is and was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from services.rules.rota.rotation import Rotation

ROTATION, OVERRIDE = "rotation", "override"
# What an override says of its person: they take the span; they are away, and whoever follows them
# in the rotation takes it; they have left, and nobody takes it until somebody is named.
COVER, AWAY, LEFT = "cover", "away", "left"
KINDS: Final = (COVER, AWAY, LEFT)
_LOOKED_AHEAD: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Override:
    """A span (without its end) in which somebody covers, is away or has left; `to_at` None: no end.

    What is entered later wins over what was entered earlier: overrides stand in that order.
    """

    user_id: UUID
    from_at: datetime
    to_at: datetime | None
    kind: str = COVER

    def holds(self, at: datetime) -> bool:
        """Does it say something about this instant?"""
        return self.from_at <= at and (self.to_at is None or at < self.to_at)

    def touches(self, from_at: datetime, to_at: datetime) -> bool:
        """Does it say something about any instant of a span?"""
        return self.from_at < to_at and (self.to_at is None or self.to_at > from_at)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rotations in the order in which they came into force, and the overrides in the order in
    which they were entered.
    """

    rotations: tuple[Rotation, ...]
    overrides: tuple[Override, ...] = ()

    def rotation_at(self, at: datetime) -> Rotation | None:
        """The rotation in force; None before the first."""
        return next((each for each in reversed(self.rotations) if each.from_at <= at), None)

    def within(self, from_at: datetime, to_at: datetime) -> Schedule:
        """The same schedule, with no override that says nothing about the span."""
        kept = tuple(each for each in self.overrides if each.touches(from_at, to_at))
        return replace(self, overrides=kept)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call, and why: by the rotation's turn number, or by an override (`number`: of the
    cover in its order, or of the turn that an absence passed on).
    """

    user_id: UUID
    source: str
    number: int
    covers: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody is on call from an instant to (not including) another; nobody: a gap."""

    from_at: datetime
    to_at: datetime
    on_call: OnCall | None


def on_call_at(schedule: Schedule, at: datetime) -> OnCall | None:
    """Who is on call at an instant; None: nobody."""
    gone: dict[UUID, str] = {}
    for number in reversed(range(len(schedule.overrides))):
        override = schedule.overrides[number]
        if not override.holds(at) or override.user_id in gone:
            continue
        if override.kind == COVER:
            return OnCall(override.user_id, OVERRIDE, number, covers=True)
        gone[override.user_id] = override.kind
    rotation = schedule.rotation_at(at)
    return None if rotation is None else _by_rotation(rotation, at, gone)


def _by_rotation(rotation: Rotation, at: datetime, gone: dict[UUID, str]) -> OnCall | None:
    turn = rotation.turn_at(at)
    source = ROTATION
    for member in rotation.in_turn(turn):
        if member not in gone:
            return OnCall(member, source, turn)
        if gone[member] == LEFT and source == ROTATION:
            return None  # nobody has agreed to take it: a gap that is named, not filled in silence
        source = OVERRIDE
    return None


def spans(schedule: Schedule, from_at: datetime, to_at: datetime) -> list[Shift]:
    """The whole span as shifts and gaps, ascending, without overlap, cut at both ends."""
    found: list[Shift] = []
    edges = _edges(schedule, from_at, to_at)
    for start, end in pairwise(edges):
        on_call = on_call_at(schedule, start)
        if found and found[-1].on_call == on_call:
            found[-1] = replace(found[-1], to_at=end)
        else:
            found.append(Shift(start, end, on_call))
    return found


def shifts(schedule: Schedule, from_at: datetime, to_at: datetime) -> list[Shift]:
    """Who is on call within a span, ascending; what lies between two shifts is a gap."""
    return [each for each in spans(schedule, from_at, to_at) if each.on_call is not None]


def gaps(schedule: Schedule, from_at: datetime, to_at: datetime) -> list[Shift]:
    """When nobody is on call within a span, ascending."""
    return [each for each in spans(schedule, from_at, to_at) if each.on_call is None]


def now_and_next(schedule: Schedule, at: datetime) -> tuple[Shift | None, Shift | None]:
    """The shift that holds the instant and the one after it, whole; None where nobody is."""
    rotation = schedule.rotation_at(at)
    start, end = at, at + _LOOKED_AHEAD
    if rotation is not None:
        turn = rotation.turn_at(at)
        start = max(rotation.from_at, rotation.begins_at(turn))
        end = max(end, rotation.begins_at(turn + 3))
    for override in schedule.overrides:
        if override.kind == COVER and override.touches(at, end):
            start, end = min(start, override.from_at), max(end, override.to_at or end)
    found = [each for each in shifts(schedule.within(start, end), start, end) if each.to_at > at]
    now = found.pop(0) if found and found[0].from_at <= at else None
    return now, next(iter(found), None)


def _edges(schedule: Schedule, from_at: datetime, to_at: datetime) -> Sequence[datetime]:
    """The ends of the span, and every instant in it at which something may change."""
    if from_at >= to_at:
        return ()
    found = {from_at, to_at}
    for override in schedule.overrides:
        found |= {override.from_at, override.to_at or to_at}
    for rotation in schedule.rotations:
        found.add(rotation.from_at)
    found.update(_handovers(schedule, from_at, to_at))
    return sorted(each for each in found if from_at <= each <= to_at)


def _handovers(schedule: Schedule, from_at: datetime, to_at: datetime) -> Iterator[datetime]:
    for number, rotation in enumerate(schedule.rotations):
        later = schedule.rotations[number + 1 :]
        start = max(from_at, rotation.from_at)
        end = min(to_at, later[0].from_at) if later else to_at
        if start >= end or not rotation.members:
            continue
        turn = rotation.turn_at(start) + 1
        while (at := rotation.begins_at(turn)) < end:
            yield at
            turn += 1
