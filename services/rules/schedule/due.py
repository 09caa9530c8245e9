"""What is due for one patient and when, anchored on their sessions, and how much was answered.

Everything is worked out anew from the case, so that a session that is entered late, moved or
cancelled moves every window in the same way for everybody who asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from services.rules.mood_days import STATED_DAYS_BACK, DaySpan, mood_day_at, shift
from services.rules.schedule.calendar import Calendar, calendar_of
from services.rules.schedule.case import (
    DAILY,
    SIDE_EFFECTS,
    TWO_WEEKS,
    URINARY,
    DueItem,
    ItemStatus,
    ScheduleCase,
)
from services.rules.schedule.numbers import SCHEDULE, ScheduleNumbers
from services.rules.schedule.periods import at_start, by_indication, daily, monthly, periodic
from services.rules.schedule.sessions import before_sessions, side_effects_after
from services.rules.schedule.windows import AnswerIndex, DayWindow, DueWindow, Times

# A window may be open for some time after the last day that it is about, and an answer recorded in
# it may be about a day before it (a day more: patients move between zones).
_STAYS_OPEN = _STATED_BACK = timedelta(days=STATED_DAYS_BACK + 1)


def windows_now(
    case: ScheduleCase, now: datetime, numbers: ScheduleNumbers = SCHEDULE
) -> tuple[DueWindow, ...]:
    """Return the windows that touch the time from 3 days ago to 14 days ahead. They need no
    answers; so a reader knows which to fetch.
    """
    shown = numbers.shown
    since, until = (shift(now, timedelta(days=by)) for by in (-shown.back_days, shown.ahead_days))
    return windows_between(case, since, until, numbers)


def answers_needed(windows: Sequence[DueWindow], zone: tzinfo) -> dict[str, date]:
    """Return from which mood day on answers of each instrument can matter to these windows."""
    needed: dict[str, date] = {}
    for window in windows:
        first = mood_day_at(shift(window.times(zone).counts_from_at, -_STATED_BACK), zone)
        needed[window.instrument] = min(first, needed.get(window.instrument, first))
    return needed


def windows_between(
    case: ScheduleCase,
    since: datetime,
    until: datetime,
    numbers: ScheduleNumbers = SCHEDULE,
) -> tuple[DueWindow, ...]:
    """Return the windows that touch the time between two instants, of all instruments."""
    first = mood_day_at(shift(since, -_STAYS_OPEN), case.zone)
    asked = DaySpan(first, mood_day_at(until, case.zone))
    found = [
        window
        for windows in layers(case, asked, numbers).values()
        for window in windows
        if (times := window.times(case.zone)).counts_from_at <= until and times.expires_at > since
    ]
    return tuple(found)


def layers(
    case: ScheduleCase, asked: DaySpan, numbers: ScheduleNumbers = SCHEDULE
) -> Mapping[str, Iterator[DueWindow]]:
    """Return the windows of each instrument, made as they are asked for; `asked` bounds those that
    come back every so many days. Nothing is due before the acceptance, or while nobody follows.
    """
    if case.accepted_at is None or not case.is_followed:
        return {}
    calendar = calendar_of(case, case.accepted_at, asked)
    return {
        DAILY: daily(calendar, numbers),
        TWO_WEEKS: _two_weeks(case, calendar, numbers),
        SIDE_EFFECTS: side_effects_after(calendar, numbers),
        URINARY: monthly(calendar, numbers),
        **{code: at_start(code, calendar, numbers) for code in sorted(numbers.at_start)},
    } | {
        code: by_indication(code, calendar, numbers)
        for code in sorted(numbers.asked_for(case.indications))
    }


@dataclass(frozen=True, slots=True)
class Adherence:
    """Windows of one instrument: how many were due, how many of these were answered."""

    due: int
    answered: int


def adherence(
    case: ScheduleCase, instrument: str, reported: DaySpan, numbers: ScheduleNumbers = SCHEDULE
) -> Adherence:
    """Return how many windows of an instrument touch the reported days, and how many of these were
    answered by the last one. A window counts from its first day on, also while it is open.
    """
    known = [one for one in case.answered.get(instrument, ()) if one.mood_day <= reported.last]
    answers = AnswerIndex(known)
    windows = [
        window
        for window in layers(case, reported, numbers).get(instrument, ())
        if window.touches(reported, case.zone)
    ]
    done = sum(window.answered_at(answers) is not None for window in windows)
    return Adherence(len(windows), done)


def _two_weeks(
    case: ScheduleCase, calendar: Calendar, numbers: ScheduleNumbers
) -> Iterator[DueWindow]:
    yield from before_sessions(calendar, case.treatment, numbers)
    yield from periodic(calendar, numbers)


def items_of(
    windows: Sequence[DueWindow], case: ScheduleCase, now: datetime
) -> tuple[DueItem, ...]:
    """Return the windows as items, with what became of each by `now`."""
    answers = {window.instrument: AnswerIndex(()) for window in windows}
    answers |= {code: AnswerIndex(given) for code, given in case.answered.items()}
    today = mood_day_at(now, case.zone)
    is_away = any(today in span for span in case.away)
    made = [
        _item(window, window.times(case.zone), answers[window.instrument], now, is_away)
        for window in windows
    ]
    return tuple(sorted(made, key=_place))


def _item(
    window: DueWindow, times: Times, answers: AnswerIndex, now: datetime, is_away: bool
) -> DueItem:
    answered_at = window.answered_at(answers)
    is_daily = isinstance(window, DayWindow) and window.instrument == DAILY
    return DueItem(
        instrument=window.instrument,
        reason=window.reason,
        session_id=window.session_id,
        mood_day=window.days[0] if isinstance(window, DayWindow) and is_daily else None,
        counts_from_at=times.counts_from_at,
        opens_at=times.opens_at,
        due_at=times.due_at,
        expires_at=times.expires_at,
        status="answered" if answered_at is not None else _stage(times, now, is_away),
        answered_at=answered_at,
    )


def _stage(times: Times, now: datetime, is_away: bool) -> ItemStatus:
    """Where an unanswered item stands; nothing is due on a paused day, the rest of it comes."""
    if now < times.opens_at:
        return "upcoming"
    if now < times.due_at:
        return "upcoming" if is_away else "due"
    return "overdue" if now < times.expires_at else "expired"


def _place(item: DueItem) -> tuple[datetime, str, str, str]:
    return item.opens_at, item.instrument, item.reason, item.session_id or ""
