"""What any phone or browser expects of a server: compression, request ids, origins, ETags."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from api import create_app
from models.database import db
from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld, Person

GZIP = {"Accept-Encoding": "gzip, deflate"}
ORIGIN = "https://app.example"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def open_to_origin(app: Flask) -> Iterator[FlaskClient]:
    """The same service, with a web app of another origin."""
    made = create_app(replace(app.config["INTERLUDE"], cors_origins=(ORIGIN,)))
    yield made.test_client()
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def patient(clinic: ClinicWorld) -> Person:
    return clinic.patient()


def test_a_read_comes_as_gzip_to_who_takes_it(client: FlaskClient, patient: Person) -> None:
    plain = client.get("/v1/instruments", headers=patient.headers)
    packed = client.get("/v1/instruments", headers=patient.headers | GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.data)) == plain.json
    assert packed.content_length == len(packed.data) < len(plain.data) / 2
    assert "Accept-Encoding" in plain.vary
    assert "Accept-Encoding" in packed.vary
    document = client.get("/openapi.json", headers=GZIP)
    assert len(document.data) < 100_000


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_nobody_gets_gzip_who_does_not_take_it(
    client: FlaskClient, patient: Person, accepted: str
) -> None:
    headers = patient.headers | {"Accept-Encoding": accepted}
    assert "Content-Encoding" not in client.get("/v1/instruments", headers=headers).headers


def test_a_sync_comes_as_gzip_and_says_the_same(client: FlaskClient, patient: Person) -> None:
    items = [{"type": "check_in", **phq9(item9=item % 2)} for item in range(9)]
    packed = post(client, patient, {"items": items}, "/v1/sync", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    results = json.loads(gzip.decompress(packed.data))["results"]
    assert [one["status"] for one in results] == [201] * 9


def test_no_secret_is_compressed(client: FlaskClient, clinic: ClinicWorld) -> None:
    """Tokens, codes and pages with a form's token (BREACH)."""
    asked = {"email": f"{uuid4()}@clinic.example", "name": "Ada " * 40, "roles": ["patient"]}
    invitation = post(client, clinic.staff(), asked, "/v1/invitations", Accept_Encoding="gzip")
    accepted = {"code": invitation.json["code"], "device_id": "a1"}
    answers = [
        invitation,
        client.post("/v1/invitations/accept", json=accepted, headers=GZIP),
        client.get("/a", headers=GZIP),
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 200]
    assert not any("Content-Encoding" in answer.headers for answer in answers)


@pytest.mark.parametrize("given", ["7f3a-22", "a1", "0197b0a0-0000-7000-8000-000000000000"])
def test_a_request_id_is_echoed_and_logged(client: FlaskClient, given: str) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        for path in ("/v1/me", "/docs", "/nowhere"):
            answer = client.get(path, headers={"X-Request-Id": given})
            assert answer.headers["X-Request-Id"] == given
    assert [line["request_id"] for line in lines if line["event"] == "request"] == [given] * 3


@pytest.mark.parametrize("given", ["", "Ada", "ada@1", "a 1", "1" * 65, "1\x7f", "<1>", "é1"])
def test_what_is_no_id_is_replaced_and_stands_nowhere(client: FlaskClient, given: str) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = client.get("/v1/me", headers={"X-Request-Id": given})
    made = answer.headers["X-Request-Id"]
    assert len(made) == 36
    assert made != given
    assert [line["request_id"] for line in lines] == [made]
    assert client.get("/v1/me").headers["X-Request-Id"] != made


def preflight(client: FlaskClient, path: str, origin: str = ORIGIN) -> TestResponse:
    asks = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, interlude-sent-at",
    }
    return client.options(path, headers=asks)


def test_options_is_never_401(app: Flask, client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]
    for path in paths:
        address = "/".join(str(uuid4()) if "{" in part else part for part in path.split("/"))
        assert client.options(address).status_code in (200, 404), path


def test_a_named_origin_may_call_and_no_other(
    open_to_origin: FlaskClient, client: FlaskClient, patient: Person
) -> None:
    for path in ("/v1/check-ins", "/v1/sync", "/v1/auth/login", f"/v1/alerts/{uuid4()}/notes"):
        answer = preflight(open_to_origin, path)
        assert (answer.status_code, answer.headers[ALLOWED]) == (200, ORIGIN)
        names = answer.headers["Access-Control-Allow-Headers"].lower()
        assert {"authorization", "interlude-sent-at"} <= set(names.split(", "))
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert ALLOWED not in preflight(open_to_origin, path, "https://evil.example").headers
        assert ALLOWED not in preflight(client, path).headers
    assert ALLOWED not in preflight(open_to_origin, "/a").headers
    assert ALLOWED not in preflight(open_to_origin, "/metrics").headers


def test_a_named_origin_reads_refusals_and_their_headers(
    open_to_origin: FlaskClient, patient: Person
) -> None:
    refused = open_to_origin.post("/v1/check-ins", json={}, headers={"Origin": ORIGIN})
    assert (refused.status_code, refused.headers[ALLOWED]) == (401, ORIGIN)
    assert refused.json["safety"]["level"] == "support"
    shown = refused.headers["Access-Control-Expose-Headers"]
    assert {"ETag", "Interlude-As-Of", "Retry-After", "X-Request-Id"} <= set(shown.split(", "))


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
@pytest.mark.parametrize("path", ["/v1/alerts", "/v1/changes", "/v1/instruments"])
def test_what_is_polled_costs_no_body_until_it_changes(
    client: FlaskClient, clinic: ClinicWorld, path: str, accepted: str
) -> None:
    patient = clinic.patient()
    reader = clinic.staff() if path == "/v1/alerts" else patient
    post(client, patient, phq9(item9=2))
    asks = {**reader.headers, "Accept-Encoding": accepted}
    first = client.get(path, headers=asks)
    asks["If-None-Match"] = first.headers["ETag"]
    again = client.get(path, headers=asks)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"].removeprefix("W/") == first.headers["ETag"].removeprefix("W/")
    post(client, patient, phq9(item9=3))
    changed = client.get(path, headers=asks)
    assert changed.status_code == (304 if path == "/v1/instruments" else 200)
    kept = "private, no-cache" if path == "/v1/instruments" else "no-store"
    assert first.headers["Cache-Control"] == kept
