"""The caseload as staff see it, and rows of it as intake would have left them."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.builders.calls import made
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person


def caseload(client: FlaskClient, who: Person, query: str = "") -> list[dict[str, Any]]:
    """The rows of one page of the caseload."""
    answer = client.get(f"/v1/patients{query}", headers=who.headers)
    items: list[dict[str, Any]] = made(answer, 200)["items"]
    return items


def names(client: FlaskClient, who: Person, query: str = "") -> list[str]:
    """The names on it, in order."""
    return [row["name"] for row in caseload(client, who, query)]


def set_status(patient: Person, **values: Any) -> None:
    """Columns of the status row as intake would have left them."""
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    query = f"UPDATE patient_status SET {assignments} WHERE patient_id = :id RETURNING revision"  # noqa: S608 - names of columns from this file
    assert rows(patient, query, id=patient.patient_id, **values)


def many(clinic: ClinicWorld, count: int) -> None:
    """So many patients who are doing well, made at once."""
    rows(
        clinic.admin,
        """
        WITH made AS (
          INSERT INTO patients (clinic_id, id, name, timezone, created_at, accepted_at)
          SELECT :clinic, gen_random_uuid(), 'Patient ' || n, 'Europe/Paris', now(), now()
          FROM generate_series(1, :count) n RETURNING clinic_id, id
        )
        INSERT INTO patient_status (clinic_id, patient_id, baseline, current, trend_status)
        SELECT clinic_id, id, 18, 8, 'response' FROM made RETURNING patient_id
        """,
        clinic=clinic.id,
        count=count,
    )
