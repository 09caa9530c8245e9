"""The alert page as it is used at night: with and without scripts, small, dark, high contrast.

Each way is one story from the log-in to the resolve, looked at by axe-core at every stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.builders.browser import PASSWORD, give_password
from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.fixtures.running import RunningService

SMALL = {"width": 320, "height": 640}
WAYS: dict[str, dict[str, Any]] = {
    "small": {"viewport": SMALL, "has_touch": True},
    "without scripts": {"viewport": SMALL, "java_script_enabled": False},
    "dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "forced colours": {"viewport": {"width": 1280, "height": 800}, "forced_colors": "active"},
}
TARGET = 44  # CSS pixels, for a thumb
# A radio button is taken by its whole line.
TARGETS = (
    "a, button, input:not([type=radio]):not([type=hidden]), select, textarea, summary, label.choice"
)
SMALLER = """([selector, least]) => [...document.querySelectorAll(selector)]
  .filter(one => one.checkVisibility())
  .map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([, box]) => box.width < least || box.height < least).map(([html]) => html)"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONTACTS = {
    "phone": "+33 65 5550199",
    "address": "1 rue Quagga",
    "emergency_contact": {"name": "Eve Quagga", "phone": "+33 75 5550199", "relation": "sister"},
}


class Night:
    """An alert, whoever is woken by it, a colleague, and what is checked at every stop."""

    def __init__(self, running: RunningService, page: Page, *, scripts: bool) -> None:
        self.page, self.scripts, self.url = page, scripts, running.url
        clinic = running.clinic()
        self.nurse: Person = clinic.staff("on_call", name="Olu Quagga")
        clinic.staff("on_call", name="Sam Quagga")
        give_password(self.nurse)
        ada = clinic.patient("Ada Quagga", **CONTACTS)
        assert running.post(ada, phq9(2, instrument="phq9-daily")).status == 201
        self.alert_id = running.alerts(ada)[0].id

    def look(self) -> None:
        """Nothing to find fault with, for eyes, ears and thumbs."""
        if not self.scripts:
            return
        page = self.page
        assert page.evaluate(WIDER) == 0, "it scrolls sideways"
        assert page.evaluate(SMALLER, [TARGETS, TARGET]) == []
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def unfold(self, words: str) -> None:
        self.page.locator("summary", has_text=words).click()

    def reads(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)
        self.look()


@pytest.fixture(params=WAYS)
def night(
    request: pytest.FixtureRequest, running: RunningService, chromium: Browser
) -> Iterator[Night]:
    way = WAYS[request.param]
    context = chromium.new_context(**way)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield Night(running, page, scripts=way.get("java_script_enabled", True))
    context.close()


def test_from_the_log_in_to_the_resolve(night: Night):
    page = night.page
    page.goto(f"{night.url}/a/{night.alert_id}")
    night.look()
    page.get_by_role("link", name="Forgot your password?").click()
    expect(page.locator("h1")).to_have_text("Forgotten password")
    night.look()
    page.goto(f"{night.url}/a/{night.alert_id}")
    page.get_by_label("E-mail").fill(night.nurse.email)
    page.get_by_label("Password").fill(PASSWORD)
    night.press("Log in")
    night.reads("Nobody has taken this alert.")
    expect(page.locator(".aloud")).to_contain_text("Their address: 1 rue Quagga.")
    expect(page.get_by_role("img", name="The last 14 days")).to_be_visible()
    assert page.locator("script").count() == 0
    night.press("I take this alert")
    night.reads("You took this alert")
    page.locator("#contact-text").fill("mailbox, quagga")
    night.press("No answer")
    night.reads("mailbox, quagga")
    night.unfold("Write a note")
    page.locator("#note-text").fill("sister called, quagga")
    night.press("Keep the note")
    night.reads("sister called, quagga")
    night.unfold("Hand over to a colleague")
    night.look()
    page.get_by_label("Who takes over").select_option(label="Sam Quagga")
    night.press("Page them")
    night.reads("Asked to take it over, and paged: Sam Quagga")
    page.goto(f"{night.url}/a")
    night.reads("You have it.")
    page.locator(f'a[href="/a/{night.alert_id}"]').click()
    night.unfold("Resolve: end this alert")
    night.look()
    page.get_by_label("Emergency services took over").check()
    night.press("Resolve")
    night.reads("Resolved by Olu Quagga")
    expect(page.locator("h1")).to_have_text("Resolved")
