"""Odd phones over HTTP: instants, zones, encodings and shapes. No fault, no danger missed, and
every page of it can be shown.
"""

from __future__ import annotations

import json
import random
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.rules.odd_bodies import dangerous_form, harmless_form, odd_body
from tests.builders.stored import alerts, newest_alert, rows
from tests.builders.world import ClinicWorld, World

INSTANTS = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "0000-01-01t00:00:00z",
    "1970-01-01T00:00:00Z",
    "2016-12-31T23:59:60Z",
    "2569-11-21T09:00:00+07:00",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:60Z",
)
ZONES = ("Pacific/Apia", "Pacific/Niue", "Asia/Kathmandu", "America/Los_Angeles", "UTC")


@pytest.mark.parametrize("zone", ZONES)
def test_every_instant_that_is_taken_can_be_shown_in_every_zone(
    client: FlaskClient, world: World, zone: str
) -> None:
    clinic = world.clinic(timezone=zone)
    pat, sam = clinic.patient(), clinic.staff("clinician")
    for at in INSTANTS:
        for form in (phq9(item9=2, recorded_at=at, timezone=zone), phq9(item9=3, recorded_at=at)):
            assert post(client, pat, form, Interlude_Sent_At=at).status_code == 201, at
        report = {"id": str(uuid4()), "recorded_at": at, "effects": [
            {"code": "chest_pain", "grade": 2, "onset_at": at, "ended_at": at}]}  # fmt: skip
        assert post(client, pat, report, "/v1/side-effects").status_code == 201, at
        asked = {"id": str(uuid4()), "recorded_at": at}
        assert post(client, pat, asked, "/v1/help-requests").status_code == 201, at
    for path in (
        f"/v1/alerts/{newest_alert(pat)}",
        "/v1/patients",
        f"/v1/patients/{pat.patient_id}/trend",
        f"/v1/patients/{pat.patient_id}/trend?instrument=phq9-daily",
        f"/v1/check-ins?patient_id={pat.patient_id}",
        f"/v1/side-effects?patient_id={pat.patient_id}",
    ):
        assert client.get(path, headers=sam.headers).status_code == 200, path
    trend = f"/v1/patients/{pat.patient_id}/trend"
    for kind in ("text/csv", "image/svg+xml"):
        shown = client.get(trend, headers=sam.headers | {"Accept": kind})
        assert shown.status_code == 200, kind


def test_half_a_character_is_stored_as_a_mark_and_flagged(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    body = json.dumps(phq9(note="cut here X")).replace("X", "\\ud83d").encode()
    answer = post(client, pat, body)
    assert answer.status_code == 201
    record = json.loads(answer.data)
    assert record["note"] == "cut here \ufffd"
    assert "text_damaged" in record["flags"]
    assert post(client, pat, body).data == answer.data
    whole = json.dumps(phq9(note="whole X")).replace("X", "\\ud83d\\ude00").encode()
    record = json.loads(post(client, pat, whole).data)
    assert record["note"] == "whole \U0001f600"
    assert "text_damaged" not in record["flags"]


def test_a_sign_that_nobody_types_costs_no_answer(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    form = phq9(note="nul \0 here", timezone="Europe/Paris\0")
    record = post(client, pat, form)
    assert (record.status_code, record.json["note"]) == (201, "nul \ufffd here")
    assert {"text_damaged", "unknown_timezone"} <= set(record.json["flags"])
    assert post(client, pat, form).data == record.data
    amended = {"id": str(uuid4()), "answers": form["answers"], "reason": "\0"}
    assert post(client, pat, amended, f"/v1/check-ins/{form['id']}/amend").status_code == 201
    sent = {"id": str(uuid4()), "recorded_at": form["recorded_at"], "note": "\0"}
    effects = [{"code": "nausea", "grade": 1}]
    assert post(client, pat, sent | {"effects": effects}, "/v1/side-effects").status_code == 201
    asked = sent | {"id": str(uuid4())}
    assert post(client, pat, asked, "/v1/help-requests").status_code == 201


def odd_phones(client: FlaskClient, clinic: ClinicWorld, seeds: range) -> None:
    """Every answer is no fault; danger is on an alert; the series stays empty."""
    for seed in seeds:
        rng = random.Random(seed)
        pat = clinic.patient()
        is_dangerous = rng.random() < 0.5
        form: dict[str, Any] = dangerous_form(rng)[0] if is_dangerous else harmless_form(rng)
        answer = post(client, pat, odd_body(form, rng))
        assert 400 <= answer.status_code < 500, seed
        assert ("safety" in json.loads(answer.data)) >= is_dangerous, seed
        assert bool(alerts(pat)) >= is_dangerous, seed
        assert rows(pat, "SELECT 1 FROM check_ins") == [], seed


def test_odd_phones_are_answered_and_their_danger_pages(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    odd_phones(client, clinic, range(60))
