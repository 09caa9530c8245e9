"""Forms that come back every so many days: the daily one, the two-week one, and by product and
indication.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise, takewhile
from typing import cast

from services.rules.mood_days import STATED_DAYS_BACK
from services.rules.schedule.calendar import Calendar
from services.rules.schedule.case import DAILY, TWO_WEEKS, URINARY, DueReason
from services.rules.schedule.numbers import Repeated, ScheduleNumbers
from services.rules.schedule.windows import ONE_DAY, DayWindow

# The bladder is at risk from this substance (clinical reference 1.10), not from the others.
BLADDER_PRODUCTS = frozenset({"ketamine", "esketamine"})


def daily(calendar: Calendar, numbers: ScheduleNumbers) -> Iterator[DayWindow]:
    """The daily check-in, every mood day; some carry the session that they follow.

    A day may still be stated two days later (API contract), so it is overdue for as long.
    """
    marked = days_after_sessions(calendar, numbers)
    unmarked: tuple[DueReason, str | None] = ("daily", None)
    days = calendar.due_days(calendar.asked.first)
    for day in takewhile(lambda day: day <= calendar.asked.last, days):
        reason, session_id = marked.get(day, unmarked)
        overdue_on = day + ONE_DAY
        over = overdue_on + STATED_DAYS_BACK * ONE_DAY
        yield DayWindow(DAILY, reason, (day,), day, overdue_on, over, session_id)


def days_after_sessions(
    calendar: Calendar, numbers: ScheduleNumbers
) -> dict[date, tuple[DueReason, str]]:
    """Which mood days are day 1, 3, 7 and 14 after which session.

    A session before that day takes its place; one on the day itself does not, since that day's
    check-in tells of the treatment before.
    """
    ends = [*calendar.days_of[1:], date.max]
    return {
        day: (cast(DueReason, f"day_{count}"), session.id)
        for session, own, end in zip(calendar.sessions, calendar.days_of, ends, strict=False)
        for count in numbers.after_session.days
        if (day := own + count * ONE_DAY) <= end
    }


def periodic(calendar: Calendar, numbers: ScheduleNumbers) -> Iterator[DayWindow]:
    """The two-week form, once a period of 14 due days, counted from the day after acceptance and
    again from the day after each session; a period that a session cuts under 7 days is not due.
    """
    shape = numbers.periodic
    cuts = sorted({day for day in calendar.days_of if day > calendar.accepted_on})
    for after, end in pairwise([calendar.accepted_on, *cuts, None]):
        for days in calendar.periods(cast(date, after), shape.every_days, end):
            if len(days) == shape.every_days or len(days) >= shape.shortest_days:
                yield _window(TWO_WEEKS, "periodic", days, shape)


def by_indication(code: str, calendar: Calendar, numbers: ScheduleNumbers) -> Iterator[DayWindow]:
    """A form that an indication asks for, once a period from the day after acceptance."""
    every = numbers.by_indication[code]
    for days in calendar.periods(calendar.accepted_on, every.every_days):
        yield _window(code, "by_indication", days, every)


def at_start(code: str, calendar: Calendar, numbers: ScheduleNumbers) -> Iterator[DayWindow]:
    """A form that everybody answers once, in the first of these periods."""
    every = numbers.by_indication[code]
    end = calendar.accepted_on + (every.every_days + 1) * ONE_DAY
    for days in calendar.periods(calendar.accepted_on, every.every_days, end):
        yield _window(code, "at_start", days, every)


def monthly(calendar: Calendar, numbers: ScheduleNumbers) -> Iterator[DayWindow]:
    """The bladder form, every 30 days from the first session with ketamine or esketamine on, the
    first time as this patient's own baseline; none after 90 days without a session.
    """
    treated = [
        day
        for session, day in zip(calendar.sessions, calendar.days_of, strict=True)
        if session.product in BLADDER_PRODUCTS
    ]
    for begin in _months(calendar, treated, numbers.monthly.every_days):
        last = treated[bisect_right(treated, begin) - 1]
        end = begin + numbers.monthly.every_days * ONE_DAY
        days = tuple(calendar.due_days(begin, end))
        if days and (begin - last).days <= numbers.measures.baseline.keep_days:
            yield _window(URINARY, "monthly", days, numbers.monthly)


def _months(calendar: Calendar, treated: Sequence[date], length: int) -> Iterator[date]:
    """The first days of the months that touch the asked days."""
    if not treated:
        return
    gone = max((calendar.asked.first - treated[0]).days // length, 0)
    first = treated[0].toordinal() + gone * length
    for ordinal in range(first, calendar.asked.last.toordinal() + 1, length):
        yield date.fromordinal(ordinal)


def _window(
    instrument: str, reason: DueReason, days: tuple[date, ...], every: Repeated
) -> DayWindow:
    """A period, due and overdue from a day of it (counted from 1), over on the day after it."""
    over = days[-1] + ONE_DAY
    opens = days[min(every.due_from_day, len(days)) - 1]
    overdue = days[every.overdue_from_day - 1] if every.overdue_from_day <= len(days) else over
    return DayWindow(instrument, reason, days, opens, overdue, over)
