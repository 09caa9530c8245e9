"""A token of ours that does not hold: danger in its request pages once, and nothing else moves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from tests.builders.calls import post
from tests.builders.entries import cssrs, phq9
from tests.builders.stored import alerts, newest_alert, rows
from tests.builders.world import ClinicWorld, Person

ROUTE = "/v1/check-ins"


def sent(client: FlaskClient, headers: dict[str, str], body: Any, path: str = ROUTE) -> Any:
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code == 401, answer.text
    card = json.loads(answer.data)["safety"]
    assert "stored" not in json.loads(answer.data)
    return card


def at(person: Person, days: float) -> dict[str, str]:
    return person.headers_at(datetime.now(UTC) + timedelta(days=days))


def pages(person: Person) -> int:
    return len(rows(person, "SELECT 1 FROM notifications WHERE kind = 'page'"))


@pytest.mark.parametrize("days", [1, 3000, -31, -399])
def test_a_token_too_early_or_long_expired_is_searched(
    client: FlaskClient, clinic: ClinicWorld, days: int
) -> None:
    pat = clinic.patient()
    card = sent(client, at(pat, days), phq9(item9=3))
    assert "do not know whether this reached your clinic; send it again" in card["monitoring"]
    (alert,) = alerts(pat)
    assert (alert["family"], alert["severity"], alert["rule"]) == (
        "unreadable_risk",
        "critical",
        "S10c",
    )
    assert pages(pat) > 0
    (status,) = rows(pat, "SELECT item9_positive_at FROM patient_status")
    assert status["item9_positive_at"] is None
    assert rows(pat, "SELECT 1 FROM check_ins") == []


def test_a_token_of_a_revoked_family_is_searched(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    assert client.post("/v1/auth/logout", headers=pat.headers).status_code == 204
    sent(client, pat.headers, phq9(item9=1))
    sent(client, pat.headers, phq9(item9=1, colour="blue"))
    found = [(one["rule"], one["severity"], one["occurrence_count"]) for one in alerts(pat)]
    assert found == [("S10d", "high", 2)]


def test_help_requests_and_emergencies_are_searched_too(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, other = clinic.patient(), clinic.patient()
    card = sent(client, at(pat, 2), {"note": None}, "/v1/help-requests")
    assert card["level"] == "crisis"
    report = {"effects": [{"code": "chest_pain", "grade": 1}]}
    sent(client, at(other, 2), report, "/v1/side-effects")
    for person in (pat, other):
        assert [(one["rule"], one["severity"]) for one in alerts(person)] == [("S10c", "critical")]


def test_what_is_harmless_unsigned_or_older_than_400_days_opens_nothing(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    forged = jwt.encode(
        {"sub": str(pat.patient_id), "exp": 1}, "another key of 32 characters, or so"
    )
    for headers, body in (
        (at(pat, 1), phq9(item9=0)),
        (at(pat, -401), phq9(item9=3)),
        ({"Authorization": f"Bearer {forged}"}, phq9(item9=3)),
        ({"Authorization": "Bearer"}, phq9(item9=3)),
        ({}, phq9(item9=3)),
        (
            clinic.staff("clinician").headers_at(datetime.now(UTC) + timedelta(days=1)),
            phq9(item9=3),
        ),
    ):
        card = sent(client, headers, body)
        assert "did not reach" in card["monitoring"]
    assert alerts(pat) == []


def test_it_pages_once_and_moves_nothing(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, sam = clinic.patient(), clinic.staff("clinician")
    sent(client, at(pat, 1), phq9(item9=1))
    paged, alert_id = pages(pat), newest_alert(pat)
    state = "SELECT status, next_at, page_round, ack_expires_at, ladder_severity FROM alerts"
    (before,) = rows(pat, state)
    sent(client, at(pat, 1), phq9(item9=1))
    assert (pages(pat), rows(pat, state)) == (paged, [before])
    path = f"/v1/alerts/{alert_id}/acknowledge"
    assert client.post(path, headers=sam.headers).status_code == 200
    (before,) = rows(pat, state)
    sent(client, at(pat, 1), phq9(item9=3))
    assert (pages(pat), rows(pat, state)) == (paged, [before])
    (alert,) = alerts(pat)
    assert (alert["severity"], alert["occurrence_count"]) == ("critical", 3)
    shown = client.get(f"/v1/alerts/{alert_id}", headers=sam.headers).json
    assert shown is not None
    assert [one["rule"] for one in shown["occurrences"]] == ["S10d", "S10d", "S10c"]


def test_the_same_bytes_change_nothing_and_count_in_full_under_a_token_that_holds(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    form = phq9(item9=1, colour="blue")
    sent(client, at(pat, 1), form)
    sent(client, at(pat, 1), form)
    assert [one["occurrence_count"] for one in alerts(pat)] == [1]
    paged = pages(pat)
    assert post(client, pat, form).status_code == 422
    assert [one["occurrence_count"] for one in alerts(pat)] == [2]
    assert pages(pat) >= paged
    (status,) = rows(pat, "SELECT item9_positive_at FROM patient_status")
    assert status["item9_positive_at"] is not None
    assert post(client, pat, phq9(item9=3)).status_code == 201


def test_a_standing_plan_outlives_it(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, sam = clinic.patient(), clinic.staff("clinician")
    post(client, pat, phq9(item9=1))
    post(client, pat, cssrs())
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    resolved = client.post(
        f"/v1/alerts/{newest_alert(pat)}/resolve",
        json={"disposition": "safe_plan_made", "standing_plan": {"until": until, "reason": "same"}},
        headers=sam.headers,
    )
    assert resolved.status_code == 200, resolved.text
    sent(client, at(pat, 1), phq9(item9=3))
    assert rows(pat, "SELECT ended_at FROM standing_plans") == [{"ended_at": None}]


def test_the_page_of_the_alert_says_that_the_sender_is_not_verified() -> None:
    from services.rules.catalogue import CATALOGUE

    assert all(CATALOGUE[rule].words.startswith("sender not verified") for rule in ("S10c", "S10d"))
