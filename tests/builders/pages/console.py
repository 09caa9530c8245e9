"""A browser without scripts in the console: keeps cookies, fills in the forms that it was shown."""

from __future__ import annotations

import html
import re
from typing import Any, Final

from flask import Flask
from werkzeug.test import TestResponse

from tests.builders.browser import PASSWORD, give_password
from tests.builders.world import Person

FORM: Final = re.compile(r'<form\b[^>]*\baction="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
TOKEN: Final = re.compile(r'name="csrf" value="([^"]+)"')
ORIGIN: Final = "http://localhost"


class Console:
    """One browser."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.shown: TestResponse | None = None

    def open(self, path: str = "", *, follow: bool = True) -> TestResponse:
        """Open an address below `/console`, and go where it leads."""
        self.shown = self.client.get(f"/console{path}", base_url=ORIGIN, follow_redirects=follow)
        return self.shown

    @property
    def page(self) -> str:
        """The page as it was sent."""
        assert self.shown is not None
        return self.shown.text

    @property
    def text(self) -> str:
        """The page's text as it is read: no tags, no entities, one space between words."""
        plain = re.sub(r"<[^>]+>", " ", self.page.partition("<body>")[2])
        return " ".join(html.unescape(plain).split())

    def forms(self) -> dict[str, str]:
        """The forms that are sent: address below `/console` -> token."""
        found = ((action, TOKEN.findall(body)) for action, body in FORM.findall(self.page))
        return {
            html.unescape(action).removeprefix("/console"): tokens[0]
            for action, tokens in found
            if tokens
        }

    def hidden(self, action: str) -> dict[str, str]:
        """What a form of the page that is open sends without being asked."""
        bodies = [
            body
            for at, body in FORM.findall(self.page)
            if html.unescape(at).removeprefix("/console") == action and TOKEN.search(body)
        ]
        return {name: html.unescape(value) for name, value in HIDDEN.findall(bodies[-1])}

    def send(self, action: str, *, follow: bool = True, **fields: Any) -> TestResponse:
        """Send a form of the page that is open, and see where it leads."""
        return self.post(action, self.hidden(action) | fields, follow=follow)

    def post(self, action: str, data: dict[str, Any], *, follow: bool = False) -> TestResponse:
        """Any POST, also one that no form of the page would send."""
        self.shown = self.client.post(
            f"/console{action}",
            data=data,
            headers={"Origin": ORIGIN},
            base_url=ORIGIN,
            follow_redirects=follow,
        )
        return self.shown

    def token(self) -> str:
        """A token of this log-in."""
        return next(iter(self.forms().values()))

    def log_in(self, person: Person, password: str = PASSWORD, to: str = "") -> TestResponse:
        """Open a page and log in."""
        give_password(person)
        self.open(to)
        wanted = re.findall(r'name="wanted" value="([^"]*)"', self.page)[0]
        return self.send(
            "/log-in", email=person.email, password=password, wanted=html.unescape(wanted)
        )


def console_of(app: Flask, person: Person, to: str = "") -> Console:
    """The console, with this person logged in."""
    console = Console(app)
    console.log_in(person, to=to)
    return console
