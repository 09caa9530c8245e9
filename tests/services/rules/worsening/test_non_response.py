"""M4 row by row: enough sessions or four weeks, and still less than a quarter better."""

from __future__ import annotations

from datetime import UTC

import pytest

from services.rules.courses import UNTREATED
from services.rules.decision import Tier
from services.rules.worsening.non_response import m4
from tests.builders.rules.courses import session, treated
from tests.builders.rules.days import at, on, values


def given(count, product="ketamine", every=3):
    return treated(*(session(n * every, product=product) for n in range(count)))


@pytest.mark.parametrize(
    ("product", "sessions", "day", "is_due"),
    [
        ("ketamine", 3, 13, False),
        ("ketamine", 4, 13, True),
        ("ketamine", 1, 27, False),
        ("ketamine", 1, 28, True),
        ("esketamine", 7, 22, False),
        ("esketamine", 8, 22, True),
        ("esketamine", 1, 28, True),
        ("other", 3, 13, False),
        ("other", 4, 13, True),
        ("tms", 9, 27, False),
        ("tms", 9, 28, True),
        ("ect", 9, 27, False),
        ("ect", 9, 28, True),
    ],
)
def test_it_is_due_after_enough_sessions_or_four_weeks(product, sessions, day, is_due):
    decision = m4(values({5: 19}), 20.0, given(sessions, product), UTC, at(day))

    assert decision.is_met is is_due
    assert decision.inputs["reason"] == (None if is_due else "not_due")
    assert (decision.inputs["sessions"], decision.inputs["days_since_first"]) == (sessions, day)


@pytest.mark.parametrize(
    ("name", "baseline", "readings", "holds", "reason"),
    [
        ("20 to 16 is 20 %", 20.0, {10: 16}, True, None),
        ("20 to 15 is exactly 25 %", 20.0, {10: 15}, False, None),
        ("21 to 16 is 23.8 %", 21.0, {10: 16}, True, None),
        ("worse than before", 20.0, {10: 24}, True, None),
        ("the best reading counts, not the last", 20.0, {4: 14, 10: 20}, False, None),
        ("on the day of the first session is before", 20.0, {0: 5, 10: 19}, True, None),
        ("what comes later is not known yet", 20.0, {10: 19, 14: 5}, True, None),
        ("baseline 10", 10.0, {10: 8}, True, None),
        ("baseline 9", 9.0, {10: 9}, False, "baseline_below_limit"),
        ("no baseline from before: nobody can tell", None, {10: 5}, True, "no_baseline"),
        ("no reading since", 20.0, {-2: 20, 0: 20}, False, "no_reading"),
    ],
)
def test_less_than_a_quarter_is_non_response(name, baseline, readings, holds, reason):
    decision = m4(values(readings), baseline, given(4), UTC, at(13))

    assert (decision.is_met, decision.inputs["reason"]) == (holds, reason), name
    assert decision.tier == (Tier.MEDIUM if holds else None)


def test_a_course_that_keeps_its_baseline_is_the_same_attempt():
    induction = [session(day) for day in (0, 3, 6, 9)]
    soon = treated(*induction, *(session(day, "maintenance") for day in (30, 37, 44, 51)))
    late = treated(*induction, *(session(day, "anew") for day in (200, 203, 206, 209)))

    kept = m4(values({10: 19, 50: 19}), 20.0, soon, UTC, at(52))
    anew = m4(values({10: 19, 208: 19}), 20.0, late, UTC, at(210))

    assert (kept.is_met, kept.about) == (True, "a")
    assert (anew.is_met, anew.about) == (True, "anew")


def test_only_the_course_of_the_last_session_counts():
    both = treated(session(0), session(3), session(6), session(20, "second"))

    decision = m4(values({10: 19, 22: 19}), 20.0, both, UTC, at(23))

    assert (decision.is_met, decision.about) == (False, "a")
    assert (decision.inputs["sessions"], decision.inputs["readings"]) == (1, 1)


def test_planned_sessions_are_not_counted():
    planned = given(4)

    assert not m4(values({5: 19}), 20.0, planned, UTC, at(9, hour=13.9)).is_met
    assert m4(values({5: 19}), 20.0, planned, UTC, at(9, hour=14)).is_met


def test_without_a_session_there_is_nothing_to_respond_to():
    decision = m4(values({5: 19}), 20.0, UNTREATED, UTC, at(30))

    assert (decision.is_met, decision.about) == (False, None)
    assert decision.inputs["reason"] == "no_session"


def test_what_it_looked_at_is_kept():
    decision = m4(values({10: 16, 12: 17}), 21.0, given(4), UTC, at(13))

    assert (decision.rule, decision.rule_version, decision.about) == ("M4", "2", "a")
    assert decision.inputs == {
        "on": on(13).isoformat(),
        "reason": None,
        "sessions": 4,
        "sessions_limit": 4,
        "days_since_first": 13,
        "baseline": 21.0,
        "readings": 2,
        "best": 16,
        "best_percent": pytest.approx(500 / 21),
        "percent_limit": 25,
    }
