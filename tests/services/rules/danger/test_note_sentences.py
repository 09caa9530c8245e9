"""How well S7 finds danger in notes, on sentences labelled before the terms were chosen."""

from __future__ import annotations

import pytest

from tests.services.rules.danger.sentences import SENTENCES, Figures, figures


def test_there_are_enough_sentences():
    assert len(SENTENCES) >= 300
    assert sum(one.is_negated for one in SENTENCES) >= 60
    assert all(one.is_dangerous for one in SENTENCES if one.is_negated)


@pytest.mark.parametrize("is_unseen", [False, True], ids=["seen", "unseen"])
def test_danger_is_found_and_harmless_notes_are_left_alone(is_unseen):
    found = figures(one for one in SENTENCES if one.is_unseen == is_unseen)
    assert found.sensitivity >= 0.85
    assert found.specificity >= 0.8


def test_acts_and_intents_page_at_once():
    found: Figures = figures(one for one in SENTENCES if one.kind in ("act", "intent"))
    assert found.sensitivity >= 0.95
    assert found.at_once >= 0.95


def test_no_negated_danger_is_missed():
    assert [one.text for one in SENTENCES if one.is_negated and one.tier is None] == []
