"""Amendments replace the answers and never lower the risk."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person

COMPLETE = {f"q{item}": 1 for item in range(1, 9)}


def amend(
    client: FlaskClient,
    person: Person,
    check_in_id: str,
    answers: dict[str, Any],
    reason: str = "x",
) -> TestResponse:
    body = {"id": str(uuid4()), "answers": answers, "reason": reason}
    return post(client, person, body, f"/v1/check-ins/{check_in_id}/amend")


def test_any_version_leads_to_the_current_one(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9(answers={"q9": 1})
    post(client, pat, body)
    second = amend(client, pat, body["id"], COMPLETE | {"q9": 1}, "finished").json
    assert second is not None
    third = amend(client, pat, second["id"], COMPLETE | {"q9": 0}, "corrected").json
    assert third is not None
    for version in (body["id"], second["id"], third["id"]):
        shown = client.get(f"/v1/check-ins/{version}", headers=pat.headers).json
        assert shown is not None
        assert shown["score"]["total"] == 8
        assert [v["id"] for v in shown["versions"]] == [body["id"], second["id"], third["id"]]
        assert [v["reason"] for v in shown["versions"]] == [None, "finished", "corrected"]
    page = client.get("/v1/check-ins", headers=pat.headers).json
    assert page is not None
    assert len(page["items"]) == 1


def test_only_a_higher_item_9_is_a_new_occurrence(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9(item9=1)
    post(client, pat, body)
    amend(client, pat, body["id"], COMPLETE | {"q9": 0})
    amend(client, pat, body["id"], COMPLETE | {"q9": 1})
    amend(client, pat, body["id"], COMPLETE)
    (alert,) = alerts(pat)
    assert (alert["severity"], alert["occurrence_count"]) == ("high", 1)
    raised = amend(client, pat, body["id"], COMPLETE | {"q9": 2}).json
    assert raised is not None
    assert raised["safety"]["level"] == "crisis"
    (alert,) = alerts(pat)
    assert (alert["severity"], alert["occurrence_count"]) == ("critical", 2)


def test_a_voided_form_keeps_its_risk(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9(item9=3)
    post(client, pat, body)
    voided = amend(client, pat, body["id"], {}, "sent by mistake").json
    assert voided is not None
    assert voided["score"]["total"] is None
    (highest,) = rows(pat, "SELECT max(q9_highest) AS q9 FROM check_ins WHERE NOT superseded")
    assert highest["q9"] == 3
    (alert,) = alerts(pat)
    assert (alert["status"], alert["severity"]) == ("triggered", "critical")


def test_an_amendment_is_exactly_once_too(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9()
    post(client, pat, body)
    path = f"/v1/check-ins/{body['id']}/amend"
    change = {"id": str(uuid4()), "answers": COMPLETE | {"q9": 0}, "reason": "typo"}
    first, again = post(client, pat, change, path), post(client, pat, change, path)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data
    assert post(client, pat, change | {"reason": "other"}, path).status_code == 409


def test_nobody_amends_what_is_not_in_view(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9()
    post(client, pat, body)
    assert amend(client, clinic.patient(), body["id"], {"q9": 0}).status_code == 404
    assert amend(client, clinic.staff("on_call"), body["id"], {"q9": 0}).status_code == 403
    by_staff = amend(client, clinic.staff("clinician"), body["id"], COMPLETE | {"q9": 0})
    assert by_staff.status_code == 201
    assert by_staff.json is not None
    assert by_staff.json["flags"] == ["entered_by_staff"]
