"""Taking an alert, writing on it, and what "could not reach" does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from services.clock import utcnow
from tests.builders.alerts import do, open_alert, read, set_alert, steady
from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import audited, revision, rows
from tests.builders.world import ClinicWorld


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_who_acknowledges_owns_it_and_paging_pauses(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = open_alert(client, ada)
    before = revision(ada)
    answer = do(client, staff, alert_id, "acknowledge")
    assert answer.status_code == 200
    alert = answer.json
    assert (alert["status"], alert["acknowledged_by"]) == ("acknowledged", str(staff.user_id))
    assert alert["acknowledged_by_name"] == "Sam Quagga"
    ends = instant(alert["ack_expires_at"])
    assert ends - instant(alert["acknowledged_at"]) == timedelta(seconds=3600)
    assert alert["escalation"]["next_at"] == alert["ack_expires_at"]
    assert alert["timeline"][-1]["kind"] == "acknowledged"
    assert alert["timeline"][-1]["by_name"] == "Sam Quagga"
    assert revision(ada) == before + 1
    assert audited(staff, alert_id) == ["alert_acknowledged"]


def test_by_the_owner_again_it_changes_nothing(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = open_alert(client, ada)
    first = do(client, staff, alert_id, "acknowledge").json
    before = revision(ada)
    second = do(client, staff, alert_id, "acknowledge")
    assert (second.status_code, steady(second.json)) == (200, steady(first))
    assert revision(ada) == before


def test_by_another_person_the_owner_changes_and_the_end_stays(
    client: FlaskClient, clinic: ClinicWorld
):
    first, second = clinic.staff(), clinic.staff("on_call", name="Olu Quagga")
    alert_id = open_alert(client, clinic.patient())
    taken = do(client, first, alert_id, "acknowledge").json
    over = do(client, second, alert_id, "acknowledge")
    assert over.status_code == 200
    assert over.json["acknowledged_by"] == str(second.user_id)
    assert over.json["ack_expires_at"] == taken["ack_expires_at"]
    assert over.json["timeline"][-1]["kind"] == "acknowledgement_taken_over"


def test_a_resolved_alert_cannot_be_acknowledged(client: FlaskClient, clinic: ClinicWorld):
    staff = clinic.staff()
    alert_id = open_alert(client, clinic.patient())
    do(client, staff, alert_id, "resolve", disposition="safe_plan_made")
    answer = do(client, staff, alert_id, "acknowledge")
    assert (answer.status_code, answer.json["code"]) == (409, "already_resolved")


@pytest.mark.parametrize(("item9", "interrupted"), [(3, True), (2, False)])
def test_a_new_answer_ends_the_acknowledgement_only_when_it_interrupts(
    client: FlaskClient, clinic: ClinicWorld, item9: int, interrupted: bool
):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = open_alert(client, ada)
    do(client, staff, alert_id, "acknowledge")
    assert open_alert(client, ada, item9) == alert_id
    status = read(client, staff, alert_id).json["status"]
    assert status == ("triggered" if interrupted else "acknowledged")


def test_a_hand_over_pages_a_colleague_and_says_whom_it_cannot(
    client: FlaskClient, clinic: ClinicWorld
):
    giver, colleague = clinic.staff(), clinic.staff("on_call", name="Olu Quagga")
    alert_id = open_alert(client, clinic.patient())
    do(client, giver, alert_id, "acknowledge")
    choice = [{"user_id": str(colleague.user_id), "name": "Olu Quagga"}]
    assert read(client, giver, alert_id).json["may"]["hand_over_to"] == choice
    answer = do(client, giver, alert_id, "hand-over", user_id=str(colleague.user_id))
    assert (answer.status_code, answer.json["acknowledged_by"]) == (200, str(giver.user_id))
    assert answer.json["notifications"][-1]["contact"] == "Olu Quagga"
    answer = do(client, giver, alert_id, "hand-over", user_id=str(clinic.admin.user_id))
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
    assert list(answer.json["errors"]) == ["user_id"]
    assert (
        do(client, clinic.patient(), alert_id, "hand-over", user_id=str(giver.user_id)).status_code
        == 403
    )


def test_two_who_acknowledge_at_once_both_get_200_and_one_owns_it(
    client: FlaskClient, clinic: ClinicWorld
):
    people = [clinic.staff() for _ in range(4)]
    alert_id = open_alert(client, clinic.patient())

    def take(person):
        return do(clinic.app.test_client(), person, alert_id, "acknowledge").status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(take, people)) == [200] * 4
    alert = read(client, people[0], alert_id).json
    kinds = [event["kind"] for event in alert["timeline"]]
    assert kinds.count("acknowledged") == 1
    assert kinds.count("acknowledgement_taken_over") == 3
    took_over = "acknowledgement_taken_over"
    owners = [event["by"] for event in alert["timeline"] if event["kind"] == took_over]
    assert alert["acknowledged_by"] == owners[-1], "the timeline runs in the order of the lock"


def test_a_note_stands_on_the_timeline_and_renews_nothing(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = open_alert(client, ada)
    taken = do(client, staff, alert_id, "acknowledge").json
    before = revision(ada)
    answer = do(client, staff, alert_id, "notes", text="Sister is with her, quagga")
    assert answer.status_code == 201
    assert (answer.json["kind"], answer.json["outcome"]) == ("note", None)
    assert answer.json["alert"]["status"] == "acknowledged"
    alert = read(client, staff, alert_id).json
    event = alert["timeline"][-1]
    assert (event["kind"], event["text"]) == ("note", "Sister is with her, quagga")
    assert event["by"] == str(staff.user_id)
    assert alert["ack_expires_at"] == taken["ack_expires_at"]
    assert revision(ada) == before + 1
    stored = rows(staff, "SELECT text FROM alert_notes")[0]["text"]
    assert b"quagga" not in bytes(stored)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "  "}, "text"),
        ({"text": "x", "outcome": "reached"}, "outcome"),
        ({"kind": "contact_attempt"}, "outcome"),
        ({"kind": "contact_attempt", "outcome": "could_not_reach"}, "outcome"),
        ({"kind": "phone_call", "text": "x"}, "kind"),
        ({"text": "x", "mood": 1}, "mood"),
    ],
)
def test_a_note_that_says_nothing_is_refused(
    client: FlaskClient, clinic: ClinicWorld, body: dict[str, str], field: str
):
    staff = clinic.staff()
    alert_id = open_alert(client, clinic.patient())
    answer = do(client, staff, alert_id, "notes", **body)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
    assert field in answer.json["errors"]
    assert rows(staff, "SELECT 1 FROM alert_notes") == []


def attempt(client: FlaskClient, person, alert_id: str, outcome: str):
    answer = do(client, person, alert_id, "notes", kind="contact_attempt", outcome=outcome)
    assert answer.status_code == 201, answer.json
    return read(client, person, alert_id).json


@pytest.mark.parametrize(("item9", "minutes"), [(2, 30), (1, 240)])
def test_the_first_failed_attempt_sets_a_due_time_that_only_reached_clears(
    client: FlaskClient, clinic: ClinicWorld, item9: int, minutes: int
):
    staff, other = clinic.staff(), clinic.staff()
    alert_id = open_alert(client, clinic.patient(), item9)
    do(client, staff, alert_id, "acknowledge")
    tried = attempt(client, staff, alert_id, "no_answer")
    due = instant(tried["contact_due_at"])
    assert timedelta(0) <= utcnow() + timedelta(minutes=minutes) - due < timedelta(minutes=1)
    assert tried["escalation"]["next_at"] == tried["contact_due_at"]
    assert tried["timeline"][-1]["outcome"] == "no_answer"
    again = attempt(client, staff, alert_id, "message_left")
    assert again["contact_due_at"] == tried["contact_due_at"]
    over = do(client, other, alert_id, "acknowledge").json
    assert over["contact_due_at"] == tried["contact_due_at"]
    do(client, staff, alert_id, "notes", text="waiting")
    reached = attempt(client, staff, alert_id, "reached")
    assert reached["contact_due_at"] is None
    assert reached["status"] == "acknowledged"


def test_after_a_failed_attempt_the_next_step_is_due_and_not_the_first(
    client: FlaskClient, clinic: ClinicWorld
):
    clinic.contact("mailto:night@clinic.example")
    clinic.contact("mailto:second@clinic.example")
    staff = clinic.staff()
    alert_id = open_alert(client, clinic.patient())
    taken = do(client, staff, alert_id, "acknowledge").json
    assert taken["escalation"]["target"] == "contact 1 (email)"
    tried = attempt(client, staff, alert_id, "no_answer")
    assert tried["escalation"]["target"] == "contact 2 (email)"


def test_a_contact_attempt_renews_an_acknowledgement_at_most_to_four_hours(
    client: FlaskClient, clinic: ClinicWorld
):
    staff = clinic.staff()
    alert_id = open_alert(client, clinic.patient())
    taken = do(client, staff, alert_id, "acknowledge").json
    first = instant(taken["acknowledged_at"]) - timedelta(minutes=50)
    set_alert(clinic, alert_id, acknowledged_at=first, ack_expires_at=first + timedelta(minutes=60))
    renewed = attempt(client, staff, alert_id, "reached")
    assert instant(renewed["ack_expires_at"]) - first > timedelta(minutes=109)
    long_ago = utcnow() - timedelta(hours=3, minutes=30)
    set_alert(clinic, alert_id, acknowledged_at=long_ago)
    at_most = attempt(client, staff, alert_id, "reached")
    assert instant(at_most["ack_expires_at"]) >= instant(renewed["ack_expires_at"])
    assert instant(at_most["ack_expires_at"]) <= max(
        long_ago + timedelta(hours=4), instant(renewed["ack_expires_at"])
    )


def test_an_attempt_without_an_acknowledgement_sets_no_due_time(
    client: FlaskClient, clinic: ClinicWorld
):
    staff = clinic.staff()
    alert_id = open_alert(client, clinic.patient())
    before = read(client, staff, alert_id).json
    tried = attempt(client, staff, alert_id, "no_answer")
    assert tried["contact_due_at"] is None
    assert tried["status"] == "triggered"
    assert tried["escalation"] == before["escalation"]


def test_a_resolved_alert_still_takes_notes_and_stays_resolved(
    client: FlaskClient, clinic: ClinicWorld
):
    staff = clinic.staff()
    alert_id = open_alert(client, clinic.patient())
    do(client, staff, alert_id, "resolve", disposition="safe_plan_made")
    assert do(client, staff, alert_id, "notes", text="for the record").status_code == 201
    assert attempt(client, staff, alert_id, "no_answer")["status"] == "resolved"


def test_feedback_is_one_answer_a_person_and_the_last_counts(
    client: FlaskClient, clinic: ClinicWorld
):
    staff, other, ada = clinic.staff(), clinic.staff(), clinic.patient()
    alert_id = open_alert(client, ada)
    first = do(client, staff, alert_id, "feedback", useful=False, note="too late, quagga")
    assert (first.status_code, first.json["useful"]) == (200, False)
    assert do(client, staff, alert_id, "feedback", useful=True).json["note"] is None
    do(client, other, alert_id, "feedback", useful=False)
    kept = rows(staff, "SELECT user_id, useful FROM alert_feedback ORDER BY at")
    assert [(row["user_id"], row["useful"]) for row in kept] == [
        (staff.user_id, True),
        (other.user_id, False),
    ]
    for body in ({}, {"useful": "yes"}, {"useful": None}):
        assert do(client, staff, alert_id, "feedback", **body).status_code == 422
    assert audited(staff, alert_id).count("alert_feedback") == 3


def test_nobody_without_a_living_log_in_acts(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    alert_id = open_alert(client, ada)
    path = f"/v1/users/{staff.user_id}"
    client.patch(path, json={"active": False}, headers=clinic.admin.headers)
    assert do(client, staff, alert_id, "acknowledge").status_code == 401
    assert client.post(f"/v1/alerts/{alert_id}/acknowledge").status_code == 401
    assert post(client, ada, phq9(0)).status_code == 201
