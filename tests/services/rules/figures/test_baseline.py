"""Where a patient started, with and without a course."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone, tzinfo
from fractions import Fraction

import pytest

from services.rules.courses import UNTREATED, Course, Session, Treatment
from services.rules.day_series import SeriesEntry, day_rows
from services.rules.figures.baseline import (
    MISSING,
    Baseline,
    baseline_anchor,
    find_baseline,
)
from services.rules.figures.numbers import FIGURES
from tests.builders.rules.days import at, entry, on


def courses(*plans: tuple[str, bool, tuple[int, ...]]) -> Treatment:
    """Courses by name, whether each has a new baseline, and the days of its sessions (at 14:00)."""
    found, sessions = [], []
    for name, new_baseline, days in plans:
        found.append(Course(name, "ketamine", "induction", on(0), new_baseline=new_baseline))
        sessions += [Session(f"{name}{day}", name, at(day, 14), "ketamine", "iv") for day in days]
    return Treatment(tuple(found), tuple(sorted(sessions, key=lambda one: one.started_at)))


def baseline(
    instrument: str,
    entries: list[SeriesEntry],
    treatment: Treatment = UNTREATED,
    zone: tzinfo = UTC,
) -> Baseline:
    return find_baseline(instrument, entries, day_rows(entries), treatment=treatment, zone=zone)


ONE = courses(("a", False, (30, 33)))


def late_entry(day: int, total: int, about: int, hour: float = 12) -> SeriesEntry:
    """A form about an earlier day."""
    return entry(day, total, hour, late=True, about=about)


def expected(value: int | Fraction | None, day: int | None, status: str) -> Baseline:
    """`after`: provisional, from after the session."""
    if value is None or day is None:
        return MISSING
    if status == "after":
        return Baseline(value, on(day), "provisional", after_treatment=True)
    return Baseline(value, on(day), status)


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([entry(10, 20), entry(20, 18), entry(29, 16), entry(37, 5)], (16, 29, "established")),
        ([entry(20, 18), entry(29, None), entry(37, 5)], (18, 20, "established")),
        # The morning of the session is before it, its evening is after it.
        ([entry(29, 16), entry(30, 15, 13.9), entry(30, 6, 14)], (15, 30, "established")),
        ([entry(16, 19, 14), entry(37, 5)], (19, 16, "established")),
        ([entry(16, 19, 13.9), entry(37, 5)], (5, 37, "after")),
        # Nothing older, and nothing later than a week.
        ([entry(1, 24), entry(38, 11)], (None, None, "missing")),
        ([entry(1, 24), entry(37, 11), entry(40, 6)], (11, 37, "after")),
        # Written down after the session about a day before it.
        ([late_entry(31, 17, 29), late_entry(30, 18, 29, hour=20)], (17, 29, "established")),
        ([late_entry(31, 17, 28), entry(37, 5)], (17, 28, "established")),
        # A form counts on the day that it is about, whenever it was written down.
        ([entry(29, 20), late_entry(31, 17, 28)], (20, 29, "established")),
        ([entry(27, 20), late_entry(31, 17, 28)], (17, 28, "established")),
        ([entry(29, 20), late_entry(30, 19, 28, hour=3)], (20, 29, "established")),
        ([late_entry(31, 17, 15), entry(37, 5)], (5, 37, "after")),
        ([entry(30, 7, 14), entry(31, 9), entry(37, 5)], (7, 30, "after")),
        ([entry(31, None)], (None, None, "missing")),
        ([], (None, None, "missing")),
    ],
)
@pytest.mark.parametrize("instrument", ["phq9", "gad7", "pcl5"])
def test_forms_over_weeks_take_the_last_one_before_the_first_session(instrument, entries, found):
    assert baseline(instrument, entries, ONE) == expected(*found)


def test_two_forms_of_one_instant_are_taken_in_the_order_of_the_series():
    twins = [entry(20, 11), SeriesEntry(on(20), at(20), at(20), "zz", 13, 0)]

    assert baseline("phq9", twins, ONE) == baseline("phq9", twins[::-1], ONE)
    assert baseline("phq9", twins, ONE).value == 13


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (
            [entry(day, score) for day, score in [(22, 27), (23, 12), (28, 14), (29, 15)]],
            (Fraction(41, 3), 29, "established"),
        ),
        # The session's own day is not before it; two days before are too few.
        (
            [entry(day, score) for day, score in [(28, 14), (29, 15), (30, 10), (31, 2)]],
            (None, None, "missing"),
        ),
        # What followed it counts from the next day on: the first three days, within a week.
        (
            [entry(30, 27, 13.9), entry(30, 10, 14), *(entry(31 + n, n) for n in range(4))],
            (1, 33, "after"),
        ),
        ([entry(day, 4) for day in (31, 36, 37)], (4, 37, "after")),
        ([entry(day, 4) for day in (31, 36, 38)], (None, None, "missing")),
        ([entry(day, 24) for day in (1, 2, 3)], (None, None, "missing")),
        ([entry(28, 14), entry(29, 15), entry(60, 5)], (None, None, "missing")),
        ([], (None, None, "missing")),
    ],
)
def test_daily_forms_take_the_mean_of_the_week_before_the_first_session(entries, found):
    assert baseline("phq9-daily", entries, ONE) == expected(*found)


def test_the_mood_of_a_day_is_its_mean_also_after_the_session():
    entries = [entry(day, total, 9 + total) for day in (31, 32, 33) for total in (2, 3)]

    assert baseline("mood", entries, ONE) == expected(Fraction(5, 2), 33, "after")


@pytest.mark.parametrize(
    ("form", "untreated"), [(entry(29, 16), 16), (entry(31, 9), None), (entry(1, 24), None)]
)
def test_only_a_level_from_before_the_treatment_tells_a_response(form, untreated):
    assert baseline("phq9", [form], ONE).untreated == untreated


def test_cuts_of_before_keep_their_baseline():
    """Whatever came first, however old: so it was printed."""
    first = FIGURES.known[0]
    entries = [entry(1, 24), entry(37, 11)]

    def then(instrument: str, found: list[SeriesEntry], treatment: Treatment) -> Baseline:
        rows = day_rows(found)
        return find_baseline(instrument, found, rows, first, treatment=treatment)

    assert then("phq9", entries, ONE) == Baseline(24, on(1), "provisional")
    assert then("phq9", entries, UNTREATED) == Baseline(24, on(1), "provisional")
    assert then("phq9", [entry(29, 20), *entries], ONE) == Baseline(20, on(29), "established")
    days = [entry(day, 14) for day in (1, 2, 3)]
    assert then("phq9-daily", days, ONE) == Baseline(14, on(3), "provisional")
    both = courses(("a", False, (30, 33)), ("b", False, (200, 203)))
    assert then("phq9", [entry(29, 20), entry(40, 8)], both) == Baseline(8, on(40), "provisional")
    assert then("phq9-daily", days, both) == MISSING


@pytest.mark.parametrize("instrument", ["phq9", "phq9-daily", "mood"])
@pytest.mark.parametrize("treatment", [UNTREATED, courses(("planned", True, ()))])
def test_a_course_without_a_session_changes_nothing(instrument, treatment):
    entries = [entry(day, 10 + day) for day in range(5)]

    found = baseline(instrument, entries, treatment)

    assert found == baseline(instrument, entries)
    assert found.status == "provisional"


@pytest.mark.parametrize(
    ("second", "new_baseline", "session", "after"),
    [
        (50, False, "a30", None),  # 17 days after the last session
        (123, False, "a30", None),  # 90 days after it
        (124, False, "b124", "a33"),  # 91
        (50, True, "b50", "a33"),
        (32, True, "b32", "a33"),  # the courses overlap
    ],
)
def test_a_later_course_has_a_baseline_of_its_own_after_a_gap_or_when_asked(
    second, new_baseline, session, after
):
    both = courses(("a", False, (30, 33)), ("b", new_baseline, (second, second + 3)))

    anchor = baseline_anchor(both)

    assert anchor.session.id == session
    assert (anchor.after.id if anchor.after else None) == after


def test_maintenance_keeps_the_baseline_through_a_chain_of_courses():
    chain = courses(("a", False, (0, 3)), ("b", False, (60,)), ("c", False, (140,)))

    assert baseline_anchor(chain).session.id == "a0"


def test_the_gap_counts_from_the_last_session_of_all_courses_before():
    # The short second course lies within the first, which goes on for long.
    chain = courses(("a", False, (0, 80)), ("b", False, (10,)), ("c", False, (160,)))

    assert baseline_anchor(chain).session.id == "a0"


def test_a_course_after_a_gap_is_read_against_nothing_of_long_ago():
    both = courses(("a", False, (30, 33)), ("b", False, (200, 203)))
    entries = [entry(29, 20), entry(40, 8)]

    assert baseline("phq9", entries, both) == MISSING
    assert baseline("phq9", [*entries, entry(204, 9)], both) == expected(9, 204, "after")
    assert baseline("phq9", [*entries, entry(190, 15)], both) == Baseline(
        15, on(190), "established"
    )
    assert baseline("phq9", [entry(29, 20)], both).status == "missing"
    assert baseline("phq9-daily", [entry(day, 9) for day in (20, 21, 22)], both).value is None


def test_the_day_of_a_session_is_its_mood_day_in_the_patients_zone():
    night = Treatment(
        (Course("a", "ketamine", "induction", on(0)),),
        (Session("a", "a", at(30, 5), "ketamine"),),  # 05:00 UTC, in Honolulu still day 29
    )
    entries = [entry(day, 10 + day) for day in (26, 27, 28, 29)]

    assert baseline("phq9-daily", entries, night).on == on(29)
    west = baseline("phq9-daily", entries, night, timezone(timedelta(hours=-10)))
    assert west == Baseline(37, on(28), "established")
