"""What is due, through the public door: for the phone, for staff, and after corrections."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from schemas.phone.due import REASONS, STATUSES, DueOut
from services.rules.schedule.case import DueReason, ItemStatus
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, Person, World, log_in

ZONE = "Asia/Kolkata"


@pytest.fixture
def kolkata(app: Flask, clean_database: None) -> ClinicWorld:
    """A clinic in Kolkata whose patients accepted 5 days ago."""
    return World(app, now=datetime.now(UTC) - timedelta(days=5)).clinic(timezone=ZONE)


@pytest.fixture
def chart(kolkata: ClinicWorld) -> Chart:
    """One of those patients, whose treatment is entered now."""
    return Chart(kolkata, kolkata.patient(), timezone=ZONE)


def due(client: FlaskClient, person: Person, path: str = "/v1/me/due") -> dict[str, Any]:
    answer = client.get(path, headers=person.headers)
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    assert DueOut().validate(answer.json) == {}
    return answer.json


def items(client: FlaskClient, person: Person, *reasons: str) -> list[dict[str, Any]]:
    return [item for item in due(client, person)["items"] if item["reason"] in reasons]


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def mood_day(instant: datetime) -> date:
    local = instant.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
    return (local - timedelta(hours=4)).date()


def written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def test_a_new_patient_is_asked_from_the_next_mood_day_on(
    client: FlaskClient, world: World
) -> None:
    pat = world.clinic(timezone=ZONE).patient()

    shown = due(client, pat)
    daily = [item for item in shown["items"] if item["instrument"] == "phq9-daily"]

    tomorrow = mood_day(datetime.now(UTC)) + timedelta(days=1)
    assert daily[0]["mood_day"] == tomorrow.isoformat()
    # 04:00 in Kolkata is 22:30 UTC of the day before.
    assert daily[0]["opens_at"] == f"{tomorrow - timedelta(days=1)}T22:30:00Z"
    assert {item["status"] for item in shown["items"]} == {"upcoming"}
    assert (shown["timezone"], shown["driving_restriction_until"]) == (ZONE, None)
    asked_at = datetime.fromisoformat(shown["server_time"])
    assert abs(asked_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_answer_takes_the_day_that_it_is_about_off_the_list(
    client: FlaskClient, kolkata: ClinicWorld
) -> None:
    pat = kolkata.patient()
    today, yesterday = mood_day(days_ago(0)), mood_day(days_ago(1))
    form = phq9(instrument="phq9-daily", timezone=ZONE, mood_day=yesterday.isoformat())
    assert post(client, pat, form).status_code == 201

    states = {item["mood_day"]: item for item in items(client, pat, "daily")}

    assert states[today.isoformat()]["status"] == "due"
    answered = states[yesterday.isoformat()]
    assert answered["status"] == "answered"
    at = datetime.fromisoformat(form["recorded_at"])
    assert datetime.fromisoformat(answered["answered_at"]) == at
    assert states[mood_day(days_ago(2)).isoformat()]["status"] == "overdue"


def test_a_form_taken_back_is_due_again(client: FlaskClient, kolkata: ClinicWorld) -> None:
    pat = kolkata.patient()
    form = phq9(instrument="phq9-daily", timezone=ZONE)
    today = mood_day(datetime.fromisoformat(form["recorded_at"])).isoformat()
    post(client, pat, form)
    void = {"id": phq9()["id"], "answers": {}, "reason": "sent by mistake"}
    assert post(client, pat, void, f"/v1/check-ins/{form['id']}/amend").status_code == 201

    (state,) = [item for item in items(client, pat, "daily") if item["mood_day"] == today]

    assert (state["status"], state["answered_at"]) == ("due", None)


def test_sessions_anchor_the_schedule_and_a_cancelled_one_leaves_no_trace(
    client: FlaskClient, chart: Chart
) -> None:
    pat = chart.pat
    before = due(client, pat)["items"]
    start = days_ago(1.5)
    session = chart.session(chart.course(), start)["id"]

    anchored = [item for item in due(client, pat)["items"] if item["session_id"]]
    reasons = {item["reason"]: item for item in anchored}

    assert {item["session_id"] for item in anchored} == {session}
    assert reasons["before_session"]["due_at"] == written(start)
    assert reasons["before_session"]["status"] == "expired"
    assert reasons["day_3"]["mood_day"] == (mood_day(start) + timedelta(days=3)).isoformat()
    effects = reasons["after_session_24h"]
    assert effects["opens_at"] == written(start + timedelta(hours=24, minutes=40))
    assert effects["status"] == "due"
    assert items(client, pat, "monthly")[0]["instrument"] == "urinary"
    chart.change(session, cancelled=True)
    after = due(client, pat)["items"]
    assert [item["opens_at"] for item in after] == [item["opens_at"] for item in before]
    assert after == before


def test_a_session_entered_late_moves_the_days_after_it(client: FlaskClient, chart: Chart) -> None:
    course = chart.course()
    first = chart.session(course, days_ago(4))["id"]
    assert {item["session_id"] for item in items(client, chart.pat, "day_7")} == {first}

    second = chart.session(course, days_ago(2))["id"]

    assert {item["session_id"] for item in items(client, chart.pat, "day_7")} == {second}


def test_a_report_of_side_effects_answers_the_question_of_the_day_after(
    client: FlaskClient, chart: Chart
) -> None:
    chart.session(chart.course(), days_ago(1.5))
    too_early, reported_at = days_ago(1.2), days_ago(0.2)  # 7 and 31 hours after the session
    made(chart.report("nausea", recorded_at=too_early.isoformat()))
    assert items(client, chart.pat, "after_session_24h")[0]["status"] == "due"

    made(chart.report("nausea", recorded_at=reported_at.isoformat()))

    (found,) = items(client, chart.pat, "after_session_24h")
    assert (found["status"], found["answered_at"]) == ("answered", written(reported_at))


def test_the_two_week_form_before_a_planned_session_is_due_until_it_starts(
    client: FlaskClient, chart: Chart
) -> None:
    start = datetime.now(UTC) + timedelta(days=2)
    chart.session(chart.course(), start)
    (open_form,) = items(client, chart.pat, "before_session")
    assert (open_form["status"], open_form["expires_at"]) == ("due", written(start))

    chart.answer("phq9")

    assert items(client, chart.pat, "before_session")[0]["status"] == "answered"


def test_who_was_treated_today_must_not_drive(client: FlaskClient, chart: Chart) -> None:
    start = days_ago(0.1)
    chart.session(chart.course(), start)

    until = datetime.fromisoformat(due(client, chart.pat)["driving_restriction_until"])

    assert until >= start + timedelta(hours=24, minutes=40)


def test_an_indication_asks_for_its_form(client: FlaskClient, world: World) -> None:
    pat = world.clinic().patient(indications=["PTSD"])

    assert {item["instrument"] for item in items(client, pat, "by_indication")} == {"pcl5"}


def test_paused_days_are_not_due(client: FlaskClient, kolkata: ClinicWorld) -> None:
    pat = kolkata.patient()
    today = mood_day(datetime.now(UTC))
    until = today + timedelta(days=3)
    with kolkata.app.app_context():  # her token of 5 days ago has run out
        admin = log_in(kolkata.app, kolkata.id, kolkata.admin.user_id, datetime.now(UTC))
    pause = {"status": "paused", "reason": "travels", "until_on": until.isoformat()}
    path = f"/v1/patients/{pat.patient_id}"
    assert client.patch(path, json=pause, headers=admin.headers).status_code == 200

    days = [date.fromisoformat(item["mood_day"]) for item in items(client, pat, "daily")]
    assert not [day for day in days if today <= day <= until]
    assert client.patch(path, json={"status": "active"}, headers=admin.headers).status_code == 200
    assert today.isoformat() in [item["mood_day"] for item in items(client, pat, "daily")]


def test_nothing_is_due_for_a_discharged_patient(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    path = f"/v1/patients/{pat.patient_id}"
    gone = client.patch(path, json={"status": "discharged"}, headers=clinic.admin.headers)
    assert gone.status_code == 200

    assert due(client, pat)["items"] == []


def test_staff_in_view_see_the_same_and_the_read_is_recorded(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    path = f"/v1/patients/{pat.patient_id}/due"

    assert due(client, staff, path)["items"] == due(client, pat)["items"]

    reads = rows(pat, "SELECT * FROM audit_entries WHERE action = 'due_read' ORDER BY id")
    assert [(row["actor_id"], row["patient_id"]) for row in reads] == [
        (staff.user_id, pat.patient_id),
        (pat.user_id, pat.patient_id),
    ]


def test_others_see_nothing(client: FlaskClient, world: World) -> None:
    clinic = world.clinic()
    pat, other = clinic.patient(), world.clinic("South Clinic").staff()
    path = f"/v1/patients/{pat.patient_id}/due"
    tried = (
        (clinic.patient("Bob"), path, 404),
        (other, path, 404),
        (clinic.admin, path, 403),
        (clinic.staff("on_call"), path, 404),
        (clinic.staff(), "/v1/me/due", 403),
    )
    found = [client.get(where, headers=who.headers).status_code for who, where, _ in tried]

    assert found == [status for _, _, status in tried]
    assert client.get("/v1/me/due").status_code == 401


def test_the_wire_documents_every_word_of_the_rules() -> None:
    assert (get_args(DueReason), get_args(ItemStatus)) == (REASONS, STATUSES)
