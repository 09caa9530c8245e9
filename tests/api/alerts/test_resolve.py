"""An alert ends only when a person resolves it with a disposition, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from models.alerts.alert import DISPOSITIONS
from tests.builders.alerts import do, listed, open_alert, read, steady
from tests.builders.calls import post
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.stored import alerts, audited, newest_alert, revision, rows
from tests.builders.world import ClinicWorld


def test_resolving_works_without_an_acknowledgement_and_stops_the_clock(
    client: FlaskClient, clinic: ClinicWorld
):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = open_alert(client, ada)
    before = revision(ada)
    answer = do(client, staff, alert_id, "resolve", disposition="safe_plan_made", note="quagga")
    assert answer.status_code == 200
    alert = answer.json
    assert (alert["status"], alert["next_at"]) == ("resolved", None)
    assert alert["resolution"]["disposition"] == "safe_plan_made"
    assert alert["resolution"]["by"] == str(staff.user_id)
    assert (alert["resolution"]["note"], alert["resolution"]["standing_plan"]) == ("quagga", None)
    assert alert["resolution"]["at"] == alert["resolved_at"]
    assert alert["escalation"] == {"step": 1, "next_at": None, "target": None}
    assert alert["timeline"][-1]["kind"] == "resolved"
    assert revision(ada) == before + 1
    assert audited(staff, alert_id) == ["alert_resolved"]
    stored = rows(staff, "SELECT note FROM alert_resolutions")[0]["note"]
    assert b"quagga" not in bytes(stored)


def test_the_same_again_is_200_also_from_a_colleague_and_a_different_one_409(
    client: FlaskClient, clinic: ClinicWorld
):
    staff, colleague, ada = clinic.staff(), clinic.staff("on_call"), clinic.patient()
    alert_id = open_alert(client, ada)
    body = {"disposition": "other", "note": "brought to hospital"}
    first = do(client, staff, alert_id, "resolve", **body)
    before = revision(ada)
    again = do(client, colleague, alert_id, "resolve", **body, standing_plan=None)
    assert (again.status_code, steady(again.json)) == (200, steady(first.json))
    assert again.json["resolution"]["by"] == str(staff.user_id)
    for different in (
        {"disposition": "other", "note": "moved away"},
        {"disposition": "safe_plan_made"},
        {"disposition": "false_alarm"},
    ):
        answer = do(client, staff, alert_id, "resolve", **different)
        assert (answer.status_code, answer.json["code"]) == (409, "already_resolved")
    assert revision(ada) == before
    assert read(client, staff, alert_id).json["resolution"]["note"] == "brought to hospital"


@pytest.mark.parametrize("disposition", DISPOSITIONS)
def test_every_disposition_ends_a_high_alert_when_it_has_its_note(
    client: FlaskClient, clinic: ClinicWorld, disposition: str
):
    staff = clinic.staff()
    alert_id = open_alert(client, clinic.patient(), 1)
    answer = do(client, staff, alert_id, "resolve", disposition=disposition, note="why")
    assert (answer.status_code, answer.json["status"]) == (200, "resolved")


@pytest.mark.parametrize(
    ("item9", "body", "field"),
    [
        (2, {"disposition": "could_not_reach", "note": "x"}, "disposition"),
        (2, {"disposition": "safe"}, "disposition"),
        (2, {}, "disposition"),
        (2, {"disposition": "watchful_waiting", "note": "x"}, "disposition"),
        (2, {"disposition": "appointment_made", "note": "x"}, "disposition"),
        (1, {"disposition": "false_alarm"}, "note"),
        (1, {"disposition": "false_alarm", "note": " "}, "note"),
        (1, {"disposition": "other", "note": None}, "note"),
        (1, {"disposition": "safe_plan_made", "resolved": True}, "resolved"),
    ],
)
def test_an_ending_that_does_not_fit_is_refused_and_resolves_nothing(
    client: FlaskClient,
    clinic: ClinicWorld,
    item9: int,
    body: dict[str, object],
    field: str,
):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = open_alert(client, ada, item9)
    before = revision(ada)
    answer = do(client, staff, alert_id, "resolve", **body)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
    assert field in answer.json["errors"]
    assert read(client, staff, alert_id).json["status"] == "triggered"
    assert revision(ada) == before
    assert rows(staff, "SELECT 1 FROM alert_resolutions") == []


def test_an_alert_paged_as_critical_is_ended_as_one_until_somebody_has_acknowledged_it(
    client: FlaskClient, clinic: ClinicWorld
):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = open_alert(client, ada, 2, recorded_at=ago(minutes=5))
    post(client, ada, cssrs())
    assert read(client, staff, alert_id).json["severity"] == "high"
    waiting = {"disposition": "watchful_waiting"}
    assert do(client, staff, alert_id, "resolve", **waiting).status_code == 422
    do(client, staff, alert_id, "acknowledge")
    assert do(client, staff, alert_id, "resolve", **waiting).status_code == 200


def test_the_next_qualifying_answer_opens_a_new_alert(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    first = open_alert(client, ada)
    do(client, staff, first, "resolve", disposition="safe_plan_made")
    second = open_alert(client, ada)
    assert second != first
    assert [alert["status"] for alert in alerts(ada)] == ["resolved", "triggered"]


def test_nothing_but_a_person_ends_an_alert(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    form = phq9(2)
    post(client, ada, form)
    alert_id = newest_alert(ada)
    do(client, staff, alert_id, "acknowledge")
    corrected = {
        "id": "0197aaaa-0000-7000-8000-000000000001",
        "answers": {"q9": 0},
        "reason": "slip, quagga",
    }
    post(client, ada, corrected, f"/v1/check-ins/{form['id']}/amend")
    post(client, ada, phq9(0))
    post(client, ada, cssrs())
    post(client, ada, phq9(0, recorded_at=ago(days=3)))
    do(client, staff, alert_id, "notes", kind="contact_attempt", outcome="no_answer")
    assert listed(client, staff, status="acknowledged") == [alert_id]


def test_many_who_resolve_at_once_end_it_once(client: FlaskClient, clinic: ClinicWorld):
    people = [clinic.staff() for _ in range(4)]
    alert_id = open_alert(client, clinic.patient())

    def end(number: int) -> int:
        body = {"disposition": "safe_plan_made", "note": f"plan {number % 2}"}
        test_client = clinic.app.test_client()
        return do(test_client, people[number], alert_id, "resolve", **body).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(end, range(4)))
    assert statuses == [200, 200, 409, 409]
    kinds = [event["kind"] for event in read(client, people[0], alert_id).json["timeline"]]
    assert kinds.count("resolved") == 1
