"""Enrolling, changing, pausing and discharging patients over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.rules.mood_days import mood_day_at
from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person

CONTACT = {"name": "Eve", "phone": "+33 6 00 00 00 00", "relation": "sister"}


def enrol(client: FlaskClient, who: Person, **fields: Any) -> TestResponse:
    return client.post("/v1/patients", json={"name": "Ada Example"} | fields, headers=who.headers)


def change(client: FlaskClient, who: Person, patient_id: Any, **fields: Any) -> TestResponse:
    return client.patch(f"/v1/patients/{patient_id}", json=fields, headers=who.headers)


def day(days: int) -> str:
    """A day so far from the clinic's mood day, which pauses count from."""
    today = mood_day_at(datetime.now(UTC), ZoneInfo("Europe/Paris"))
    return (today + timedelta(days=days)).isoformat()


def test_a_patient_is_enrolled_with_status_row_and_team(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    team = [str(staff.user_id)]
    answer = enrol(
        client,
        staff,
        phone="+33 1 23 45 67 89",
        address="1 Rue A",
        emergency_contact=CONTACT,
        born_on="1980-02-29",
        mrn="M-1",
        indications=["F33.2"],
        care_team=team,
    )
    assert answer.status_code == 201
    made = answer.json
    assert made == client.get(f"/v1/patients/{made['id']}", headers=staff.headers).json
    assert (made["timezone"], made["status"], made["care_team"]) == ("Europe/Paris", "active", team)
    assert (made["emergency_contact"], made["contact_missing"]) == (CONTACT, False)
    assert made["risk_at_intake"] is False
    assert rows(
        staff, "SELECT revision FROM patient_status WHERE patient_id = :id", id=made["id"]
    ) == [{"revision": 0}]


def test_the_fields_may_stand_under_patient_as_in_an_invitation(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    assert enrol(client, staff, patient={"mrn": "M-2"}).json["mrn"] == "M-2"
    assert enrol(client, staff, patient={"mrn": "M-3"}, mrn="M-4").status_code == 422


@pytest.mark.parametrize(
    ("indications", "stated", "at_risk"),
    [
        (["Suicidal ideation"], None, True),
        (["TRD", "suicidal_ideation"], None, True),
        (["R45.851"], None, True),
        (["Suicidal ideation"], False, False),
        (["TRD"], True, True),
        (["TRD"], None, False),
        ([], None, False),
    ],
)
def test_risk_at_intake_follows_from_the_indications_unless_stated(
    client: FlaskClient,
    clinic: ClinicWorld,
    indications: list[str],
    stated: bool | None,
    at_risk: bool,
) -> None:
    made = enrol(client, clinic.staff(), indications=indications, risk_at_intake=stated)
    assert made.json["risk_at_intake"] is at_risk


def birthday(years: int, days: int) -> str:
    """Of somebody who is so old, but for so many days."""
    on = datetime.now(UTC).date() + timedelta(days=days)
    if (on.month, on.day) == (2, 29):
        on += timedelta(days=1)
    return on.replace(year=on.year - years).isoformat()


def test_version_1_is_for_adults(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    answer = enrol(client, staff, born_on=birthday(18, 3))
    assert (answer.status_code, answer.json["code"]) == (422, "adults_only")
    adult = enrol(client, staff, born_on=birthday(18, -3))
    assert adult.status_code == 201
    answer = change(client, staff, adult.json["id"], born_on=birthday(17, 0))
    assert (answer.status_code, answer.json["code"]) == (422, "adults_only")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"born_on": "yesterday"}, "born_on"),
        ({"care_team": [str(uuid4())]}, "care_team"),
        ({"emergency_contact": {"name": "Eve"}}, "emergency_contact.phone"),
        ({"risk_at_intake": "yes"}, "risk_at_intake"),
        ({"weight": 3}, "weight"),
    ],
)
def test_what_cannot_be_is_named(
    client: FlaskClient, clinic: ClinicWorld, fields: dict[str, Any], path: str
) -> None:
    answer = enrol(client, clinic.staff(), **fields)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [path]
    assert rows(clinic.admin, "SELECT id FROM patients") == []


