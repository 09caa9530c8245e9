"""Consent: read in one's own language, given, taken back, given again; and what ends with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.rules.languages.consent import CONSENTS
from tests.builders.alerts import do, open_alert
from tests.builders.calls import at_once, made, post, refused, review
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.stored import entries, revision, rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, Person, World

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
VERSION = CONSENTS.newest.version
CONSENT = {"version": VERSION}


def read(client: FlaskClient, person: Person, query: str = "", **headers: str) -> dict[str, Any]:
    answer = client.get(f"/v1/consents{query}", headers={**person.headers, **headers})
    return made(answer, 200)


def agrees(client: FlaskClient, person: Person, **body: Any) -> dict[str, Any]:
    return made(post(client, person, CONSENT | body, "/v1/consents"))


def withdraws(client: FlaskClient, person: Person, consent: dict[str, Any]) -> dict[str, Any]:
    return made(post(client, person, {}, f"/v1/consents/{consent['id']}/withdraw"), 200)


def standing(client: FlaskClient, person: Person) -> str:
    return str(read(client, person)["standing"]["status"])


def test_it_is_read_given_taken_back_and_given_again(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    ada = clinic.patient()
    nothing = read(client, ada)
    assert (nothing["items"], nothing["standing"]["status"]) == ([], "none")
    assert nothing["standing"]["to_accept"] == nothing["in_force"]["version"] == VERSION
    one = agrees(client, ada)
    assert read(client, ada)["items"] == [one]
    assert read(client, ada)["standing"] == {
        "status": "accepted",
        "consent_id": one["id"],
        "version": VERSION,
        "accepted_at": one["accepted_at"],
        "withdrawn_at": None,
        "to_accept": None,
    }
    gone = withdraws(client, ada, one)
    assert gone == one | {"withdrawn_at": gone["withdrawn_at"]}
    assert gone["withdrawn_at"] is not None
    assert withdraws(client, ada, one) == gone
    assert post(client, ada, phq9()).get_json()["code"] == "not_followed"
    two = agrees(client, ada)
    assert (standing(client, ada), two["id"] != one["id"]) == ("accepted", True)
    assert post(client, ada, phq9()).status_code == 201
    assert withdraws(client, ada, one) == gone
    assert standing(client, ada) == "accepted"


def test_the_text_comes_in_the_readers_language(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada, german = clinic.patient(), {"Accept-Language": "de-AT"}
    shown = read(client, ada, **german)["in_force"]["texts"]
    # Nobody at the clinic has read the German words yet.
    assert [one["language"] for one in shown] == ["de", "en"]
    assert "Verlassen Sie sich nicht darauf" in shown[0]["paragraphs"][0]
    assert shown[1]["paragraphs"][0].startswith("Do not rely on this to keep you safe.")
    made(review(client, clinic.admin, "de"), 200)
    (shown,) = read(client, ada, **german)["in_force"]["texts"]
    assert shown["language"] == "de"
    assert agrees(client, ada, language="de")["language"] == "de"
    assert agrees(client, clinic.patient())["language"] == "en"


def test_the_same_id_answers_the_same_for_ever(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada, body = clinic.patient(), CONSENT | {"id": str(uuid4())}
    first = post(client, ada, body, "/v1/consents")
    assert post(client, ada, body, "/v1/consents").data == first.data
    withdraws(client, ada, made(first))
    again = post(client, ada, body, "/v1/consents")
    assert (again.status_code, again.data) == (200, first.data)
    assert standing(client, ada) == "withdrawn"
    other = post(client, ada, body | {"language": "fr"}, "/v1/consents")
    assert refused(other, 409) == {"code": "content_conflict"}
    stranger = post(client, clinic.patient(), body, "/v1/consents")
    assert refused(stranger, 409) == {"code": "id_taken"}


def test_without_an_id_what_was_agreed_to_is_not_stored_twice(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    ada = clinic.patient()
    first = agrees(client, ada)
    again = post(client, ada, CONSENT, "/v1/consents")
    assert (again.status_code, again.get_json()) == (200, first)


def test_many_at_once_are_one(app: Flask, clinic: ClinicWorld) -> None:
    ada, body = clinic.patient(), CONSENT | {"id": str(uuid4())}
    answers = at_once([lambda: post(app.test_client(), ada, body, "/v1/consents")] * 4)
    assert sorted(one.status_code for one in answers) == [200, 200, 200, 201]
    path = f"/v1/consents/{body['id']}/withdraw"
    answers = at_once([lambda: post(app.test_client(), ada, {}, path)] * 4)
    assert {one.data for one in answers} == {answers[0].data}
    assert len(rows(ada, "SELECT id FROM patient_pauses")) == 1


@pytest.mark.parametrize("body", [{}, {"version": "2020.1"}, CONSENT | {"language": "tlh"}])
def test_what_nobody_can_agree_to(
    client: FlaskClient, clinic: ClinicWorld, body: dict[str, Any]
) -> None:
    assert post(client, clinic.patient(), body, "/v1/consents").status_code == 422


def test_who_may_read_and_enter_it(client: FlaskClient, clinic: ClinicWorld, world: World) -> None:
    tim = clinic.staff()
    ada = clinic.patient(care_team=[tim.user_id])
    hers = {"patient_id": str(ada.patient_id)}
    one = agrees(client, tim, **hers)
    south, eve = world.clinic("South"), clinic.patient()
    for person, seen, written in (
        (tim, 1, 200),
        (clinic.admin, 1, 200),
        (ada, 1, 200),
        (clinic.staff(), 0, 404),
        (clinic.staff("on_call"), 0, 403),
        (south.admin, 0, 404),
        (eve, 0, 404),
    ):
        found = read(client, person, f"?patient_id={ada.patient_id}")
        assert len(found["items"]) == seen, person.name
        assert (found["standing"] is None) is (seen == 0)
        path = f"/v1/consents/{one['id']}/withdraw"
        assert post(client, person, {}, path).status_code == written
    for person, status in ((south.staff(), 404), (clinic.staff("on_call"), 403), (eve, 404)):
        assert post(client, person, CONSENT | hers, "/v1/consents").status_code == status
    assert refused(post(client, tim, CONSENT, "/v1/consents")).keys() == {"patient_id"}


def test_an_hour_of_break_glass_reads_it_and_changes_nothing(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    sam, ada = clinic.staff(), clinic.patient(care_team=[clinic.staff().user_id])
    one = agrees(client, ada)
    made(post(client, sam, {"patient_id": one["patient_id"], "reason": "ill"}, "/v1/break-glass"))
    assert len(read(client, sam, f"?patient_id={ada.patient_id}")["items"]) == 1
    assert post(client, sam, {}, f"/v1/consents/{one['id']}/withdraw").status_code == 403


def test_each_is_in_the_audit(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada = clinic.patient()
    one = agrees(client, ada)
    withdraws(client, ada, one)
    (given,), (gone,) = entries(ada, "consent_accepted"), entries(ada, "consent_withdrawn")
    assert given["detail"] == {"version": VERSION, "language": "en"}
    for entry in (given, gone):
        assert (entry["actor_id"], entry["patient_id"]) == (ada.user_id, ada.patient_id)
        assert entry["object_id"] == UUID(one["id"])


def test_a_standing_plan_ends(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada, staff = clinic.patient(), clinic.staff()
    one, alert_id = agrees(client, ada), open_alert(client, ada, 1, recorded_at=ago(minutes=60))
    post(client, ada, cssrs())
    plan = {"until": ago(days=-7), "reason": "stable for months"}
    body = {"disposition": "safe_plan_made", "standing_plan": plan}
    assert do(client, staff, alert_id, "resolve", **body).status_code == 200
    withdraws(client, ada, one)
    (kept,) = rows(ada, "SELECT ended_at, ended_because FROM standing_plans")
    assert (kept["ended_at"] is None, kept["ended_because"]) == (False, "consent_withdrawn")
    assert post(client, ada, phq9(1)).status_code == 201
    assert len(rows(ada, "SELECT id FROM alerts WHERE status = 'triggered'")) == 1


def test_the_phone_learns_of_it_and_nothing_is_due(app: Flask, clean_database: None) -> None:
    clinic = World(app, START).clinic()
    chart = Chart(clinic, clinic.patient(), staff=clinic.staff(), now=START)
    chart.later(days=2)
    start = chart.get("/v1/bootstrap", chart.pat)
    assert (start["consent"]["status"], bool(start["due"])) == ("none", True)
    one = made(chart.post("/v1/consents", CONSENT, chart.pat))
    assert chart.get("/v1/bootstrap", chart.pat)["consent"]["to_accept"] is None
    made(chart.post(f"/v1/consents/{one['id']}/withdraw", {}, chart.pat), 200)
    start = chart.get("/v1/bootstrap", chart.pat)
    assert (start["consent"]["status"], start["due"]) == ("withdrawn", [])
    assert start["reminders"]["plan"] == []
    chart.later(days=5)
    made(chart.post("/v1/consents", CONSENT, chart.pat))
    days = [each["mood_day"] for each in chart.get("/v1/bootstrap", chart.pat)["due"]]
    today = chart.now.date().isoformat()
    assert [day for day in days if day is not None and day < today] == []
    assert today in days


def test_a_known_start_is_not_the_newest_after_it(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada = clinic.patient()
    tag = client.get("/v1/bootstrap", headers=ada.headers).headers["ETag"]
    agrees(client, ada)
    known = {**ada.headers, "If-None-Match": tag}
    assert client.get("/v1/bootstrap", headers=known).status_code == 200


def test_the_caseload_shows_it_last_and_says_so(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada, bob, staff = clinic.patient("Ada"), clinic.patient("Bob"), clinic.staff()
    withdraws(client, ada, agrees(client, ada))
    listed = made(client.get("/v1/patients", headers=staff.headers), 200)["items"]
    assert [row["id"] for row in listed] == [str(bob.patient_id), str(ada.patient_id)]
    assert "consent withdrawn" in listed[1]["reason"]
    assert listed[1]["status"] == "active"
    shown = made(client.get(f"/v1/patients/{ada.patient_id}", headers=staff.headers), 200)
    assert shown["consent"]["status"] == "withdrawn"


@pytest.mark.parametrize("first", ["status", "consent"])
def test_status_and_consent_end_apart(client: FlaskClient, clinic: ClinicWorld, first: str) -> None:
    """Taking one of them back leaves the other."""
    ada, path = clinic.patient(), "/v1/patients/{}"
    address = path.format(ada.patient_id)

    def status(word: str) -> None:
        made(client.patch(address, json={"status": word}, headers=clinic.admin.headers), 200)

    one = agrees(client, ada)
    status("discharged")
    withdraws(client, ada, one)
    steps = [lambda: status("active"), lambda: agrees(client, ada)]
    steps = steps if first == "status" else steps[::-1]
    steps[0]()
    assert post(client, ada, phq9()).status_code == 403
    open_spans = "SELECT id FROM patient_pauses WHERE ended_on IS NULL"
    assert len(rows(ada, open_spans)) == 1
    steps[1]()
    assert post(client, ada, phq9()).status_code == 201
    assert rows(ada, open_spans) == []


def test_every_change_has_a_revision(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada = clinic.patient()
    before = revision(ada)
    one = agrees(client, ada)
    withdraws(client, ada, one)
    withdraws(client, ada, one)
    assert revision(ada) == before + 2
