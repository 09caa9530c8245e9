"""What was due and answered around sessions, counted by hand; accepted on 1 March."""

from __future__ import annotations

import pytest

from services.rules.courses import UNTREATED
from services.rules.mood_days import DaySpan
from services.rules.schedule.due import Adherence, adherence
from tests.builders.rules.calendar import answers, case, day_of, sessions_at

WEEKLY = sessions_at("03-09 14:00", "03-16 14:00")
WIDE = sessions_at("03-12 14:00", "03-30 14:00")


def found(
    treatment, *given: str, until: str, since: str = "01-01", instrument: str = "phq9", **choices
) -> Adherence:
    schedule = case(treatment, accepted="03-02 03:59", **{instrument: answers(*given)}, **choices)
    return adherence(schedule, instrument, DaySpan(day_of(since), day_of(until)))


@pytest.mark.parametrize(
    ("name", "treatment", "given", "until", "expected"),
    [
        # Weekly: 2-8 March is a period of 7 days, then one form before each session.
        ("the period and the baseline form", WEEKLY, [], "03-09", (2, 0)),
        ("one form answers both", WEEKLY, ["03-08 12:00"], "03-09", (2, 2)),
        (
            "a form of the session's morning only the second",
            WEEKLY,
            ["03-09 12:00"],
            "03-09",
            (2, 1),
        ),
        ("one of its evening neither", WEEKLY, ["03-09 20:00"], "03-09", (2, 0)),
        ("10-15 March is too short a period", WEEKLY, ["03-08 12:00"], "03-12", (2, 2)),
        ("the second session's window opens", WEEKLY, ["03-08 12:00"], "03-13", (3, 2)),
        ("and is answered", WEEKLY, ["03-08 12:00", "03-13 14:00"], "03-13", (3, 3)),
        ("a new period begins", WEEKLY, ["03-08 12:00", "03-13 14:00"], "03-17", (4, 3)),
        # 2-11 March, before 12 March, 13-26 March, 27-29 March too short, before 30 March.
        ("ten days, a session, 14 days, a session", WIDE, [], "03-30", (4, 0)),
        ("each", WIDE, ["03-11 12:00", "03-20 12:00", "03-29 12:00"], "03-30", (4, 4)),
        ("an answer after the last day", WIDE, ["03-31 12:00"], "03-30", (4, 0)),
    ],
)
def test_forms_before_and_between_sessions(name, treatment, given, until, expected):
    assert found(treatment, *given, until=until) == Adherence(*expected), name


def test_a_window_that_ended_before_the_reported_days_does_not_count():
    assert found(WEEKLY, until="03-16", since="03-10") == Adherence(1, 0)
    assert found(WEEKLY, until="03-16", since="03-09") == Adherence(2, 0)


def test_sessions_change_nothing_of_the_daily_check_in():
    given = [f"03-{day:02} 12:00" for day in range(2, 20, 3)]

    with_them, without = (
        found(treatment, *given, until="03-20", instrument="phq9-daily")
        for treatment in (WEEKLY, UNTREATED)
    )

    assert with_them == without == Adherence(19, 6)


def test_side_effects_and_forms_by_indication_are_counted_apart():
    effects = found(WEEKLY, "03-10 15:00", until="03-17", instrument="side_effects")
    gad7 = found(WEEKLY, "03-10 15:00", until="03-17", instrument="gad7", indications=("anxiety",))

    assert effects == Adherence(2, 1)
    assert gad7 == Adherence(2, 1)
    assert found(WEEKLY, "03-10 15:00", until="03-17", instrument="mood") == Adherence(0, 0)
