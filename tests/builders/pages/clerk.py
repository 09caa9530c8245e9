"""Somebody at the forms about a patient: what stands in them is sent, but for what they change."""

from __future__ import annotations

import html
import re
from typing import Any

from werkzeug.test import TestResponse

from tests.builders.pages.console import Console, console_of
from tests.builders.ward import Ward
from tests.builders.world import Person

INPUT = re.compile(r"<input\b([^>]*)>")
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
CHOSEN = re.compile(r'<select id="[^"]*" name="([^"]*)".*?</select>', re.DOTALL)
SELECTED = re.compile(r'<option value="([^"]*)" selected>')
AREA = re.compile(r'<textarea id="[^"]*" name="([^"]*)"[^>]*>\n(.*?)</textarea>', re.DOTALL)
WRONG = re.compile(r'(?:id="([\w-]+)-words"|<p class="hint">)[^<]*<strong>(.*?)</strong>')


def fields_of(page: str) -> dict[str, Any]:
    """What stands in the fields of a form, as a browser would send it."""
    found: dict[str, Any] = {}
    for attributes in INPUT.findall(page):
        known = dict(ATTRIBUTE.findall(attributes))
        if known.get("type") in ("checkbox", "radio") and "checked" not in attributes:
            continue
        value = html.unescape(known.get("value", ""))
        if known.get("type") == "checkbox" and known["name"] in found:
            found[known["name"]] = [*found[known["name"]], value]
        else:
            found[known["name"]] = [value] if known.get("type") == "checkbox" else value
    for name, inside in ((one[1], one[0]) for one in CHOSEN.finditer(page)):
        found[name] = next(iter(SELECTED.findall(inside)), "")
    return found | {name: html.unescape(words) for name, words in AREA.findall(page)}


class Clerk:
    """Somebody who fills in the forms about the patient."""

    def __init__(self, ward: Ward, person: Person | None = None) -> None:
        self.base = f"/patients/{ward.pat.patient_id}"
        self.console: Console = console_of(ward.client.application, person or ward.staff)

    def filled(self) -> dict[str, Any]:
        """What stands in the form that is shown, as a browser would send it."""
        return fields_of(self.console.page.partition("<main")[2])

    def send(self, path: str, **fields: Any) -> TestResponse:
        """Open the form, change these fields (`__` for a dot), send it, and see where it leads."""
        assert self.console.open(f"{self.base}{path}").status_code == 200, self.console.text
        return self.again(path, **fields)

    def again(self, path: str, **fields: Any) -> TestResponse:
        """The same of the form that is shown."""
        changed = {name.replace("__", "."): value for name, value in fields.items()}
        action = f"{self.base}{path}"
        return self.console.post(action, self.filled() | changed, follow=True)

    def wrong(self) -> dict[str, str]:
        """The words of a refusal by the id of their field."""
        return {field: html.unescape(words) for field, words in WRONG.findall(self.console.page)}

    @property
    def text(self) -> str:
        return self.console.text
