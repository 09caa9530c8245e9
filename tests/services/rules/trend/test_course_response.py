"""How long a response lasted after the last induction session, and each return of symptoms."""

from __future__ import annotations

import pytest

from services.rules.courses import UNTREATED
from services.rules.figures.baseline import begun_courses
from services.rules.trend.treatment import course_response, relapses
from tests.builders.rules.courses import course, joined_plans
from tests.builders.rules.days import on, values

INDUCTION = course(days=(0, 3, 7, 10))


def response(scores, treatment=INDUCTION, baseline=20):
    readings = values(scores)
    found = relapses(readings, baseline)
    return course_response(readings, found, baseline, begun_courses(treatment))


@pytest.mark.parametrize(
    ("scores", "status", "days"),
    [
        # 18 days after the last of the sessions, as the median of Murrough 2013.
        ({4: 9, 14: 6, 21: 8, 28: 12, 35: 13}, "observed", 18),
        ({4: 9, 14: 6, 28: 15}, "observed", 18),
        ({4: 9, 14: 6, 28: 8}, "censored", 18),
        ({4: 9, 14: 6, 28: 10}, "censored", 18),
        ({4: 14, 14: 12, 28: 11}, "no_response", None),
        ({4: 9}, "unknown", None),
        ({}, "unknown", None),
        # Lost during the induction and won back: the second response counts.
        ({1: 9, 4: 14, 9: 14, 14: 6, 28: 15}, "observed", 18),
        ({1: 9, 4: 14, 9: 14, 14: 14}, "no_response", None),
        ({1: 9, 4: 14, 9: 14, 14: 4}, "censored", 4),
    ],
)
def test_the_response_is_counted_from_the_last_induction_session(scores, status, days):
    found = response(scores)

    assert (found.status, found.days, found.since) == (status, days, on(10))


def test_a_relapse_is_dated_to_the_first_of_the_confirming_pair():
    lost = response({4: 9, 14: 8, 28: 11, 31: 11, 33: 11}).relapse
    assert (lost.on, lost.confirmed_on) == (on(28), on(33))


@pytest.mark.parametrize("baseline", [None, 9])
def test_without_a_baseline_of_ten_nothing_is_known(baseline):
    assert response({14: 2, 28: 3}, baseline=baseline).status == "unknown"


def test_without_an_induction_nothing_is_known():
    maintenance = course(days=(0, 30), phase="maintenance")

    assert response({14: 2, 28: 3}, UNTREATED).status == "unknown"
    assert response({14: 2, 28: 3}, maintenance).since is None


def test_maintenance_sessions_neither_end_nor_restart_the_count():
    both = joined_plans(("a", (0, 10), "induction"), ("b", (30, 60), "maintenance"))

    assert response({14: 6, 50: 7, 70: 6}, both).days == 60


def test_each_relapse_needs_a_response_of_its_own():
    twice = values({4: 9, 14: 16, 20: 17, 30: 18, 40: 5, 50: 16})

    assert [one.on for one in relapses(twice, 20)] == [on(14), on(50)]
