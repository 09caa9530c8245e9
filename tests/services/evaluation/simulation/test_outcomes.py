"""A simulated cohort is the same for a seed, and the counting recovers what is true of it."""

from __future__ import annotations

from itertools import islice

import pytest

from services.evaluation.simulation.outcomes import Losses, Truth, simulated_patients
from services.rules.cohort.course import FATES, course_outcomes
from services.rules.cohort.figures import GroupFigures, figures_of
from services.rules.cohort.tally import Cohort, CohortGroup

INDUCTIONS = CohortGroup("phase", "induction")
SHARES = ("response", "remission", "worsened", "item9_lower", "item9_higher")
OTHER = Truth(
    response=0.35,
    remission=0.12,
    worsened=0.2,
    item9_lower=0.4,
    item9_higher=0.15,
    sustained_first_mark=0.6,
    sustained_second_mark=0.3,
)


def counted(patients: int, seed: int, truth: Truth, losses: Losses | None = None) -> GroupFigures:
    cohort = Cohort()
    for person in simulated_patients(patients, seed, truth, losses):
        cohort.add(course_outcomes(person))
    return figures_of(INDUCTIONS, cohort.tallies[INDUCTIONS])


def test_person_number_n_is_the_same_however_many_are_drawn():
    few, many = simulated_patients(3, 7), simulated_patients(5, 7)

    assert list(few) == list(islice(many, 3))
    assert next(simulated_patients(1, 7)) != next(simulated_patients(1, 8))


@pytest.mark.parametrize("truth", [Truth(), OTHER], ids=["as published", "another"])
def test_the_shares_are_recovered_within_four_standard_errors(truth: Truth):
    found = counted(3000, 11, truth)

    for name in SHARES:
        share, true = found.shares[name], getattr(truth, name)
        error = (true * (1 - true) / share.n) ** 0.5
        assert float(share.percent) / 100 == pytest.approx(true, abs=4 * error), name
    assert {fate for fate in FATES if found.tally.fates.get(fate, 0) > 30} == set(FATES)


@pytest.mark.parametrize("truth", [Truth(), OTHER], ids=["as published", "another"])
def test_sustained_response_is_recovered_despite_censoring_and_re_treatment(truth: Truth):
    """Without missed forms: one that is missed tells of a loss a week later, for the clinic too."""
    marks = counted(3000, 5, truth, Losses(forms_missing=0.0)).sustained.marks

    for mark, true in zip(
        marks, (truth.sustained_first_mark, truth.sustained_second_mark), strict=True
    ):
        error = (true * (1 - true) / mark.at_risk) ** 0.5
        assert float(mark.share) == pytest.approx(true, abs=4 * error)


def test_missed_forms_make_a_response_look_longer_by_little():
    seen, half_seen = (
        counted(3000, 5, Truth(), Losses(forms_missing=share)).sustained.marks[0].share
        for share in (0.0, 0.4)
    )

    assert 0 < half_seen - seen < 0.06
