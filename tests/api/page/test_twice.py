"""A form that is sent twice, or late: on the alert page and in the console alike."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders.alerts import do, open_alert, read
from tests.builders.browser import page_of
from tests.builders.pages.console import console_of
from tests.builders.world import ClinicWorld, Person


class AlertForms:
    """Somebody with an alert on the screen, in one of the two places where it is shown."""

    def __init__(self, app: Flask, alert_id: str, person: Person, place: str) -> None:
        self.place, self.alert_id = place, alert_id
        self.page = page_of(app, alert_id, person)
        self.console = console_of(app, person, f"/alerts/{alert_id}")

    def filled(self, form: str, **fields: Any) -> dict[str, Any]:
        """What a form of the page that is open would send."""
        if self.place == "page":
            return self.page.hidden(form) | fields
        return self.console.hidden(f"/alerts/{self.alert_id}/{form}") | fields

    def send(self, form: str, data: dict[str, Any]) -> int:
        """Send it, and see where it leads."""
        if self.place == "page":
            shown = self.page.post(form, data, {"Origin": self.page.origin})
            self.page.shown = shown
            return self.page.open().status_code if shown.status_code == 303 else shown.status_code
        path = f"/alerts/{self.alert_id}/{form}"
        return self.console.post(path, data, follow=True).status_code

    @property
    def text(self) -> str:
        return self.page.text if self.place == "page" else self.console.text

    @property
    def html(self) -> str:
        shown = self.page.shown if self.place == "page" else self.console.shown
        assert shown is not None
        return shown.text


@pytest.fixture(params=["page", "console"])
def forms(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, request: pytest.FixtureRequest
) -> AlertForms:
    alert_id = open_alert(client, clinic.patient())
    return AlertForms(app, alert_id, clinic.staff(name="Olu Quagga"), request.param)


def story(client: FlaskClient, clinic: ClinicWorld, forms: AlertForms) -> list[str]:
    """The kinds of what people did, in order."""
    events = read(client, clinic.staff("on_call"), forms.alert_id).json["timeline"]
    return [event["kind"] for event in events if event["by"]]


@pytest.mark.parametrize(
    ("form", "fields", "kind"),
    [
        ("note", {"text": "sister called, quagga"}, "note"),
        ("contact", {"outcome": "no_answer", "text": "rang"}, "contact_attempt"),
        ("contact", {"outcome": "no_answer"}, "contact_attempt"),
    ],
)
def test_what_is_written_is_written_once(
    client: FlaskClient,
    clinic: ClinicWorld,
    forms: AlertForms,
    form: str,
    fields: dict[str, str],
    kind: str,
) -> None:
    data = forms.filled(form, **fields)
    assert [forms.send(form, data), forms.send(form, data)] == [200, 200]
    assert story(client, clinic, forms) == [kind]
    changed = data | {"text": "brother called, quagga"}
    assert forms.send(form, changed) == 409
    assert "This form was sent before with other content." in forms.text
    assert "brother called, quagga" in forms.html
    assert story(client, clinic, forms) == [kind]
    again = forms.filled(form, **fields) | {"text": "brother called, quagga"}
    assert again["id"] != data["id"]
    assert forms.send(form, again) == 200
    assert story(client, clinic, forms) == [kind, kind]


def test_a_refused_form_keeps_its_id_and_one_without_is_taken_as_before(
    client: FlaskClient, clinic: ClinicWorld, forms: AlertForms
) -> None:
    data = forms.filled("note", text="  ")
    assert forms.send("note", data) == 422
    assert forms.filled("note")["id"] == data["id"]
    assert forms.send("note", data | {"id": "quagga", "text": "x"}) == 422
    forms.page.open()
    bare = {"csrf": data["csrf"], "text": "of an older page"}
    assert forms.send("note", bare) == 200
    assert story(client, clinic, forms) == ["note"]


def test_a_colleague_is_asked_once_by_one_form(
    client: FlaskClient, clinic: ClinicWorld, forms: AlertForms
) -> None:
    ben, eve = (clinic.staff("on_call", name=f"{name} Quagga") for name in ("Ben", "Eve"))
    forms.page.open()
    forms.console.open(f"/alerts/{forms.alert_id}")
    data = forms.filled("hand-over", user_id=str(ben.user_id))
    assert [forms.send("hand-over", data), forms.send("hand-over", data)] == [200, 200]
    assert story(client, clinic, forms) == ["handed_over"]
    assert forms.send("hand-over", data | {"user_id": str(eve.user_id)}) == 409
    assert story(client, clinic, forms) == ["handed_over"]
    assert forms.send("hand-over", forms.filled("hand-over", user_id=str(eve.user_id))) == 200
    assert story(client, clinic, forms) == ["handed_over", "handed_over"]


def test_nobody_takes_an_alert_over_without_knowing_from_whom(
    client: FlaskClient, clinic: ClinicWorld, forms: AlertForms
) -> None:
    data = forms.filled("acknowledge")
    bea = clinic.staff("on_call", name="Bea Quagga")
    assert do(client, bea, forms.alert_id, "acknowledge").status_code == 200
    assert forms.send("acknowledge", data) == 409
    assert "Bea Quagga took this alert at" in forms.text
    assert "Take it over from Bea Quagga?" in forms.text
    assert read(client, bea, forms.alert_id).json["acknowledged_by"] == str(bea.user_id)
    knowing = forms.filled("acknowledge")
    assert [forms.send("acknowledge", knowing), forms.send("acknowledge", knowing)] == [200, 200]
    assert story(client, clinic, forms) == ["acknowledged", "acknowledgement_taken_over"]


def test_what_was_written_to_an_ending_that_came_too_late_is_kept(
    client: FlaskClient, clinic: ClinicWorld, forms: AlertForms
) -> None:
    data = forms.filled("resolve", disposition="appointment_made", note="tomorrow at nine, quagga")
    bea = clinic.staff(name="Bea Quagga")
    do(client, bea, forms.alert_id, "resolve", disposition="safe_plan_made")
    assert forms.send("resolve", data) == 409
    assert "Somebody has resolved this alert in the meantime" in forms.text
    assert "tomorrow at nine, quagga" in forms.html
    kept = forms.filled("note", text="tomorrow at nine, quagga")
    assert forms.send("note", kept) == 200
    assert story(client, clinic, forms) == ["resolved", "note"]


def test_the_same_ending_again_is_the_same(
    client: FlaskClient, clinic: ClinicWorld, forms: AlertForms
) -> None:
    data = forms.filled("resolve", disposition="safe_plan_made")
    assert [forms.send("resolve", data), forms.send("resolve", data)] == [200, 200]
    assert story(client, clinic, forms) == ["resolved"]