def test_a_zone_that_staff_mistype_moves_nobody(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    pat = enrol(client, staff).json["id"]
    assert list(change(client, staff, pat, timezone="Mars/Phobos").json["errors"]) == ["timezone"]
    assert change(client, staff, pat, timezone="-03").json["timezone"] == "UTC-03:00"


def test_a_record_number_is_one_patients(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    assert enrol(client, staff, mrn="M-1").status_code == 201
    assert list(enrol(client, staff, mrn="M-1").json["errors"]) == ["mrn"]
    other = enrol(client, staff, mrn="M-2").json["id"]
    assert list(change(client, staff, other, mrn="M-1").json["errors"]) == ["mrn"]


def test_a_change_touches_what_it_names(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    made = enrol(client, staff, phone="+33 1 23 45 67 89", mrn="M-1", address="1 Rue A").json
    changed = change(client, staff, made["id"], phone="", address=None, name="Ada New").json
    emptied = {"phone": None, "address": None, "contact_missing": True}
    assert changed == made | emptied | {"name": "Ada New"}
    query = (
        "SELECT action, detail FROM audit_entries e LEFT JOIN audit_details d ON entry_id = e.id"
        " WHERE patient_id = :id ORDER BY e.id"
    )
    recorded = [(row["action"], row["detail"]) for row in rows(staff, query, id=made["id"])]
    assert recorded == [
        ("patient_created", None),
        ("patient_changed", {"fields": ["address", "name", "phone"]}),
    ]


def test_a_pause_has_a_reason_and_an_end(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    paused = change(
        client, staff, pat.patient_id, status="paused", reason="travels", until_on=day(30)
    ).json
    assert (paused["status"], paused["paused_until_on"]) == ("paused", day(30))
    assert paused["status_reason"] == "travels"
    assert post(client, pat, phq9()).status_code == 201
    active = change(client, staff, pat.patient_id, status="active").json
    assert (active["status"], active["paused_until_on"]) == ("active", None)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"status": "paused", "until_on": day(3)}, "reason"),
        ({"status": "paused", "until_on": day(3), "reason": " "}, "reason"),
        ({"status": "paused", "reason": "travels"}, "until_on"),
        ({"status": "paused", "reason": "travels", "until_on": day(32)}, "until_on"),
        ({"status": "paused", "reason": "travels", "until_on": day(-2)}, "until_on"),
        ({"status": "discharged", "until_on": day(3)}, "until_on"),
        ({"status": "gone"}, "status"),
        ({"reason": "travels"}, "reason"),
    ],
)
def test_a_change_of_status_that_cannot_be(
    client: FlaskClient, clinic: ClinicWorld, fields: dict[str, Any], path: str
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    answer = change(client, staff, pat.patient_id, **fields)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [path]
    assert rows(staff, "SELECT status FROM patients") == [{"status": "active"}]


def test_a_pause_ends_by_itself(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    change(client, staff, pat.patient_id, status="paused", reason="travels", until_on=day(5))
    rows(staff, "UPDATE patients SET paused_until = current_date - 2 RETURNING id")
    shown = client.get(f"/v1/patients/{pat.patient_id}", headers=staff.headers).json
    assert (shown["status"], shown["paused_until_on"]) == ("active", None)


@pytest.mark.parametrize("status", ["paused", "discharged"])
@pytest.mark.parametrize(
    ("danger", "family"),
    [
        (phq9(item9=1), "suicide_risk"),
        (phq9(item9=1, odd_field=1), "unreadable_risk"),
    ],
)
def test_an_open_safety_alert_keeps_a_patient_followed(
    client: FlaskClient, clinic: ClinicWorld, danger: dict[str, Any], family: str, status: str
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    post(client, pat, danger | {"id": str(uuid4())})
    fields = {"status": status, "reason": "moves"}
    fields |= {"until_on": day(3)} if status == "paused" else {}
    answer = change(client, staff, pat.patient_id, **fields)
    assert (answer.status_code, answer.json["code"]) == (409, "open_alert")
    rows(
        staff,
        "UPDATE alerts SET status = 'resolved', resolved_at = now(), next_at = NULL"
        " WHERE family = :family RETURNING id",
        family=family,
    )
    assert change(client, staff, pat.patient_id, **fields).status_code == 200


def test_who_is_discharged_is_no_longer_followed(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    assert change(client, staff, pat.patient_id, status="discharged").json["status"] == "discharged"
    assert post(client, pat, phq9()).json["code"] == "not_followed"
    assert change(client, staff, pat.patient_id, status="active").json["status"] == "active"
    assert post(client, pat, phq9()).status_code == 201
