"""Which answers are answers: the options as integers, left out, or declined. Nothing else."""

from __future__ import annotations

import json

import pytest

from services.rules.instruments.answers import InvalidAnswers, check_answers, number
from services.rules.instruments.definition import instrument

SECRET = "I want to end it"


def errors_of(code, raw):
    with pytest.raises(InvalidAnswers) as refused:
        check_answers(instrument(code), raw)
    return refused.value.errors


@pytest.mark.parametrize("value", [0, 1, 2, 3, "declined"])
def test_an_option_and_declined_are_kept_as_sent(value):
    assert check_answers(instrument("phq9"), {"q9": value}) == {"q9": value}


def test_null_and_left_out_are_the_same():
    phq9 = instrument("phq9")
    assert check_answers(phq9, {"q1": None, "q9": 2}) == check_answers(phq9, {"q9": 2})
    assert check_answers(phq9, dict.fromkeys(phq9.link_ids)) == check_answers(phq9, {}) == {}


def test_declined_is_not_the_same_as_left_out():
    assert check_answers(instrument("phq9"), {"q9": "declined"}) != {}


def test_the_canonical_form_stands_in_published_order():
    canonical = check_answers(instrument("phq9"), {"q10": 1, "q9": 0, "q1": 3})
    assert list(canonical) == ["q1", "q9", "q10"]


@pytest.mark.parametrize(
    "written",
    ["true", "false", "1.0", "1e0", "0.5", '"1"', '""', '"Declined"', "-1", "4", "[]", "[1]", "{}",
     "99999999999999999999999", "NaN"],
)  # fmt: skip
def test_anything_else_is_refused_by_path(written):
    errors = errors_of("phq9", json.loads(f'{{"q9": {written}}}'))
    assert errors == {"answers.q9": ['must be an integer from 0 to 3, null or "declined"']}


@pytest.mark.parametrize(
    ("code", "highest"),
    [
        ("phq9", 3),
        ("phq9-daily", 3),
        ("gad7", 3),
        ("pcl5", 4),
        ("asrm", 4),
        ("urinary", 3),
        ("cssrs-screener", 1),
        ("mood", 10),
    ],
)
def test_the_highest_option_is_an_answer_and_the_next_is_not(code, highest):
    assert check_answers(instrument(code), {"q1": highest}) == {"q1": highest}
    assert list(errors_of(code, {"q1": highest + 1})) == ["answers.q1"]
    assert list(errors_of(code, {"q1": -1})) == ["answers.q1"]


@pytest.mark.parametrize("raw", [None, [], "q9", 3, True])
def test_answers_must_be_an_object(raw):
    assert list(errors_of("phq9", raw)) == ["answers"]


@pytest.mark.parametrize(("code", "link_id"), [("gad7", "q9"), ("mood", "q2"), ("phq9", "q6b")])
def test_an_unknown_link_id_is_refused_by_its_path(code, link_id):
    errors = errors_of(code, {link_id: 0})
    assert errors == {f"answers.{link_id}": ["is not a link id of this instrument"]}


@pytest.mark.parametrize("key", [SECRET, "q", "Q9", "q9 ", "", "q٣", "q9\n", 9])
def test_a_key_that_could_be_a_persons_text_is_not_repeated(key):
    assert errors_of("phq9", {key: 1}) == {"answers": ["has an unknown key"]}


def test_all_mistakes_are_reported_at_once():
    errors = errors_of("phq9", {"q1": True, "q2": 1.0, "q3": "1", "q9": 4, "q11": 0, SECRET: 1})
    assert set(errors) == {
        "answers",
        "answers.q1",
        "answers.q2",
        "answers.q3",
        "answers.q9",
        "answers.q11",
    }


def test_no_message_repeats_what_was_sent():
    with pytest.raises(InvalidAnswers) as refused:
        check_answers(instrument("phq9"), {"q9": SECRET, SECRET: SECRET})
    assert SECRET not in repr(refused.value.errors) + str(refused.value) + repr(refused.value)


def test_only_a_number_is_a_number():
    answers = {"q1": 0, "q2": "declined", "q3": None}
    assert [number(answers, link_id) for link_id in ("q1", "q2", "q3", "q4")] == [
        0,
        None,
        None,
        None,
    ]
