"""One alert in the console: its facts, what is done with it, and what was wrong at which field."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.clock import utcnow
from tests.builders.alerts import open_alert, read
from tests.builders.browser import CONTACTS
from tests.builders.calls import post
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.pages.console import Console, console_of
from tests.builders.stored import audited
from tests.builders.world import ClinicWorld, Person

RESOLVE = "resolve"


@pytest.fixture
def olu(clinic: ClinicWorld) -> Person:
    return clinic.staff("on_call", name="Olu Quagga")


def page(app: Flask, person: Person, alert_id: str) -> Console:
    console = console_of(app, person, f"/alerts/{alert_id}")
    assert console.shown is not None
    assert console.shown.status_code == 200
    return console


def test_the_facts_are_those_of_the_alert_page(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    ada = clinic.patient("Ada Quagga", **CONTACTS)
    alert_id = open_alert(client, ada, 2, recorded_at=ago(minutes=14), note="I want to die, quagga")
    console = page(app, olu, alert_id)
    for words in (
        "Critical: act now",
        "Nobody has taken this alert.",
        "More than half the days (2 of 3)",
        "Ada Quagga",
        "Call the patient +33 65 5550199",
        "I am calling for North Clinic",
        "No treatment session on file.",
        "I take this alert",
    ):
        assert words in console.text, words
    assert "<mark>want to die</mark>" in console.page
    assert audited(olu, alert_id) == ["alert_read"]
    assert f'href="/console/patients/{ada.patient_id}"' in console.page
    assert console.open(f"/patients/{ada.patient_id}").status_code == 200


def test_an_admin_who_was_not_paged_sees_no_patient_and_no_words(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    clinic.contact("mailto:night@clinic.example")
    ada = clinic.patient("Ada Quagga", **CONTACTS)
    alert_id = open_alert(client, ada, note="I want to die, quagga")
    console = page(app, clinic.admin, alert_id)
    assert "You may read this alert and not act on it." in console.text
    assert "Who it is about is shown to those who may act on this alert." in console.text
    assert not {"Ada", "5550199", "want to die"} & set(console.text.split())
    assert not [action for action in console.forms() if action.startswith("/alerts")]
    refused = console.post(f"/alerts/{alert_id}/acknowledge", {"csrf": console.token()})
    assert refused.status_code == 403


def test_taking_trying_writing_handing_over_and_resolving(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    clinic.contact("mailto:night@clinic.example")
    ben = clinic.staff("on_call", name="Ben Quagga")
    alert_id = open_alert(client, clinic.patient())
    console, path = page(app, olu, alert_id), f"/alerts/{alert_id}"
    console.send(f"{path}/acknowledge", owner="")
    console.send(f"{path}/contact", outcome="no_answer", text="mailbox, <b>quagga")
    assert "Olu Quagga tried to reach the patient: no answer mailbox, <b>quagga" in console.text
    assert "Reach the patient by" in console.text
    assert "mailbox, &lt;b&gt;quagga" in console.page
    console.send(f"{path}/note", text="sister called, quagga")
    assert "Olu Quagga wrote a note sister called, quagga" in console.text
    console.send(f"{path}/hand-over", user_id=str(ben.user_id))
    assert "Olu Quagga asked Ben Quagga to take it over: they are paged" in console.text
    console.send(f"{path}/{RESOLVE}", disposition="emergency_services", note="taken in, quagga")
    for words in ("Resolved by Olu Quagga at", "taken in, quagga", "Resolved after"):
        assert words.lower() in console.text.lower(), words
    assert f"{path}/{RESOLVE}" not in console.forms()
    assert read(client, olu, alert_id).json["status"] == "resolved"
    again = console.post(f"{path}/acknowledge", {"csrf": console.token()})
    assert again.status_code == 409
    assert "Already resolved" in console.text


@pytest.mark.parametrize(
    ("form", "fields", "field", "words"),
    [
        ("note", {"text": "   "}, "note-text", "A note needs a text."),
        ("note", {"text": "quagga " * 2000}, "note-text", "Longer than maximum length"),
        ("contact", {"text": "rang, quagga"}, "", "A contact attempt needs an outcome."),
        ("hand-over", {"user_id": str(uuid4())}, "colleague", "Choose a colleague who is active"),
        ("resolve", {"note": "so, quagga"}, "how", "Missing data for required field."),
        ("resolve", {"disposition": "other"}, "resolve-note", "This disposition needs a note."),
        (
            "resolve",
            {"disposition": "watchful_waiting", "note": "so, quagga"},
            "how",
            "Not for a critical alert.",
        ),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    olu: Person,
    form: str,
    fields: dict[str, str],
    field: str,
    words: str,
) -> None:
    clinic.staff("on_call", name="Ben Quagga")
    alert_id = open_alert(client, clinic.patient())
    console = page(app, olu, alert_id)
    refused = console.send(f"/alerts/{alert_id}/{form}", **fields)
    assert refused.status_code == 422
    assert words in console.text
    if field:
        assert words in console.page.partition(f'id="{field}')[2].partition("</form>")[0]
    for typed in fields.values():
        if "quagga" in typed:
            assert typed.strip() in console.page
    assert "This was not saved." in console.text
    assert read(client, olu, alert_id).json["status"] == "triggered"


def test_a_standing_plan_is_set_with_the_resolve_or_its_conditions_are_named(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    ada, doctor = clinic.patient(), clinic.staff()
    alert_id = open_alert(client, ada, 1, recorded_at=ago(minutes=9))
    assert "With a standing plan" not in page(app, olu, alert_id).text
    console, path = page(app, doctor, alert_id), f"/alerts/{alert_id}/{RESOLVE}"
    day = f"{utcnow() + timedelta(days=30):%Y-%m-%dT%H:%M}"
    plan = {"disposition": "safe_plan_made", "plan": "1", "until": day, "reason": "stable, quagga"}
    assert console.send(path, **plan).status_code == 422
    assert "needs a C-SSRS recorded and received" in console.text.replace("Needs", "needs")
    at_field = console.page.partition('id="until"')[2].partition("</div>")[0]
    assert "at most 14 days away" in at_field
    assert "stable, quagga" in console.page
    assert console.send(path, **plan | {"until": "soon"}).status_code == 422
    post(client, ada, cssrs())
    plan["until"] = f"{utcnow() + timedelta(days=7):%Y-%m-%dT%H:%M}"
    assert console.send(path, **plan).status_code == 200
    assert "Standing plan until" in console.text
    kept = read(client, doctor, alert_id).json["resolution"]["standing_plan"]
    assert kept["until"].startswith(plan["until"][:10])


def test_who_may_not_resolve_has_no_form_for_it(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    alert_id = open_alert(client, clinic.patient())  # nobody else is on the chain
    console = page(app, clinic.admin, alert_id)
    assert f"/alerts/{alert_id}/acknowledge" in console.forms()
    assert f"/alerts/{alert_id}/{RESOLVE}" not in console.forms()
    ending = {"csrf": console.token(), "disposition": "safe_plan_made"}
    assert console.post(f"/alerts/{alert_id}/{RESOLVE}", ending).status_code == 403


def test_a_refused_request_is_shown_as_text(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    ada = clinic.patient()
    post(client, ada, phq9(3, unknown_field="<script>quagga</script>"))
    alert_id = newest(client, olu)
    console = page(app, olu, alert_id)
    assert "<script>quagga</script>" in console.text
    assert "<script>quagga" not in console.page


def newest(client: FlaskClient, person: Person) -> str:
    listed = client.get("/v1/alerts", headers=person.headers).json
    return str(listed["items"][0]["id"])


def test_whether_it_was_useful_counts_in_the_figures_of_the_rules(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    clinic.contact("mailto:night@clinic.example")
    alert_id = open_alert(client, clinic.patient())
    console, path = page(app, olu, alert_id), f"/alerts/{alert_id}"
    assert "Was this alert useful?" in console.text
    assert console.send(f"{path}/feedback", note="so, quagga").status_code == 422
    assert "so, quagga" in console.page
    for useful, words in (
        ("yes", "1 fired, 1 useful, 0 noise"),
        ("no", "1 fired, 0 useful, 1 noise"),
    ):
        console.open(path)
        console.send(f"{path}/feedback", useful=useful, note="so, quagga")
        assert "Your answer is kept." in console.text
        console.open("/rules")
        assert words in console.text
    assert read(client, olu, alert_id).json["status"] == "triggered"
    assert "feedback" not in " ".join(page(app, clinic.admin, alert_id).forms())
