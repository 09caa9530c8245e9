"""Our own name, and what every answer carries; neither ever stands before an answer with danger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from api.http.edge import own_names
from models.database import db
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld

PUBLIC = "https://interlude.example"
STRICT = "Strict-Transport-Security"


@pytest.fixture
def public(app: Flask) -> Iterator[FlaskClient]:
    """The same service, with a public name behind TLS."""
    made = create_app(replace(app.config["INTERLUDE"], public_url=PUBLIC + "/ward"))
    yield made.test_client()
    with made.app_context():
        db.engine.dispose()


OURS = ["interlude.example", "INTERLUDE.example:8000", "interlude.example.", "localhost:8000"]
OURS += ["127.0.0.1", "[::1]:8000"]
FOREIGN = ["evil.example", "interlude.example.evil.example", "10.0.0.7", "interlude.example@x", "["]


@pytest.mark.parametrize("host", OURS)
def test_our_names_are_answered(public: FlaskClient, host: str):
    assert public.get("/docs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_name_is_refused(public: FlaskClient, host: str):
    for path in ("/docs", "/v1/me", "/a/", "/nowhere"):
        answer = public.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json["code"]) == (421, "wrong_host")
        assert host not in answer.text


@pytest.mark.parametrize("host", FOREIGN)
def test_no_name_stops_danger_or_a_probe(public: FlaskClient, clinic: ClinicWorld, host: str):
    patient = clinic.patient()
    headers = patient.headers | {"Host": host}
    stored = public.post("/v1/check-ins", json=phq9(item9=3), headers=headers)
    assert stored.status_code == 201
    asked = public.post("/v1/help-requests", json={}, headers=headers)
    assert "safety" in asked.json
    for probe in ("/healthz", "/readyz"):
        assert public.get(probe, headers={"Host": host}).status_code != 421


@pytest.mark.parametrize(
    ("host", "public_url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://0.0.0.0:8000"),  # noqa: S104 -- compared, not bound
        ("10.0.0.5", "http://10.0.0.5:8000"),
        ("127.0.0.1", "http://localhost:8000"),
        ("127.0.0.1", ""),
    ],
)
def test_without_a_public_name_any_is_ours(app: Flask, host: str, public_url: str):
    assert own_names(replace(app.config["INTERLUDE"], host=host, public_url=public_url)) == set()


@pytest.mark.parametrize(
    "path", ["/healthz", "/docs", "/openapi.json", "/nowhere", "/v1/me", "/a/x", "/metrics"]
)
def test_every_answer_carries_the_headers(client: FlaskClient, public: FlaskClient, path: str):
    plain, behind_tls = client.get(path), public.get(path)
    for answer in (plain, behind_tls):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert STRICT not in plain.headers
    assert behind_tls.headers[STRICT] == "max-age=31536000"


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"q9":'])
def test_a_body_without_a_bottom_is_refused_shortly(
    client: FlaskClient, clinic: ClinicWorld, opening: str
):
    body, kind = opening * (200_000 // len(opening)), "application/json"
    patient = clinic.patient()
    for path, headers in (("/v1/auth/login", {}), ("/v1/check-ins", patient.headers)):
        answer = client.post(path, data=body, content_type=kind, headers=headers)
        assert answer.status_code == 400
        assert len(answer.data) < 10_000
