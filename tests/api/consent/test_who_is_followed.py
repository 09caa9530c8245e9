"""The table of the contract: status x consent x kind of answer (`PATCH /v1/patients/{id}`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.rules.languages.consent import CONSENTS
from services.rules.languages.texts import ENGLISH
from tests.builders.calls import made, post
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person

STATUSES = ("active", "paused", "discharged")
CONSENTED = ("none", "accepted", "withdrawn", "accepted again")
VERSION = CONSENTS.newest.version
NO_LONGER_READ = ENGLISH.card.no_longer_read


def effect(code: str) -> dict[str, Any]:
    stamped = {"recorded_at": ago(minutes=1), "timezone": "Europe/Paris"}
    return {"id": str(uuid4()), "effects": [{"code": code, "grade": 2}], **stamped}


def asks_for_help() -> dict[str, Any]:
    return {"id": str(uuid4()), "recorded_at": ago(minutes=1)}


# kind of answer: (address, body, whether it is risky). Item 9 of 1 is high.
ANSWERS: dict[str, tuple[str, Any, bool]] = {
    "ordinary form": ("/v1/check-ins", lambda: phq9(0), False),
    "item 9 of 1": ("/v1/check-ins", lambda: phq9(1), True),
    "item 9 of 2": ("/v1/check-ins", lambda: phq9(2), True),
    "C-SSRS of none": ("/v1/check-ins", cssrs, False),
    "C-SSRS high": ("/v1/check-ins", lambda: cssrs("q1", "q2", "q5"), True),
    "ordinary effect": ("/v1/side-effects", lambda: effect("nausea"), False),
    "emergency": ("/v1/side-effects", lambda: effect("chest_pain"), True),
    "help request": ("/v1/help-requests", asks_for_help, True),
}


def consents(client: FlaskClient, patient: Person, consented: str) -> None:
    """Bring the consent to this point, by the patient."""
    if consented == "none":
        return
    one = made(post(client, patient, {"version": VERSION}, "/v1/consents"))
    if consented != "accepted":
        made(post(client, patient, {}, f"/v1/consents/{one['id']}/withdraw"), 200)
    if consented == "accepted again":
        made(post(client, patient, {"version": VERSION}, "/v1/consents"))


def becomes(client: FlaskClient, clinic: ClinicWorld, patient: Person, status: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    fields: dict[str, Any] = {"status": status, "reason": "travels"}
    fields |= {"until_on": until} if status == "paused" else {}
    path = f"/v1/patients/{patient.patient_id}"
    made(client.patch(path, json=fields, headers=clinic.admin.headers), 200)


def shows_the_card(answer: TestResponse) -> bool:
    safety = answer.get_json().get("safety")
    return safety is not None and NO_LONGER_READ in safety["monitoring"]


@pytest.mark.parametrize(("status", "consented"), [*product(STATUSES, CONSENTED)])
def test_every_row(client: FlaskClient, clinic: ClinicWorld, status: str, consented: str) -> None:
    """Whoever is followed answers as always; of the others danger alone is taken."""
    followed = status != "discharged" and consented != "withdrawn"
    for kind, (path, body, risky) in ANSWERS.items():
        patient = clinic.patient()
        consents(client, patient, consented)
        becomes(client, clinic, patient, status)
        answer = post(client, patient, body(), path)
        assert answer.status_code == (201 if followed or risky else 403), kind
        paged = [one for one in alerts(patient) if one["severity"] in ("critical", "high")]
        assert bool(paged) is risky, kind
        if answer.status_code == 403:
            assert answer.get_json()["code"] == "not_followed"
        elif risky:
            assert shows_the_card(answer) is not followed, kind


def test_a_sync_answers_each_item_by_the_same_table(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    patient = clinic.patient()
    consents(client, patient, "withdrawn")
    types = {"/v1/check-ins": "check_in", "/v1/side-effects": "side_effects"}
    items = [
        {"type": types.get(path, "help_request"), **body()} for path, body, _ in ANSWERS.values()
    ]
    results = made(post(client, patient, {"items": items}, "/v1/sync"), 200)["results"]
    risky = [is_risky for _, _, is_risky in ANSWERS.values()]
    assert [one["status"] for one in results] == [201 if one else 403 for one in risky]


def test_what_staff_enter_is_judged_alike(client: FlaskClient, clinic: ClinicWorld) -> None:
    patient, staff = clinic.patient(), clinic.staff()
    consents(client, patient, "withdrawn")
    hers = {"patient_id": str(patient.patient_id)}
    assert post(client, staff, phq9(0) | hers).get_json()["code"] == "not_followed"
    assert post(client, staff, phq9(2) | hers).status_code == 201


def test_what_was_stored_before_answers_the_same_after(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    patient, form = clinic.patient(), phq9(0)
    first = post(client, patient, form)
    consents(client, patient, "withdrawn")
    again = post(client, patient, form)
    assert (again.status_code, again.data) == (200, first.data)


def test_an_open_alert_stays_and_goes_on(client: FlaskClient, clinic: ClinicWorld) -> None:
    patient, staff = clinic.patient(), clinic.staff()
    post(client, patient, phq9(3))
    due = "SELECT id, status, next_at FROM alerts"
    before = rows(patient, due)
    consents(client, patient, "withdrawn")
    assert rows(patient, due) == before
    path = f"/v1/alerts/{before[0]['id']}/acknowledge"
    assert post(client, staff, {}, path).status_code == 200
