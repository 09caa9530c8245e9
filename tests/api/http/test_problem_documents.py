"""A malformed request is answered with a problem document and leaves no record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld, Person

JSON = "application/json"
MB = 1_000_000
CONTENT = (
    "record_ids",
    "check_ins",
    "check_in_contents",
    "help_requests",
    "decisions",
    "alerts",
    "alert_occurrences",
    "notifications",
    "unreadable_bodies",
    "users",
    "patients",
    "invitations",
    "contacts",
    "care_team_members",
)

# name: (content type, body, status, code)
UNREADABLE: dict[str, tuple[str, bytes, int, str]] = {
    "no JSON": (JSON, b"{'id': 1}", 400, "malformed_json"),
    "nothing": (JSON, b"", 400, "malformed_json"),
    "half of it": (JSON, b'{"id": "0197', 400, "malformed_json"),
    "not UTF-8": (JSON, b'{"note": "\xff\xfe"}', 400, "malformed_json"),
    "NaN": (JSON, b'{"client_total": NaN}', 400, "malformed_json"),
    "deep": (JSON, b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400, "malformed_json"),
    "deep and open": (JSON, b"[" * 200_000, 400, "malformed_json"),
    "a form": ("application/x-www-form-urlencoded", b"id=1", 415, "unsupported_media_type"),
    "no type": ("", b"{}", 415, "unsupported_media_type"),
    "ten megabytes": (JSON, b'{"note": "' + b"x" * 10 * MB + b'"}', 413, "body_too_large"),
    "a list": (JSON, b"[]", 422, "validation_failed"),
    "a number": (JSON, b"7", 422, "validation_failed"),
    "null": (JSON, b"null", 422, "validation_failed"),
    "a text": (JSON, b'"hello"', 422, "validation_failed"),
    "an unknown field": (JSON, b'{"nonsense": 1}', 422, "validation_failed"),
}


@pytest.fixture
def stored(database_urls: DatabaseUrls) -> Iterator[Callable[[], dict[str, int]]]:
    """How many rows each table of contents has, over all clinics."""
    with psycopg.connect(libpq_url(database_urls.admin), autocommit=True) as admin:

        def count() -> dict[str, int]:
            selects = (f"SELECT '{t}', count(*) FROM {t}" for t in CONTENT)  # noqa: S608 - our names
            query = " UNION ALL ".join(selects)
            return dict(admin.execute(query).fetchall())

        yield count


def written_routes(app: Flask) -> list[tuple[str, str]]:
    """Every call that takes a body, from the document; ids in the path are made up.

    Help requests apart: one that cannot be read still pages.
    """
    paths = app.test_client().get("/openapi.json").json["paths"]
    return [
        (
            method.upper(),
            "/".join(str(uuid4()) if "{" in part else part for part in path.split("/")),
        )
        for path, item in paths.items()
        for method, operation in item.items()
        if isinstance(operation, dict)
        and "requestBody" in operation
        and path != "/v1/help-requests"
    ]


def check_problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.get_data(as_text=True)[:300]
    assert answer.mimetype == "application/problem+json"
    problem: dict[str, Any] = answer.json
    assert {"type", "title", "status", "detail", "code"} <= set(problem)
    assert (problem["status"], problem["code"]) == (status, code)
    return problem


@pytest.mark.parametrize("case", UNREADABLE)
def test_every_write_refuses_what_it_cannot_read_and_stores_nothing(
    app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    stored: Callable[[], dict[str, int]],
    case: str,
) -> None:
    kind, body, status, code = UNREADABLE[case]
    people = (clinic.patient(), clinic.admin)
    before = stored()
    routes = written_routes(app)
    assert len(routes) >= 8
    for method, path in routes:
        for person in people:
            answer = client.open(
                path, method=method, data=body, content_type=kind, headers=person.headers
            )
            check_problem(answer, status, code)
    assert stored() == before


WRONG_CHECK_INS: dict[str, tuple[dict[str, Any], str]] = {
    "an instrument that there is not": ({"instrument": "phq99"}, "instrument"),
    "an instrument that is a number": ({"instrument": 9}, "instrument"),
    "a link id that there is not": ({"answers": {"q77": 1}}, "answers.q77"),
    "an answer above the options": ({"answers": {"q1": 4}}, "answers.q1"),
    "an answer below the options": ({"answers": {"q1": -1}}, "answers.q1"),
    "an answer with a fraction": ({"answers": {"q1": 1.0}}, "answers.q1"),
    "an answer that is true": ({"answers": {"q1": True}}, "answers.q1"),
    "an answer in quotes": ({"answers": {"q1": "1"}}, "answers.q1"),
    "an answer that is a list": ({"answers": {"q1": [1]}}, "answers.q1"),
    "answers that are a list": ({"answers": [1, 2, 3]}, "answers"),
    "no offset": ({"recorded_at": "2026-11-21T22:15:00"}, "recorded_at"),
    "no such day": ({"recorded_at": "2026-02-30T22:15:00Z"}, "recorded_at"),
    "an instant that is a number": ({"recorded_at": 1_795_000_000}, "recorded_at"),
    "an id that is none": ({"id": "42"}, "id"),
    "a huge note": ({"note": "x" * 600_000}, "note"),
    "a note that is a number": ({"note": 5}, "note"),
    "a total in quotes": ({"client_total": "7"}, "client_total"),
    "a mood day that is no day": ({"mood_day": "yesterday"}, "mood_day"),
}


@pytest.mark.parametrize("case", WRONG_CHECK_INS)
def test_a_wrong_check_in_is_refused_by_the_name_of_the_field(
    client: FlaskClient,
    clinic: ClinicWorld,
    stored: Callable[[], dict[str, int]],
    case: str,
) -> None:
    change, field = WRONG_CHECK_INS[case]
    patient = clinic.patient()
    before = stored()
    answer = post(client, patient, "/v1/check-ins", phq9() | change)
    problem = check_problem(answer, 422, "validation_failed")
    assert field in problem["errors"], problem["errors"]
    assert all(messages for messages in problem["errors"].values())
    assert stored() == before


@pytest.mark.parametrize("missing", ["id", "instrument", "answers", "recorded_at"])
def test_a_missing_field_is_named(client: FlaskClient, clinic: ClinicWorld, missing: str) -> None:
    body = {name: value for name, value in phq9().items() if name != missing}
    problem = check_problem(
        post(client, clinic.patient(), "/v1/check-ins", body), 422, "validation_failed"
    )
    assert missing in problem["errors"]


@pytest.mark.parametrize(
    "change", [{"note": 5}, {"recorded_at": "today"}, {"id": None}, {"reason": "because"}]
)
def test_a_wrong_help_request_is_refused_and_still_pages(
    client: FlaskClient,
    clinic: ClinicWorld,
    stored: Callable[[], dict[str, int]],
    change: dict[str, Any],
) -> None:
    good = {"id": str(uuid4()), "recorded_at": "2026-11-21T22:15:00Z"}
    answer = post(client, clinic.patient(), "/v1/help-requests", good | change)
    problem = check_problem(answer, 422, "validation_failed")
    assert problem["safety"]["level"] == "crisis"
    found = stored()
    assert (found["help_requests"], found["record_ids"], found["alerts"]) == (0, 0, 1)


def test_a_problem_never_repeats_what_was_sent(client: FlaskClient, clinic: ClinicWorld) -> None:
    wrong = phq9() | {"instrument": "quagga", "timezone": "quagga" * 90, "quagga-key": "quagga"}
    answer = post(client, clinic.patient(), "/v1/check-ins", wrong)
    text = answer.get_data(as_text=True).replace("quagga-key", "")  # the path of a field is told
    assert answer.status_code == 422
    assert "quagga" not in text


def test_a_413_on_a_crisis_route_carries_the_generic_card(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    body = b'{"note": "' + b"x" * 2 * MB + b'"}'
    answer = client.post(
        "/v1/check-ins", data=body, content_type=JSON, headers=clinic.patient().headers
    )
    problem = check_problem(answer, 413, "body_too_large")
    assert "did not reach your clinic" in problem["safety"]["monitoring"]


def test_an_unknown_address_and_a_wrong_method_are_problem_documents(client: FlaskClient) -> None:
    check_problem(client.get("/v1/nothing"), 404, "not_found")
    answer = client.delete("/v1/check-ins")
    check_problem(answer, 405, "not_found")
    assert "POST" in answer.headers["Allow"]


def test_a_path_with_an_id_that_is_none_is_not_found(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    answer = client.get("/v1/check-ins/42", headers=clinic.patient().headers)
    check_problem(answer, 404, "not_found")


def post(client: FlaskClient, person: Person, path: str, body: Any) -> TestResponse:
    return client.post(path, data=json.dumps(body), content_type=JSON, headers=person.headers)
