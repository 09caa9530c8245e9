"""What holds for every form, whoever fills it in."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules.instruments.answers import DECLINED, InvalidAnswers, check_answers, item9, score
from services.rules.instruments.definition import instrument, load_instruments

steady = settings(derandomize=True, max_examples=200, deadline=None)
ALL = sorted(load_instruments())
SUMMED = sorted(code for code, found in load_instruments().items() if not found.triage)


@st.composite
def forms(draw, codes=ALL):
    """An instrument and canonical answers: numbers, declined and left out in any mixture."""
    found = instrument(draw(st.sampled_from(codes)))
    raw = {
        item.link_id: draw(st.sampled_from([*range(item.lowest, item.highest + 1), DECLINED, None]))
        for item in found.items
    }
    return found, check_answers(found, raw)


@st.composite
def complete_forms(draw):
    found = instrument(draw(st.sampled_from(SUMMED)))
    return found, {
        item.link_id: draw(st.integers(item.lowest, item.highest)) for item in found.items
    }


def outcome_of(found, raw):
    try:
        return check_answers(found, raw), {}
    except InvalidAnswers as refused:
        return None, refused.errors


@steady
@given(complete_forms())
def test_the_total_of_a_complete_form_is_the_sum_of_its_scored_items(filled):
    found, answers = filled
    total = sum(
        value for link_id, value in answers.items() if link_id != "q10" or "phq9" not in found.code
    )
    scored = score(found, answers)
    assert (scored.total, scored.complete) == (total, True)
    assert scored.prorated_total in (None, total)


@steady
@given(forms(), st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(filled, shuffler):
    found, answers = filled
    pairs = list(answers.items())
    shuffler.shuffle(pairs)
    assert score(found, dict(pairs)) == score(found, answers)
    assert check_answers(found, dict(pairs)) == answers
    assert list(check_answers(found, dict(pairs))) == list(answers)


@steady
@given(forms())
def test_declined_scores_exactly_as_left_out(filled):
    found, answers = filled
    numbers = {link_id: value for link_id, value in answers.items() if value != DECLINED}
    assert score(found, numbers) == score(found, answers)
    assert item9(found, numbers) == item9(found, answers)


@steady
@given(complete_forms(), st.data())
def test_a_missing_answer_is_never_taken_for_zero(filled, data):
    found, answers = filled
    gone = data.draw(st.sampled_from([item.link_id for item in found.scored_items]))
    partial = {link_id: value for link_id, value in answers.items() if link_id != gone}
    scored = score(found, partial)
    assert (scored.total, scored.band, scored.complete) == (None, None, False)
    assert scored.answered == len(found.scored_items) - 1


@steady
@given(forms(codes=["phq9"]))
def test_a_prorated_total_is_the_mean_times_nine_rounded_half_up(filled):
    found, answers = filled
    values = [answers[f"q{n}"] for n in range(1, 10) if isinstance(answers.get(f"q{n}"), int)]
    prorated = score(found, answers).prorated_total
    if len(values) < 7 or not isinstance(answers.get("q9"), int):
        assert prorated is None
    else:
        assert prorated == floor(Fraction(9 * sum(values), len(values)) + Fraction(1, 2))
        assert sum(values) <= prorated <= min(27, sum(values) + 3 * (9 - len(values)))


@steady
@given(forms(codes=["phq9"]))
def test_item_9_does_not_depend_on_any_other_answer(filled):
    found, answers = filled
    alone = {"q9": answers["q9"]} if "q9" in answers else {}
    assert item9(found, answers) == item9(found, alone)


@steady
@given(forms())
def test_checking_twice_changes_nothing(filled):
    found, answers = filled
    assert check_answers(found, answers) == answers


@steady
@given(
    st.sampled_from(ALL),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("q1"), inner),
    ),
)
def test_any_json_is_either_canonical_answers_or_invalid_answers(code, raw):
    answers, errors = outcome_of(instrument(code), raw)
    assert (answers is None) is bool(errors)
    assert all(path == "answers" or path.startswith("answers.q") for path in errors)
    for link_id, value in (answers or {}).items():
        assert link_id in instrument(code).link_ids
        assert type(value) is int or value == DECLINED


@pytest.mark.parametrize("code", SUMMED)
def test_the_lowest_and_the_highest_form_reach_the_ends_of_the_range(code):
    found = instrument(code)
    lowest = score(found, {item.link_id: item.lowest for item in found.items})
    highest = score(found, {item.link_id: item.highest for item in found.items})
    ends = {
        "phq9": 27,
        "phq9-daily": 27,
        "gad7": 21,
        "pcl5": 80,
        "mood": 10,
        "asrm": 20,
        "urinary": 15,
    }
    assert (lowest.total, highest.total) == (0, ends[code])
