"""The calendar of the on-call service: the days of a week or a month, and who has each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from flask import request

Shift = Mapping[str, Any]

VIEWS: Final = ("week", "month")
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
# Days for which calendars and zones are known.
FIRST, LAST = date(2001, 1, 1), date(2099, 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are shown: whole weeks, from a Monday on."""

    view: str
    on: date
    first: date
    days: int
    title: str

    def instants(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """From the first midnight to the last, in UTC."""
        return midnight(self.first, zone), midnight(self.first + self.days * DAY, zone)

    @property
    def before(self) -> date:
        """A day of the span before it."""
        return self.first - DAY if self.view == "week" else self.on.replace(day=1) - DAY

    @property
    def after(self) -> date:
        """A day of the span after it."""
        if self.view == "week":
            return self.first + WEEK
        return (self.on.replace(day=1) + timedelta(days=32)).replace(day=1)


def asked_span(today: date) -> Span:
    """The span that the address asks for; what it cannot be is the month of today."""
    view = request.args.get("view", "month")
    try:
        on = date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        on = today
    return span_of(view if view in VIEWS else "month", on if FIRST <= on <= LAST else today)


def span_of(view: str, on: date) -> Span:
    """The week or the month of a day; of a month also the days that complete its weeks."""
    if view == "week":
        first = on - on.weekday() * DAY
        title = f"Week of {first.day} {first:%B %Y}"
        return Span(view, on, first, 7, title)
    begin = on.replace(day=1)
    end = (begin + timedelta(days=32)).replace(day=1)
    first = begin - begin.weekday() * DAY
    weeks = -(-(end - first).days // 7)
    return Span(view, on, first, 7 * weeks, f"{begin:%B %Y}")


def days_of(
    span: Span,
    today: date,
    zone: tzinfo,
    schedules: Sequence[tuple[str, Sequence[Shift], Sequence[Shift]]],
    own_id: Any,
) -> list[dict[str, Any]]:
    """Each day with what happens on it, schedule by schedule: (name, shifts, gaps)."""
    return [
        {
            "date": day.isoformat(),
            "number": day.day,
            "words": f"{day:%A} {day.day} {day:%B}",
            "short": f"{day:%a}",
            "today": day == today,
            "past": day < today,
            "outside": span.view == "month" and day.month != span.on.month,
            "schedules": [
                {
                    "name": name,
                    "parts": [
                        *_parts(found, day, zone, own_id),
                        *_parts(gaps, day, zone, own_id, nobody=True),
                    ],
                }
                for name, found, gaps in schedules
            ],
        }
        for day in (span.first + number * DAY for number in range(span.days))
    ]


def _parts(
    found: Sequence[Shift], day: date, zone: tzinfo, own_id: Any, *, nobody: bool = False
) -> list[dict[str, Any]]:
    """What of these lies on a day: from when and to when, where that is on this day."""
    start, end = midnight(day, zone), midnight(day + DAY, zone)
    return [
        {
            "who": None if nobody else each["name"],
            "mine": not nobody and each["user_id"] == own_id,
            "override": not nobody and each["source"] == "override",
            "from": _clock(each["from_at"], zone) if each["from_at"] > start else "",
            "to": _clock(each["to_at"], zone) if each["to_at"] < end else "",
        }
        for each in found
        if each["from_at"] < end and each["to_at"] > start
    ]


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins on a wall clock, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _clock(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%H:%M")
