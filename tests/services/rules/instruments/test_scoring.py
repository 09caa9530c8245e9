"""Totals, bands, proration and item 9, row by row, as a clinician would check them."""

from __future__ import annotations

import pytest

from services.rules.instruments.answers import (
    ITEM9_NOT_ASKED,
    ITEM9_UNKNOWN,
    Score,
    band_of,
    check_answers,
    item9,
    score,
)
from services.rules.instruments.definition import instrument


def form(code, *values, **others):
    """A form with `values` for q1, q2 ... (None leaves out) and others by link id."""
    given = {f"q{n}": value for n, value in enumerate(values, 1)} | others
    return instrument(code), check_answers(instrument(code), given)


def test_a_complete_phq9_has_a_total_a_band_and_the_same_prorated_total():
    assert score(*form("phq9", 1, 2, 1, 1, 1, 1, 1, 1, 1)) == Score(10, "moderate", True, 9, 10)


@pytest.mark.parametrize("functional", [None, 0, 3, "declined"])
def test_the_functional_item_changes_nothing(functional):
    scored = score(*form("phq9", 1, 1, 1, 1, 1, 1, 1, 1, 1, functional))
    assert scored == Score(9, "mild", True, 9, 9)


def test_an_empty_form_is_unknown_and_not_zero():
    assert score(*form("phq9")) == Score(None, None, False, 0, None)


def test_all_zero_is_a_score():
    assert score(*form("phq9", *[0] * 9)) == Score(0, "minimal", True, 9, 0)


@pytest.mark.parametrize("missing", [None, "declined"])
@pytest.mark.parametrize("code", ["phq9", "phq9-daily", "gad7", "pcl5", "mood", "asrm", "urinary"])
def test_one_unknown_scored_item_leaves_no_total(code, missing):
    found = instrument(code)
    answers = check_answers(found, {item.link_id: 1 for item in found.items} | {"q1": missing})
    scored = score(found, answers)
    assert (scored.total, scored.band, scored.complete) == (None, None, False)
    assert scored.answered == len(found.scored_items) - 1


@pytest.mark.parametrize(
    ("values", "prorated"),
    [
        ((1, 1, 1, 1, 1, 1, 1, None, 0), 8),  # 7 of 8: 7.875
        ((1, 1, 1, 1, 1, 1, None, None, 0), 8),  # 6 of 7: 7.714
        ((1, 1, 1, 1, 1, None, None, None, 0), None),  # 6 answered are too few
        ((2, 1, 1, 0, 0, 0, 0, None, 0), 5),  # 4 of 8: exactly 4.5, half up
        ((3, 3, 3, 3, 0, 0, 0, None, 0), 14),  # 12 of 8: exactly 13.5, half up
        ((3, 3, 3, 3, 1, 0, 0, None, 0), 15),  # 13 of 8: 14.625
        ((1, 0, 0, 0, 0, 0, 0, None, 0), 1),  # 1 of 8: 1.125
        ((2, 0, 0, 0, 0, 0, None, "declined", 0), 3),  # 2 of 7: 2.571
        ((1, 0, 0, 0, 0, 0, None, "declined", 0), 1),  # 1 of 7: 1.286
        ((3, 3, 3, 3, 3, 3, 3, None, 3), 27),
        ((0, 0, 0, 0, 0, 0, 0, None, 0), 0),
        ((1, 1, 1, 1, 1, 1, 1, 1, None), None),  # item 9 is never imputed
        ((1, 1, 1, 1, 1, 1, 1, 1, "declined"), None),
    ],
)
def test_a_phq9_is_prorated_from_seven_answers_with_item_9_known(values, prorated):
    scored = score(*form("phq9", *values))
    assert (scored.total, scored.band, scored.prorated_total) == (None, None, prorated)


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("phq9-daily", [1] * 9),
        ("phq9-daily", [1] * 8),
        ("gad7", [1] * 7),
        ("pcl5", [1] * 20),
        ("asrm", [1] * 5),
        ("asrm", [1] * 4),
        ("urinary", [1] * 4),
    ],
)
def test_nothing_but_the_validated_phq9_is_prorated(code, values):
    assert score(*form(code, *values)).prorated_total is None


