"""What somebody reads and does on the alert page, in words and without scripts."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from api.page import views
from tests.builders.alerts import do, open_alert, read, set_alert
from tests.builders.browser import CONTACTS, page_of
from tests.builders.calls import post
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.stored import audited, newest_alert
from tests.builders.world import ClinicWorld


@pytest.fixture
def staff(clinic: ClinicWorld):
    return clinic.staff(name="Olu Quagga")


def test_the_facts_come_in_words(app: Flask, client: FlaskClient, clinic: ClinicWorld, staff):
    clinic.contact("mailto:night@clinic.example")
    ada = clinic.patient("Ada Quagga", timezone="Asia/Kolkata", **CONTACTS)
    browser = page_of(app, open_alert(client, ada, 2, recorded_at=ago(minutes=14)), staff)
    for words in (
        "Critical: act now",
        "Suicide risk. Answered",
        "(14 min ago)",
        "Nobody has taken this alert.",
        "Next: last resort (email) at",
        "Thoughts that you would be better off dead",
        "More than half the days (2 of 3)",
        "Ada Quagga",
        "(Asia/Kolkata)",
        "Call the patient +33 65 5550199",
        "Emergency contact: Eve Quagga , sister",
        "1 rue Quagga",
        "I take this alert",
        "Page on its way",
        "Times are in Europe/Paris.",
    ):
        assert words in browser.text, words
    assert browser.shown is not None
    assert 'href="tel:+33-6-55-55-01-99"' in browser.shown.text
    assert 'href="tel:+33-7-55-55-01-99"' in browser.shown.text
    assert audited(staff, newest_alert(ada)) == ["alert_read"]


def test_what_cannot_be_dialled_is_shown_as_written_with_a_warning(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff
):
    sister = {"name": "Eve", "phone": "at reception", "relation": "sister"}
    ada = clinic.patient("Ada", phone="ask her sister", emergency_contact=sister)
    browser = page_of(app, open_alert(client, ada, 2), staff)
    assert browser.shown is not None
    assert "tel:" not in browser.shown.text.replace("tel:112", "")
    for words in ("No phone number on file that can be dialled", "ask her sister", "at reception"):
        assert words in browser.text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (phq9(3, instrument="phq9-daily"), "Most of the day (3 of 3)"),
        (phq9(1), "Several days (1 of 3)"),
        (cssrs("q1", "q2", "q3", "q4"), "intent or a plan, or suicidal behaviour"),
        (cssrs("q1", "q2", "q3"), "thoughts of a method"),
        (phq9(None), "Item 9 left out or declined by anybody else."),
        (phq9(0, note="I want to die, quagga"), "Crisis terms in a note otherwise."),
        (phq9(3, unknown_field="<script>quagga</script>"), "<script>quagga</script>"),
    ],
)
def test_each_kind_of_answer_has_its_words_and_none_says_safe(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff, form, words: str
):
    ada = clinic.patient()
    post(client, ada, form)
    browser = page_of(app, newest_alert(ada), staff)
    assert words in browser.text
    assert "No phone number on file" in browser.text
    before_the_form = browser.text.partition("How did it end?")[0]
    assert "safe" not in before_the_form.lower()
    assert browser.shown is not None
    assert "<script" not in browser.shown.text


def test_a_help_request_says_when_it_was_sent_and_an_alert_without_answers_when_it_opened(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff
):
    ada = clinic.patient()
    asked = {"id": str(uuid4()), "recorded_at": ago(minutes=7)}
    assert post(client, ada, asked, "/v1/help-requests").status_code == 201
    alert_id = newest_alert(ada)
    browser = page_of(app, alert_id, staff)
    assert "Suicide risk. Sent" in browser.text
    assert "(7 min ago)" in browser.text
    assert "A help request." in browser.text
    set_alert(clinic, alert_id, rule="N1", family="silence")
    browser.open()
    assert "A patient is silent. Opened" in browser.text


def test_a_lowered_alert_warns_and_lists_all_entries(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff
):
    ada = clinic.patient()
    post(client, ada, phq9(1, recorded_at=ago(minutes=9)))
    alert_id = open_alert(client, ada, 2, recorded_at=ago(minutes=5))
    post(client, ada, cssrs())
    browser = page_of(app, alert_id, staff)
    assert "High: act soon" in browser.text
    assert "Paged as critical; a later C-SSRS lowered it. The danger may not" in browser.text
    assert "All 2 entries" in browser.text
    assert "item 9 is 2 or 3" in browser.text
    assert "Watchful waiting" not in browser.text


def test_taking_trying_and_resolving(app: Flask, client: FlaskClient, clinic: ClinicWorld, staff):
    clinic.contact("mailto:night@clinic.example")
    alert_id = open_alert(client, clinic.patient())
    browser = page_of(app, alert_id, staff)
    browser.send("acknowledge")
    assert "You took this alert at" in browser.text
    assert "It pages again: contact 1 (email)" in browser.text
    assert "acknowledge" not in browser.forms()
    browser.send("contact", outcome="no_answer", text="mailbox, quagga")
    assert "Contact attempt: no answer, Olu Quagga mailbox, quagga" in browser.text
    assert "Reach the patient by" in browser.text
    browser.send("note", text="<b>sister</b> called, quagga")
    assert "<b>sister</b> called, quagga" in browser.text
    assert browser.shown is not None
    assert "&lt;b&gt;sister" in browser.shown.text
    browser.send("resolve", disposition="emergency_services", note="taken in, quagga")
    assert "Resolved by Olu Quagga at" in browser.text
    assert "Emergency services took over." in browser.text
    assert "taken in, quagga" in browser.text
    assert set(browser.forms()) == {"contact", "note", "log-out"}
    kept = read(client, staff, alert_id).json
    assert (kept["status"], kept["resolution"]["note"]) == ("resolved", "taken in, quagga")


def test_a_colleague_may_take_over(app: Flask, client: FlaskClient, clinic: ClinicWorld, staff):
    alert_id = open_alert(client, clinic.patient())
    do(client, clinic.staff(name="Sam Quagga"), alert_id, "acknowledge")
    browser = page_of(app, alert_id, staff)
    assert "Sam Quagga took this alert" in browser.text
    assert "Take over" in browser.text
    browser.send("acknowledge")
    assert "You took this alert" in browser.text


def test_a_colleague_is_chosen_by_name(app: Flask, client: FlaskClient, clinic: ClinicWorld, staff):
    sam = clinic.staff("on_call", name="Sam Quagga")
    alert_id = open_alert(client, clinic.patient())
    browser = page_of(app, alert_id, staff)
    assert browser.shown is not None
    assert f'<option value="{sam.user_id}">Sam Quagga</option>' in browser.shown.text
    assert f'<option value="{staff.user_id}">' not in browser.shown.text
    browser.send("acknowledge")
    browser.send("hand-over", user_id=str(sam.user_id))
    assert "Asked to take it over, and paged: Sam Quagga, Olu Quagga" in browser.text
    assert "You took this alert" in browser.text
    assert browser.send("hand-over", user_id=str(staff.user_id)).status_code == 422
    assert "They have this alert already." in browser.text


@pytest.mark.parametrize(
    ("what", "fields", "words"),
    [
        ("resolve", {"disposition": "other"}, "This disposition needs a note."),
        ("resolve", {"disposition": "watchful_waiting"}, "Not for a critical alert."),
        ("resolve", {"disposition": "could_not_reach"}, "Must be one of"),
        ("resolve", {"note": "typed, quagga"}, "Missing data for required field."),
        ("note", {"text": "  "}, "A note needs a text."),
        ("contact", {}, "A contact attempt needs an outcome."),
        ("contact", {"outcome": "asleep"}, "Must be one of"),
    ],
)
def test_what_does_not_fit_changes_nothing_and_keeps_what_was_typed(
    app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    staff,
    what: str,
    fields: dict[str, str],
    words: str,
):
    alert_id = open_alert(client, clinic.patient())
    browser = page_of(app, alert_id, staff)
    before = read(client, staff, alert_id).json
    answer = browser.send(what, **fields)
    assert answer.status_code == 422
    assert "Nothing was changed." in browser.text
    assert words in browser.text
    assert fields.get("note", "") in answer.text
    after = read(client, staff, alert_id).json
    assert (after["status"], after["timeline"]) == ("triggered", before["timeline"])


def test_whoever_comes_too_late_reads_that_it_was_resolved(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff
):
    alert_id = open_alert(client, clinic.patient())
    browser = page_of(app, alert_id, staff)
    do(client, clinic.staff(), alert_id, "resolve", disposition="safe_plan_made")
    for what, fields in (("acknowledge", {}), ("resolve", {"disposition": "emergency_services"})):
        browser.shown = None
        browser.open()
        token = browser.forms()["note"]
        answer = browser.post(what, {"csrf": token, **fields}, {"Origin": browser.origin})
        assert answer.status_code == 409
        assert "Somebody has resolved this alert" in answer.text


def test_an_admin_who_was_paged_sees_whom_to_call_and_why(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    ada = clinic.patient("Ada Quagga", **CONTACTS)
    alert_id = open_alert(client, ada)
    browser = page_of(app, alert_id, clinic.admin)
    assert "Call the patient +33 65 5550199" in browser.text
    assert "More than half the days (2 of 3)" in browser.text
    assert "break_glass" in audited(clinic.admin, alert_id)
    browser.send("acknowledge")
    assert "You took this alert" in browser.text
    assert "resolve" not in browser.forms()
    token = browser.forms()["note"]
    form = {"csrf": token, "disposition": "safe_plan_made"}
    answer = browser.post("resolve", form, {"Origin": browser.origin})
    assert answer.status_code == 403
    assert "Your role may not do this" in answer.text


def test_an_admin_who_was_not_paged_reads_no_name(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    clinic.contact("mailto:night@clinic.example")
    ada = clinic.patient("Ada Zebra-Quagga", **CONTACTS)
    browser = page_of(app, open_alert(client, ada), clinic.admin)
    assert "Zebra" not in browser.text
    assert "5550199" not in browser.text
    assert "What was answered is shown to those who may act on this alert." in browser.text
    assert "You may read this alert and not act on it." in browser.text
    assert set(browser.forms()) == {"log-out"}


def test_rules_without_words_and_zones_without_a_clock_still_show(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff
):
    alert_id = open_alert(client, clinic.patient(), None)
    set_alert(clinic, alert_id, family="x7", rule="X7", severity="low", ladder_severity="low")
    browser = page_of(app, alert_id, staff)
    assert "Low: worklist x7." in browser.text
    assert "Item 9 left out" in browser.text


def test_when_the_database_is_gone_the_page_says_what_to_do_meanwhile(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff, monkeypatch: pytest.MonkeyPatch
):
    browser = page_of(app, open_alert(client, clinic.patient()), staff)

    def gone(*_args):
        raise OperationalError("select", {}, Exception("connection refused, quagga"))

    monkeypatch.setattr(views, "get_alert", gone)
    answer = browser.open()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "phone list" in browser.text

    def broken(*_args):
        raise KeyError("quagga")

    monkeypatch.setattr(views, "get_alert", broken)
    answer = browser.open()
    assert answer.status_code == 500
    assert "quagga" not in answer.text
