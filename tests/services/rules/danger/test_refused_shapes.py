"""Shapes in which other clients and standards say item 9: FHIR, XML, tables, binary formats."""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import plistlib
import random
import zlib
from datetime import datetime

import pytest

from services.rules.danger.refused_bodies import find_danger
from services.rules.decision import Tier

CRITICAL, HIGH = Tier.CRITICAL, Tier.HIGH
SENT = datetime.fromisoformat("2026-11-21T09:03:02")


def tier(raw: bytes) -> Tier | None:
    danger = find_danger(raw)
    return None if danger is None else danger.tier


def observation(code: str = "44260-8", **value: object) -> dict[str, object]:
    """A FHIR Observation of one item, as a server's library writes it."""
    loinc = {"system": "http://loinc.org", "code": code, "display": "Better off dead, or hurting"}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [loinc], "text": "Thoughts of being better off dead"},
        "subject": {"reference": "Patient/123"},
        "effectiveDateTime": "2026-11-21T09:03:02Z",
        **value,
    }


def coded(code: str, label: str) -> dict[str, object]:
    answer = {"system": "http://loinc.org", "code": code, "display": label}
    return {"valueCodeableConcept": {"coding": [answer], "text": label}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (coded("LA6568-5", "Not at all"), None),
        (coded("LA6569-3", "Several days"), HIGH),
        (coded("LA6570-1", "More than half the days"), CRITICAL),
        (coded("LA6571-9", "Nearly every day"), CRITICAL),
        ({"valueInteger": 0}, None),
        ({"valueInteger": 1}, HIGH),
        ({"valueQuantity": {"value": 0, "unit": "1", "code": "1"}}, None),
        ({"valueQuantity": {"value": 3, "unit": "1", "code": "1"}}, CRITICAL),
        ({"dataAbsentReason": {"text": "declined"}}, None),
    ],
)
def test_an_observation_of_item_9_says_its_answer_by_code_or_number(value, expected):
    asked = observation(**value)
    other = observation("44261-6", valueInteger=3)
    parts = [{"code": other["code"], "valueInteger": 3}, {"code": asked["code"], **value}]
    for whole in (
        asked,
        dict(reversed(asked.items())),
        {"resourceType": "Bundle", "entry": [{"resource": asked}, {"resource": other}]},
        {"resourceType": "Observation", "code": "44249-1", "component": parts},
    ):
        assert tier(json.dumps(whole).encode()) is expected
    for cut in (asked, [asked, other]):
        assert tier(json.dumps(cut, indent=1).encode()[:-1]) is expected


def test_an_observation_in_xml_is_read():
    raw = (
        b'<Observation><code><coding><system value="http://loinc.org"/><code value="44260-8"/>'
        b'<display value="Thoughts of death"/></coding></code><subject><reference value="P/1"/>'
        b'</subject>%b<method value="5"/></Observation>'
    )
    coding = b'<valueCodeableConcept><coding><code value="%b"/></coding></valueCodeableConcept>'
    assert tier(raw % (coding % b"LA6570-1")) is CRITICAL
    assert tier(raw % (coding % b"LA6568-5")) is None
    assert tier(raw % b'<valueInteger value="1"/>') is HIGH
    assert tier(raw % b"") is None


