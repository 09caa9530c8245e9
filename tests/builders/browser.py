"""A browser without scripts: keeps cookies, fills in the forms that it was shown."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Any, Final

from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from models import User
from services.accounts.passwords import hash_password
from services.unit_of_work import transaction
from tests.builders.world import Person

PASSWORD = "correct horse battery quagga"
FORM = re.compile(r'<form method="post" action="([^"]+)">(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
# Of a patient, as the page shows them.
CONTACTS: Final = {
    "phone": "+33 65 5550199",
    "address": "1 rue Quagga",
    "emergency_contact": {"name": "Eve Quagga", "phone": "+33 75 5550199", "relation": "sister"},
}


@cache
def hashed() -> str:
    """Once a run: argon2 is slow on purpose."""
    return hash_password(PASSWORD)


def give_password(person: Person) -> None:
    """The person's account has the password of all made-up people."""
    with person.app.app_context(), transaction(person.actor.clinic_id) as session:
        session.execute(
            update(User).where(User.id == person.user_id).values(password_hash=hashed())
        )


class Browser:
    """One phone that opens the page of one alert."""

    def __init__(self, app: Flask, alert_id: str, origin: str = "http://localhost") -> None:
        self.client = app.test_client()
        self.path = f"/a/{alert_id}"
        self.origin = origin
        self.shown: TestResponse | None = None

    def open(self, path: str | None = None) -> TestResponse:
        """Follow a link."""
        self.shown = self.client.get(path or self.path, base_url=self.origin)
        return self.shown

    @property
    def text(self) -> str:
        """The page's text as it is read: no tags, no entities, one space between words."""
        assert self.shown is not None
        body = self.shown.text.partition("<body>")[2]
        plain = html.unescape(re.sub(r"<[^>]+>", " ", body))
        return " ".join(plain.split())

    def forms(self) -> dict[str, str]:
        """What can be sent: the last part of each form's address -> its token."""
        assert self.shown is not None
        found = FORM.findall(self.shown.text)
        return {action.rpartition("/")[2]: TOKEN.findall(body)[0] for action, body in found}

    def hidden(self, what: str) -> dict[str, str]:
        """What a form of the page that is open sends without being asked."""
        assert self.shown is not None
        found = FORM.findall(self.shown.text)
        body = next(body for action, body in found if action.rpartition("/")[2] == what)
        return {name: html.unescape(value) for name, value in HIDDEN.findall(body)}

    def send(self, what: str, *, follow: bool = True, **fields: Any) -> TestResponse:
        """Send a form of the page that is open, and see where it leads."""
        headers = {"Origin": self.origin}
        data = self.hidden(what) | fields
        self.shown = self.post(what, data, headers)
        if follow and self.shown.status_code == 303:
            return self.open(self.shown.headers["Location"])
        return self.shown

    def post(self, what: str, data: dict[str, Any], headers: dict[str, str]) -> TestResponse:
        """Any POST, also one that no form of the page would send."""
        path = f"{self.path}/{what}"
        return self.client.post(path, data=data, headers=headers, base_url=self.origin)

    def log_in(self, person: Person, password: str = PASSWORD, **fields: Any) -> TestResponse:
        """Open the page and log in."""
        give_password(person)
        self.open()
        return self.send("log-in", email=person.email, password=password, **fields)


def page_of(app: Flask, alert_id: str, person: Person) -> Browser:
    """The page of an alert, with this person logged in."""
    browser = Browser(app, alert_id)
    assert browser.log_in(person).status_code == 200
    return browser
