"""The trend report in every form, through its public address."""

from __future__ import annotations

import csv
import io
import struct
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person

ZONE = "Europe/Paris"
NAME = "Zoë <b>&Quagga"
FORMS = ("text/csv", "image/svg+xml", "image/png", "application/pdf")


@pytest.fixture
def patient(client: FlaskClient, clinic: ClinicWorld) -> Person:
    """Somebody with three daily answers and a name that would break mark-up."""
    person = clinic.patient(NAME, mrn="MRN-77")
    for days_ago, item9 in ((2, 0), (1, 2), (0, 1)):
        at = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
        form = phq9(item9, instrument="phq9-daily", recorded_at=at)
        assert post(client, person, form).status_code == 201
    return person


def get(client: FlaskClient, person: Person, accept: str | None, **query: str) -> TestResponse:
    headers = person.headers | ({} if accept is None else {"Accept": accept})
    asked = {"instrument": "phq9-daily", **query}
    return client.get("/v1/me/trend", headers=headers, query_string=asked)


def words_of(pdf: bytes) -> tuple[int, str]:
    """How many pages, and what can be selected on them."""
    pages = pypdfium2.PdfDocument(pdf)
    return len(pages), "\n".join(page.get_textpage().get_text_range() for page in pages)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/*", "application/json"),
        ("application/pdf, */*;q=0.1", "application/pdf"),
        ("image/*", "image/svg+xml"),
        ("image/png, image/svg+xml;q=0.9", "image/png"),
        ("text/csv;q=0.3, image/png;q=0.2, application/json;q=0.1", "text/csv"),
        ("text/csv, application/json", "application/json"),
        ("application/json;q=0, text/*", "text/csv"),
    ],
)
def test_the_form_is_the_one_the_client_likes_best(
    client: FlaskClient, patient: Person, accept: str | None, form: str
) -> None:
    answer = get(client, patient, accept)
    assert (answer.status_code, answer.mimetype) == (200, form)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("accept", ["text/html", "image/jpeg", "application/json;q=0", "audio/*"])
def test_a_form_that_is_not_made_is_refused_as_a_problem(
    client: FlaskClient, patient: Person, accept: str
) -> None:
    answer = get(client, patient, accept)
    assert (answer.status_code, answer.mimetype) == (406, "application/problem+json")
    assert answer.json is not None
    assert answer.json["code"] == "unsupported_media_type"
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_kept_by_a_cache_or_names_the_patient_outside_of_it(
    client: FlaskClient, patient: Person, form: str
) -> None:
    headers = get(client, patient, form).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    kind, _, name = headers["Content-Disposition"].partition("; ")
    assert kind == ("attachment" if form == "text/csv" else "inline")
    suffix = {"image/svg+xml": "svg"}.get(form, form.partition("/")[2])
    day = datetime.now(ZoneInfo(ZONE)) - timedelta(hours=4)
    assert name == f'filename="MRN-77-phq9-daily-{day.date()}.{suffix}"'


def test_the_picture_says_what_it_shows_and_may_reach_nothing(
    client: FlaskClient, patient: Person
) -> None:
    answer = get(client, patient, "image/svg+xml")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    assert answer.headers["Content-Security-Policy"] == policy
    drawn = ElementTree.fromstring(answer.data)  # noqa: S314 -- drawn by us
    assert drawn.get("role") == "img"
    assert "3 day values" in (drawn.findtext("{*}desc") or "")
    assert "Quagga" not in answer.text
    assert "MRN-77" not in answer.text


def test_the_raster_is_a_real_png_of_the_same_shape(client: FlaskClient, patient: Person) -> None:
    made = get(client, patient, "image/png").data
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", made[16:24]) == (1440, 750)


def test_the_printed_page_names_the_patient_and_what_it_rests_on(
    client: FlaskClient, clinic: ClinicWorld, patient: Person
) -> None:
    path = f"/v1/patients/{patient.patient_id}/trend?instrument=phq9-daily"
    headers = clinic.staff("clinician").headers
    document = client.get(path, headers=headers).json
    answer = client.get(path, headers=headers | {"Accept": "application/pdf"})
    pages, words = words_of(answer.data)
    assert 1 <= pages <= 2
    assert document is not None
    for expected in (NAME, "MRN MRN-77", "not the validated PHQ-9", document["content_hash"]):
        assert expected in words


def test_reading_any_form_is_recorded(
    client: FlaskClient, clinic: ClinicWorld, patient: Person
) -> None:
    doctor = clinic.staff("clinician")
    for form in FORMS:
        path = f"/v1/patients/{patient.patient_id}/trend"
        assert client.get(path, headers=doctor.headers | {"Accept": form}).status_code == 200
    query = "SELECT count(*) AS n FROM audit_entries WHERE action = 'trend_read'"
    assert rows(doctor, query)[0].n == len(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_a_stranger_gets_no_form_of_it(
    client: FlaskClient, clinic: ClinicWorld, patient: Person, form: str
) -> None:
    path = f"/v1/patients/{patient.patient_id}/trend"
    other = clinic.patient("Other Quagga")
    assert client.get(path, headers=other.headers | {"Accept": form}).status_code == 404
    assert client.get(path, headers=clinic.admin.headers | {"Accept": form}).status_code == 403
    assert client.get(path, headers={"Accept": form}).status_code == 401
    own = client.get("/v1/me/trend", headers=clinic.admin.headers | {"Accept": form})
    assert own.status_code == 403


def test_the_rows_of_the_sheet_are_those_of_the_series(
    client: FlaskClient, patient: Person
) -> None:
    document = get(client, patient, None).json
    answer = get(client, patient, "text/csv")
    assert document is not None
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    sheet = list(csv.DictReader(io.StringIO(answer.text, newline="")))

    def cells(row: dict[str, Any]) -> list[str]:
        return [str(row[name]) for name in ("mood_day", "value", "q9_max", "entries")]

    assert [cells(row) for row in sheet] == [cells(row) for row in document["series"]]
    assert len(sheet) == 3
    assert {row["content_hash"] for row in sheet} == {document["content_hash"]}
    assert {row["timezone"] for row in sheet} == {document["timezone"]}


def test_a_period_bounds_the_picture(client: FlaskClient, patient: Person) -> None:
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    drawn = get(client, patient, "image/svg+xml", **{"from": day}).text
    assert "3 day values" not in drawn


def test_the_document_names_every_form(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]
    for path in ("/v1/me/trend", "/v1/patients/{patient_id}/trend"):
        responses = paths[path]["get"]["responses"]
        assert set(responses["200"]["content"]) == {"application/json", *FORMS}
        schema = responses["200"]["content"]["application/json"]["schema"]
        assert schema["$ref"].endswith("/Trend") or schema["$ref"].endswith("/TrendOut")
        assert "406" in responses
