"""Danger that hides: in a repeated key, a packed body, a crooked address, the form's own name."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.builders.calls import post
from tests.builders.entries import NOTE, cssrs, phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person

CRITICAL = [("unreadable_risk", "critical")]


def found(person: Person) -> list[tuple[str, str]]:
    return [(alert["family"], alert["severity"]) for alert in alerts(person)]


@pytest.mark.parametrize(
    ("sent", "repeated"),
    [
        (b'"q9": 3', b'"q9": 3, "q9": 0'),
        (b'"q9": 3', b'"q9": 0, "q9": 3'),
        (b'"answers"', b'"answers": {"q9": 2}, "answers"'),
        (b'"instrument"', b'"instrument": "phq9", "instrument"'),
    ],
)
def test_a_repeated_key_never_hides_the_first_answer(
    client: FlaskClient, clinic: ClinicWorld, sent: bytes, repeated: bytes
) -> None:
    pat = clinic.patient()
    body = json.dumps(phq9(item9=3)).encode().replace(sent, repeated)
    answer = post(client, pat, body)
    assert answer.status_code == 400
    assert json.loads(answer.data)["safety"]["level"] == "crisis"
    assert found(pat) == CRITICAL
    assert rows(pat, "SELECT 1 FROM check_ins") == []


def bare_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", bare_deflate),
        ("gzip", lambda body: gzip.compress(body)[:-12]),
        ("gzip", lambda body: gzip.compress(body + b" " * 5_000_000)),
        ("gzip", lambda body: body),
    ],
    ids=["gzip", "zlib", "bare", "cut off", "5 MB", "not packed at all"],
)
def test_a_packed_body_is_refused_and_searched(
    client: FlaskClient, clinic: ClinicWorld, encoding: str, packed: object
) -> None:
    pat = clinic.patient()
    assert callable(packed)
    body = packed(json.dumps(phq9(item9=3)).encode())
    answer = post(client, pat, body, Content_Encoding=encoding)
    assert answer.status_code == 415
    assert json.loads(answer.data)["safety"]["level"] == "crisis"
    assert found(pat) == CRITICAL


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/check-ins/not-an-id/amend", 404),
        ("/v1/check-ins/0197a5d0c0ffee7f8a3b5c1d2e4f6071/amend", 404),
        ("/v1/check-ins/", 404),
        ("/v1/help-requests/", 404),
    ],
)
def test_a_slip_in_the_address_hides_nothing(
    client: FlaskClient, clinic: ClinicWorld, path: str, status: int
) -> None:
    pat = clinic.patient()
    answer = post(client, pat, phq9(item9=3), path)
    assert answer.status_code == status
    assert json.loads(answer.data)["safety"]["level"] == "crisis"
    assert found(pat) == CRITICAL
    stranger = client.post(path, json=phq9(item9=3))
    assert stranger.status_code == 401
    assert "did not reach" in json.loads(stranger.data)["safety"]["monitoring"]


def test_a_refused_amendment_of_a_screener_is_read_as_a_screener(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    form = cssrs()
    post(client, pat, form)
    # An answer outside the options makes it look like another form: the address says it is none.
    change = {"id": str(uuid4()), "answers": {"q1": 7, "q4": 1}, "reason": "typo"}
    answer = post(client, pat, change, f"/v1/check-ins/{form['id']}/amend")
    assert answer.status_code == 422
    assert json.loads(answer.data)["safety"]["level"] == "crisis"
    assert found(pat) == CRITICAL


def test_an_expired_token_sees_no_stored_record_in_a_repeated_refusal(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    form = phq9(note=NOTE)
    post(client, pat, form)
    other = form | {"answers": {"q9": 3}}
    first = post(client, pat, other)
    assert json.loads(first.data)["stored"]["note"] == NOTE
    expired = pat.headers_at(datetime.now(UTC) - timedelta(days=1))
    again = client.post("/v1/check-ins", json=other, headers=expired)
    problem = json.loads(again.data)
    assert again.status_code == 409
    assert problem["safety"] == json.loads(first.data)["safety"]
    assert "stored" not in problem
    assert NOTE not in again.text


ENDS_OF_THE_CALENDAR = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
)


@pytest.mark.parametrize("at", ENDS_OF_THE_CALENDAR)
def test_no_clock_is_too_wrong_to_be_accepted(
    client: FlaskClient, clinic: ClinicWorld, at: str
) -> None:
    pat = clinic.patient()
    form = phq9(item9=2, recorded_at=at)
    assert post(client, pat, form, Interlude_Sent_At=at).status_code == 201
    assert post(client, pat, form, Interlude_Sent_At=at).status_code == 200
    asked = {"id": str(uuid4()), "recorded_at": at}
    assert post(client, pat, asked, "/v1/help-requests").status_code == 201
    declined = phq9(item9="declined", recorded_at=at)
    assert post(client, pat, declined).status_code == 201
    change = {"id": str(uuid4()), "answers": {"q9": 3}, "reason": "worse"}
    assert post(client, pat, change, f"/v1/check-ins/{form['id']}/amend").status_code == 201
    assert found(pat) == [("suicide_risk", "critical")]
    assert [row["by"] for row in rows(pat, "SELECT by FROM decisions")] == ["rules"] * 4
    assert client.get("/v1/check-ins", headers=pat.headers).status_code == 200


@pytest.mark.parametrize("zone", ["", "../../etc/passwd", "localtime", "Mars/" + "x" * 900])
def test_no_zone_is_too_odd_to_be_accepted(
    client: FlaskClient, clinic: ClinicWorld, zone: str
) -> None:
    pat = clinic.patient()
    answer = post(client, pat, phq9(item9=2, timezone=zone))
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["flags"] == ["unknown_timezone"]
    assert found(pat) == [("suicide_risk", "critical")]


def test_a_filter_that_no_database_can_hold_is_a_mistake(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    assert client.get("/v1/check-ins?instrument=%00", headers=pat.headers).status_code == 422
