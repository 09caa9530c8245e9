"""Alerts as they come about, and what staff do with them, for tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from models import Alert
from services.unit_of_work import transaction
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.stored import newest_alert
from tests.builders.world import ClinicWorld, Person

REASON = "stable quagga"


def open_alert(client: FlaskClient, patient: Person, item9: int | None = 2, **changes: Any) -> str:
    """The patient answers item 9; returns the id of the alert that it stands on."""
    answer = post(client, patient, phq9(item9, **changes))
    assert answer.status_code == 201, answer.json
    return newest_alert(patient)


def read(client: FlaskClient, person: Person, alert_id: str) -> TestResponse:
    """`GET /v1/alerts/{id}`."""
    return client.get(f"/v1/alerts/{alert_id}", headers=person.headers)


def do(client: FlaskClient, person: Person, alert_id: str, what: str, **body: Any) -> TestResponse:
    """`POST /v1/alerts/{id}/{what}`; without a body where the call takes none."""
    path = f"/v1/alerts/{alert_id}/{what}"
    if what == "acknowledge":
        return client.post(path, headers=person.headers)
    return client.post(path, json=body, headers=person.headers)


def listed(client: FlaskClient, person: Person, **query: Any) -> list[str]:
    """The ids on one page of the worklist."""
    answer = client.get("/v1/alerts", query_string=query, headers=person.headers)
    return [item["id"] for item in made(answer, 200)["items"]]


def set_alert(clinic: ClinicWorld, alert_id: str, **columns: Any) -> None:
    """Change columns of an alert, as time or another rule would have."""
    with clinic.app.app_context(), transaction(clinic.id) as session:
        session.execute(update(Alert).where(Alert.id == UUID(alert_id)).values(**columns))


def steady(alert: dict[str, Any]) -> dict[str, Any]:
    """The alert without what a clock alone moves."""
    evidence = {**alert["evidence"], "age_minutes": None}
    return {**alert, "evidence": evidence, "patient": {**alert["patient"], "local_time": None}}
