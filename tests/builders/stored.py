"""What the database holds about a person, read through row-level security."""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import text

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models.clinic_door import enter
from models.database import db
from tests.builders.world import Person

WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def rows(person: Person, query: str, **values: Any) -> list[Any]:
    """What the clinic's own rows say (through row-level security)."""
    with person.app.app_context(), db.engine.begin() as connection:
        enter(connection, person.actor.clinic_id)
        return list(connection.execute(text(query), values).mappings())


def alerts(person: Person) -> list[Any]:
    """The patient's alerts, oldest first."""
    return rows(
        person,
        "SELECT family, severity, status, occurrence_count, rule, id FROM alerts"
        " WHERE patient_id = :patient ORDER BY triggered_at, id",
        patient=person.patient_id,
    )


def newest_alert(patient: Person) -> str:
    """The id of the patient's newest alert."""
    found = rows(
        patient,
        "SELECT id FROM alerts WHERE patient_id = :id ORDER BY triggered_at DESC, id DESC LIMIT 1",
        id=patient.patient_id,
    )
    return str(found[0]["id"])


def audited(person: Person, object_id: str) -> list[str]:
    """What the audit chain says was done with an object, in order."""
    found = rows(
        person, "SELECT action FROM audit_entries WHERE object_id = :id ORDER BY id", id=object_id
    )
    return [row["action"] for row in found]


def entries(person: Person, action: str) -> list[Any]:
    """The clinic's audit entries of this kind with their details, oldest first."""
    query = (
        "SELECT e.*, d.detail FROM audit_entries e LEFT JOIN audit_details d ON d.entry_id = e.id"
        " WHERE action = :action ORDER BY e.at, e.id"
    )
    return rows(person, query, action=action)


def revision(patient: Person) -> int:
    """The patient's revision now."""
    query = "SELECT revision FROM patient_status WHERE patient_id = :id"
    return int(rows(patient, query, id=patient.patient_id)[0]["revision"])


def somebody_waits(urls: DatabaseUrls, count: int = 1) -> None:
    """Until so many sessions of the database wait for a lock."""
    with psycopg.connect(libpq_url(urls.admin), autocommit=True) as looking:
        for _ in range(20_000):
            (waiting,) = looking.execute(WAITING).fetchone() or (0,)
            if waiting >= count:
                return
    raise AssertionError("nobody came to wait")
