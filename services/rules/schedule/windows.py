"""The windows in which a form counts, is due and is overdue, and which answer fell into one.

A window of days is answered by an answer *about* one of its days, whenever it was written down; a
window of instants by one that was recorded within it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from services.rules.mood_days import DaySpan, day_start, mood_day_at
from services.rules.schedule.case import AnsweredForm, DueReason

ONE_DAY = timedelta(days=1)
_A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Times:
    """The instants of a window (UTC), ascending; each stage ends where the next begins."""

    counts_from_at: datetime
    opens_at: datetime
    due_at: datetime
    expires_at: datetime


class AnswerIndex:
    """The answers of one instrument, to be looked up by day and by time; their order is nothing."""

    def __init__(self, answers: Collection[AnsweredForm]) -> None:
        self._recorded = sorted(one.recorded_at for one in answers)
        self._by_day: dict[date, datetime] = {}
        for one in answers:
            first = self._by_day.setdefault(one.mood_day, one.recorded_at)
            self._by_day[one.mood_day] = min(first, one.recorded_at)

    def about(self, days: Sequence[date]) -> datetime | None:
        """When the first answer about any of these days was recorded."""
        found = [self._by_day[day] for day in days if day in self._by_day]
        return min(found, default=None)

    def within(self, first: datetime, end: datetime) -> datetime | None:
        """When the first answer from an instant to just before another was recorded."""
        place = bisect_left(self._recorded, first)
        is_within = place < len(self._recorded) and self._recorded[place] < end
        return self._recorded[place] if is_within else None


@dataclass(frozen=True, slots=True)
class DayWindow:
    """Whole mood days: an answer about any of `days` counts. Overdue on `overdue_on`, over on
    `expires_on`.
    """

    instrument: str
    reason: DueReason
    days: tuple[date, ...]
    opens_on: date
    overdue_on: date
    expires_on: date
    session_id: str | None = None

    def times(self, zone: tzinfo) -> Times:
        """The window as instants."""
        on = (self.days[0], self.opens_on, self.overdue_on, self.expires_on)
        return Times(*(day_start(day, zone) for day in on))

    def touches(self, reported: DaySpan, _zone: tzinfo) -> bool:
        """Whether an answer about one of the reported days would count."""
        return any(day in reported for day in self.days)

    def answered_at(self, answers: AnswerIndex) -> datetime | None:
        """When the first answer that counts was recorded."""
        return answers.about(self.days)


@dataclass(frozen=True, slots=True)
class SpanWindow:
    """From one instant to another around a session: an answer recorded in between counts."""

    instrument: str
    reason: DueReason
    session_id: str
    opens_at: datetime
    due_at: datetime
    expires_at: datetime

    def times(self, _zone: tzinfo) -> Times:
        """The window as instants."""
        return Times(self.opens_at, self.opens_at, self.due_at, self.expires_at)

    def due_days(self, zone: tzinfo) -> DaySpan:
        """The mood days on which it is due."""
        return DaySpan(mood_day_at(self.opens_at, zone), mood_day_at(self.due_at - _A_MOMENT, zone))

    def touches(self, reported: DaySpan, zone: tzinfo) -> bool:
        """Whether any part of it lies on one of the reported days."""
        last = mood_day_at(self.expires_at - _A_MOMENT, zone)
        return mood_day_at(self.opens_at, zone) <= reported.last and last >= reported.first

    def answered_at(self, answers: AnswerIndex) -> datetime | None:
        """When the first answer that counts was recorded."""
        return answers.within(self.opens_at, self.expires_at)


DueWindow = DayWindow | SpanWindow
