"""What is due around a session: the two-week form before it, side effects a day after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from services.rules.courses import Session, Treatment
from services.rules.figures.baseline import baseline_anchor
from services.rules.measures import BaselineLimits
from services.rules.mood_days import LATEST, shift
from services.rules.schedule.calendar import Calendar
from services.rules.schedule.case import SIDE_EFFECTS, TWO_WEEKS
from services.rules.schedule.numbers import ScheduleNumbers
from services.rules.schedule.windows import SpanWindow


def before_sessions(
    calendar: Calendar, treatment: Treatment, numbers: ScheduleNumbers
) -> Iterator[SpanWindow]:
    """The two-week form before each session, planned ones too: from 3 days before the start, 14
    where the answer is the baseline, but not from before the session before it.
    """
    measures = numbers.measures
    firsts = baseline_sessions(treatment, calendar.zone, measures.baseline)
    before: datetime | None = None
    for session in calendar.sessions:
        is_first = session.id in firsts
        days = measures.baseline.form_days if is_first else measures.session.before_days
        start = session.started_at
        opens = shift(start, -timedelta(days=days))
        opens, before = max(opens, before or opens), start
        window = SpanWindow(TWO_WEEKS, "before_session", session.id, opens, start, start)
        yield from _due(window, calendar)


def baseline_sessions(treatment: Treatment, zone: tzinfo, limits: BaselineLimits) -> frozenset[str]:
    """The sessions that a baseline is taken before: the patient's first, and where a course starts
    a baseline of its own (the trend report's rule).
    """
    firsts = [*treatment.sessions[:1]]
    for course in treatment.courses:
        firsts += [
            session
            for session in treatment.of_course(course.id)[:1]
            if _is_anchor(session, treatment, zone, limits)
        ]
    return frozenset(session.id for session in firsts)


def _is_anchor(first: Session, treatment: Treatment, zone: tzinfo, limits: BaselineLimits) -> bool:
    anchor = baseline_anchor(treatment.until(first.started_at), zone, limits)
    return anchor is not None and anchor.session.id == first.id


def side_effects_after(calendar: Calendar, numbers: ScheduleNumbers) -> Iterator[SpanWindow]:
    """One report of side effects, from 24 h after each session's end; the next session ends it."""
    spans = numbers.measures.session
    hours = (spans.acute_hours, numbers.side_effects_overdue_hours, spans.follow_up_hours)
    ends = [*(session.started_at for session in calendar.sessions[1:]), LATEST]
    for session, end in zip(calendar.sessions, ends, strict=False):
        opens, due, over = (shift(session.over_at, timedelta(hours=count)) for count in hours)
        window = SpanWindow(
            SIDE_EFFECTS, "after_session_24h", session.id, opens, min(due, end), min(over, end)
        )
        yield from _due(window, calendar)


def _due(window: SpanWindow, calendar: Calendar) -> Iterator[SpanWindow]:
    """The window as far as the patient is enrolled; none when nothing of it is due."""
    enrolled = replace(window, opens_at=max(window.opens_at, calendar.accepted_at))
    is_open = enrolled.opens_at < enrolled.due_at
    if is_open and not calendar.is_away(enrolled.due_days(calendar.zone)):
        yield enrolled
