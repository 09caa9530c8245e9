"""One rotation: whose turn it is, and when the turn is handed over.

Daily and weekly turns are handed over at a time of the wall clock. On the night when the clocks
change, a hand-over at a time that is skipped happens at the instant the gap ends, and one at a time
that comes twice happens at the first. Turns of hours count elapsed hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

KINDS: Final = ("daily", "weekly", "hours")
WEEK: Final = 7
ONE_DAY: Final = timedelta(days=1)
ONE_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Rotation:
    """The members' turns from `from_at` on, one after the other, for ever.

    `kind` and `length`: a turn lasts so many days, weeks or hours. Turn 0 begins on `anchor_on` at
    `handover` (for weeks the day says the weekday), which may lie before `from_at`; it is the turn
    of member number `first`.
    """

    from_at: datetime
    zone: ZoneInfo
    kind: str
    length: int
    handover: time
    anchor_on: date
    members: tuple[UUID, ...]
    first: int = 0

    @property
    def days(self) -> int:
        """The days of a turn, 0 when it is counted in hours."""
        return {"daily": 1, "weekly": WEEK}.get(self.kind, 0) * self.length

    def begins_at(self, turn: int) -> datetime:
        """When a turn is handed over, in UTC."""
        if self.kind == "hours":
            anchor = handover_at(self.anchor_on, self.handover, self.zone)
            return anchor + turn * timedelta(hours=self.length)
        day = self.anchor_on + turn * timedelta(days=self.days)
        return handover_at(day, self.handover, self.zone)

    def turn_at(self, at: datetime) -> int:
        """The number of the turn that holds the instant; negative before the anchor."""
        if self.kind == "hours":
            return (at - self.begins_at(0)) // timedelta(hours=self.length)
        day = last_handover_on(at, self.handover, self.zone)
        return (day - self.anchor_on).days // self.days

    def in_turn(self, turn: int) -> Iterator[UUID]:
        """The members in the order in which they would take this turn: whose it is, who is next."""
        count = len(self.members)
        for place in range(count):
            yield self.members[(self.first + turn + place) % count]


def handover_at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which this day's hand-over happens: the first of two, the end of a
    gap.
    """
    local = datetime.combine(day, clock, zone)
    at = local.astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return at
    # Skipped: `fold` says which of the two offsets around the gap is used, so it ends in between.
    before, after = local.replace(fold=1).astimezone(UTC), at
    offset = after.astimezone(zone).utcoffset()
    while (seconds := (after - before) // ONE_SECOND) > 1:
        middle = before + seconds // 2 * ONE_SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def last_handover_on(at: datetime, clock: time, zone: ZoneInfo) -> date:
    """The day whose hand-over is the last one not after the instant."""
    day = at.astimezone(zone).date() + ONE_DAY
    while handover_at(day, clock, zone) > at:
        day -= ONE_DAY
    return day


def new_rotation(
    from_at: datetime,
    zone: ZoneInfo,
    kind: str,
    length: int,
    handover: time,
    members: tuple[UUID, ...],
    weekday: int = 0,
) -> Rotation:
    """A rotation whose first member is on call at `from_at`, in the turn that the last hand-over
    before it began. `weekday`: 0 is Monday; for weeks only.
    """
    anchor_on = last_handover_on(from_at, handover, zone)
    if kind == "weekly":
        anchor_on -= timedelta(days=(anchor_on.weekday() - weekday) % WEEK)
    return Rotation(from_at, zone, kind, length, handover, anchor_on, members)


def following(before: Rotation, new: Rotation) -> Rotation:
    """The new rotation after the one before it: the turns stay as they are when only the members
    change, and whoever is on call stays so if they are still one of them; else it begins with
    whoever would have been next.
    """
    same = ("zone", "kind", "length", "handover")
    keeps = all(getattr(before, name) == getattr(new, name) for name in same)
    if keeps and (before.kind != "weekly" or before.anchor_on.weekday() == new.anchor_on.weekday()):
        new = replace(new, anchor_on=before.anchor_on)
    order = before.in_turn(before.turn_at(new.from_at)) if before.members else iter(())
    goes_on = next((one for one in order if one in new.members), None)
    if goes_on is None:
        goes_on = next(iter(new.members), None)
    if goes_on is None:
        return new
    place = new.members.index(goes_on) - new.turn_at(new.from_at)
    return replace(new, first=place % len(new.members))
