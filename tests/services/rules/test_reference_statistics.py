"""Our statistics against the reference implementations of scipy and lifelines, to 1e-9."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from scipy import stats

from services.rules.figures.windows import instability
from services.rules.statistics import (
    FollowUpSpan,
    kaplan_meier,
    mann_kendall,
    median_days,
    theil_sen,
)
from tests.builders.rules.days import values

SPANS = st.lists(
    st.builds(FollowUpSpan, st.integers(1, 60), st.booleans()), min_size=1, max_size=60
)
SERIES = st.lists(st.integers(0, 27), min_size=2, max_size=40)
NEARLY = {"rel": 1e-9, "abs": 1e-9}


@settings(max_examples=40)  # each takes lifelines many milliseconds
@given(SPANS)
def test_kaplan_meier_is_that_of_lifelines(spans):
    reference = KaplanMeierFitter().fit(
        [span.days for span in spans], [span.is_event for span in spans]
    )

    steps = kaplan_meier(spans)

    for step in steps:
        expected = reference.survival_function_at_times(step.days).iloc[0]
        row = reference.event_table.loc[step.days]
        assert float(step.survival) == pytest.approx(expected, **NEARLY)
        assert (step.at_risk, step.events, step.censored) == (
            row["at_risk"],
            row["observed"],
            row["censored"],
        )
    # Exactly one half is reached, though lifelines, in floating point, may stop a hair above it.
    survival = reference.survival_function_["KM_estimate"]
    halved = [day for day, share in survival.items() if share <= 0.5 + 1e-9]
    assert median_days(steps) == (halved[0] if halved else None)


def test_kaplan_meier_of_a_published_series():
    # Remission in weeks under 6-mercaptopurine, 21 children, Freireich 1963 (public domain).
    events = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    steps = kaplan_meier(
        [*(FollowUpSpan(t, True) for t in events), *(FollowUpSpan(t, False) for t in censored)]
    )

    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    found = {step.days: round(float(step.survival), 3) for step in steps if step.events}
    assert found == published
    assert median_days(steps) == 23


def test_nobody_has_no_curve():
    assert kaplan_meier([]) == ()
    assert median_days(()) is None


@given(SERIES)
def test_mann_kendall_has_the_sign_of_kendalls_tau_and_the_p_of_the_normal(scores):
    found = mann_kendall(scores)

    tau = stats.kendalltau(range(len(scores)), scores).statistic if len(set(scores)) > 1 else 0
    n, ties = len(scores), [count for count in Counter(scores).values() if count > 1]
    variance = n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)
    assert math.copysign(1, tau) * found.s >= 0
    assert (found.s == 0) == (abs(tau) < 1e-12)
    # tau-b is S over the geometric mean of the pairs that are not tied.
    pairs, tied = math.comb(n, 2), sum(math.comb(t, 2) for t in ties)
    assert found.s == pytest.approx(tau * math.sqrt(pairs * (pairs - tied)), **NEARLY)
    assert float(found.variance) == pytest.approx(variance / 18, **NEARLY)
    distance = max(abs(found.s) - 1, 0)
    z = distance / math.sqrt(variance / 18) if distance else 0
    assert found.p == pytest.approx(2 * stats.norm.sf(z), **NEARLY)


@given(st.dictionaries(st.integers(0, 400), st.integers(0, 27), min_size=2, max_size=40))
def test_theil_sen_is_that_of_scipy_over_days_with_gaps(scores):
    expected = stats.theilslopes(list(scores.values()), list(scores)).slope

    assert float(theil_sen(sorted(scores.items()))) == pytest.approx(expected, **NEARLY)


@given(st.dictionaries(st.integers(0, 13), st.integers(0, 27), min_size=7, max_size=14))
def test_the_spread_is_that_of_scipy(scores):
    found = instability(values(scores))

    assert found.sd == pytest.approx(stats.tstd(list(scores.values())), **NEARLY)
