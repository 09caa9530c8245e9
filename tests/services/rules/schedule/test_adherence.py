"""What was due and what was answered, by hand."""

from __future__ import annotations

from datetime import UTC, date

import pytest

from services.rules.mood_days import DaySpan, day_start
from services.rules.schedule.case import AnsweredForm, ScheduleCase
from services.rules.schedule.due import Adherence, adherence
from tests.builders.rules.days import FIRST_DAY, on


def found(
    instrument: str,
    answered: list[int],
    *,
    until: int,
    since: int = 0,
    paused: tuple[tuple[int, int], ...] = (),
) -> Adherence:
    case = ScheduleCase(
        zone=UTC,
        accepted_at=day_start(FIRST_DAY, UTC),
        away=[DaySpan(on(first), on(last)) for first, last in paused],
        answered={instrument: [AnsweredForm(on(day), day_start(on(day), UTC)) for day in answered]},
    )
    return adherence(case, instrument, DaySpan(on(since), on(until)))


@pytest.mark.parametrize(
    ("name", "answered", "until", "expected"),
    [
        ("the day of acceptance is not due", [0], 0, (0, 0)),
        ("the day after is", [0], 1, (1, 0)),
        ("every day", [1, 2, 3, 4, 5], 5, (5, 5)),
        ("every other day", [1, 3, 5], 5, (5, 3)),
        ("an answer after the last day does not count", [1, 6], 5, (5, 1)),
    ],
)
def test_the_daily_check_in_is_due_every_mood_day(name, answered, until, expected):
    assert found("phq9-daily", answered, until=until) == Adherence(*expected), name


@pytest.mark.parametrize(
    ("name", "answered", "until", "expected"),
    [
        ("due from the first day", [], 1, (1, 0)),
        ("one in fourteen days", [9], 14, (1, 1)),
        ("the next period", [9], 15, (2, 1)),
        ("two forms in one period answer one", [2, 9], 15, (2, 1)),
        ("one in each", [2, 15], 28, (2, 2)),
    ],
)
def test_the_two_week_form_is_due_once_in_fourteen_days(name, answered, until, expected):
    assert found("phq9", answered, until=until) == Adherence(*expected), name


def test_paused_days_are_not_due():
    assert found("phq9-daily", [1, 4], until=10, paused=((3, 5), (5, 6))) == Adherence(6, 1)
    assert found("phq9", [20], until=21, paused=((8, 14),)) == Adherence(1, 1)


def test_only_the_reported_days_count():
    assert found("phq9-daily", [1, 2, 8], since=6, until=10) == Adherence(5, 1)


def test_a_period_that_began_before_the_report_counts_whole():
    assert found("phq9", [2], since=10, until=20) == Adherence(2, 1)


@pytest.mark.parametrize("instrument", ["gad7", "pcl5", "cssrs-screener", "mood"])
def test_nothing_is_due_of_other_instruments(instrument):
    assert found(instrument, [1, 2, 3], until=30) == Adherence(0, 0)


def test_nothing_is_due_before_acceptance():
    reported = DaySpan(date.min, on(30))
    answered = {"phq9-daily": [AnsweredForm(on(3), day_start(on(3), UTC))]}
    invited = ScheduleCase(zone=UTC, accepted_at=None, answered=answered)

    assert adherence(invited, "phq9-daily", reported) == Adherence(0, 0)
    assert found("phq9-daily", [], until=-5) == Adherence(0, 0)
