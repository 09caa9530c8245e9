"""An administrator's pages: staff, chain, settings, card, trail, health, rules."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from services.rules.catalogue import CATALOGUE
from tests.builders.alerts import open_alert
from tests.builders.pages.console import Console, console_of
from tests.builders.stored import entries, rows
from tests.builders.world import ClinicWorld, made_up_email

CODE = re.compile(r'class="code"[^>]*><span[^>]*>[^<]*</span>([^<]+)</p>')


@pytest.fixture
def console(app: Flask, clinic: ClinicWorld) -> Console:
    return console_of(app, clinic.admin)


def clinic_now(console: Console, clinic: ClinicWorld) -> dict[str, Any]:
    found: dict[str, Any] = console.client.get("/v1/clinic", headers=clinic.admin.headers).json
    return found


def test_an_empty_clinic_is_led_step_by_step(
    console: Console, clinic: ClinicWorld, worker_app: Flask
) -> None:
    assert console.open("").request.path == "/console/clinic"
    todo = ["Set the clinic's telephone", "Add a first contact", "Invite a colleague"]
    todo += ["Send a test page", "Enrol the first patient"]
    assert all(step in console.text for step in todo)
    clinic.patient()
    clinic.staff()
    clinic.contact("mailto:night@clinic.example")
    console.open("/clinic")
    assert console.text.count(" done") == 3
    rows(clinic.admin, "UPDATE clinics SET phone = '+33 1' RETURNING id")
    console.open("/clinic/chain")
    console.send("/clinic/chain/test-page", severity="high")
    worker = replace(clinic.admin, app=worker_app)
    assert rows(worker, "UPDATE notifications SET state = 'sent' RETURNING id")
    console.open("/clinic")
    assert "First steps" not in console.text


def test_health_is_in_words_and_says_what_is_late(console: Console) -> None:
    console.open("/clinic")
    assert "No alert worker has been at work for 30 s: pages do not leave." in console.text
    assert "No page waits to be sent." in console.text
    assert "None waits for somebody to take it." in console.text


def test_staff_are_invited_with_a_code_that_opens_an_account(
    app: Flask, console: Console, clinic: ClinicWorld
) -> None:
    console.open("/clinic/staff")
    person = {"name": "Ines Quagga", "email": made_up_email("ines")}
    refused = console.send("/clinic/staff/invitations", **person)
    assert refused.status_code == 422
    assert f'value="{person["email"]}"' in console.page
    shown = console.send("/clinic/staff/invitations", **person, roles=["clinician", "on_call"])
    assert shown.status_code == 201
    code = CODE.findall(console.page)[0]
    body = {"code": code, "password": "correct horse battery quagga"}
    made = app.test_client().post("/v1/invitations/accept", json=body)
    assert made.status_code == 201
    assert made.json["user"]["roles"] == ["clinician", "on_call"]
    console.open("/clinic/staff")
    assert "Ines Quagga" in console.text
    assert "Clinician, On call" in console.text


def test_a_list_of_colleagues_reads_no_patients_account(
    console: Console, clinic: ClinicWorld
) -> None:
    patient, sam = clinic.patient("Ada Quagga"), clinic.staff(name="Sam Quagga")
    console.open("/clinic/staff")
    assert "Ada Quagga" not in console.text
    read = entries(clinic.admin, "users_read")[-1]["about_ids"]
    assert sam.user_id in read
    assert patient.user_id not in read


@pytest.mark.parametrize("roles", [["patient"], ["god"], ["patient", "admin"]])
def test_patients_and_unknown_roles_are_not_invited_here(
    console: Console, clinic: ClinicWorld, roles: list[str]
) -> None:
    console.open("/clinic/staff")
    person = {"name": "X Quagga", "email": made_up_email("x"), "roles": roles}
    assert console.send("/clinic/staff/invitations", **person).status_code == 422
    assert entries(clinic.admin, "user_invited") == []


def test_roles_and_accounts_change_at_once(
    app: Flask, console: Console, clinic: ClinicWorld
) -> None:
    sam = clinic.staff()
    theirs = console_of(app, sam, "/today")
    path = f"/clinic/staff/{sam.user_id}"
    console.open(path)
    console.send(f"{path}/roles", roles=["on_call"])
    assert theirs.open("/today").status_code == 401
    assert 'id="role-on_call" name="roles" value="on_call" checked' in console.page
    console.send(f"{path}/active", active="0")
    assert "switched off" in console.text
    console.send(f"{path}/active", active="1")
    assert "Switch this account off" in console.text
    patient = clinic.patient().user_id
    assert console.open(f"/clinic/staff/{patient}").status_code == 404
    off = {"csrf": console.token(), "active": "0"}
    assert console.post(f"/clinic/staff/{patient}/active", off).status_code == 404
    own = f"/clinic/staff/{clinic.admin.user_id}"
    console.open(own)
    assert console.send(f"{own}/active", active="0").status_code == 409
    assert "at least one active administrator" in console.text


def test_the_chain_is_added_to_shortened_and_tried(console: Console, clinic: ClinicWorld) -> None:
    console.open("/clinic/chain")
    console.send("/clinic/chain/contacts", address="night@clinic.example")
    assert "night@clinic.example" in console.text
    for address in ("http://10.0.0.1/x", "nobody", ""):
        console.open("/clinic/chain")
        refused = console.send("/clinic/chain/contacts", address=address)
        assert refused.status_code == 422
        assert "This was not saved." in console.text
    console.open("/clinic/chain")
    console.send("/clinic/chain/last-resort", address="boss@clinic.example")
    assert "boss@clinic.example" in console.text
    gone = next(action for action in console.forms() if action.endswith("/remove"))
    console.send(gone)
    assert "night@clinic.example" not in console.text
    console.send("/clinic/chain/test-page", severity="critical")
    assert "critical" in console.text
    assert console.send("/clinic/chain/test-page", severity="high").status_code == 409
    assert "A drill is running" in console.text


def test_a_policy_is_set_step_by_step_and_taken_away(console: Console, clinic: ClinicWorld) -> None:
    olu = clinic.staff("on_call", name="Olu Quagga")
    path, user = "/clinic/chain/policies/critical", f"user:{olu.user_id}"
    console.open("/clinic/chain")
    steps = {"targets.0": user, "delay.0": "5", "targets.1": "everyone:", "delay.1": "10"}
    console.send(path, **steps)
    found = rows(clinic.admin, "SELECT steps FROM on_call_policies")[0]["steps"]
    assert [step["delay_s"] for step in found] == [300, 600]
    assert found[0]["targets"] == [{"user_id": str(olu.user_id)}]
    assert found[1]["targets"] == [{"everyone": True}]
    assert f'<option value="{user}" selected>' in console.page
    for wrong in ({"delay.0": "x"}, {"delay.0": "999"}, {"targets.0": "user:nobody"}):
        console.open("/clinic/chain")
        assert console.send(path, **{**steps, **wrong}).status_code == 422
    console.open("/clinic/chain")
    console.send(path)
    assert rows(clinic.admin, "SELECT 1 FROM on_call_policies") == []


def test_settings_say_what_each_severity_does_and_whom_it_pages(
    console: Console, clinic: ClinicWorld
) -> None:
    console.open("/clinic/settings")
    for words in ("Act now:", "Act today:", "One mail at 08:00", "Stands in the lists"):
        assert words in console.text, words
    assert console.text.count("The contact chain in its order, then the last resort") == 2
    leads = re.findall(r'href="/console(/clinic/chain#[^"]*)"', console.page)
    assert leads == ["/clinic/chain#steps-critical", "/clinic/chain#steps-high"]
    console.open("/clinic/chain")
    for lead in leads:
        assert f'id="{lead.partition("#")[2]}"' in console.page
    steps = {"targets.0": "everyone:", "delay.0": "5"}
    assert console.send("/clinic/chain/policies/critical", **steps).status_code == 200
    console.open("/clinic/settings")
    assert "1 step of your own, then the last resort" in console.text
    assert "safe" not in console.text.lower()


def test_what_the_api_has_set_to_the_second_is_not_rounded_by_a_form(
    console: Console, clinic: ClinicWorld
) -> None:
    olu, admin = clinic.staff("on_call", name="Olu Quagga"), clinic.admin.headers
    steps = [
        {"delay_s": 61 + number, "targets": [{"user_id": str(olu.user_id)}]} for number in range(9)
    ]
    path, client = "/clinic/chain/policies/critical", console.client
    put = client.put("/v1/on-call/policies/critical", json={"steps": steps}, headers=admin)
    assert put.status_code == 200
    console.open("/clinic/chain")
    form = console.page.partition(f'action="/console{path}"')[2].partition("</form>")[0]
    delays = dict(re.findall(r'name="(delay\.[0-9]+)" type="text" value="([0-9.]+)"', form))
    assert delays["delay.8"] == "1.15"
    chosen = {f"targets.{number}": f"user:{olu.user_id}" for number in range(9)}
    console.send(path, **delays, **chosen)
    found = rows(clinic.admin, "SELECT steps FROM on_call_policies")[0]["steps"]
    assert [step["delay_s"] for step in found] == [61 + number for number in range(9)]
    ladder = {"critical": {"next_after_s": 95}}
    assert client.patch("/v1/clinic", json={"ladder": ladder}, headers=admin).status_code == 200
    console.open("/clinic/settings")
    pace = r'name="((?:critical|high)\.\w+)" type="text" value="([^"]*)"'
    kept = dict(re.findall(pace, console.page))
    assert kept["critical.next_after_s"] == "1.5833"
    before = clinic_now(console, clinic)["ladder"]
    sent = {"name": "Other", "timezone": "Europe/Berlin", "country": "DE"}
    console.send("/clinic/settings", **sent, **kept)
    now = clinic_now(console, clinic)
    assert (now["name"], now["ladder"]) == ("Other", before)


def test_settings_are_kept_as_the_api_has_them(console: Console, clinic: ClinicWorld) -> None:
    console.open("/clinic/settings")
    sent = {
        "name": "Nørth Clinic",
        "timezone": "Europe/Berlin",
        "country": "de",
        "phone": "+49 30 1",
        "language": "de",
        "monitoring_text": "We look\r\nat eight.",
        "staffed": "mon-fri 08:00-18:00\nsat, sun 10:00–12:00",
        "holidays": "2026-12-25",
        "critical.next_after_s": "5",
        "critical.ack_expires_s": "30",
        "high.next_after_s": "60",
        "high.ack_expires_s": "600",
    }
    shown = console.send("/clinic/settings", **sent)
    assert shown.status_code == 200
    assert "Saved." in console.text
    now = clinic_now(console, clinic)
    assert (now["name"], now["country"], now["phone"]) == ("Nørth Clinic", "DE", "+49 30 1")
    assert now["staffed"] == [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"},
        {"days": ["sat", "sun"], "from": "10:00", "to": "12:00"},
    ]
    assert now["ladder"]["critical"] == {"next_after_s": 300, "ack_expires_s": 1800}
    assert "mon-fri 08:00-18:00\nsat, sun 10:00-12:00" in console.page
    console.send("/clinic/settings", **{**sent, "phone": "", "staffed": "", "holidays": ""})
    now = clinic_now(console, clinic)
    assert (now["phone"], now["staffed"], now["holidays"]) == (None, [], [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("staffed", "someday 8-9"),
        ("staffed", "mon"),
        ("holidays", "Christmas"),
        ("timezone", "Mars/Olympus"),
        ("country", "XX"),
        ("critical.next_after_s", "soon"),
        ("high.ack_expires_s", "99999"),
        ("name", ""),
    ],
)
def test_what_does_not_fit_changes_nothing_and_stays_in_the_form(
    console: Console, clinic: ClinicWorld, field: str, value: str
) -> None:
    before = clinic_now(console, clinic)
    console.open("/clinic/settings")
    sent = {"name": "Other", "timezone": "Europe/Berlin", "country": "DE", field: value}
    assert console.send("/clinic/settings", **sent).status_code == 422
    assert clinic_now(console, clinic) == before
    if value:
        assert html.escape(value) in console.page


def test_the_card_is_as_patients_see_it(console: Console, clinic: ClinicWorld) -> None:
    rows(clinic.admin, "UPDATE clinics SET phone = '+33 1 99 55' RETURNING id")
    console.open("/clinic/card")
    for words in ("call 112", "3114", "+33 1 99 55", "This reached your clinic."):
        assert words in console.text
    assert "safe" not in console.text.partition("Nederlands")[2].lower()
    console.open("/clinic/card?language=de")
    assert 'lang="de" dir="auto"' in console.page


def test_who_looked_at_whom(app: Flask, console: Console, clinic: ClinicWorld) -> None:
    ada, sam = clinic.patient("Ada Quagga"), clinic.staff(name="Sam Quagga")
    app.test_client().get(f"/v1/patients/{ada.patient_id}", headers=sam.headers)
    console.open("/clinic/audit?q=ada")
    link = re.findall(r'href="/console(/clinic/audit\?patient=[^"]+)"', console.page)[0]
    console.open(link)
    assert "Sam Quagga patient read Ada Quagga" in console.text
    console.open(f"/clinic/audit?person={sam.user_id}")
    assert "patient read" in console.text
    for query in ("patient=x", f"person={sam.user_id}&cursor=x", "q=%00"):
        assert console.open(f"/clinic/audit?{query}").status_code == 200


def test_rules_say_what_they_are_and_what_they_did_here(
    app: Flask, console: Console, clinic: ClinicWorld
) -> None:
    open_alert(app.test_client(), clinic.patient())
    page = console.open("/rules").text
    assert [rule for rule in CATALOGUE if f'id="rule-{rule}"' not in page] == []
    assert "1 fired" in console.text
    assert len(page) < 100_000


def test_a_patient_is_enrolled_and_their_phone_opens_with_the_code(
    app: Flask, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    console = console_of(app, staff, "/new-patient")
    sent = {
        "name": "Ada Quagga",
        "email": made_up_email("ada"),
        "patient.phone": "+33 65 5550199",
        "patient.born_on": "1990-05-01",
        "patient.mrn": "M-9",
        "patient.indications": "depression, PTSD\nblue hair",
        "patient.emergency_contact.name": "Eve Quagga",
        "patient.emergency_contact.phone": "+33 1",
        "own_team": "1",
    }
    young = console.send("/new-patient", **{**sent, "patient.born_on": "2020-01-01"})
    assert young.status_code == 422
    assert 'value="Ada Quagga"' in console.page
    assert console.send("/new-patient", **sent).status_code == 201
    assert "blue hair" in console.text
    body = {"code": CODE.findall(console.page)[0]}
    made = app.test_client().post("/v1/invitations/accept", json=body)
    assert made.status_code == 201
    (patient,) = rows(staff, "SELECT id, mrn, indications FROM patients")
    assert (patient["mrn"], patient["indications"][:2]) == ("M-9", ["depression", "PTSD"])
    assert rows(staff, "SELECT user_id FROM care_team_members")[0]["user_id"] == staff.user_id
