"""The numbers of the cohort fit each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.rules.cohort.numbers import COHORT_THRESHOLDS
from services.rules.numbers import NumbersError
from tests.builders.rules.changed_numbers import measured_otherwise


def test_an_interval_is_as_wide_as_its_percent_says() -> None:
    assert COHORT_THRESHOLDS.shown.interval_percent == 95
    with pytest.raises(NumbersError, match=r"interval_z: is not that of the interval's percent"):
        replace(COHORT_THRESHOLDS.shown, interval_percent=90)


def test_rules_and_figures_measure_change_alike() -> None:
    change = replace(COHORT_THRESHOLDS.measures.change, mcid_points=4)
    other = measured_otherwise(change=change).course_rules
    with pytest.raises(NumbersError, match="course_rules: rests on other measures"):
        replace(COHORT_THRESHOLDS, course_rules=other)
