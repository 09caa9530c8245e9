"""What is kept of courses comes back exactly, and holds until time alone changes them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import islice

import orjson

from services.evaluation.simulation.outcomes import simulated_patients
from services.reports.cohort.kept import as_kept, from_kept
from services.rules.cohort.course import (
    CourseOutcome,
    Reading,
    TreatedPatient,
    course_outcomes,
    holds_until,
)
from services.rules.statistics import FollowUpSpan

DAY = timedelta(days=1)
WHOLE = CourseOutcome(
    *("ketamine", "iv", "induction", 6, 19, date(2026, 3, 1), True, "counted"),
    Reading(date(2026, 2, 1), Fraction(37, 2), 1),
    Reading(date(2026, 3, 20), 4, None),
    FollowUpSpan(12, is_event=True),
)
BARE = replace(WHOLE, fate="missing", baseline=None, outcome=None, response_duration=None)


def people(count: int) -> list[TreatedPatient]:
    return list(islice(simulated_patients(count, seed=7), count))


def test_what_is_kept_comes_back_as_it_was() -> None:
    assert all(getattr(WHOLE, one.name) is not None for one in fields(CourseOutcome))
    made = [course_outcomes(one) for one in people(40)]
    for courses in ((WHOLE, BARE), *made):
        assert from_kept(orjson.loads(orjson.dumps(as_kept(courses)))) == courses
    assert sum(map(len, made)) >= 40


def test_courses_change_by_time_alone_only_where_it_is_known_beforehand() -> None:
    """Looked at twice a day from before the first session to long after the last."""
    changes = 0
    for one in people(6):
        starts = [each.started_at for each in one.treatment.sessions]
        now, until = min(starts) - 3 * DAY, max(starts) + 60 * DAY
        holds, known = until_when(one, now)
        while now < until:
            if holds is not None and now >= holds:
                before = known
                holds, known = until_when(one, now)
                changes += known != before
            assert course_outcomes(replace(one, now=now)) == known, f"at {now}"
            now += DAY / 2
        assert holds is None
    assert changes > 6


def until_when(
    one: TreatedPatient, now: datetime
) -> tuple[datetime | None, tuple[CourseOutcome, ...]]:
    then = replace(one, now=now)
    return holds_until(then), course_outcomes(then)
