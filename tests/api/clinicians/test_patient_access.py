"""A stranger, a team-mate and the owner are tried on every resource of a patient."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person, World

RESOURCES: list[tuple[str, str, Any]] = [
    ("GET", "/v1/patients/{id}", None),
    ("PATCH", "/v1/patients/{id}", {"phone": "+33 1 23 45 67 89"}),
    ("GET", "/v1/patients/{id}/care-team", None),
    ("GET", "/v1/patients/{id}/trend", None),
    ("PUT", "/v1/patients/{id}/care-team", {"user_ids": []}),
]
READ, CHANGE, TEAM, TREND, PUT_TEAM = range(5)


def statuses(client: FlaskClient, person: Person, patient: Person) -> list[int]:
    """What each resource of the patient answers to a person."""
    return [
        client.open(
            path.format(id=patient.patient_id), method=method, json=body, headers=person.headers
        ).status_code
        for method, path, body in RESOURCES
    ]


def in_team(client: FlaskClient, clinic: ClinicWorld, patient: Person, *members: Person) -> None:
    body = {"user_ids": [str(member.user_id) for member in members]}
    path = f"/v1/patients/{patient.patient_id}/care-team"
    assert client.put(path, json=body, headers=clinic.admin.headers).status_code == 200


def test_every_role_reaches_what_the_table_says(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada = clinic.patient("Ada Example")
    assert statuses(client, clinic.staff(), ada) == [200, 200, 200, 200, 200]
    assert statuses(client, clinic.admin, ada) == [200, 200, 200, 403, 200]
    assert statuses(client, clinic.staff("on_call"), ada) == [404, 403, 404, 404, 403]
    assert statuses(client, ada, ada) == [403, 403, 403, 200, 403]
    assert statuses(client, clinic.patient("Bob"), ada) == [403, 403, 403, 404, 403]


def test_a_care_team_closes_the_view_to_its_members(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    ada, team_mate, stranger = clinic.patient(), clinic.staff(), clinic.staff()
    in_team(client, clinic, ada, team_mate)
    assert statuses(client, stranger, ada) == [404, 404, 404, 404, 404]
    assert listed(client, stranger) == []
    assert statuses(client, team_mate, ada) == [200, 200, 200, 200, 200]
    # The last of them emptied the team.
    assert statuses(client, stranger, ada) == [200, 200, 200, 200, 200]


def test_staff_of_another_clinic_are_strangers(client: FlaskClient, world: World) -> None:
    ada = world.clinic().patient()
    other = world.clinic("South Clinic")
    assert statuses(client, other.staff(), ada) == [404, 404, 404, 404, 404]
    assert statuses(client, other.admin, ada) == [404, 404, 404, 403, 404]
    assert listed(client, other.admin) == []


def test_on_call_staff_see_a_patient_while_an_alert_is_open(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    ada, on_call = clinic.patient(), clinic.staff("on_call")
    in_team(client, clinic, ada, clinic.staff())
    assert (listed(client, on_call), statuses(client, on_call, ada)[READ]) == ([], 404)
    post(client, ada, phq9(item9=2))
    assert listed(client, on_call) == [str(ada.patient_id)]
    assert statuses(client, on_call, ada) == [200, 403, 200, 200, 403]


@pytest.mark.parametrize(("days", "seen"), [(6.9, True), (7.1, False)])
def test_a_resolved_alert_keeps_the_view_for_seven_days(
    client: FlaskClient, clinic: ClinicWorld, days: float, seen: bool
) -> None:
    ada, on_call = clinic.patient(), clinic.staff("on_call")
    post(client, ada, phq9(item9=2))
    assert len(alerts(ada)) == 1
    rows(
        ada,
        "UPDATE alerts SET status = 'resolved', resolved_at = now() - :days * interval '1 day',"
        " next_at = NULL RETURNING id",
        days=days,
    )
    assert (statuses(client, on_call, ada)[READ] == 200) is seen


def test_nobody_is_in_nobodys_view(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada, only, other = clinic.patient(), clinic.staff(), clinic.staff()
    in_team(client, clinic, ada, only)
    assert statuses(client, other, ada)[READ] == 404
    path = f"/v1/users/{only.user_id}"
    left = client.patch(path, json={"active": False}, headers=clinic.admin.headers)
    assert left.status_code == 200
    assert statuses(client, other, ada)[READ] == 200
    assert client.get(f"/v1/patients/{ada.patient_id}/care-team", headers=other.headers).json == {
        "user_ids": []
    }


def test_an_administrator_sees_no_clinical_content(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    ada, staff = clinic.patient(indications=["suicidal ideation"]), clinic.staff()
    post(client, ada, phq9(item9=2, others=3))
    path = f"/v1/patients/{ada.patient_id}"
    seen = {who: client.get(path, headers=who.headers).json for who in (staff, clinic.admin)}
    clinical = {"indications", "unknown_indications", "risk_at_intake", "status_reason"}
    assert set(seen[staff]) - set(seen[clinic.admin]) == clinical
    assert (seen[staff]["indications"], seen[staff]["risk_at_intake"]) == (
        ["suicidal ideation"],
        True,
    )
    (row,) = client.get("/v1/patients", headers=clinic.admin.headers).json["items"]
    assert row["reason"] == "critical alert open"
    assert not {"last_check_in_at", "trend_status", "baseline", "current"} & set(row)
    changed = client.patch(path, json={"indications": []}, headers=clinic.admin.headers)
    assert changed.status_code == 403


def test_somebody_with_two_roles_sees_clinical_content_where_her_view_reaches(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    hers, anothers, both = clinic.patient(), clinic.patient(), clinic.staff("clinician", "admin")
    in_team(client, clinic, anothers, clinic.staff())
    items = client.get("/v1/patients", headers=both.headers).json["items"]
    shown = {row["id"]: "trend_status" in row for row in items}
    assert shown == {str(hers.patient_id): True, str(anothers.patient_id): False}
    assert statuses(client, both, anothers)[TREND] == 404


def listed(client: FlaskClient, person: Person) -> list[str]:
    answer = client.get("/v1/patients", headers=person.headers)
    assert answer.status_code == 200
    return [row["id"] for row in answer.json["items"]]


def test_a_team_is_made_of_active_staff_with_a_clinician(
    client: FlaskClient, clinic: ClinicWorld, world: World
) -> None:
    ada, doctor, nurse = clinic.patient(), clinic.staff(), clinic.staff("on_call")
    path = f"/v1/patients/{ada.patient_id}/care-team"
    foreigner = world.clinic("South Clinic").staff()
    for members in ([ada], [nurse], [clinic.admin], [doctor, foreigner], [doctor, ada]):
        body = {"user_ids": [str(member.user_id) for member in members]}
        answer = client.put(path, json=body, headers=doctor.headers)
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["user_ids"])
    both = sorted([str(doctor.user_id), str(nurse.user_id)])
    answer = client.put(path, json={"user_ids": [*both, *both]}, headers=doctor.headers)
    assert answer.json == {"user_ids": both}
