"""Side effects are a crisis route: what a refused report says of an emergency pages as E1."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person

ROUTE = "/v1/side-effects"
UNKNOWN = "0197a5d0-c0ff-7f8a-8b5c-1d2e4f607182"


def report(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "recorded_at": datetime.now(UTC).isoformat(),
        "effects": [{"code": "chest_pain", "grade": 2}],
    } | fields


def found(person: Person) -> list[tuple[str, str]]:
    return [(alert["family"], alert["severity"]) for alert in alerts(person)]


@pytest.mark.parametrize(
    ("sent", "path", "status"),
    [
        (report(colour="blue"), ROUTE, 422),
        (report(recorded_at="2026-11-27T09:00:00"), ROUTE, 422),
        (report(effects=[{"code": "nausea", "grade": "4"}]), ROUTE, 422),
        (report(), f"{ROUTE}/{UNKNOWN}/amend", 422),
        ({"id": str(uuid4()), "effects": report()["effects"], "reason": "worse"},
         f"{ROUTE}/{UNKNOWN}/amend", 404),
        (report(), f"{ROUTE}/", 404),
    ],
)  # fmt: skip
def test_an_emergency_in_a_refused_report_pages_and_is_carded(
    client: FlaskClient, clinic: ClinicWorld, sent: dict[str, Any], path: str, status: int
) -> None:
    pat = clinic.patient()
    answer = post(client, pat, sent, path)
    assert answer.status_code == status
    problem = json.loads(answer.data)
    assert problem["safety"]["level"] == "crisis"
    assert "Call" in problem["safety"]["message"]
    assert found(pat) == [("e1", "critical")]
    assert rows(pat, "SELECT 1 FROM side_effect_reports") == []
    (status_row,) = rows(pat, "SELECT item9_positive_at FROM patient_status")
    assert status_row["item9_positive_at"] is None, "an emergency of the body is no item 9"
    assert post(client, pat, sent, path).data == answer.data
    assert found(pat) == [("e1", "critical")]


def test_a_harmless_refused_report_opens_nothing(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    sent = report(effects=[{"code": "nausea", "grade": 3}], colour="blue")
    answer = post(client, pat, sent, ROUTE)
    assert answer.status_code == 422
    assert "safety" not in json.loads(answer.data)
    assert found(pat) == []


def test_both_kinds_of_danger_in_one_refused_body_open_both_alerts(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    answer = post(client, pat, report(answers={"q9": 3}), ROUTE)
    assert answer.status_code == 422
    assert sorted(found(pat)) == [("e1", "critical"), ("unreadable_risk", "critical")]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("path", ["/v1/check-ins", "/v1/help-requests"])
def test_a_slip_in_the_method_hides_nothing(
    client: FlaskClient, clinic: ClinicWorld, method: str, path: str
) -> None:
    pat = clinic.patient()
    answer = client.open(path, method=method, json=phq9(item9=3), headers=pat.headers)
    assert answer.status_code == 405
    assert json.loads(answer.data)["safety"]["level"] == "crisis"
    assert found(pat) == [("unreadable_risk", "critical")]


def test_a_report_with_an_expired_token_is_stored_and_joins_the_trend_after_the_refresh(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    answer = client.post(ROUTE, json=report(), headers=pat.headers_at(yesterday))
    assert answer.status_code == 201, answer.text
    record = json.loads(answer.data)
    assert "token_expired" in record["flags"]
    assert record["session"] is None
    assert record["safety"]["level"] == "crisis"
    assert found(pat) == [("e1", "critical")]
    assert reported(client, pat.headers) == []
    token = pat.tokens(yesterday)["refresh_token"]
    refreshed = client.post("/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})
    assert refreshed.json is not None
    headers = {"Authorization": f"Bearer {refreshed.json['access_token']}"}
    assert [one["max_grade"] for one in reported(client, headers)] == [2]


def reported(client: FlaskClient, headers: dict[str, str]) -> list[Any]:
    trend = client.get("/v1/me/trend", headers=headers).json
    assert trend is not None
    return list(trend["side_effects"])
