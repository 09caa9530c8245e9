"""Danger in refused bodies: found in whatever can be read, and not where there is none."""

from __future__ import annotations

import json
import random
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules.danger.refused_bodies import SCANNED_BYTES, Danger, find_danger
from services.rules.decision import Tier

CRITICAL, HIGH = Tier.CRITICAL, Tier.HIGH


def body(instrument, answers, **more):
    form = {"instrument": instrument, "answers": answers, **more}
    return json.dumps({key: value for key, value in form.items() if value is not None}).encode()


def tier(raw, instrument=None):
    danger = find_danger(raw, instrument)
    return None if danger is None else danger.tier


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (body("phq9", {"q9": 0}), None),
        (body("phq9", {"q9": 1}), HIGH),
        (body("phq9", {"q9": 2}), CRITICAL),
        (body("phq9-daily", {"q9": 3}), CRITICAL),
        (body("phq9", {"q9": 4}), None),
        (body("phq9", {"q9": -1}), None),
        (body("phq9", {"q9": 30}), None),
        (body("phq9", {"q9": None}), None),
        (body("phq9", {"q9": "declined"}), None),
        (body("phq9", {"q3": 1, "q4": 1, "q9": 0}), None),
        (body("phq9", {"q3": 1, "q9": 1}), HIGH),
        (body("PHQ-9", {"q9": 3, "q11": 0}, colour="blue"), CRITICAL),
        (body("phq9", {" Q9 ": 1}), HIGH),
        (body("phq9", {"q9": "2"}), CRITICAL),
        (body("phq9", {"q9": " 1 "}), HIGH),
        (body("phq9", {"q9": "01.0"}), HIGH),
        (body("phq9", {"q9": 2.0}), CRITICAL),
        (body("phq9", {"q9": True}), HIGH),
        (body("phq9", {"q9": [3]}), None),
        (body("gad7", {"q9": 3}), None),
        (body("pcl5", {"q9": 3, "q4": 1}), None),
        (body("asrm", {"q4": 1, "q5": 1}), None),
        (body("urinary", {"q4": 1, "q5": 1}), None),
        (body("mood", {"q1": 1}), None),
        (body("new-form", {"q9": 3}), CRITICAL),
        (body(7, {"q9": 3}), CRITICAL),
        (body(None, {"q9": 1}), HIGH),
        (body("cssrs-screener", {"q1": 1, "q2": 1, "q3": 0, "q6": 0}), None),
        (body("cssrs-screener", {"q3": 1}), CRITICAL),
        (body("cssrs-screener", {"q4": "yes"}), CRITICAL),
        (body("cssrs-screener", {"q5": 1}), CRITICAL),
        (body("cssrs-screener", {"q6": 1}), CRITICAL),
        (body("cssrs-screener", {"q6b": 1, "q12": 3}), CRITICAL),
        (body("cssrs-screener", {"q4": 2}), None),
        (body(None, {"q1": 1, "q2": 1, "q4": 1}), CRITICAL),
        (body(None, {"q6b": 1, "q9": 0}), CRITICAL),
        (body(None, {"q1": 1, "q4": 1, "q8": 0, "q9": 0}), None),
        (body(None, {"q1": 2, "q4": 1}), None),
        (b'{"q9": 3}', CRITICAL),
        (b"[]", None),
        (b"", None),
        (b"null", None),
        (b"3", None),
    ],
)
def test_in_a_body_that_is_json_the_form_decides(raw, expected):
    assert tier(raw) == expected


def test_it_says_what_was_found_and_never_any_other_text():
    raw = body("cssrs-screener", {"q3": 1, "q5": 1, "note": "my name is Ann"})
    assert find_danger(raw) == Danger(CRITICAL, ("q3=1", "q5=1"))


def test_a_repeated_key_does_not_hide_the_first():
    assert tier(b'{"instrument":"phq9","answers":{"q9":3,"q9":0}}') == CRITICAL
    assert tier(b'{"instrument":"gad7","instrument":"phq9","answers":{"q9":1}}') == HIGH


def test_notes_in_a_readable_body_are_not_taken_for_answers():
    assert tier(body("phq9", {"q9": 0}, note='"q9": 3')) is None


def test_a_form_that_was_encoded_twice_is_read():
    once = json.dumps({"q9": 2})
    assert tier(body("phq9", once)) == CRITICAL
    assert tier(body("gad7", once)) is None
    assert (
        tier(json.dumps(json.dumps({"instrument": "phq9", "answers": {"q9": 1}})).encode()) == HIGH
    )
    assert tier(json.dumps([json.dumps({"q9": 1})]).encode()) == HIGH


def test_each_item_of_a_batch_is_read_by_its_own_instrument():
    harmless = {"type": "check_in", "instrument": "pcl5", "answers": {"q9": 3, "q4": 1}}
    phq9 = {"type": "check_in", "instrument": "phq9", "answers": {"q3": 1, "q9": 1}}
    assert tier(json.dumps({"items": [harmless]}).encode()) is None
    assert tier(json.dumps({"items": [harmless, phq9]}).encode()) == HIGH
    asked = {"items": [harmless, {"type": "help_request", "id": "0197"}]}
    assert find_danger(json.dumps(asked).encode()) == Danger(CRITICAL, ("help_request",))


