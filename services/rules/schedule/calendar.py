"""The days that a schedule is laid out on: enrolled, not paused, and cut by sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import islice

from services.rules.courses import Session, in_order
from services.rules.mood_days import DaySpan, mood_day_at
from services.rules.schedule.case import ScheduleCase
from services.rules.schedule.windows import ONE_DAY


@dataclass(frozen=True, slots=True)
class Calendar:
    """One patient's days. `asked`: the mood days of which windows are wanted.

    Enrolment is counted from the day after `accepted_on`. `days_of` are the mood days of
    `sessions`, both ascending.
    """

    zone: tzinfo
    accepted_at: datetime
    accepted_on: date
    away: frozenset[date]
    sessions: tuple[Session, ...]
    days_of: tuple[date, ...]
    asked: DaySpan

    def due_days(self, first: date, end: date | None = None) -> Iterator[date]:
        """Every day from one on and before another (None: for ever) on which something is due."""
        start = max(first.toordinal(), self.accepted_on.toordinal() + 1)
        for ordinal in range(start, (end or date.max).toordinal()):
            day = date.fromordinal(ordinal)
            if day not in self.away:
                yield day

    def is_paused(self, span: DaySpan) -> bool:
        """Whether every one of these days is paused."""
        return all(day in self.away for day in span.days())

    def periods(
        self, after: date, length: int, end: date | None = None
    ) -> Iterator[tuple[date, ...]]:
        """The due days after one in periods of `length`, those that touch the asked days; the one
        that `end` cuts is shorter.
        """
        if end is not None and end <= self.asked.first:
            return
        days = self.due_days(after + ONE_DAY, end)
        while period := tuple(islice(days, length)):
            if period[0] > self.asked.last:
                return
            if period[-1] >= self.asked.first:
                yield period


def calendar_of(case: ScheduleCase, accepted_at: datetime, asked: DaySpan) -> Calendar:
    """Return the days of a patient who accepted."""
    sessions = in_order(case.treatment.sessions)
    return Calendar(
        zone=case.zone,
        accepted_at=accepted_at,
        accepted_on=mood_day_at(accepted_at, case.zone),
        away=frozenset(day for span in case.paused for day in span.days()),
        sessions=sessions,
        days_of=tuple(session.day(case.zone) for session in sessions),
        asked=asked,
    )
