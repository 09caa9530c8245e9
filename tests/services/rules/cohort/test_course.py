"""What one course adds to a cohort, edge by edge. The last session of the drawn course is on day
14, so its outcome is read on days 28 to 45.
"""

from __future__ import annotations

import random
from zoneinfo import ZoneInfo

import pytest

from services.rules.cohort.course import (
    CourseOutcome,
    Reading,
    TreatedPatient,
    course_outcomes,
)
from services.rules.statistics import FollowUpSpan
from tests.builders.rules.cohort import course, form, patient, sessions
from tests.builders.rules.days import on

BEFORE = form(-1, 20, 2)


def only(who: TreatedPatient) -> CourseOutcome:
    (found,) = course_outcomes(who)
    return found


def test_a_course_with_baseline_and_outcome_is_counted():
    assert only(patient([BEFORE, form(30, 8, 1)])) == CourseOutcome(
        product="ketamine",
        route="iv",
        phase="induction",
        sessions=6,
        days=14,
        last_session_on=on(14),
        strict=True,
        fate="counted",
        baseline=Reading(on(-1), 20, 2),
        outcome=Reading(on(30), 8, 1),
        response_duration=FollowUpSpan(0, is_event=False),
    )


@pytest.mark.parametrize(
    ("day", "fate"), [(27, "missing"), (28, "counted"), (45, "counted"), (46, "missing")]
)
def test_the_outcome_is_read_14_to_31_days_after_the_last_session(day: int, fate: str):
    assert only(patient([BEFORE, form(day, 8)])).fate == fate


def test_the_last_complete_form_of_the_window_is_the_outcome():
    found = only(patient([BEFORE, form(30, 8), form(44, 11), form(45, None)]))

    assert found.outcome == Reading(on(44), 11, 0)


def test_item_9_of_a_day_is_its_highest_also_on_an_unfinished_form():
    found = only(patient([BEFORE, form(30, None, 3, hour=8), form(30, 8, 0, hour=9)]))

    assert found.outcome == Reading(on(30), 8, 3)


def test_a_form_entered_late_counts_on_the_day_it_is_about():
    assert only(patient([BEFORE, form(44, 8, late=True)])).outcome == Reading(on(44), 8, 0)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [form(-1, None)],
        [form(-15, 20)],
        [form(5, 20)],
    ],
    ids=["none", "incomplete", "older than 14 days", "only after the start"],
)
def test_without_a_baseline_before_the_course_there_is_no_outcome(entries: list):
    found = only(patient([*entries, form(30, 4)]))

    assert (found.fate, found.baseline, found.outcome, found.response_duration) == (
        "baseline_missing",
        None,
        None,
        None,
    )


def test_further_treatment_before_any_form_of_the_window_is_counted_apart():
    again = sessions([40], "c2")
    courses = (course(), course("c2", "maintenance"))

    first, second = course_outcomes(
        patient([BEFORE, form(41, 3)], more_sessions=again, courses=courses)
    )

    assert (first.fate, first.outcome) == ("retreated", None)
    assert (second.fate, second.phase, second.strict) == ("missing", "maintenance", False)


def test_a_form_answered_before_the_further_session_still_counts():
    who = patient(
        [BEFORE, form(30, 8), form(40, 9, hour=9), form(41, 3)],
        more_sessions=sessions([40], "c2", product="tms", route=None),
        courses=(course(), course("c2", product="tms")),
    )

    assert course_outcomes(who)[0].outcome == Reading(on(40), 9, 0)


def test_treatment_long_after_the_window_makes_nobody_re_treated():
    who = patient(
        [BEFORE],
        more_sessions=sessions([46], "c2"),
        courses=(course(), course("c2")),
    )

    assert [found.fate for found in course_outcomes(who)] == ["missing", "missing"]


@pytest.mark.parametrize(("at", "fate"), [(45, "pending"), (46, "counted")])
def test_a_course_is_pending_until_its_window_has_closed(at: int, fate: str):
    found = only(patient([BEFORE, form(28, 8)], seen_on=at))

    assert found.fate == fate
    assert (found.response_duration is None) == (fate == "pending")


def test_a_course_with_planned_sessions_is_pending():
    found = only(patient([BEFORE, form(30, 8)], days=(0, 3, 6, 9, 12, 14, 90), seen_on=80))

    assert (found.fate, found.sessions, found.last_session_on) == ("pending", 6, on(14))


def test_a_course_whose_sessions_are_all_planned_is_not_in_the_cohort():
    assert course_outcomes(patient([BEFORE], days=(90,), seen_on=80)) == ()


def test_a_later_course_within_90_days_keeps_the_baseline_of_the_first():
    again = sessions([60, 63, 66, 70], "c2", route="im")
    who = patient(
        [BEFORE, form(30, 8), form(59, 12), form(85, 15)],
        more_sessions=again,
        courses=(course(), course("c2")),
    )

    first, second = course_outcomes(who)

    assert first.baseline == second.baseline == Reading(on(-1), 20, 2)
    assert (second.outcome, second.route) == (Reading(on(85), 15, 0), "im")


@pytest.mark.parametrize(
    ("days", "strict"),
    [
        ((0, 3, 7), False),
        ((0, 2, 4, 6), False),
        ((0, 2, 4, 7), True),
        ((0, 4, 8, 28), True),
        ((0, 4, 8, 29), False),
        ((0, 1, 2, 3, 4, 5, 6, 7), True),
        ((0, 1, 2, 3, 4, 5, 6, 7, 8), False),
    ],
)
def test_the_published_schedule_is_4_to_8_sessions_in_7_to_28_days(days: tuple, strict: bool):
    assert only(patient([BEFORE], days)).strict is strict


@pytest.mark.parametrize(
    ("routes", "named"),
    [(("iv", "iv"), "iv"), (("iv", "im"), "mixed"), ((None,), "none"), ((None, "iv"), "mixed")],
)
def test_the_route_of_a_course_is_that_of_all_its_sessions(routes: tuple, named: str):
    more = [one for place, route in enumerate(routes) for one in sessions([place], route=route)]

    assert only(patient([BEFORE], days=(), more_sessions=more)).route == named


def test_days_are_counted_in_the_patients_zone():
    tokyo = ZoneInfo("Asia/Tokyo")
    late_evening = form(44, 8, hour=22)

    found = only(patient([BEFORE, late_evening], zone=tokyo))

    assert (found.last_session_on, found.outcome) == (on(14), Reading(on(44), 8, 0))


def test_the_order_of_the_forms_never_matters():
    entries = [BEFORE, form(20, 7), form(30, 8, 1), form(44, 12), form(50, 15), form(60, 16)]
    expected = only(patient(entries))

    for seed in range(10):
        random.Random(seed).shuffle(entries)
        assert only(patient(entries)) == expected
