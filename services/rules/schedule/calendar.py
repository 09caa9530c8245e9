"""The days that a schedule is laid out on: enrolled, not paused, and cut by sessions."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from services.rules.courses import (
    Session,
    in_order,
)
from services.rules.mood_days import mood_day_at
from services.rules.schedule.case import (
    DaySpan,
    ScheduleCase,
)
from services.rules.schedule.windows import ONE_DAY


@dataclass(frozen=True, slots=True)
class Calendar:
    """One patient's days. `asked`: the mood days of which windows are wanted.

    Enrolment is counted from the day after `accepted_on`. `days_of` are the mood days of
    `sessions`, both ascending.
    """

    zone: dt.tzinfo
    accepted_at: dt.datetime
    accepted_on: dt.date
    away: frozenset[dt.date]
    sessions: tuple[Session, ...]
    days_of: tuple[dt.date, ...]
    asked: DaySpan

    def due_days(self, first: dt.date, end: dt.date | None = None) -> Iterator[dt.date]:
        """Every day from one on and before another (None: for ever) on which something is due."""
        start = max(first.toordinal(), self.accepted_on.toordinal() + 1)
        for ordinal in range(start, (end or dt.date.max).toordinal()):
            day = dt.date.fromordinal(ordinal)
            if day not in self.away:
                yield day

    def is_paused(self, span: DaySpan) -> bool:
        """Whether every one of these days is paused."""
        return all(day in self.away for day in span.days())

    def periods(
        self, after: dt.date, length: int, end: dt.date | None = None
    ) -> Iterator[tuple[dt.date, ...]]:
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


def calendar_of(case: ScheduleCase, accepted_at: dt.datetime, asked: DaySpan) -> Calendar:
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
