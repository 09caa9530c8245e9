"""The questionnaires as a phone gets them."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from models import Clinic
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld


def test_every_role_reads_all_instruments(client: FlaskClient, clinic: ClinicWorld) -> None:
    people = (clinic.patient(), clinic.staff("clinician"), clinic.staff("on_call"), clinic.admin)
    answers = [client.get("/v1/instruments", headers=person.headers) for person in people]
    assert [answer.status_code for answer in answers] == [200] * 4
    codes = [found["code"] for found in answers[0].json["items"]]
    assert codes == [
        "asrm",
        "cssrs-screener",
        "cssrs-since-last-contact",
        "gad7",
        "mood",
        "pcl5",
        "phq9",
        "phq9-daily",
        "urinary",
    ]
    assert answers[0].json["next_cursor"] is None


def test_the_phq9_is_published_as_it_is_scored(client: FlaskClient, clinic: ClinicWorld) -> None:
    phq9 = client.get("/v1/instruments/phq9", headers=clinic.patient().headers).json
    assert [item["link_id"] for item in phq9["items"]] == [f"q{n}" for n in range(1, 11)]
    assert [option["value"] for option in phq9["items"][8]["options"]] == [0, 1, 2, 3]
    assert phq9["items"][8]["loinc"] == "44260-8"
    assert [item["scored"] for item in phq9["items"]] == [True] * 9 + [False]
    bands = [(band["name"], band["low"], band["high"]) for band in phq9["bands"]]
    assert bands == [
        ("minimal", 0, 4),
        ("mild", 5, 9),
        ("moderate", 10, 14),
        ("moderately_severe", 15, 19),
        ("severe", 20, 27),
    ]
    assert phq9["validated"] is True
    assert phq9["licence_note"]
    assert phq9["recall_window"]


def test_the_cssrs_has_levels_instead_of_ranges(client: FlaskClient, clinic: ClinicWorld) -> None:
    found = client.get("/v1/instruments/cssrs-screener", headers=clinic.patient().headers).json
    levels = [band["name"] for band in found["bands"]]
    assert levels == ["none", "low", "moderate", "high", "unknown"]
    assert {band["low"] for band in found["bands"]} == {None}
    assert [item["link_id"] for item in found["items"]][-1] == "q6b"
    assert found["items"][2]["asked_when"]["link_ids"] == ["q2"]


def test_a_clinic_uses_its_own_cssrs_wording(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    with app.app_context(), transaction(clinic.id) as session:
        session.execute(update(Clinic).values(cssrs_texts={"q2": "Our own words?"}))
    found = client.get("/v1/instruments/cssrs-screener", headers=clinic.admin.headers).json
    assert found["items"][1]["text"] == "Our own words?"


@pytest.mark.parametrize("path", ["/v1/instruments", "/v1/instruments/pcl5"])
def test_an_unchanged_instrument_costs_no_body(
    client: FlaskClient, clinic: ClinicWorld, path: str
) -> None:
    headers = clinic.admin.headers
    first = client.get(path, headers=headers)
    again = client.get(path, headers=headers | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    other = client.get(path, headers=headers | {"If-None-Match": '"another"'})
    assert (other.status_code, other.get_data()) == (200, first.get_data())
    assert first.headers["Cache-Control"] == "private, no-cache"


def test_an_unknown_code_is_not_found(client: FlaskClient, clinic: ClinicWorld) -> None:
    answer = client.get("/v1/instruments/phq10", headers=clinic.admin.headers)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
