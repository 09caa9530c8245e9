"""Counts and figures of small cohorts worked out by hand, and against scipy and lifelines."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from scipy import stats

from services.rules.cohort.course import course_outcomes
from services.rules.cohort.figures import Share, SurvivalMark, figures_of, mark, share, sustained
from services.rules.cohort.tally import OVERALL, Cohort, CohortGroup, OutcomeTally
from services.rules.statistics import FollowUpSpan
from tests.builders.rules.cohort import course, form, patient, sessions

DURATIONS = st.dictionaries(
    st.integers(0, 182), st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40
)


def counted_by_day(durations: dict[int, tuple[int, int]]) -> Counter[FollowUpSpan]:
    """From days -> (responses lost, those censored)."""
    return Counter(
        {
            FollowUpSpan(day, is_lost): count
            for day, (lost, censored) in durations.items()
            for is_lost, count in ((True, lost), (False, censored))
            if count
        }
    )


def before(total: int, item9: int = 0):
    return form(-1, total, item9)


# Twelve patients; the outcome of each is in the name of the row.
PEOPLE = {
    "response": patient([before(20, 2), form(30, 10, 1)]),
    "remission": patient([before(18, 1), form(30, 4, 0)]),
    "remission from exactly 10": patient([before(10), form(30, 4)]),
    "no response": patient([before(20, 1), form(30, 11, 1)]),
    "a little worse": patient([before(16), form(30, 17, 1)]),
    "reliably worse": patient([before(14, 1), form(30, 20, 3)]),
    "baseline below 10": patient([before(9), form(30, 2)]),
    "item 9 unknown at baseline": patient([form(-1, 12, None), form(30, 5, 2)]),
    "missing": patient([before(15)]),
    "baseline missing": patient([form(30, 3)]),
    "pending": patient([before(15), form(30, 3)], seen_on=40),
    "re-treated": patient(
        [before(15), form(16, 6), form(42, 3)],
        more_sessions=sessions([41], "c2"),
        courses=(course(), course("c2", "maintenance")),
    ),
}


def counted(people=None) -> Cohort:
    cohort = Cohort()
    for who in PEOPLE.values() if people is None else people:
        cohort.add(course_outcomes(who))
    return cohort


INDUCTIONS = CohortGroup("phase", "induction")


def test_the_hand_drawn_cohort_is_counted_as_its_rows_are_named():
    tally = counted().tallies[INDUCTIONS]

    assert (tally.patients, tally.courses, tally.strict) == (12, 12, 12)
    assert tally.fates == {
        "counted": 8,
        "missing": 1,
        "baseline_missing": 1,
        "pending": 1,
        "retreated": 1,
    }
    assert tally.shares == {
        "response": (4, 7),
        "remission": (2, 7),
        "worsened": (2, 8),
        "worsened_reliably": (1, 8),
        "item9_lower": (2, 4),
        "item9_zero": (1, 4),
        "item9_higher": (2, 7),
    }
    # Five responses were seen, each on the last form before the end of what is known.
    assert tally.response_durations == {FollowUpSpan(0, is_event=False): 5}


def test_figures_are_shares_of_those_observed():
    found = figures_of(INDUCTIONS, counted().tallies[INDUCTIONS])

    assert (found.small, found.baseline_mean, found.outcome_mean) == (
        False,
        Fraction(119, 8),
        Fraction(73, 8),
    )
    shares = {name: (one.count, one.n) for name, one in found.shares.items()}
    assert shares == {
        "response": (4, 7),
        "remission": (2, 7),
        "worsened": (2, 8),
        "worsened_reliably": (1, 8),
        "item9_lower": (2, 4),
        "item9_zero": (1, 4),
        "item9_higher": (2, 7),
    }
    assert found.shares["response"].percent == Fraction(400, 7)


def test_a_patient_with_two_courses_is_one_patient_and_two_courses():
    tally = counted([PEOPLE["re-treated"]]).tallies[OVERALL]

    assert (tally.patients, tally.courses) == (1, 2)
    assert tally.fates == {"retreated": 1, "missing": 1}


def test_the_groups_of_a_cohort_stand_in_a_fixed_order():
    who = patient(
        [before(15)],
        more_sessions=sessions([41], "c2", route="intranasal", product="esketamine"),
        courses=(course(), course("c2", "maintenance", "esketamine")),
    )

    assert [group for group, _ in counted([who]).groups()] == [
        CohortGroup("overall"),
        CohortGroup("phase", "induction"),
        CohortGroup("phase", "maintenance"),
        CohortGroup("strict", "induction"),
        CohortGroup("product", "induction", "ketamine"),
        CohortGroup("product", "maintenance", "esketamine"),
        CohortGroup("route", "induction", route="iv"),
        CohortGroup("route", "maintenance", route="intranasal"),
        CohortGroup("product_route", "induction", "ketamine", "iv"),
        CohortGroup("product_route", "maintenance", "esketamine", "intranasal"),
    ]


def test_the_order_of_the_patients_never_matters():
    people, expected = list(PEOPLE.values()), counted()

    for seed in range(5):
        random.Random(seed).shuffle(people)
        assert counted(people).groups() == expected.groups()


@pytest.mark.parametrize(("people", "small"), [(0, True), (4, True), (5, False)])
def test_a_group_with_fewer_than_five_outcomes_is_marked_small(people: int, small: bool):
    tally = counted([PEOPLE["response"]] * people).tallies[OVERALL]

    assert figures_of(OVERALL, tally).small is small


def test_an_empty_clinic_has_figures_of_nobody():
    found = figures_of(OVERALL, OutcomeTally())

    assert set(found.shares.values()) == {Share(0, 0, None, None, None)}
    assert (found.baseline_mean, found.outcome_mean) == (None, None)
    assert found.sustained.marks == (SurvivalMark(28, None, 0), SurvivalMark(56, None, 0))
    assert found.sustained.curve == ()


@given(st.integers(1, 10_000), st.data())
def test_the_interval_is_wilsons(n: int, data: st.DataObject):
    count = data.draw(st.integers(0, n))
    reference = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")

    found = share(count, n)

    assert found.low == pytest.approx(100 * reference.low, abs=1e-9)
    assert found.high == pytest.approx(100 * reference.high, abs=1e-9)
    assert found.percent == Fraction(100 * count, n)


@pytest.mark.parametrize(("count", "n"), [(-1, 3), (4, 3)])
def test_more_than_all_is_no_share(count: int, n: int):
    with pytest.raises(ValueError, match="is no share"):
        share(count, n)


def test_kaplan_meier_worked_out_by_hand():
    # Ten responses: 1 lost on day 7, 2 censored on day 14, 1 lost on day 21, 2 lost and 1 censored
    # on day 35, 3 censored on day 60.
    found = sustained(counted_by_day({7: (1, 0), 14: (0, 2), 21: (1, 0), 35: (2, 1), 60: (0, 3)}))

    assert (found.n, found.lost, found.censored) == (10, 4, 6)
    assert [(step.days, step.at_risk, step.survival) for step in found.curve] == [
        (7, 10, Fraction(9, 10)),
        (14, 9, Fraction(9, 10)),
        (21, 7, Fraction(27, 35)),
        (35, 6, Fraction(18, 35)),
        (60, 3, Fraction(18, 35)),
    ]
    assert found.marks == (
        SurvivalMark(28, Fraction(27, 35), 6),
        SurvivalMark(56, Fraction(18, 35), 3),
    )


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        ({30: (0, 2)}, SurvivalMark(28, Fraction(1), 2)),
        ({28: (1, 1)}, SurvivalMark(28, Fraction(1, 2), 2)),
        ({10: (1, 1)}, SurvivalMark(28, None, 0)),
        ({10: (2, 0)}, SurvivalMark(28, Fraction(0), 0)),
    ],
)
def test_a_share_is_unknown_once_nobody_is_observed(durations: dict, expected: SurvivalMark):
    assert mark(sustained(counted_by_day(durations)).curve, 28) == expected


@given(DURATIONS)
def test_kaplan_meier_agrees_with_lifelines(durations: dict):
    days = [day for day, (lost, kept) in durations.items() for _ in range(lost + kept)]
    events = [is_lost for lost, kept in durations.values() for is_lost in [1] * lost + [0] * kept]
    found = sustained(counted_by_day(durations))
    if not days:
        assert found.curve == ()
        return
    reference = KaplanMeierFitter().fit(days, events)

    for step in found.curve:
        expected = float(reference.survival_function_at_times(step.days).iloc[0])
        assert float(step.survival) == pytest.approx(expected, abs=1e-9)
        assert step.at_risk == reference.event_table.at_risk[step.days]


def test_memory_does_not_grow_with_the_patients():
    def peak(patients: int) -> int:
        cohort, dice = Cohort(), random.Random(5)
        tracemalloc.start()
        for number in range(patients):
            forms = [form(day, dice.randint(0, 27)) for day in range(16, 60, dice.randint(6, 9))]
            cohort.add(course_outcomes(patient([before(20), *forms])))
            if number % 500 == 499:
                gc.collect()  # the interpreter keeps freed tuples for later use
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    few = peak(500) and peak(500)  # what is made once is made now

    # Whatever else the process does meanwhile is traced too; a kept course is 800 bytes.
    assert peak(2_500) - few < 2_000 * 100
