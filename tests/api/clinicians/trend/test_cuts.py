"""A data cut is for ever: the same revision gives the same fingerprint, whatever came later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.database import db
from services.intake.check_in import record_check_in
from services.intake.forms import CheckInForm
from tests.builders.calls import post
from tests.builders.entries import ago, phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person

Report = dict[str, Any]
Change = Callable[[FlaskClient, Person, Person, str], Any]


def trend(client: FlaskClient, person: Person, query: str = "") -> Report:
    answer = client.get(f"/v1/me/trend{query}", headers=person.headers)
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    return answer.json


def without_time(report: Report) -> Report:
    return {name: value for name, value in report.items() if name != "generated_at"}


def amend(client: FlaskClient, pat: Person, staff: Person, form_id: str) -> None:
    body = {"id": str(uuid4()), "answers": {"q1": 3, "q9": 1}, "reason": "wrong day"}
    assert post(client, pat, body, f"/v1/check-ins/{form_id}/amend").status_code == 201


def void(client: FlaskClient, pat: Person, staff: Person, form_id: str) -> None:
    body = {"id": str(uuid4()), "answers": {}, "reason": "sent by mistake"}
    assert post(client, pat, body, f"/v1/check-ins/{form_id}/amend").status_code == 201


def add(client: FlaskClient, pat: Person, staff: Person, form_id: str) -> None:
    assert post(client, pat, phq9(others=3)).status_code == 201


def add_for_an_earlier_day(client: FlaskClient, pat: Person, staff: Person, form_id: str) -> None:
    assert post(client, pat, phq9(others=2, recorded_at=ago(days=20))).status_code == 201


def open_an_alert(client: FlaskClient, pat: Person, staff: Person, form_id: str) -> None:
    assert post(client, pat, phq9(item9=3)).status_code == 201


def change(client: FlaskClient, pat: Person, staff: Person, **fields: Any) -> None:
    path = f"/v1/patients/{pat.patient_id}"
    assert client.patch(path, json=fields, headers=staff.headers).status_code == 200


def move(client: FlaskClient, pat: Person, staff: Person, form_id: str) -> None:
    change(client, pat, staff, timezone="Pacific/Auckland")


def pause(client: FlaskClient, pat: Person, staff: Person, form_id: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
    change(client, pat, staff, status="paused", reason="travels", until_on=until)


def end_pause(client: FlaskClient, pat: Person, staff: Person, form_id: str) -> None:
    change(client, pat, staff, status="active")


CHANGES = (amend, void, add, add_for_an_earlier_day, open_an_alert, move)


@pytest.mark.parametrize("later", CHANGES, ids=lambda change: change.__name__)
def test_what_comes_later_changes_the_newer_cut_only(
    client: FlaskClient, clinic: ClinicWorld, later: Change
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    for days in (9, 5, 1):
        form = phq9(recorded_at=ago(days=days), timezone=None)
        post(client, pat, form)
    before = trend(client, pat)
    revision = before["data_cut"]["revision"]

    later(client, pat, staff, form["id"])

    again = trend(client, pat, f"?cut={revision}")
    assert without_time(again) == without_time(before)
    newest = trend(client, pat)
    assert newest["data_cut"]["revision"] > revision
    assert newest["content_hash"] != before["content_hash"]


def test_a_pause_that_ends_early_stays_planned_in_the_earlier_cut(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    pause(client, pat, staff, "")
    post(client, pat, phq9())
    before = trend(client, pat, "?instrument=phq9-daily")
    end_pause(client, pat, staff, "")
    pause(client, pat, staff, "")
    again = trend(client, pat, f"?instrument=phq9-daily&cut={before['data_cut']['revision']}")
    assert without_time(again) == without_time(before)


def test_the_same_cut_has_the_same_fingerprint_for_everybody(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    post(client, pat, phq9(item9=2))
    own = trend(client, pat)
    path = f"/v1/patients/{pat.patient_id}/trend"
    for _ in range(2):
        shown = client.get(path, headers=staff.headers).json
        assert shown is not None
        assert without_time(shown) == without_time(own)


def test_alerts_are_listed_as_they_opened(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    assert trend(client, pat)["alerts"] == []
    post(client, pat, phq9(item9=1))
    (opened,) = trend(client, pat)["alerts"]
    assert (opened["family"], opened["severity"]) == ("suicide_risk", "high")
    post(client, pat, phq9(item9=3))
    assert trend(client, pat)["alerts"] == [opened]
    assert trend(client, pat, "?cut=0")["alerts"] == []


def test_the_cut_is_the_receipt_of_its_newest_entry(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    stored = post(client, pat, phq9(recorded_at=ago(days=3))).json
    assert stored is not None
    cut = trend(client, pat)["data_cut"]
    assert cut == {"revision": 1, "at": stored["received_at"]}
    change(client, pat, staff, phone="+33 1 23 45 67 89")
    assert trend(client, pat)["data_cut"] == {"revision": 2, "at": stored["received_at"]}


def test_an_expired_tokens_entry_counts_only_after_the_refresh(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    post(client, pat, phq9(others=2, recorded_at=ago(days=3)))
    send_with_expired_token(app, pat)
    waiting = trend(client, pat)
    assert [row["value"] for row in waiting["series"]] == [16]

    token = pat.tokens(datetime.now(UTC))["refresh_token"]
    refreshed = client.post("/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})
    assert refreshed.status_code == 200

    assert [row["value"] for row in trend(client, pat)["series"]] == [16, 8]
    again = trend(client, pat, f"?cut={waiting['data_cut']['revision']}")
    assert without_time(again) == without_time(waiting)


def send_with_expired_token(app: Flask, pat: Person) -> None:
    now = datetime.now(UTC)
    form = phq9(recorded_at=now.isoformat())
    with app.app_context():
        expired = replace(pat.actor, token_expired=True)
        sent = CheckInForm(uuid4(), "phq9", form["answers"], now, "Europe/Paris")
        record_check_in(expired, sent, None, now)
        db.session.remove()


def test_every_read_is_recorded_ones_own_with_the_log_in(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    trend(client, pat)
    client.get(f"/v1/patients/{pat.patient_id}/trend", headers=staff.headers)
    query = (
        "SELECT actor_id, object_id FROM audit_entries"
        " WHERE action = 'trend_read' AND patient_id = :id ORDER BY id"
    )
    found = [(row["actor_id"], row["object_id"]) for row in rows(pat, query, id=pat.patient_id)]
    assert found == [(pat.user_id, pat.actor.family_id), (staff.user_id, None)]
