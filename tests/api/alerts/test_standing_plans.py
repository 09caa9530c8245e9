"""A standing plan: set by a clinician with a resolve, under its conditions, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.builders.alerts import REASON, do, open_alert, read, steady
from tests.builders.calls import post
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.stored import alerts, revision, rows
from tests.builders.world import ClinicWorld, Person


def plan(days: float = 7, reason: str = REASON) -> dict[str, str]:
    return {"until": (datetime.now(UTC) + timedelta(days=days)).isoformat(), "reason": reason}


def asked(client: FlaskClient, person: Person, alert_id: str, **standing_plan: str) -> Any:
    """Resolve with a standing plan."""
    body = {"disposition": "safe_plan_made", "standing_plan": standing_plan or plan()}
    return do(client, person, alert_id, "resolve", **body)


def stable_one(client: FlaskClient, patient: Person) -> str:
    """Item 9 of 1 an hour ago, then a C-SSRS of none; returns the alert's id."""
    alert_id = open_alert(client, patient, 1, recorded_at=ago(minutes=60))
    assert post(client, patient, cssrs()).status_code == 201
    return alert_id


def plans(person: Person) -> list[Any]:
    return rows(person, "SELECT * FROM standing_plans ORDER BY set_at")


def test_a_clinician_sets_one_and_the_next_one_is_not_paged(
    client: FlaskClient, clinic: ClinicWorld
):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = stable_one(client, ada)
    wanted = plan()
    answer = asked(client, staff, alert_id, **wanted)
    assert (answer.status_code, answer.json["status"]) == (200, "resolved")
    shown = answer.json["resolution"]["standing_plan"]
    assert datetime.fromisoformat(shown["until"]) == datetime.fromisoformat(wanted["until"])
    assert (shown["reason"], shown["ended_at"], shown["recorded_ones"]) == (REASON, None, 0)
    (kept,) = plans(staff)
    assert (kept["patient_id"], kept["set_by"]) == (ada.patient_id, staff.user_id)
    assert str(kept["alert_id"]) == alert_id
    assert b"quagga" not in bytes(kept["reason"])
    post(client, ada, phq9(1))
    assert [alert["status"] for alert in alerts(ada)] == ["resolved"]
    assert plans(staff)[0]["recorded_ones"] == 1
    post(client, ada, phq9(2))
    assert [alert["severity"] for alert in alerts(ada)] == ["medium", "critical"]


def test_the_same_again_is_200_and_sets_no_second_plan(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id, wanted = stable_one(client, ada), plan()
    first = asked(client, staff, alert_id, **wanted)
    assert steady(asked(client, staff, alert_id, **wanted).json) == steady(first.json)
    later = plan(8)
    assert asked(client, staff, alert_id, **later).status_code == 409
    assert len(plans(staff)) == 1


@pytest.mark.parametrize("roles", [("on_call",), ("on_call", "admin")])
def test_by_anyone_but_a_clinician_it_is_403_and_resolves_nothing(
    client: FlaskClient, clinic: ClinicWorld, roles: tuple[str, ...]
):
    staff, ada = clinic.staff(*roles), clinic.patient()
    alert_id = stable_one(client, ada)
    answer = asked(client, staff, alert_id)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    assert read(client, staff, alert_id).json["status"] == "triggered"
    assert plans(staff) == []


def test_somebody_on_call_who_is_a_clinician_of_others_sets_none(
    client: FlaskClient, clinic: ClinicWorld
):
    both = clinic.staff("clinician", "on_call")
    ada = clinic.patient(care_team=[clinic.staff().user_id])
    alert_id = stable_one(client, ada)
    assert asked(client, both, alert_id).status_code == 403
    ended = do(client, both, alert_id, "resolve", disposition="safe_plan_made")
    assert ended.status_code == 200


def no_cssrs(client: FlaskClient, patient: Person) -> str:
    return open_alert(client, patient, 1)


def answered_after_it(client: FlaskClient, patient: Person) -> str:
    post(client, patient, cssrs())
    return open_alert(client, patient, 1)


def above_low(client: FlaskClient, patient: Person) -> str:
    alert_id = open_alert(client, patient, 1, recorded_at=ago(minutes=60))
    post(client, patient, cssrs("q1", "q2", "q3"))
    return alert_id


def incomplete(client: FlaskClient, patient: Person) -> str:
    alert_id = open_alert(client, patient, 1, recorded_at=ago(minutes=60))
    post(client, patient, cssrs() | {"answers": {"q1": 0, "q6": 0}})
    return alert_id


def amended(client: FlaskClient, patient: Person) -> str:
    alert_id = open_alert(client, patient, 1, recorded_at=ago(minutes=60))
    form = cssrs("q1")
    post(client, patient, form)
    change = {"id": str(uuid4()), "answers": cssrs()["answers"], "reason": "slip"}
    assert post(client, patient, change, f"/v1/check-ins/{form['id']}/amend").status_code == 201
    return alert_id


def late(client: FlaskClient, patient: Person) -> str:
    alert_id = open_alert(client, patient, 1, recorded_at=ago(days=4))
    post(client, patient, cssrs(recorded_at=ago(days=3)))
    return alert_id


@pytest.mark.parametrize(
    "situation", [no_cssrs, answered_after_it, above_low, incomplete, amended, late]
)
def test_without_its_cssrs_it_is_422_and_resolves_nothing(
    client: FlaskClient, clinic: ClinicWorld, situation: Any
):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = situation(client, ada)
    before = revision(ada)
    answer = asked(client, staff, alert_id)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
    assert "C-SSRS" in answer.json["errors"]["standing_plan"][0]
    assert read(client, staff, alert_id).json["status"] == "triggered"
    assert plans(staff) == []
    assert revision(ada) == before


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (plan(days=14.01), "standing_plan.until"),
        (plan(days=-1), "standing_plan.until"),
        (plan(reason="  "), "standing_plan.reason"),
        ({"until": "2026-12-01", "reason": "x"}, "standing_plan.until"),
        ({"reason": "x"}, "standing_plan.until"),
        ({"until": plan()["until"]}, "standing_plan.reason"),
    ],
)
def test_end_and_reason_are_checked(
    client: FlaskClient, clinic: ClinicWorld, wanted: dict[str, str], field: str
):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = stable_one(client, ada)
    answer = asked(client, staff, alert_id, **wanted)
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert read(client, staff, alert_id).json["status"] == "triggered"


def test_only_a_suicide_risk_alert_takes_one(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    assert post(client, ada, phq9(1, unknown_field=1)).status_code == 422
    (refused,) = alerts(ada)
    assert refused["family"] == "unreadable_risk"
    post(client, ada, cssrs())
    answer = asked(client, staff, str(refused["id"]))
    assert answer.status_code == 422
    assert "suicide_risk" in answer.json["errors"]["standing_plan"][0]


def test_a_new_plan_ends_the_earlier_one(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    asked(client, staff, stable_one(client, ada))
    second = open_alert(client, ada, 0, note="I want to die, quagga")
    post(client, ada, cssrs(recorded_at=datetime.now(UTC).isoformat()))
    answer = asked(client, staff, second)
    assert answer.status_code == 200, answer.json
    first, present = plans(staff)
    assert (first["ended_because"], present["ended_at"]) == ("replaced", None)
    assert first["ended_at"] == present["set_at"]
