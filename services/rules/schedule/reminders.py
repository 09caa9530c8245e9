"""When a patient is reminded of what is due: a plan on their wall clock that leaves their quiet
hours alone.

It is worked out anew from what is due, so a session, a move to another zone and an answer change it
by themselves. What was reminded of is known by its key, which a move does not change.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Annotated, Final

from services.rules.mood_days import DaySpan, mood_day_at, to_utc
from services.rules.numbers import DATA, Between, read
from services.rules.schedule.case import DueItem

_TO_COME: Final = frozenset({"upcoming", "due"})
MOST_TIMES: Final = 2
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReminderNumbers:
    """Hours of the wall clock."""

    version: str
    first_hour: Annotated[int, Between(0, 23)]
    again_after_hours: Annotated[int, Between(1, 23)]
    quiet_from: str
    quiet_to: str

    @property
    def quiet(self) -> QuietHours:
        """For whoever set none."""
        return QuietHours.between(self.quiet_from, self.quiet_to)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Wall-clock times from `begins` to just before `ends`, over midnight where that is earlier;
    none when both are equal.
    """

    begins: time
    ends: time

    @classmethod
    def between(cls, begins: str, ends: str) -> QuietHours:
        """Of times such as `21:30`; raises `ValueError`."""
        return cls(time.fromisoformat(begins), time.fromisoformat(ends))

    def hold(self, instant: datetime, zone: tzinfo) -> bool:
        """Are these hours quiet?"""
        clock = instant.astimezone(zone).time()
        if self.begins <= self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends

    def after(self, instant: datetime, zone: tzinfo) -> datetime:
        """The instant, or when the quiet hours end that hold then. Clocks may turn back into them:
        then it is the end of these.
        """
        while self.hold(instant, zone):
            instant = next_time(self.ends, instant, zone)
        return instant

    def next(self, instant: datetime, zone: tzinfo) -> datetime | None:
        """When quiet hours begin next; None when there are none."""
        if self.begins == self.ends:
            return None
        return next_time(self.begins, instant, zone)


def next_time(clock: time, after: datetime, zone: tzinfo) -> datetime:
    """The first instant (UTC) after another at which a clock in the zone shows this time; where the
    clocks skip it, the end of the gap.
    """
    day = after.astimezone(zone).date() - _ONE_DAY
    while True:
        for fold in (0, 1):
            found = to_utc(datetime.combine(day, clock, tzinfo=zone).replace(fold=fold))
            if found > after:
                return found
        day += _ONE_DAY


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder of everything that is due then (`keys`). It may be shown from `at` to just
    before `until`: later it would be late, or in quiet hours.
    """

    at: datetime
    until: datetime
    keys: frozenset[str]


REMINDERS: Final = read(DATA / "reminders.toml", ReminderNumbers)


def plan(
    items: Sequence[DueItem],
    zone: tzinfo,
    quiet: QuietHours | None = None,
    away: Sequence[DaySpan] = (),
    numbers: ReminderNumbers = REMINDERS,
) -> tuple[Reminder, ...]:
    """Return the reminders of what is still to be answered, ascending: of each item at the first
    hour after it opens, and once more some hours later.

    None lies in quiet hours, on a day `away`, before its item opens or when it is overdue. What
    cannot be reminded of at the usual hour is reminded of as soon as it may be. Items at one
    instant share a reminder.
    """
    hours = numbers.quiet if quiet is None else quiet
    found: dict[datetime, list[DueItem]] = {}
    for item in items:
        if item.status in _TO_COME:
            for at in _instants(item, zone, hours, numbers):
                if not any(mood_day_at(at, zone) in span for span in away):
                    found.setdefault(at, []).append(item)
    return tuple(
        Reminder(at, _until(at, about, zone, hours), frozenset(key_of(one, zone) for one in about))
        for at, about in sorted(found.items(), key=lambda one: one[0])
    )


def not_yet_reminded(
    reminder: Reminder,
    earlier: Sequence[tuple[datetime, Collection[str]]],
    now: datetime,
    numbers: ReminderNumbers = REMINDERS,
) -> frozenset[str]:
    """Return of what this reminder would remind `now`, after `earlier` ones (when, and of which
    keys): of nothing more than twice, or soon again, wherever the patient was meanwhile.
    """
    apart = timedelta(hours=numbers.again_after_hours)
    times = {key: [at for at, keys in earlier if key in keys] for key in reminder.keys}
    return frozenset(
        key
        for key, before in times.items()
        if not before or (len(before) < MOST_TIMES and now - max(before) >= apart)
    )


def key_of(item: DueItem, zone: tzinfo) -> str:
    """What an item is known by wherever the patient is (`zone` is where they are now)."""
    about = item.session_id or item.counts_from_at.astimezone(zone).date()
    return f"{item.instrument} {item.reason} {about}"


def _instants(
    item: DueItem, zone: tzinfo, hours: QuietHours, numbers: ReminderNumbers
) -> list[datetime]:
    usual = next_time(time(numbers.first_hour), item.opens_at - timedelta(microseconds=1), zone)
    first = hours.after(usual, zone)
    if first >= item.due_at:
        first = hours.after(item.opens_at, zone)
    again = first + timedelta(hours=numbers.again_after_hours)
    is_free = not hours.hold(again, zone)
    return [at for at in (first, *([again] if is_free else [])) if at < item.due_at]


def _until(at: datetime, about: Sequence[DueItem], zone: tzinfo, hours: QuietHours) -> datetime:
    ends = max(item.due_at for item in about)
    quiet = hours.next(at, zone)
    return ends if quiet is None else min(ends, quiet)
