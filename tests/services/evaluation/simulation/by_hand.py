"""Histories written by hand, whose episodes can be worked out on paper."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from services.evaluation.simulation.replay import DAILY, TWO_WEEKS, History
from services.rules.courses import Course, Session, Treatment
from services.rules.day_series import SeriesEntry

FIRST = date(2026, 1, 5)
SESSION_DAY = 7
WORSE_FROM = 40
LAST = 70


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def entry(number: int, total: int, late_by: int = 0, hour: int = 20) -> SeriesEntry:
    at = datetime.combine(day(number), time(hour), UTC)
    received = at + timedelta(days=late_by)
    name = f"{number}-{hour}"
    return SeriesEntry(day(number), at, received, name, total, 0, 9, late=late_by > 2)


def one_session(number: int = SESSION_DAY) -> Treatment:
    course = Course("course", "ketamine", "induction", day(number))
    started = datetime.combine(day(number), time(10), UTC)
    return Treatment((course,), (Session("first", "course", started, "ketamine", "iv"),))


def level(number: int) -> int:
    """A week at 18, a response to 5, and from day 40 on 11 for good."""
    if number < SESSION_DAY:
        return 18
    return 5 if number < WORSE_FROM else 11


def responder_who_worsens() -> History:
    daily = [entry(number, level(number)) for number in range(LAST)]
    forms = [entry(6, 18, hour=9)]
    return History("by hand", one_session(), {DAILY: daily, TWO_WEEKS: forms})