SHAPES = [
    (b"<form><item><linkId value='44260-8'/><answer value='LA6571-9'/></item></form>", 3),
    (b'Content-Disposition: form-data; name="answers[q9]"\r\n\r\n2\r\n--x', 2),
    (b"q1,q2,q9\n3,3,0", None),
    (b"instrument,q1,q9\npcl5,3,2", None),
    (b"q1;q9\n0;1\n", 1),
    (b'{"instrument":"phq9","answers":[0,0,0,0,0,0,0,0,2]}', 2),
    (b'{"instrument":"phq9","answers":[0,0,0,0,0,0,0,2,0,3]}', None),
    (b'{"instrument":"cssrs-screener","answers":[1,1,0,0,1,0]}', "q5"),
    (b'{"instrument":"gad7","answers":[1,1,1,1,1,1,1]}', None),
    (b'{"columns":["q8","q9"],"data":[[1,3]]}', 3),
    (b"\xa1\x62q9\x03", None),
    (b"\xa1\x67answers\xa1\x62q9\x03", 3),
    (b"\x10answers\x00\x10q9\x00\x03\x00\x00\x00", 3),
    (b"\x82\xaainstrument\xa4gad7\xa7answers\x81\xa2q9\x03", None),
    (b'{"answers":{"link_id":"q9"},"total":3}', None),
    (b'{"phq9":3,"phq9_total":3,"q9_at":3,"q9_seconds":2}', None),
    (b'{"gad7_q9":3,"pcl5.q9":2}', None),
    (b'{"answers":{"suicidalThoughts":"2"}}', 2),
    (b'{"item":9,"value":3}', 3),
    (lzma.compress(b'{"answers":{"q9":2}}'), 2),
    (gzip.compress(gzip.compress(gzip.compress(b'{"q9":2}'))), 2),
    (
        zlib.compress(b'{"q9":2,"x":"%s' % random.Random(3).randbytes(999).hex().encode())[:-99]
        + b"?" * 99,
        2,
    ),
    (base64.b64encode(b'{"answers": {"q9": 2}}')[:-2], 2),
    (base64.b64encode(b'{"answers": {"q9": 2}}').rstrip(b"="), 2),
    (b"QUFB-QUFB=QUFBQUFBQUFBQUFB", None),
    (b"&lt;q9&gt;&#51;&lt;/q9&gt;", 3),
    (b"&quot;q9&quot;:&#x32;", 2),
    (b"answers%255Bq9%255D=2", 2),
    (
        b'[{"answers":{"q9":3},"instrument":"pcl5"},{"answers":{"q9":0},"instrument":"phq9"}',
        None,
    ),
    (b'[{"answers":{"q9":3},"instrument":"pcl5"},{"answers":{"q9":2},"instrument":"phq9"}', 2),
    (b'[{"instrument":"pcl5","answers":{"q9":3}},{"answers":{"q9":2', 2),
    (b'<q9 flavour="x" value="3"/>', 3),
    (b'<q9 min="1" max="3">0</q9><q10>2</q10>', None),
    (b'<q9 id="17">2</q9>', 2),
    (b'<answer id="17" code="q9" lang="en"><reply>1</reply></answer>', 1),
    (b'<mood lang="en" q="9">3</mood>', None),
    (b'{"q9":"iii"}', 3),
    (b'{"q9":"II"}', 2),
    (b"q9=i&q10=0", 1),
    ('{"q9":"\u2162"}'.encode(), 3),
    (b'{"q9":"iv"}', None),
    (b'{"q9":{"i":null}}', None),
    (b'a:1:{s:2:"q9";i:0;}', None),
    (b'{"question":{"id":"q9","text":"How often?"},"answer":{"value":2}}', 2),
    (b'{"answers":[{"code":{"n":7,"coding":["q9"]},"valueCoding":["2"]}]}', 2),
    (plistlib.dumps({"answers": {"q9": 3}}, fmt=plistlib.FMT_BINARY), 3),
    (plistlib.dumps({"form": b'{"q9":2}', "at": [SENT, 1.5]}, fmt=plistlib.FMT_BINARY), 2),
    (plistlib.dumps({"answers": {"q9": 0, "q8": 3}}, fmt=plistlib.FMT_BINARY), None),
    (plistlib.dumps({"answers": {"q9": 3}, "x": "y" * 9000}, fmt=plistlib.FMT_BINARY), None),
    (b"bplist00" + bytes(range(32, 90)), None),
    (b'{"instrument":"","note":"my mood is low"},"answers":{"q9":3', 3),
]


@pytest.mark.parametrize(("raw", "expected"), SHAPES, ids=range(len(SHAPES)))
def test_other_shapes_are_read(raw, expected):
    found = find_danger(raw)
    worded = None if found is None else found.found
    wanted = f"{expected}=1" if isinstance(expected, str) else f"q9={expected}"
    assert worded == (None if expected is None else (wanted,))