def test_the_addressed_form_helps_where_the_body_names_none():
    amendment = json.dumps({"id": "0197", "answers": {"q4": 1, "q9": 2}}).encode()
    assert tier(amendment, "phq9") == CRITICAL
    assert tier(amendment, "pcl5") is None
    assert tier(b'{"answers":{"q1":2,"q4":1}}', "cssrs-screener") == CRITICAL
    assert tier(b'{"answers":{"q1":2,"q4":1}', "cssrs-screener") == CRITICAL


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"instrument":"phq9","answers":{"q3":1,"q9":3', CRITICAL),
        (b'{"instrument":"phq9","answers":{"q3":1,"q9":1', HIGH),
        (b'{"instrument":"phq9","answers":{"q9":10}', None),
        (b"{'instrument': 'phq9', 'answers': {'q9': 2}}", CRITICAL),
        (b"{instrument: 'phq9', answers: {q9 : 002.0}}", CRITICAL),
        (b'{"instrument":"phq9","note":"\xff\xfe","answers":{"q9":1}}', HIGH),
        (b'{"instrument":"phq9","answers":{"q9":\t\n "1"', HIGH),
        (b'{"instrument":"phq9","answers":"{\\"q9\\": 2', CRITICAL),
        (b'{"answers":{"\\u0071\\u0039":1', HIGH),
        (b"instrument=phq9&q9=3", CRITICAL),
        (b'{"faq9":3', None),
        (b'{"q9b":3', None),
        (b'{"q9" 3', None),
        (b'{"instrument":"gad7","answers":{"q9":3', None),
        (b'{"instrument":"pcl5","answers":{"q9":3,"q4":1', None),
        (b'[{"instrument":"pcl5"},{"instrument":"phq9","answers":{"q9":3', CRITICAL),
        (b'{"instrument":"cssrs-screener","answers":{"q4":1', CRITICAL),
        (b'{"instrument":"C-SSRS","answers":{"q4":true', CRITICAL),
        (b'{"instrument":"cssrs-screener","answers":{"q4":2', None),
        (b'{"answers":{"q1":1,"q3":1', CRITICAL),
        (b'{"answers":{"q3":1,"q8":0,"q9":0', None),
        (b'{"answers":{"q6b":1,"q9":0', CRITICAL),
        (b'{"type" : "help_request", "id"', CRITICAL),
        (b'{"note":"help_request"', None),
    ],
)
def test_in_a_body_that_is_no_json_the_tolerant_reader_decides(raw, expected):
    assert tier(raw) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_other_encodings_are_read_whole_and_cut(encoding):
    raw = '{"instrument":"phq9","answers":{"q9":1}}'.encode(encoding)
    assert tier(raw) == HIGH
    assert tier(raw[:-2]) == HIGH


def test_deep_nesting_is_read_without_recursion():
    deep = b'{"a":' * 100_000 + b'{"instrument":"phq9","answers":{"q9":3}}' + b"}" * 100_000
    assert tier(deep[:SCANNED_BYTES]) == CRITICAL


def test_a_number_too_long_for_the_parser_hides_nothing():
    assert tier(b'{"q9":3,"n":' + b"9" * 5000 + b"}") == CRITICAL


def test_of_a_longer_body_only_the_first_megabyte_is_read():
    filler = b" " * (10 * SCANNED_BYTES)
    assert tier(b'{"instrument":"phq9","answers":{"q9":3},"note":"' + filler) == CRITICAL
    assert tier(b'{"note":"' + filler + b'","answers":{"q9":3}}') is None


ADVERSARIAL = [
    b'"q9"' + b" " * SCANNED_BYTES,
    b'"q9" ' * (SCANNED_BYTES // 5),
    b"q9" + b"\\" * SCANNED_BYTES,
    b'"q9":' + b"0" * SCANNED_BYTES,
    b"[" * SCANNED_BYTES,
    b'{"a":' * (SCANNED_BYTES // 5),
    b'instrument"' * (SCANNED_BYTES // 11),
    b"\\u0071" * (SCANNED_BYTES // 6),
    b"[" + b'{"q3":0},' * (SCANNED_BYTES // 9 - 1) + b"{}]",
    random.Random(7).randbytes(SCANNED_BYTES),
]


@pytest.mark.parametrize("raw", ADVERSARIAL, ids=range(len(ADVERSARIAL)))
def test_a_megabyte_made_to_hurt_takes_under_a_second(raw):
    started = time.process_time()
    assert find_danger(raw) is None
    traced = sys.gettrace() is not None  # measuring coverage costs several times the work
    assert time.process_time() - started < (8 if traced else 1)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(raw):
    assert find_danger(raw) is None or find_danger(raw).found


@settings(max_examples=200)
@given(st.binary(max_size=60), st.integers(1, 3), st.integers(0, 12))
def test_an_item9_in_front_of_any_rubbish_is_found(rubbish, item9, cut):
    raw = b'{"instrument":"phq9","answers":{"q9":%d},"x":"' % item9 + rubbish[cut:]
    found = find_danger(raw)
    assert found is not None
    assert found.tier is CRITICAL or item9 == 1
