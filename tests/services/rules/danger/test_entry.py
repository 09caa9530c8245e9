"""Versions of one form: blanking an answer is not an unknown answer."""

from __future__ import annotations

import pytest

from services.rules.danger.triage import carried_forward, highest_item9, highest_level


def test_numbers_survive_a_later_null_or_declined():
    versions = [{"q1": 1, "q2": 1, "q6": "declined"}, {"q1": "declined", "q6": 0}, {}]
    assert carried_forward(versions) == [
        {"q1": 1, "q2": 1, "q6": "declined"},
        {"q1": 1, "q2": 1, "q6": 0},
        {"q1": 1, "q2": 1, "q6": 0},
    ]


def test_a_new_number_replaces_the_old_one():
    assert carried_forward([{"q3": 1}, {"q3": 0}])[-1] == {"q3": 0}


def test_no_versions_carry_nothing():
    assert carried_forward([]) == []


@pytest.mark.parametrize(
    ("values", "highest"),
    [([], None), (["unknown", None], None), ([0, "unknown"], 0), ([2, 0, 1], 2)],
)
def test_the_highest_item9_of_all_versions(values, highest):
    assert highest_item9(values) == highest


@pytest.mark.parametrize(
    ("levels", "highest"),
    [
        ([], None),
        (["none", "low"], "low"),
        (["low", "unknown"], "unknown"),
        (["unknown", "moderate"], "moderate"),
        (["high", "none"], "high"),
    ],
)
def test_the_highest_cssrs_level_of_all_versions(levels, highest):
    assert highest_level(levels) == highest
