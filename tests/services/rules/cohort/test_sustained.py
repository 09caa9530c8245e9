"""How long a response lasted: from its first reading to its loss or the last form."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.rules.cohort.course import sustained_response
from services.rules.cohort.numbers import COHORT_THRESHOLDS
from services.rules.day_series import DayValue
from services.rules.statistics import FollowUpSpan

START = date(2026, 3, 17)


def duration_of(*readings: tuple[int, int], baseline: int = 20):
    values = [DayValue(START + timedelta(days=day), total) for day, total in readings]
    respond_by = START + timedelta(days=31)
    return sustained_response(values, baseline, respond_by)


@pytest.mark.parametrize(
    ("baseline", "total", "responded"),
    [(20, 10, True), (20, 11, False), (10, 5, True), (9, 0, False)],
)
def test_a_response_is_half_of_a_baseline_of_at_least_10(
    baseline: int, total: int, responded: bool
):
    assert COHORT_THRESHOLDS.measures.change.is_response(baseline, total) is responded


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ((), None),
        (((7, 12),), None),
        (((32, 4),), None),
        (((7, 12), (31, 4)), FollowUpSpan(0, is_event=False)),
        (((7, 8), (20, 9), (47, 10)), FollowUpSpan(40, is_event=False)),
        # Two in a row under half the improvement, at least 5 days apart: the first tells the day.
        (((7, 9), (21, 11), (26, 12)), FollowUpSpan(14, is_event=True)),
        (((7, 9), (21, 11), (25, 12)), FollowUpSpan(18, is_event=False)),
        (((7, 9), (21, 11), (26, 10), (31, 11)), FollowUpSpan(24, is_event=False)),
        # One reading of at least 10 and 5 above the lowest is enough.
        (((7, 4), (21, 10)), FollowUpSpan(14, is_event=True)),
        (((7, 4), (21, 9), (30, 3)), FollowUpSpan(23, is_event=False)),
        (((3, 15), (7, 4), (300, 4)), FollowUpSpan(182, is_event=False)),
        (((7, 4), (190, 15)), FollowUpSpan(182, is_event=False)),
        (((7, 4), (189, 15)), FollowUpSpan(182, is_event=True)),
    ],
)
def test_the_response_lasts_to_its_loss_or_to_the_last_form(readings: tuple, expected):
    assert duration_of(*readings) == expected


def test_a_low_baseline_knows_no_response():
    assert duration_of((7, 0), (20, 1), baseline=9) is None
