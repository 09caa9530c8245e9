"""Requests of phones, for tests: valid until a test changes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from models.database import db
from tests.world import Person

NOTE = "I slept badly, quagga"


def phq9(item9: int | str | None = 0, others: int = 1, **changes: Any) -> dict[str, Any]:
    """A check-in; complete unless `answers` is changed."""
    answers: dict[str, Any] = {f"q{item}": others for item in range(1, 9)} | {"q9": item9}
    return {
        "id": str(uuid4()),
        "instrument": "phq9",
        "answers": answers,
        "recorded_at": datetime.now(UTC).isoformat(),
        "timezone": "Europe/Paris",
        **changes,
    }


def cssrs(*yes: str, **changes: Any) -> dict[str, Any]:
    """A C-SSRS screener with these questions answered yes, the others no."""
    asked = ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")
    answers = {link: int(link in yes) for link in asked}
    return phq9(instrument="cssrs-screener", answers=answers, **changes)


def post(
    client: FlaskClient, person: Person, body: Any, path: str = "/v1/check-ins", **headers: str
) -> TestResponse:
    """Send as this person; `body` is a document or bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(
        path,
        data=data,
        content_type="application/json",
        headers={**person.headers, **{name.replace("_", "-"): v for name, v in headers.items()}},
    )


def ago(**span: float) -> str:
    """An instant before now, as a phone writes it."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def rows(person: Person, query: str, **values: Any) -> list[Any]:
    """What the clinic's own rows say (through row-level security)."""
    with person.app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("SELECT set_config('interlude.clinic_id', :id, true)"),
            {"id": str(person.actor.clinic_id)},
        )
        return list(connection.execute(text(query), values).mappings())


def alerts(person: Person) -> list[Any]:
    """The patient's alerts, oldest first."""
    return rows(
        person,
        "SELECT family, severity, status, occurrence_count, rule, id FROM alerts"
        " WHERE patient_id = :patient ORDER BY triggered_at, id",
        patient=person.patient_id,
    )
