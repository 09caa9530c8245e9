"""The statistics of the report against their definitions and against scipy."""

from __future__ import annotations

import math
import statistics as reference
import warnings
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.rules.statistics import (
    FollowUpSpan,
    as_number,
    kaplan_meier,
    mean,
    median,
    median_limits,
    sample_sd,
    theil_sen,
)

SCORES = st.lists(st.integers(0, 27), min_size=2, max_size=20)
POINTS = st.lists(
    st.tuples(st.integers(739_000, 739_030), st.integers(0, 27)),
    min_size=2,
    max_size=14,
    unique_by=lambda point: point[0],
)


@given(SCORES)
def test_mean_median_and_sd_agree_with_the_standard_library(scores):
    assert mean(scores) == reference.mean(map(Fraction, scores))
    assert median(scores) == reference.median(map(Fraction, scores))
    assert sample_sd(scores) == pytest.approx(reference.stdev(scores), abs=1e-12)


@given(POINTS)
def test_theil_sen_is_the_median_of_all_slopes(points):
    slopes = [Fraction(y2 - y1, x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2)]

    assert theil_sen(points) == reference.median(slopes)
    days, scores = zip(*points, strict=True)
    assert float(theil_sen(points)) == pytest.approx(stats.theilslopes(scores, days)[0])


def test_theil_sen_of_a_hand_drawn_series_ignores_one_outlier():
    assert theil_sen([(0, 10), (1, 9), (2, 27), (3, 7), (4, 6)]) == -1


@pytest.mark.parametrize("statistic", [mean, median, sample_sd, theil_sen])
def test_nothing_has_no_statistic(statistic):
    with pytest.raises(ValueError, match="needs at least"):
        statistic([])


def test_one_value_has_no_spread():
    with pytest.raises(ValueError, match="two values"):
        sample_sd([5])


@pytest.mark.parametrize(
    ("exact", "number"),
    [
        (Fraction(11), 11),
        (11.0, 11),
        (-0.0, 0),
        (Fraction(36, 7), 36 / 7),
        (Fraction(-7, 2), -3.5),
        (5, 5),
    ],
)
def test_a_number_is_rounded_once_and_whole_numbers_stay_whole(exact, number):
    found = as_number(exact)

    assert found == number
    assert type(found) is type(number)
    assert not math.copysign(1, found) < 0 or found < 0


@given(
    st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=2, max_size=20),
    st.sampled_from([80, 95]),
)
def test_the_interval_of_a_median_is_where_the_log_log_band_crosses_a_half(spans, percent):
    curve = kaplan_meier([FollowUpSpan(*span) for span in spans])
    low, high = median_limits(curve, percent)
    if not any(is_event for _, is_event in spans):
        assert (low, high) == (None, None)
        return
    seen = [day for day, is_event in spans if is_event]
    right = [day for day, is_event in spans if not is_event]
    survival = stats.ecdf(stats.CensoredData(seen, right=right)).sf
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        band = survival.confidence_interval(percent / 100, method="log-log")

    def crossing(line):
        pairs = zip(band.low.quantiles, line.probabilities, survival.probabilities, strict=True)
        # Before the first loss and once nobody is left the band is not defined.
        return next((int(day) for day, edge, share in pairs if 0 < share < 1 and edge <= 0.5), None)

    gone = next((step.days for step in curve if step.survival == 0), None)
    assert low == min(filter(None, (crossing(band.low), gone)), default=None)
    assert high == crossing(band.high)
