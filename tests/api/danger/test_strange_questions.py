"""Questions no client of ours asks: they are answered with words, never with a fault."""

from __future__ import annotations

import base64

import orjson
import pytest
from flask.testing import FlaskClient

from tests.builders.world import ClinicWorld

LATE = "9999-12-31T23:59:59.999999-23:59"
EARLY = "0001-01-01T00:00:00+23:59"
ID = "00000000-0000-0000-0000-000000000001"


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/v1/users", (EARLY, 5)),
        ("/v1/users", (EARLY, [])),
        ("/v1/users", (EARLY, {})),
        ("/v1/users", (5, ID)),
        ("/v1/alerts", (1, EARLY, 5)),
        ("/v1/patients?sort=silence", (0, LATE, True)),
        ("/v1/patients?sort=trend", (0, 0, [], ID)),
        ("/v1/patients?sort=name", (5, ID)),
        ("/v1/patients?sort=risk", (0, 0, 0, 0, EARLY, 7)),
    ],
)
def test_a_made_up_cursor_is_422(
    client: FlaskClient, clinic: ClinicWorld, path: str, values: tuple[object, ...]
):
    staff = clinic.staff("clinician", "admin")
    joined = "&" if "?" in path else "?"
    answer = client.get(f"{path}{joined}cursor={cursor(*values)}", headers=staff.headers)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/v1/users", (EARLY, ID)),
        ("/v1/users", (LATE, ID)),
        ("/v1/alerts", (2**31 - 1, EARLY, ID)),
        ("/v1/alerts", (-(2**31) + 1, LATE, ID)),
        ("/v1/patients?sort=silence", (0, EARLY, ID)),
        ("/v1/patients?sort=silence", (0, LATE, ID)),
        ("/v1/patients?sort=trend", (0, 0, "nan", ID)),
        ("/v1/patients?sort=trend", (0, 0, "-inf", ID)),
        ("/v1/patients?sort=name", ("\u202e\ufffd" * 50, ID)),
    ],
)
def test_a_cursor_at_the_end_of_the_calendar_is_answered(
    client: FlaskClient, clinic: ClinicWorld, path: str, values: tuple[object, ...]
):
    staff = clinic.staff("clinician", "admin")
    joined = "&" if "?" in path else "?"
    answer = client.get(f"{path}{joined}cursor={cursor(*values)}", headers=staff.headers)
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize(
    "query",
    [
        "from=0001-01-01",
        "to=0001-01-01",
        "to=9999-12-31",
        "from=9999-12-31",
        "from=0001-01-01&to=9999-12-31",
        "cut=0",
        "cut=0&from=9999-12-31",
        "instrument=mood&to=0001-01-01",
        "instrument=cssrs-screener",
        "instrument=phq9-daily&from=9999-12-31",
    ],
)
def test_a_trend_of_days_without_an_answer_is_an_empty_report(
    client: FlaskClient, clinic: ClinicWorld, query: str
):
    patient = clinic.patient()
    answer = client.get(f"/v1/me/trend?{query}", headers=patient.headers)
    assert answer.status_code == 200
    assert (answer.json["series"], answer.json["adherence"]["answered"]) == ([], 0)


@pytest.mark.parametrize(
    "query",
    [
        "cut=-1",
        "cut=1",
        "cut=2147483648",
        "cut=1e3",
        "cut=0x1",
        "from=2026-02-30",
        "to=now",
        "from=2026-01-02&to=2026-01-01",
        "instrument=phq-9",
        "instrument=%00",
        "to=10000-01-01",
    ],
)
def test_a_trend_that_cannot_be_is_422(client: FlaskClient, clinic: ClinicWorld, query: str):
    answer = client.get(f"/v1/me/trend?{query}", headers=clinic.patient().headers)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "token", ["é.é.é", "a.b.c", "." * 5, "x" * 70_000, "eyJhbGciOiJub25lIn0.e30."]
)
def test_no_token_is_a_fault(client: FlaskClient, clinic: ClinicWorld, token: str):
    answer = client.get(
        "/v1/me", headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    )
    assert answer.status_code in (401, 431)
