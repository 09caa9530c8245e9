"""Alerts about treatment: what they rest on, in figures and in words, and who may end them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.alerts.monitors.candidates import Candidate
from services.alerts.monitors.follow_up import report_missed_follow_ups
from tests.builders.alerts import do, read
from tests.builders.browser import Browser
from tests.builders.calls import made, post
from tests.builders.entries import ago, phq9
from tests.builders.stored import alerts, audited, newest_alert, rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, Person

NOTHING_OF_TREATMENT = {
    "side_effects_id": None,
    "effects": None,
    "vitals": None,
    "session_id": None,
    "findings": None,
}


@pytest.fixture
def staff(clinic: ClinicWorld) -> Person:
    return clinic.staff()


@pytest.fixture
def ada(clinic: ClinicWorld) -> Person:
    return clinic.patient("Ada Quagga")


@pytest.fixture
def chart(clinic: ClinicWorld, staff: Person, ada: Person) -> Chart:
    return Chart(clinic, ada, staff)


def report(chart: Chart, *effects: Any, **changes: Any) -> str:
    """A report of side effects of seven minutes ago; returns its id."""
    return str(made(chart.report(*effects, recorded_at=ago(minutes=7), **changes))["id"])


def treated(chart: Chart, hours: float = 2, course: str | None = None) -> str:
    """A session that began so many hours ago; returns its id."""
    began = datetime.now(UTC) - timedelta(hours=hours)
    return str(chart.session(course or chart.course(started_on=str(began.date())), began)["id"])


def alert_of(client: FlaskClient, reader: Person, ada: Person, family: str) -> dict[str, Any]:
    (found,) = [each for each in alerts(ada) if each["family"] == family]
    shown: dict[str, Any] = read(client, reader, str(found["id"])).json
    return shown


def page_text(app: Flask, reader: Person, alert: dict[str, Any]) -> str:
    """The alert's page, as it is read."""
    browser = Browser(app, alert["id"])
    assert browser.log_in(reader).status_code == 200
    return browser.text.replace("\N{NO-BREAK SPACE}", " ")


def test_an_emergency_names_the_report_and_every_effect_of_it(
    app: Flask, client: FlaskClient, staff: Person, ada: Person, chart: Chart
):
    effects = [("chest_pain", 2), ("nausea", 1)]
    report_id = report(chart, *effects)
    alert = alert_of(client, staff, ada, "e1")
    assert (alert["severity"], alert["rule"]) == ("critical", "E1")
    evidence = alert["evidence"]
    assert evidence["side_effects_id"] == report_id
    shown = [(each["code"], each["grade"]) for each in evidence["effects"]]
    assert shown == [("chest_pain", 2), ("nausea", 1)]
    assert all(each["label"] != each["code"] for each in evidence["effects"])
    assert evidence["findings"]["codes"] == "chest_pain"
    assert (evidence["check_in_id"], evidence["vitals"], evidence["session_id"]) == (None,) * 3
    assert (evidence["instrument"], evidence["version"], evidence["age_minutes"]) == (None, None, 7)
    text = page_text(app, staff, alert)
    label = evidence["effects"][0]["label"]
    for words in (
        "Critical: act now",
        "Emergency symptom. Reported",
        f"Emergency symptom or life-threatening effect: {label}.",
        "Moderate (grade 2 of 4)",
        "Mild (grade 1 of 4)",
    ):
        assert words in text, words