@pytest.mark.parametrize(
    ("code", "total", "band"),
    [
        ("phq9", 0, "minimal"),
        ("phq9", 4, "minimal"),
        ("phq9", 5, "mild"),
        ("phq9", 6, "mild"),
        ("phq9", 9, "mild"),
        ("phq9", 10, "moderate"),
        ("phq9", 11, "moderate"),
        ("phq9", 14, "moderate"),
        ("phq9", 15, "moderately_severe"),
        ("phq9", 16, "moderately_severe"),
        ("phq9", 19, "moderately_severe"),
        ("phq9", 20, "severe"),
        ("phq9", 21, "severe"),
        ("phq9", 27, "severe"),
        ("gad7", 0, "minimal"),
        ("gad7", 4, "minimal"),
        ("gad7", 5, "mild"),
        ("gad7", 6, "mild"),
        ("gad7", 9, "mild"),
        ("gad7", 10, "moderate"),
        ("gad7", 11, "moderate"),
        ("gad7", 14, "moderate"),
        ("gad7", 15, "severe"),
        ("gad7", 16, "severe"),
        ("gad7", 21, "severe"),
        ("pcl5", 0, "below_cut"),
        ("pcl5", 30, "below_cut"),
        ("pcl5", 31, "at_or_above_cut"),
        ("pcl5", 32, "at_or_above_cut"),
        ("pcl5", 80, "at_or_above_cut"),
        ("asrm", 0, "below_cut"),
        ("asrm", 5, "below_cut"),
        ("asrm", 6, "at_or_above_cut"),
        ("asrm", 7, "at_or_above_cut"),
        ("asrm", 20, "at_or_above_cut"),
        ("urinary", 0, None),
        ("urinary", 15, None),
    ],
)
def test_a_total_falls_in_its_band(code, total, band):
    found = instrument(code)
    answers, left = {}, total
    for item in found.scored_items:
        answers[item.link_id] = min(left, item.highest)
        left -= answers[item.link_id]
    scored = score(found, answers)
    assert (scored.total, scored.band) == (total, band)


@pytest.mark.parametrize("total", [-1, 28])
def test_an_impossible_total_has_no_band(total):
    assert band_of(instrument("phq9"), total) is None


def test_a_daily_total_has_no_band():
    assert score(*form("phq9-daily", *[3] * 9)) == Score(27, None, True, 9, None)


@pytest.mark.parametrize("value", [0, 7, 10])
def test_mood_is_its_own_total_without_a_band(value):
    assert score(*form("mood", value)) == Score(value, None, True, 1, None)


@pytest.mark.parametrize("code", ["phq9", "phq9-daily"])
@pytest.mark.parametrize(("value", "positive"), [(0, False), (1, True), (2, True), (3, True)])
def test_item_9_is_read_on_a_partial_form_whatever_the_total(code, value, positive):
    found = item9(*form(code, q9=value))
    assert (found.value, found.positive, found.unknown) == (value, positive, False)


@pytest.mark.parametrize("code", ["phq9", "phq9-daily"])
@pytest.mark.parametrize("others", [{}, {"q9": None}, {"q9": "declined"}])
def test_a_missing_or_declined_item_9_is_unknown_and_not_zero(code, others):
    found = item9(*form(code, *[0] * 8, **others))
    assert found == ITEM9_UNKNOWN
    assert (found.unknown, found.positive) == (True, False)


@pytest.mark.parametrize("code", ["gad7", "pcl5", "asrm", "urinary", "cssrs-screener", "mood"])
def test_other_instruments_do_not_ask_item_9(code):
    found = item9(instrument(code), {"q9": 3} if code == "pcl5" else {})
    assert found == ITEM9_NOT_ASKED
    assert (found.unknown, found.positive) == (False, False)
