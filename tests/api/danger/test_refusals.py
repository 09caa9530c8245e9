"""A refusal never hides danger: each pages, each answer carries the card."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from models.clinic_door import enter
from models.database import db
from tests.builders.calls import post
from tests.builders.entries import NOTE, cssrs, phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person

Body = dict[str, Any] | bytes


def raw(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


REFUSED: dict[str, tuple[Callable[[], Body], int, str]] = {
    "an unknown field": (lambda: phq9(item9=3, surprise=1), 422, "critical"),
    "item 9 of 1 beside a wrong type": (lambda: phq9(item9=1, client_total="x"), 422, "high"),
    "an answer outside the options": (
        lambda: phq9(answers={"q1": 9, "q9": 2}),
        422,
        "critical",
    ),
    "no offset": (lambda: phq9(item9=2, recorded_at="2026-11-21T10:00:00"), 422, "critical"),
    "an unknown instrument": (lambda: phq9(item9=2, instrument="phq10"), 422, "critical"),
    "a C-SSRS plan in a broken form": (lambda: cssrs("q5", surprise=1), 422, "critical"),
    "cut-off JSON": (lambda: raw(phq9(item9=2))[:-9], 400, "critical"),
    "bad UTF-8": (lambda: raw(phq9(item9=2, note="~~")).replace(b"~~", b"\xff"), 400, "critical"),
    "10 MB": (lambda: raw(phq9(item9=3, note="~" * 10_000_000)), 413, "critical"),
    "a huge note": (lambda: phq9(item9=3, note="~" * 100_000), 422, "critical"),
    "deep JSON": (
        lambda: raw(phq9(item9=3))[:-1] + b', "x": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        400,
        "critical",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_danger_pages_and_carries_the_card(
    client: FlaskClient, clinic: ClinicWorld, name: str
) -> None:
    make, status, severity = REFUSED[name]
    pat = clinic.patient()
    answer = post(client, pat, make())
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    problem = json.loads(answer.data)
    assert problem["safety"]["level"] == ("crisis" if severity == "critical" else "support")
    assert "did not reach" not in problem["safety"]["monitoring"]
    (alert,) = alerts(pat)
    assert (alert["family"], alert["severity"]) == ("unreadable_risk", severity)
    assert rows(pat, "SELECT 1 FROM check_ins") == []
    assert len(rows(pat, "SELECT 1 FROM notifications WHERE kind = 'page'")) == 1


HARMLESS: dict[str, tuple[Callable[[], Body], int]] = {
    "an unknown field": (lambda: phq9(item9=0, surprise=1), 422),
    "a GAD-7 with a 9": (
        lambda: phq9(instrument="gad7", answers={"q1": 3, "q9": 2}),
        422,
    ),
    "item 3 of a PHQ-9": (lambda: phq9(answers={"q3": 1, "q4": 1, "q9": 0}, surprise=1), 422),
    "garbage": (lambda: b"\x00\x01", 400),
    "an empty body": (lambda: b"", 400),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_refusal_opens_nothing(
    client: FlaskClient, clinic: ClinicWorld, name: str
) -> None:
    make, status = HARMLESS[name]
    pat = clinic.patient()
    answer = post(client, pat, make())
    assert answer.status_code == status
    assert "safety" not in json.loads(answer.data)
    assert alerts(pat) == []
    assert rows(pat, "SELECT 1 FROM record_ids") == []


def test_the_same_bytes_again_change_nothing(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = raw(phq9(item9=3, surprise=1))
    first = post(client, pat, body)
    before = rows(pat, "SELECT * FROM patient_status"), alerts(pat)
    again = post(client, pat, body)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert (rows(pat, "SELECT * FROM patient_status"), alerts(pat)) == before


def test_only_the_newest_five_bodies_are_kept(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    for number in range(7):
        post(client, pat, phq9(item9=2, surprise=number))
    kept = rows(pat, "SELECT body IS NOT NULL AS kept FROM unreadable_bodies ORDER BY received_at")
    assert [row["kept"] for row in kept] == [False, False, True, True, True, True, True]
    (alert,) = alerts(pat)
    assert alert["occurrence_count"] == 7


def test_a_used_id_with_other_content_pages(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9(note=NOTE)
    post(client, pat, body)
    answer = post(client, pat, body | {"answers": {"q9": 3}})
    assert answer.status_code == 409
    assert json.loads(answer.data)["safety"]["level"] == "crisis"
    (alert,) = alerts(pat)
    assert (alert["family"], alert["severity"]) == ("unreadable_risk", "critical")


def test_a_refused_amendment_pages_with_its_form_in_mind(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    body = phq9(instrument="pcl5", answers={"q1": 1})
    post(client, pat, body)
    path = f"/v1/check-ins/{body['id']}/amend"
    change = {"id": str(uuid4()), "answers": {"q9": 3}, "reason": "", "surprise": 1}
    assert post(client, pat, change, path).status_code == 422
    assert alerts(pat) == [], "item 9 of a PCL-5 is not about self-harm"
    unknown = post(client, pat, change, f"/v1/check-ins/{uuid4()}/amend")
    assert json.loads(unknown.data)["safety"]["level"] == "crisis"


def test_a_help_request_that_cannot_be_read_is_critical(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    answer = post(client, pat, b"{", "/v1/help-requests")
    assert answer.status_code == 400
    assert json.loads(answer.data)["safety"]["level"] == "crisis"
    (alert,) = alerts(pat)
    assert alert["severity"] == "critical"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}])
def test_without_a_token_the_generic_card_says_so(
    client: FlaskClient, clinic: ClinicWorld, headers: dict[str, str]
) -> None:
    pat = clinic.patient()
    answer = client.post("/v1/check-ins", json=phq9(item9=3), headers=headers)
    assert answer.status_code == 401
    assert "This did not reach your clinic" in json.loads(answer.data)["safety"]["monitoring"]
    assert alerts(pat) == []


def yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


def test_a_token_that_expired_yesterday_still_pages(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    headers = pat.headers_at(yesterday())
    body = phq9(item9=3)
    answer = client.post("/v1/check-ins", json=body, headers=headers)
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["flags"] == ["token_expired"]
    assert answer.json["safety"]["level"] == "crisis"
    again = client.post("/v1/check-ins", json=body, headers=headers)
    assert again.json is not None
    assert set(again.json) == {"id", "received_at", "safety"}
    conflict = client.post("/v1/check-ins", json=body | {"note": "x"}, headers=headers)
    assert conflict.status_code == 409
    assert "stored" not in json.loads(conflict.data)
    families = [alert["family"] for alert in alerts(pat)]
    assert families == ["suicide_risk", "unreadable_risk"]
    assert client.get("/v1/check-ins", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE users SET epoch = epoch + 1 WHERE id = :user", "another epoch"),
        ("UPDATE token_families SET revoked_at = now() WHERE user_id = :user", "revoked"),
    ],
)
def test_a_token_that_no_longer_holds_gets_the_generic_card(
    client: FlaskClient, clinic: ClinicWorld, change: str, reason: str
) -> None:
    pat = clinic.patient()
    client.get("/v1/me", headers=pat.headers)
    _run(pat, change)
    for headers in (pat.headers, pat.headers_at(yesterday())):
        answer = client.post("/v1/check-ins", json=phq9(item9=3), headers=headers)
        assert answer.status_code == 401, reason
        assert "did not reach" not in json.loads(answer.data)["safety"]["monitoring"]
    assert [alert["rule"] for alert in alerts(pat)] == ["S10c"], "sender not verified"


def test_a_token_that_expired_long_ago_is_refused(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    headers = pat.headers_at(datetime.now(UTC) - timedelta(days=31))
    assert client.post("/v1/check-ins", json=phq9(item9=3), headers=headers).status_code == 401


def test_a_discharged_patient_still_pages_when_it_is_risky(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    _run(pat, "UPDATE patients SET status = 'discharged' WHERE user_id = :user")
    harmless = post(client, pat, phq9(item9=0))
    assert harmless.status_code == 403
    assert json.loads(harmless.data)["code"] == "not_followed"
    risky = post(client, pat, phq9(item9=1))
    assert risky.status_code == 201
    assert risky.json is not None
    assert "no longer reads" in risky.json["safety"]["monitoring"]
    asked = {"id": str(uuid4()), "recorded_at": datetime.now(UTC).isoformat()}
    assert post(client, pat, asked, "/v1/help-requests").status_code == 201
    (alert,) = alerts(pat)
    assert (alert["severity"], alert["occurrence_count"]) == ("critical", 2)


def _run(person: Person, change: str) -> None:
    with person.app.app_context(), db.engine.begin() as connection:
        enter(connection, person.actor.clinic_id)
        connection.execute(text(change), {"user": person.user_id})
