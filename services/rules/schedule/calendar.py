"""The days that a schedule is laid out on: enrolled, not away, and cut by sessions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

    Enrolment is counted from the day after `accepted_on`. `away`: the days of pauses and
    discharges, ascending, with a day between each two spans. `days_of` are the mood days of
    `sessions`, both ascending.
    """

    zone: tzinfo
    accepted_at: datetime
    accepted_on: date
    away: tuple[DaySpan, ...]
    sessions: tuple[Session, ...]
    days_of: tuple[date, ...]
    asked: DaySpan

    def due_days(self, first: date, end: date | None = None) -> Iterator[date]:
        """Every day from one on and before another (None: for ever) on which something is due."""
        day = max(first.toordinal(), self.accepted_on.toordinal() + 1)
        stop = (end or date.max).toordinal()
        for span in self.away:
            yield from map(date.fromordinal, range(day, min(span.first.toordinal(), stop)))
            day = max(day, span.last.toordinal() + 1)
        yield from map(date.fromordinal, range(day, stop))

    def is_away(self, span: DaySpan) -> bool:
        """Whether the patient is paused or discharged on every one of these days."""
        return any(one.first <= span.first and span.last <= one.last for one in self.away)

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
        away=_apart(case.away),
        sessions=sessions,
        days_of=tuple(session.day(case.zone) for session in sessions),
        asked=asked,
    )


def _apart(spans: Iterable[DaySpan]) -> tuple[DaySpan, ...]:
    """The same days in spans that neither overlap nor touch, ascending."""
    found: list[DaySpan] = []
    for span in sorted(spans, key=lambda one: one.first):
        if found and span.first.toordinal() <= found[-1].last.toordinal() + 1:
            span = DaySpan(found[-1].first, max(found.pop().last, span.last))
        found.append(span)
    return tuple(found)
