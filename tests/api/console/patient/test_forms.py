"""What staff enter and correct about a patient: saved, or refused beside the field it is about."""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask

from api.browser.session import CONSOLE, COOKIE
from api.console.patient.entering.fields import Field, stored_in
from tests.builders.browser import PASSWORD
from tests.builders.pages.clerk import Clerk
from tests.builders.pages.console import console_of
from tests.builders.stored import rows
from tests.builders.ward import Ward


@pytest.fixture
def ward(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch, name="Ada Quagga", born_on=date(1984, 3, 9))


@pytest.fixture
def clerk(ward: Ward) -> Clerk:
    return Clerk(ward)


def items(ward: Ward, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ward.get(f"{ward.path}/{what}")["items"]
    return found


def test_a_course_is_entered_corrected_and_ended(ward: Ward, clerk: Clerk) -> None:
    sent = {"product": "ketamine", "phase": "induction", "started_on": "2025-06-01"}
    assert clerk.send("/enter/course", **sent, ended_on="2025-05-01").status_code == 422
    assert clerk.wrong() == {"ended_on": "Must not be before `started_on`."}
    assert clerk.filled()["started_on"] == "2025-06-01"
    clerk.again("/enter/course", ended_on="", indication="F33.2")
    assert "The course is saved." in clerk.text
    (course,) = items(ward, "courses")
    assert (course["product"], course["indication"]) == ("ketamine", "F33.2")
    path = f"/correct/course/{course['id']}"
    clerk.send(path, ended_on="2025-06-02", new_baseline="1", indication="")
    (course,) = items(ward, "courses")
    assert (course["ended_on"], course["new_baseline"]) == ("2025-06-02", True)
    assert (course["indication"], course["version"]) == (None, 2)


def test_a_form_sent_twice_makes_one_record(ward: Ward, clerk: Clerk) -> None:
    sent = {"product": "tms", "phase": "maintenance", "started_on": "2025-06-01"}
    clerk.console.open(f"{clerk.base}/enter/course")
    body = clerk.filled() | sent
    for _ in range(2):
        clerk.console.post(f"{clerk.base}/enter/course", body, follow=True)
        assert "The course is saved." in clerk.text
    assert len(items(ward, "courses")) == 1
    answer = clerk.console.post(f"{clerk.base}/enter/course", body | {"product": "ect"})
    assert answer.status_code == 409
    assert "This form was sent before with other content." in clerk.text
    clerk.again("/enter/course")
    assert len(items(ward, "courses")) == 2


def test_nothing_typed_is_lost_when_the_log_in_ends(ward: Ward, clerk: Clerk) -> None:
    path = f"{clerk.base}/enter/screening"
    clerk.console.open(path)
    body = clerk.filled() | {"note": "written for an hour", "contraindications": ["pregnancy"]}
    clerk.console.client.delete_cookie(COOKIE, path=CONSOLE)
    clerk.console.post(path, body)
    assert "What you wrote is kept" in clerk.text
    known = {"email": ward.staff.email, "password": PASSWORD}
    clerk.console.post("/log-in", clerk.filled() | known, follow=True)
    assert "Look it over, and send it again." in clerk.text
    clerk.console.post(path, clerk.filled(), follow=True)
    assert "The screening is saved." in clerk.text
    (kept,) = items(ward, "screenings")
    assert (kept["note"], kept["contraindications"]) == ("written for an hour", ["pregnancy"])


def test_who_corrects_what_somebody_corrected_meanwhile_looks_again(
    ward: Ward, clerk: Clerk
) -> None:
    course = ward.course()
    clerk.console.open(f"{clerk.base}/correct/course/{course}")
    ward.patch(f"{ward.path}/courses/{course}", {"protocol": "v2"})
    assert clerk.again(f"/correct/course/{course}", indication="F33.2").status_code == 409
    assert "Somebody has changed this since" in clerk.text
    assert clerk.again(f"/correct/course/{course}", protocol="v2").status_code == 200
    (kept,) = items(ward, "courses")
    assert (kept["protocol"], kept["indication"]) == ("v2", "F33.2")


def test_a_session_with_its_dose_on_the_clinics_clock(ward: Ward, clerk: Clerk) -> None:
    course = ward.course()
    sent = {"course_id": course, "product": "ketamine", "supervision": "clinic"}
    sent |= {"started_at": "2025-06-02T10:00", "dose__value": "0.5"}
    assert clerk.send("/enter/session", **sent).status_code == 422
    assert clerk.wrong() == {"dose-unit": "Missing data for required field."}
    clerk.again("/enter/session", dose__unit="mg/kg")
    assert clerk.wrong() == {"route": "Ketamine and esketamine need a route."}
    clerk.again("/enter/session", route="iv", staff_ids=[str(ward.staff.user_id)])
    (session,) = items(ward, "sessions")
    assert session["started_at"] == "2025-06-02T08:00:00Z"
    assert session["dose"] == {"value": 0.5, "unit": "mg/kg"}
    path = f"/sessions/{session['id']}/correct"
    clerk.send(path, dose__value="0.75")
    assert "The session is saved." in clerk.text
    (session,) = items(ward, "sessions")
    assert session["dose"] == {"value": 0.75, "unit": "mg/kg"}
    clerk.send(path, dose__value="", dose__unit="", cancelled="1")
    (session,) = items(ward, "sessions")
    assert (session["dose"], session["cancelled"]) == (None, True)


def test_numbers_and_times_are_taken_as_they_are_written(ward: Ward, clerk: Clerk) -> None:
    sent = {"course_id": ward.course(), "product": "ketamine", "supervision": "clinic"}
    sent |= {"route": "iv", "dose__unit": "mg/kg", "started_at": "9999-12-31T23:59"}
    for number in ("0_5", "0,5", "nan", "9" * 400):
        assert clerk.send("/enter/session", **sent, dose__value=number).status_code == 422
        assert "dose-value" in clerk.wrong()
    assert clerk.send("/enter/session", **sent, dose__value="0.5").status_code == 422
    assert "started_at" in clerk.wrong()
    clerk.again("/enter/session", started_at="2025-06-02T10:00+05:00")
    assert clerk.wrong() == {}
    (session,) = items(ward, "sessions")
    assert session["started_at"] == "2025-06-02T05:00:00Z"
    assert session["dose"] == {"value": 0.5, "unit": "mg/kg"}


@pytest.mark.parametrize("number", ["1234567", "0.123456789", "35", "0.5"])
def test_a_number_stands_in_its_field_with_every_digit(number: str) -> None:
    dose = [Field("dose.value", "Dose", "amount")]
    stored = stored_in(dose, {"dose": {"value": float(number)}}, UTC)
    assert stored.one["dose.value"] == number


def test_a_new_session_begins_as_the_last_one_was_without_its_dose(
    ward: Ward, clerk: Clerk
) -> None:
    course = ward.course()
    ward.session(course, ward.now, dose={"value": 35, "unit": "mg"})
    clerk.console.open(f"{clerk.base}/enter/session")
    filled = clerk.filled()
    assert (filled["course_id"], filled["route"], filled["dose.unit"]) == (course, "iv", "mg")
    assert filled["dose.value"] == ""


def test_vital_signs_clearance_and_going_home(ward: Ward, clerk: Clerk) -> None:
    session = ward.session(ward.course(), ward.now)["id"]
    here = f"/sessions/{session}"
    decide = f"{here}/decide/clearance"
    clerk.console.open(f"{clerk.base}{here}")
    assert "Clearance for dosing: no screening on file; no vital signs before" in clerk.text
    assert "Going home: no vital signs at discharge; less than" in clerk.text
    assert clerk.send(decide, outcome="cleared").status_code == 422
    assert "no screening on file" in clerk.wrong()["outcome"]
    clerk.send("/enter/screening", contraindications=["pregnancy"], note="10th week")
    assert "Pregnancy or breastfeeding" in clerk.text
    answer = clerk.send(f"{here}/vitals", phase="pre", systolic="high", diastolic="91")
    assert (answer.status_code, clerk.wrong()) == (422, {"systolic": "Not a valid integer."})
    clerk.again(f"{here}/vitals", systolic="152")
    assert "The vital signs are saved." in clerk.text
    assert "152/91" in clerk.text
    clerk.send(decide, outcome="cleared")
    assert "to be weighed: Pregnancy" in clerk.wrong()["reason"]
    assert "pressure before dosing was 152/91" in clerk.wrong()["reason"]
    clerk.again(decide, reason="weighed with the midwife")
    assert "Cleared: the session may begin" in clerk.text
    assert "weighed with the midwife" in clerk.text
    clerk.send(f"{here}/decide/discharge", outcome="discharged")
    assert clerk.wrong()["outcome"] == "no vital signs at discharge"
    clerk.send(f"{here}/decide/driving_restriction", outcome="acknowledged")
    (vitals,) = ward.get(f"{ward.path}/sessions/{session}/vitals")["items"]
    clerk.send(f"{here}/vitals/{vitals['id']}", systolic="148", heart_rate="")
    (vitals,) = ward.get(f"{ward.path}/sessions/{session}/vitals")["items"]
    assert (vitals["systolic"], vitals["heart_rate"]) == (148, None)
    assert clerk.console.open(f"{clerk.base}{here}/decide/nothing").status_code == 404
    assert clerk.console.open(f"{clerk.base}{here}/vitals/{uuid4()}").status_code == 404


def test_other_treatment_and_when_it_stopped(ward: Ward, clerk: Clerk) -> None:
    sent = {"name": "Sertraline", "kind": "antidepressant", "started_on": "2025-01-01"}
    clerk.send("/enter/treatment", **sent)
    (kept,) = items(ward, "concomitant-treatments")
    path = f"/correct/treatment/{kept['id']}"
    assert clerk.send(path, stopped_on="2024-12-31").status_code == 422
    assert clerk.wrong() == {"stopped_on": "Must not be before `started_on`."}
    clerk.again(path, stopped_on="2025-06-01")
    assert items(ward, "concomitant-treatments")[0]["stopped_on"] == "2025-06-01"
    assert clerk.send(path).status_code == 200
    clerk.send(path, stopped_on="")
    assert items(ward, "concomitant-treatments")[0]["stopped_on"] is None
    assert clerk.console.open(f"{clerk.base}/correct/treatment/{uuid4()}").status_code == 404


def test_a_check_in_on_their_behalf_is_decided_like_any_other(ward: Ward, clerk: Clerk) -> None:
    clerk.console.open(f"{clerk.base}/enter/check-in")
    assert "Which form do you ask?" in clerk.text
    path = "/enter/check-in?instrument=phq9"
    answers = {f"answers__q{n}": "0" for n in range(2, 9)} | {"answers__q9": "2"}
    clerk.send(path, **answers, answers__q1="declined", note="on the phone")
    assert "The check-in is saved." in clerk.text
    assert "Critical alert: Suicide risk" in clerk.text
    query = "SELECT entered_by, timezone FROM check_ins WHERE patient_id = :id"
    (kept,) = rows(ward.pat, query, id=ward.pat.patient_id)
    assert (kept["entered_by"], kept["timezone"]) == (ward.staff.user_id, "Europe/Paris")
    assert clerk.console.open(f"{clerk.base}/enter/check-in?instrument=none").status_code == 404


def test_what_a_check_in_is_refused_for_stands_at_its_question(ward: Ward, clerk: Clerk) -> None:
    path = "/enter/check-in?instrument=phq9"
    answer = clerk.send(path, answers__q9="7", answers__q1="2")
    assert answer.status_code == 422
    assert re.search(r"Thoughts that you would be better off.*?<strong>", clerk.console.page, re.S)
    assert clerk.filled()["answers.q1"] == "2"


def test_side_effects_on_their_behalf_are_decided_like_any_other(ward: Ward, clerk: Clerk) -> None:
    path = "/enter/side-effects"
    clerk.console.open(f"{clerk.base}{path}")
    assert "Life-threatening: I needed or need emergency help" in clerk.text
    assert clerk.send(path, note="nothing, they say").status_code == 422
    assert clerk.filled()["note"] == "nothing, they say"
    answer = clerk.again(path, effects__headache="2", vitals__systolic="150")
    assert (answer.status_code, set(clerk.wrong())) == (422, {"vitals-diastolic"})
    clerk.again(path, vitals__diastolic="92")
    assert "The side effects are saved." in clerk.text
    query = "SELECT entered_by, effects FROM side_effect_reports WHERE patient_id = :id"
    (kept,) = rows(ward.pat, query, id=ward.pat.patient_id)
    assert kept["entered_by"] == ward.staff.user_id
    assert [(one["code"], one["grade"]) for one in kept["effects"]] == [("headache", 2)]
    clerk.send(path, effects__headache="4")
    assert "Critical alert" in clerk.text


def test_a_form_is_corrected_by_a_new_version_with_its_reason(ward: Ward, clerk: Clerk) -> None:
    made = ward.answer(total=9)
    clerk.console.open(f"{clerk.base}/check-ins")
    path = f"/correct/check-in/{made['id']}"
    assert f'href="/console{clerk.base}{path}"' in clerk.console.page
    assert clerk.send(path, answers__q1="0").status_code == 422
    assert "reason" in clerk.wrong()
    clerk.again(path, reason="misread on the phone", answers__q9="2")
    assert "The correction is saved as a new version." in clerk.text
    assert "Critical alert: Suicide risk" in clerk.text
    kept = ward.get(f"/v1/check-ins/{made['id']}")
    assert [each["reason"] for each in kept["versions"]] == [None, "misread on the phone"]
    assert (kept["answers"]["q1"], kept["answers"]["q9"]) == (0, 2)
    stranger = ward.clinic.patient().patient_id
    assert clerk.console.open(f"/patients/{stranger}{path}").status_code == 404


def test_contact_data_is_corrected(ward: Ward, clerk: Clerk) -> None:
    minor = (ward.now - timedelta(days=365)).date().isoformat()
    assert clerk.send("/enter/contact", born_on=minor).status_code == 422
    assert clerk.wrong() == {"born_on": "The patient must be 18 or older."}
    clerk.again(
        "/enter/contact",
        born_on="1984-03-09",
        phone="+33 65 5550199",
        emergency_contact__name="Eve Quagga",
        emergency_contact__phone="+33 75 5550199",
        indications="depression\r\nF43.1",
    )
    assert "The contact data is saved." in clerk.text
    kept = ward.get(ward.path)
    assert kept["emergency_contact"]["name"] == "Eve Quagga"
    assert kept["indications"] == ["depression", "F43.1"]
    clerk.send("/enter/contact", emergency_contact__name="", emergency_contact__phone="")
    assert ward.get(ward.path)["emergency_contact"] is None


def test_an_administrator_corrects_contact_data_without_what_is_clinical(ward: Ward) -> None:
    clerk = Clerk(ward, ward.clinic.admin)
    clerk.send("/enter/contact", mrn="Q-18")
    assert "Q-18" in clerk.text
    assert "indications" not in clerk.filled()


def test_the_care_team_is_who_is_ticked(ward: Ward, clerk: Clerk) -> None:
    nurse = ward.clinic.staff("on_call", name="Nils Quagga")
    assert clerk.send("/enter/team", user_ids=[str(nurse.user_id)]).status_code == 422
    assert "A care team needs a clinician." in clerk.text
    clerk.again("/enter/team", user_ids=[str(nurse.user_id), str(ward.staff.user_id)])
    assert set(ward.get(f"{ward.path}/care-team")["user_ids"]) == {
        str(nurse.user_id),
        str(ward.staff.user_id),
    }
    clerk.send("/enter/team", user_ids=[])
    assert ward.get(f"{ward.path}/care-team")["user_ids"] == []


def test_a_pause_with_its_reason_and_no_discharge_beside_an_open_alert(
    ward: Ward, clerk: Clerk
) -> None:
    assert clerk.send("/enter/status", status="paused").status_code == 422
    assert clerk.wrong()["reason"] == "A pause needs a reason."
    until = (ward.now + timedelta(days=5)).date()
    clerk.again("/enter/status", reason="on a journey", until_on=until.isoformat())
    assert "The status is saved." in clerk.text
    assert "Paused until" in clerk.text
    assert "on a journey" in clerk.text
    ward.answer(answers=ward.form(total=1)["answers"] | {"q9": 2})
    assert clerk.send("/enter/status", status="discharged").status_code == 409
    assert "A safety alert of this patient is open: resolve it first." in clerk.text


def test_an_invitation_as_text_and_as_a_picture(ward: Ward, clerk: Clerk) -> None:
    answer = clerk.send("/enter/invitation", end_old_devices="1")
    assert answer.status_code == 201
    assert 'class="qr"' in clerk.console.page
    (code,) = re.findall(r'id="code">([0-9A-Z-]{23})<', clerk.console.page)
    assert code.count("-") == 3
    clerk.send("/enter/invitation", email="not an address")
    assert clerk.wrong() == {"email": "Not an e-mail address."}


def test_nothing_is_entered_for_a_patient_of_another_team(ward: Ward) -> None:
    other = ward.clinic.staff(name="Olu Quagga")
    ward.send("PUT", f"{ward.path}/care-team", ward.staff, {"user_ids": [str(ward.staff.user_id)]})
    console = console_of(ward.client.application, other)
    for path in ("", "/enter/course", "/enter/session", "/enter/status", "/trend.csv"):
        assert console.open(f"/patients/{UUID(str(ward.pat.patient_id))}{path}").status_code == 404
