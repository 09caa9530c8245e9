"""Where a patient stands between treatments, from rows alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.rules.courses import UNTREATED, Treatment
from services.rules.figures.standing import UNTREATED_STANDING, standing
from tests.builders.rules.courses import course, joined_plans, session
from tests.builders.rules.days import at, entry, on, run, values

SERIES = {**run(7, 20, 20, 20), **run(11, 10, 6, 7, 8)}


def test_nobody_treated_stands_nowhere():
    assert standing(values(SERIES), UNTREATED) == UNTREATED_STANDING
    assert standing(values(SERIES), course()) == UNTREATED_STANDING


def test_the_last_session_and_its_place_in_the_course():
    both = joined_plans(("a", (0, 3), "induction"), ("b", (10,), "maintenance"))
    found = standing((), both)

    assert (found.last_session_id, found.last_session_at) == ("b10", at(10, 14))
    assert (found.sessions_in_course, found.wearing_off_on) == (1, None)
    assert standing((), course(days=(0, 3))).sessions_in_course == 2


@pytest.mark.parametrize(
    ("later", "day"),
    [((14, 15), 15), ((7, 14, 15), 16), ((7, 7), None), ((None, None, None, None, 14, 15), 19)],
)
def test_the_day_on_which_the_last_effect_wore_off(later, day):
    found = standing(values({**SERIES, **run(15, *later)}), course(days=(3, 10)))

    assert found.wearing_off_on == (None if day is None else on(day))


@pytest.mark.parametrize(("before", "day"), [(4, None), (5, 13)])
def test_nothing_wears_off_where_there_was_little_to_gain(before, day):
    """In remission at 1 to 4 points somebody was called "wearing off"."""
    series = {**run(7, before, before, before), **run(11, 1, 1, 4, 4)}
    found = standing(values(series), course(days=(10,)))

    assert found.wearing_off_on == (None if day is None else on(day))


def test_a_new_session_ends_what_wore_off():
    series = values({**SERIES, **run(15, 14, 15)})

    assert standing(series, course(days=(10, 17))).wearing_off_on is None


def test_the_morning_of_the_session_stands_in_for_silent_days():
    series = values(run(11, 10, 6, 14, 15))

    assert standing(series, course(days=(10,))).wearing_off_on is None
    morning = [entry(10, 20, 8)]
    assert standing(series, course(days=(10,)), entries=morning).wearing_off_on == on(13)


def maintenance(interval, ended_on=None, phase="maintenance") -> Treatment:
    plan = course(days=(0,), phase=phase)
    kept = replace(plan.courses[0], maintenance_interval_days=interval, ended_on=ended_on)
    return Treatment((kept,), plan.sessions)


@pytest.mark.parametrize(
    ("treatment", "day"),
    [
        (maintenance(14), 14),
        (maintenance(14, on(14)), 14),
        (maintenance(14, on(13)), None),
        (maintenance(None), None),
        (maintenance(14, phase="induction"), None),
    ],
)
def test_maintenance_is_due_an_interval_after_the_last_session(treatment, day):
    assert standing((), treatment).maintenance_due_on == (None if day is None else on(day))


def test_maintenance_that_has_not_begun_is_due_after_the_induction():
    planned = maintenance(21).courses
    both = Treatment((*planned, *course("b", (5,)).courses), (session(5, "b"),))

    assert standing((), both).maintenance_due_on == on(26)
