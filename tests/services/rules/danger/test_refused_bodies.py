"""Danger in refused bodies: found in whatever can be read, and not where there is none."""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules.danger.body_text import SCANNED_BYTES
from services.rules.danger.refused_bodies import Danger, find_danger
from services.rules.decision import Tier
from tests.builders.rules.growth import grows_evenly
from tests.builders.rules.odd_bodies import false_alarms, missed

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
        (body("phq9", {"q9": [3]}), CRITICAL),
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
        (body(None, {"q1": 1, "q2": 1, "q4": 1}), None),
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


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([{"id": "q9", "type": "choice", "required": True, "value": 3}], CRITICAL),
        ([{"id": "q9", "index": 8, "answered_at": "2026-11-21T09:03:02Z", "value": 1}], HIGH),
        ([{"k": "q9", "v": 3}], CRITICAL),
        ([{"op": "replace", "path": "/answers/q9", "value": 2}], CRITICAL),
        ([{"id": "q9", "options": [{"value": 0}, {"value": 3}], "value": 0}], None),
        ([{"id": "q9", "options": [{"value": 0}, {"value": 3}], "value": None}], None),
        ({"q9": {"touched": True, "min": 0, "max": 3, "value": 2}}, CRITICAL),
        ({"q9": {"touched": True, "min": 0, "max": 3, "value": 0}}, None),
        ({"q9": {"label": "Several days", "skipped": False}}, HIGH),
        ({"q9": {"selectedOption": {"index": 3}}}, CRITICAL),
        ({"q9": "Optional(3)"}, CRITICAL),
        ({"q9": "Some(0)"}, None),
        ({"q9": "two"}, CRITICAL),
        ({"q9": "ZERO", "q10": "TWO"}, None),
    ],
)
def test_nothing_beside_an_answer_hides_it_or_stands_for_it(answers, expected):
    assert tier(body("phq9", answers)) is expected


def test_a_form_packed_into_a_text_of_the_body_is_read():
    form = json.dumps({"instrument": "phq9", "answers": {"q9": 2}}).encode()
    for pack in (bytes, gzip.compress, zlib.compress):
        text = base64.b64encode(pack(form)).decode()
        for sent in (text, f"data:application/json;base64,{text}"):
            assert tier(json.dumps({"payload": sent}).encode()) is CRITICAL
    harmless = base64.b64encode(body("phq9", {"q9": 0})).decode()
    assert tier(json.dumps({"payload": harmless}).encode()) is None


def test_of_what_is_packed_in_a_body_only_a_few_are_opened():
    bomb = base64.b64encode(gzip.compress(b" " * 4 * SCANNED_BYTES)).decode()
    assert tier(json.dumps([bomb] * 200).encode()) is None


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
        (b'{"answers":{"q1":1,"q3":1', None),
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


ADVERSARIAL = {
    "blanks": lambda n: b'"q9"' + b" " * n,
    "blanks first": lambda n: b" " * n + b'{"q9":0}',
    "names": lambda n: b'"q9" ' * (n // 5),
    "slashes": lambda n: b"q9" + b"\\" * n,
    "zeros": lambda n: b'"q9":' + b"0" * n,
    "brackets": lambda n: b"[" * n,
    "depth": lambda n: b'{"a":' * (n // 5),
    "instruments": lambda n: b'instrument"' * (n // 11),
    "escapes": lambda n: b"\\u0071" * (n // 6),
    "objects": lambda n: b"[" + b'{"q3":0},' * (n // 9 - 1) + b"{}]",
    # With an escape in front: noise has one by chance, the longer one sooner, and is read again.
    "noise": lambda n: b"%25" + random.Random(7).randbytes(n),
    "entities": lambda n: b"&#49" * (n // 4),
    "percents": lambda n: b"%25" * (n // 3),
    "letters": lambda n: b"A" * n,
    "accents": lambda n: ("a" + "\u0301\u0327" * (n // 4)).encode(),
    "prose": lambda n: b'"text":"a ' * (n // 10),
    "fillers": lambda n: b"q9 " + b"value " * (n // 6),
    "lists": lambda n: b"[1,1,1,1,1,1,1,1," * (n // 17),
    "texts": lambda n: json.dumps(json.dumps(json.dumps(['"'] * (n // 16)))).encode(),
    "elements": lambda n: b'<q9 a="b" ' * (n // 10),
    "attributes": lambda n: b"<q9" + b' a="b"' * (n // 6) + b">",
    "observations": lambda n: b"44260-8 value_integer " * (n // 22),
    "codes": lambda n: json.dumps({"code": [[["x"] * 9] * 9] * (n // 500)}).encode(),
    "gzip": lambda n: gzip.compress(b'"q9" ' * (n // 5)),
}


@pytest.mark.parametrize("made", ADVERSARIAL.values(), ids=ADVERSARIAL.keys())
def test_work_grows_with_the_size_of_what_is_made_to_hurt(made):
    bodies = {n: made(n) for n in (32_768, 131_072)}
    assert not any(map(find_danger, bodies.values()))
    assert grows_evenly(lambda n: find_danger(bodies[n]), 32_768)


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


def test_whatever_shape_a_client_library_gives_it_danger_is_found():
    assert list(missed(range(400))) == []


def test_harmless_bodies_of_all_instruments_raise_no_alarm():
    assert len(list(false_alarms(range(400)))) <= 4


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ([{"code": "chest_pain", "grade": 1}], {"effect=chest_pain"}),
        ([{"code": "chest_pain", "grade": 9}, {"code": "x", "grade": "4"}], {"grade=4"}),
        ([{"code": "nausea", "grade": {"value": 4}}], {"grade=4"}),
        ({"chest-pain": 3, "nausea": 1}, {"effect=chest_pain"}),
        ({"chest_pain": 0, "nausea": 3}, set()),
        ([{"code": "nausea", "grade": 3}], set()),
        (["seizure"], {"effect=seizure"}),
    ],
)
def test_an_emergency_in_a_refused_report_is_found(effects, expected):
    found = find_danger(json.dumps({"effects": effects, "note": "seizure"}).encode())
    assert (set() if found is None else set(found.found)) >= expected
    assert (found is not None and found.is_emergency) == bool(expected)
    assert found is None or found.tier is None