def test_a_pressure_measured_twice_is_shown_with_its_figures(
    app: Flask, client: FlaskClient, staff: Person, ada: Person, chart: Chart
):
    session = treated(chart)
    chart.vitals(session, "post", taken_at=ago(minutes=20), systolic=185, diastolic=118)
    assert [alert["family"] for alert in alerts(ada)] == [], "one reading asks for another"
    chart.vitals(
        session,
        "post",
        taken_at=ago(minutes=15),
        systolic=192,
        diastolic=124,
        heart_rate=98,
        spo2=97,
    )
    alert = alert_of(client, staff, ada, "e2")
    evidence = alert["evidence"]
    taken = evidence["vitals"]
    assert taken.pop("taken_at") == evidence["recorded_at"]
    assert taken == {
        "phase": "post",
        "systolic": 192,
        "diastolic": 124,
        "heart_rate": 98,
        "spo2": 97,
        "sedation": None,
    }
    assert (evidence["session_id"], evidence["side_effects_id"]) == (session, None)
    assert evidence["findings"]["seconds_apart"] == 300
    text = page_text(app, staff, alert)
    assert "Very high blood pressure. Measured" in text
    assert "Blood pressure 192/124 mmHg, measured twice." in text
    assert "Vital signs: after dosing 192/124 mmHg, heart rate 98, SpO2 97 %" in text


def test_a_pressure_that_a_patient_sends_has_no_phase(
    app: Flask, client: FlaskClient, staff: Person, ada: Person, chart: Chart
):
    session = treated(chart, hours=26)
    pressure = {"systolic": 190, "diastolic": 100, "heart_rate": 90}
    effects = [("chest_pain", 3)]
    report_id = report(chart, *effects, vitals=pressure, session_id=session)
    alert = alert_of(client, staff, ada, "e2")
    evidence = alert["evidence"]
    assert (evidence["side_effects_id"], evidence["session_id"]) == (report_id, session)
    taken = evidence["vitals"]
    assert taken.pop("taken_at") == evidence["recorded_at"]
    assert taken == {"phase": None, "spo2": None, "sedation": None, **pressure}
    text = page_text(app, staff, alert)
    assert "Blood pressure 190/100 mmHg, with an emergency symptom." in text
    assert "Vital signs: sent by the patient 190/100 mmHg, heart rate 90" in text


def test_an_amended_report_is_named_by_its_own_version(
    client: FlaskClient, staff: Person, ada: Person, chart: Chart
):
    first = report(chart, ("nausea", 1))
    amended = {
        "id": str(uuid4()),
        "effects": [{"code": "chest_pain", "grade": 1}],
        "reason": "quagga",
    }
    answer = post(client, ada, amended, f"/v1/side-effects/{first}/amend")
    assert answer.status_code == 201, answer.json
    evidence = alert_of(client, staff, ada, "e1")["evidence"]
    assert evidence["side_effects_id"] == amended["id"]
    assert [each["code"] for each in evidence["effects"]] == ["chest_pain"]


def test_a_worsening_says_the_score_and_what_is_usual(
    app: Flask, client: FlaskClient, staff: Person, ada: Person
):
    post(client, ada, phq9(0, others=0, recorded_at=ago(days=8)))
    worse = phq9(0, others=2, recorded_at=ago(minutes=3))
    post(client, ada, worse)
    alert = alert_of(client, staff, ada, "m1")
    evidence = alert["evidence"]
    assert (evidence["check_in_id"], evidence["instrument"]) == (worse["id"], "phq9")
    assert evidence["findings"]["total"] == 16
    assert evidence["findings"]["single_reference"] == 0
    assert evidence["findings"]["single_rise_limit"] == 9
    text = page_text(app, staff, alert)
    assert "Symptoms are getting worse (two-week form). Answered" in text
    assert "PHQ-9 16, 16 points above the usual 0." in text


def test_a_course_without_response_is_about_the_session_that_was_entered(
    app: Flask, client: FlaskClient, staff: Person, ada: Person, chart: Chart
):
    post(client, ada, phq9(0, others=2, recorded_at=ago(days=45)))
    treated(chart, hours=24 * 40)
    post(client, ada, phq9(0, others=2, recorded_at=ago(days=20)))
    course = str(rows(ada, "SELECT id FROM courses")[0]["id"])
    session = treated(chart, course=course)
    alert = alert_of(client, staff, ada, "m4")
    evidence = alert["evidence"]
    assert (evidence["session_id"], evidence["check_in_id"]) == (session, None)
    assert evidence["findings"]["best"] == 16
    assert "No response to treatment, or none that can be judged. Opened" in page_text(
        app, staff, alert
    )


