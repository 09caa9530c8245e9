"""Whoever may act reads what the patient wrote, and all that stands around the alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.clock import utcnow
from tests.builders.alerts import open_alert, read
from tests.builders.browser import Browser
from tests.builders.calls import made, post
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.stored import alerts, newest_alert
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, Person, World

WORDS = "I cannot do this. Père, I want to kill mysélf tonight, quagga"


def ask_for_help(client: FlaskClient, patient: Person, note: str | None = WORDS, **at: float):
    asked = {"id": str(uuid4()), "recorded_at": ago(**at or {"minutes": 3}), "note": note}
    return made(post(client, patient, asked, "/v1/help-requests"))


def evidence_of(client: FlaskClient, staff: Person, patient: Person) -> dict:
    return read(client, staff, newest_alert(patient)).json["evidence"]


def page_of(app: Flask, alert_id: str, person: Person) -> Browser:
    browser = Browser(app, alert_id)
    assert browser.log_in(person).status_code == 200
    return browser


def matched(words: dict) -> list[str]:
    return [part["text"] for part in words["parts"] if part["matched"]]


@pytest.mark.parametrize("role", ["clinician", "on_call"])
def test_the_words_of_a_help_request_are_read_by_whoever_may_act(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, role: str
):
    ada, staff = clinic.patient(), clinic.staff(role)
    asked = ask_for_help(client, ada)
    (words,) = evidence_of(client, staff, ada)["words"]
    assert (words["source"], words["entry_id"]) == ("help_request", asked["id"])
    assert words["text"] == WORDS == "".join(part["text"] for part in words["parts"])
    assert matched(words) == ["kill mysélf"]
    browser = page_of(app, newest_alert(ada), staff)
    assert "I cannot do this. Père, I want to kill mysélf tonight" in browser.text
    assert browser.shown is not None
    assert "<mark>kill mysélf</mark>" in browser.shown.text


def test_a_note_that_matched_is_shown_with_its_terms_marked_and_escaped(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    ada, staff = clinic.patient(), clinic.staff()
    post(client, ada, phq9(0, note="<b>I want to die</b>, quagga"))
    (words,) = evidence_of(client, staff, ada)["words"]
    assert (words["source"], matched(words)) == ("note", ["want to die"])
    browser = page_of(app, newest_alert(ada), staff)
    assert browser.shown is not None
    assert "&lt;b&gt;I <mark>want to die</mark>&lt;/b&gt;, quagga" in browser.shown.text


def test_an_amendment_shows_its_reason_and_the_first_note(client: FlaskClient, clinic: ClinicWorld):
    ada, form = clinic.patient(), phq9(1, note="slept badly, quagga")
    post(client, ada, form)
    amended = {"id": str(uuid4()), "answers": {"q9": 3}, "reason": "I lied, quagga"}
    assert post(client, ada, amended, f"/v1/check-ins/{form['id']}/amend").status_code == 201
    words = evidence_of(client, clinic.staff(), ada)["words"]
    shown = [(one["source"], one["entry_id"], one["text"]) for one in words]
    assert shown == [
        ("reason", amended["id"], "I lied, quagga"),
        ("note", form["id"], "slept badly, quagga"),
    ]


def test_a_report_of_side_effects_shows_its_note(client: FlaskClient, clinic: ClinicWorld):
    ada = clinic.patient()
    effect = {"code": "chest_pain", "grade": 4}
    report = {"id": str(uuid4()), "recorded_at": ago(minutes=1), "effects": [effect]}
    made(post(client, ada, {**report, "note": "it is crushing, quagga"}, "/v1/side-effects"))
    evidence = evidence_of(client, clinic.staff(), ada)
    assert [one["text"] for one in evidence["words"]] == ["it is crushing, quagga"]
    assert evidence["answers"] is None


def test_the_gravest_fact_comes_first_though_help_was_asked_for_after_it(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    ada, staff = clinic.patient(), clinic.staff()
    post(client, ada, cssrs("q1", "q2", "q3", recorded_at=ago(minutes=40)))
    ask_for_help(client, ada, "please call, quagga", minutes=30)
    form = phq9(2, recorded_at=ago(minutes=20))
    post(client, ada, form)
    ask_for_help(client, ada, None, minutes=10)
    evidence = evidence_of(client, staff, ada)
    assert (evidence["check_in_id"], evidence["item9"]) == (form["id"], 2)
    others = [(one["rule"], one["count"]) for one in evidence["others"]]
    assert others == [("S8", 2), ("S4", 1)]
    text = page_of(app, newest_alert(ada), staff).text
    facts = [text.index(words) for words in ("(2 of 3)", "A help request", "thoughts of a method")]
    assert facts == sorted(facts)
    assert facts[0] < text.index("Patient ") < text.index("All 4 entries")
    assert "2 times" in text


def test_all_answers_and_what_stands_around_are_shown(app: Flask, world: World):
    clinic = world.clinic()
    ada = clinic.patient()
    client, staff = app.test_client(), clinic.staff()
    chart = Chart(clinic, ada)
    session = chart.session(chart.course(), utcnow() - timedelta(days=2))
    old = cssrs("q1", recorded_at=ago(minutes=50))
    post(client, ada, old)
    made(post(client, ada, phq9(3, unknown_field=1)), 422)
    answers = {"q1": 0, "q2": 3, "q3": "declined", "q9": 3, "q10": 2}
    post(client, ada, phq9(answers=answers))
    (alert_id,) = (str(one["id"]) for one in alerts(ada) if one["family"] == "suicide_risk")
    evidence = read(client, staff, alert_id).json["evidence"]
    assert evidence["answers"] == answers
    assert evidence["last_session"]["id"] == session["id"]
    assert evidence["newest_cssrs"]["check_in_id"] == old["id"]
    assert (evidence["newest_cssrs"]["level"], evidence["newest_cssrs"]["answers"]["q1"]) == (
        "low",
        1,
    )
    (other,) = evidence["other_alerts"]
    assert (other["family"], other["severity"]) == ("unreadable_risk", "critical")
    browser = page_of(app, alert_id, staff)
    for words in (
        "Last session: ",
        "Newest C-SSRS: wish to be dead",
        "All answers: PHQ-9",
        "Not at all (0)",
        "declined to answer",
        "critical, nobody has taken it",
    ):
        assert words in browser.text, words
    assert browser.shown is not None
    assert f'href="/a/{other["id"]}"' in browser.shown.text


def test_what_is_not_on_file_is_named(app: Flask, client: FlaskClient, clinic: ClinicWorld):
    ada, staff = clinic.patient(), clinic.staff()
    browser = page_of(app, open_alert(client, ada), staff)
    for words in ("No treatment session on file.", "No C-SSRS on file.", "No other open alert"):
        assert words in browser.text


def test_who_may_not_act_reads_none_of_it(app: Flask, client: FlaskClient, clinic: ClinicWorld):
    clinic.contact("mailto:night@clinic.example")
    ada = clinic.patient()
    ask_for_help(client, ada)
    alert_id = newest_alert(ada)
    assert "quagga" not in read(client, clinic.admin, alert_id).text.replace("Sam Quagga", "")
    assert "quagga" not in page_of(app, alert_id, clinic.admin).text


def test_of_a_flood_the_first_twenty_are_read(client: FlaskClient, clinic: ClinicWorld):
    ada = clinic.patient()
    for number in range(21):
        ask_for_help(client, ada, f"help {number}, quagga", minutes=30 - number)
    words = evidence_of(client, clinic.staff(), ada)["words"]
    assert [one["text"] for one in words] == [f"help {n}, quagga" for n in range(20, 0, -1)]


# -- help requests by themselves, and who saw what


def help_requests(client: FlaskClient, person: Person, path: str = "", **query):
    return client.get(f"/v1/help-requests{path}", headers=person.headers, query_string=query)


def test_a_help_request_is_read_by_the_patient_and_by_who_may_read_its_alert(
    client: FlaskClient, world: World
):
    clinic, other = world.clinic(), world.clinic()
    member = clinic.staff()
    ada, eve = clinic.patient(care_team=[member.user_id]), clinic.patient()
    asked = ask_for_help(client, ada)
    for person in (ada, member, clinic.staff("on_call")):
        shown = made(help_requests(client, person, f"/{asked['id']}"), 200)
        # Who sends a note is told that notes are not watched; who reads it is not.
        answered = {name: value for name, value in asked.items() if name != "notice"}
        assert {**shown, "safety": None} == {**answered, "safety": None}
        assert shown["safety"]["level"] == "crisis"
    for person in (eve, clinic.staff(), other.staff(), other.staff("on_call")):
        assert help_requests(client, person, f"/{asked['id']}").status_code == 404
    assert help_requests(client, clinic.admin, f"/{asked['id']}").status_code == 403
    assert help_requests(client, clinic.admin, patient_id=ada.patient_id).status_code == 403


def test_help_requests_are_listed_newest_first(client: FlaskClient, clinic: ClinicWorld):
    ada, staff = clinic.patient(), clinic.staff("on_call")
    asked = [ask_for_help(client, ada, minutes=minutes)["id"] for minutes in (9, 2, 5)]
    newest_first = [asked[1], asked[2], asked[0]]
    found = made(help_requests(client, ada), 200)
    assert [one["id"] for one in found["items"]] == newest_first
    assert found["next_cursor"] is None
    first = made(help_requests(client, staff, patient_id=ada.patient_id, limit=2), 200)
    rest = made(
        help_requests(client, staff, patient_id=ada.patient_id, cursor=first["next_cursor"]), 200
    )
    assert [one["id"] for one in (*first["items"], *rest["items"])] == newest_first
    assert help_requests(client, staff).status_code == 422
    eve = clinic.patient()
    assert made(help_requests(client, eve, patient_id=ada.patient_id), 200)["items"] == []
    assert made(help_requests(client, eve), 200)["items"] == []


def test_an_entry_says_when_a_person_took_its_alert(client: FlaskClient, clinic: ClinicWorld):
    ada, staff = clinic.patient(), clinic.staff()
    form = phq9(2)
    first = made(post(client, ada, form))
    asked = ask_for_help(client, ada, minutes=0)
    harmless = made(post(client, ada, phq9(0)))
    assert first["seen_at"] is None

    def seen(path: str) -> str | None:
        return made(client.get(path, headers=ada.headers), 200)["seen_at"]

    paths = [f"/v1/check-ins/{form['id']}", f"/v1/help-requests/{asked['id']}"]
    assert [seen(path) for path in paths] == [None, None]
    alert = f"/v1/alerts/{newest_alert(ada)}"
    taken = made(client.post(f"{alert}/acknowledge", headers=staff.headers), 200)
    assert [seen(path) for path in paths] == [taken["acknowledged_at"]] * 2
    assert seen(f"/v1/check-ins/{harmless['id']}") is None
    listed = made(client.get("/v1/check-ins", headers=ada.headers), 200)["items"]
    assert {one["id"]: one["seen_at"] for one in listed}[form["id"]] == taken["acknowledged_at"]
    # What came after it has not been seen by anybody, and an amendment is new.
    amended = {"id": str(uuid4()), "answers": {"q9": 3}, "reason": "quagga"}
    made(post(client, ada, amended, f"/v1/check-ins/{form['id']}/amend"))
    assert seen(paths[0]) is None
    ended = client.post(
        f"{alert}/resolve", json={"disposition": "safe_plan_made"}, headers=staff.headers
    )
    assert datetime.fromisoformat(seen(paths[0]) or "") == datetime.fromisoformat(
        made(ended, 200)["resolved_at"]
    ).astimezone(UTC)