def test_a_missed_follow_up_names_its_session_and_nothing_else(
    app: Flask,
    worker_app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    staff: Person,
    ada: Person,
    chart: Chart,
):
    session = treated(chart, hours=76)
    with worker_app.app_context():
        assert report_missed_follow_ups(Candidate(clinic.id, ada.patient_id), datetime.now(UTC))
    alert = alert_of(client, staff, ada, "n2")
    evidence = alert["evidence"]
    assert evidence["session_id"] == session
    assert evidence["findings"]["window"] == "driving_lock"
    assert datetime.fromisoformat(evidence["findings"]["due_at"]) == datetime.fromisoformat(
        evidence["recorded_at"]
    )
    assert (evidence["effects"], evidence["vitals"], evidence["check_in_id"]) == (None,) * 3
    text = page_text(app, staff, alert)
    assert "Low: worklist" in text
    assert "No contact after a session. Opened" in text
    assert "The driving restriction ended without any contact after the session." in text


def test_going_home_without_the_restriction_names_the_session(
    app: Flask, client: FlaskClient, staff: Person, ada: Person, chart: Chart
):
    session = treated(chart, hours=3)
    chart.vitals(session, "discharge", taken_at=ago(minutes=5))
    path = f"/v1/patients/{ada.patient_id}/sessions/{session}/decisions"
    home = {"kind": "discharge", "outcome": "discharged", "reason": "went with her sister, quagga"}
    answer = post(client, staff, home, path)
    assert answer.status_code == 201, answer.json
    alert = alert_of(client, staff, ada, "e6")
    assert alert["evidence"]["session_id"] == session
    text = page_text(app, staff, alert)
    assert "Went home without acknowledging the driving restriction." in text


def test_an_answer_to_item_9_has_nothing_of_treatment(
    client: FlaskClient, staff: Person, ada: Person, chart: Chart
):
    treated(chart)
    post(client, ada, phq9(2))
    evidence = read(client, staff, newest_alert(ada)).json["evidence"]
    assert {name: evidence[name] for name in NOTHING_OF_TREATMENT} == NOTHING_OF_TREATMENT


def test_an_effect_that_the_list_no_longer_has_keeps_its_code(
    client: FlaskClient, staff: Person, ada: Person, chart: Chart
):
    report_id = report(chart, ("chest_pain", 2))
    rows(
        ada,
        "UPDATE side_effect_reports SET effects = jsonb_set(effects, '{0,code}', '\"of_old\"')"
        " WHERE id = :id RETURNING 1",
        id=UUID(report_id),
    )
    (shown,) = alert_of(client, staff, ada, "e1")["evidence"]["effects"]
    assert shown == {"code": "of_old", "label": "of_old", "grade": 2}


def test_only_a_clinician_in_view_or_on_call_staff_may_resolve_an_emergency(
    client: FlaskClient, clinic: ClinicWorld, ada: Person, chart: Chart
):
    member = clinic.staff()
    path = f"/v1/patients/{ada.patient_id}/care-team"
    team = {"user_ids": [str(member.user_id)]}
    assert client.put(path, json=team, headers=member.headers).status_code == 200
    ending = {"disposition": "emergency_services"}
    for allowed in (member, clinic.staff("on_call")):
        report(chart, ("chest_pain", 2))
        alert_id = newest_alert(ada)
        for person, status in ((clinic.admin, 403), (ada, 403), (clinic.staff(), 404)):
            assert do(client, person, alert_id, "resolve", **ending).status_code == status
        assert read(client, clinic.admin, alert_id).json["may"]["resolve"] is False
        assert "evidence" not in read(client, clinic.staff("admin"), alert_id).json
        assert "evidence" in read(client, clinic.admin, alert_id).json  # the last resort was paged
        assert do(client, allowed, alert_id, "resolve", **ending).status_code == 200
        assert audited(allowed, alert_id)[-1] == "alert_resolved"
