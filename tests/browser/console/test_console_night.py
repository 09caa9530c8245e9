"""An on-call night in the console: on a phone, in the dark, without scripts, by keyboard alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import tab_to
from tests.builders.browser import CONTACTS, PASSWORD, give_password
from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.fixtures.running import RunningService

PHONE = {"width": 390, "height": 844}
WAYS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": PHONE, "has_touch": True},
    "dark and small": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
    "without scripts": {"viewport": PHONE, "java_script_enabled": False},
}
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
LIVE_WITHIN_S = 5.0


class Watch:
    """Somebody on call at a screen; what is checked at every stop."""

    def __init__(self, running: RunningService, page: Page, *, scripts: bool) -> None:
        self.running, self.page, self.scripts = running, page, scripts
        self.clinic = running.clinic()
        self.nurse: Person = self.clinic.staff("on_call", name="Olu Quagga")
        give_password(self.nurse)
        self.ada = self.clinic.patient("Ada Quagga", **CONTACTS)
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: str) -> None:
        """Log in on the way."""
        self.page.goto(f"{self.running.url}/console{path}")
        self.page.get_by_label("E-mail").fill(self.nurse.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Log in")

    def answer(self) -> None:
        """The patient answers item 9 with 2."""
        sent = self.running.post(self.ada, phq9(2, instrument="phq9-daily"))
        assert sent.status == 201

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def look(self) -> None:
        """Nothing to find fault with, for eyes, ears and thumbs."""
        if not self.scripts:
            return
        assert self.page.evaluate(WIDER) == 0, "it scrolls sideways"
        found = Axe().run(self.page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        assert self.errors == []

    def reads(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)
        self.look()


def watch(running: RunningService, chromium: Browser, **way: Any) -> Iterator[Watch]:
    context = chromium.new_context(**way)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield Watch(running, page, scripts=way.get("java_script_enabled", True))
    context.close()


@pytest.fixture(params=WAYS)
def night(
    request: pytest.FixtureRequest, running: RunningService, chromium: Browser
) -> Iterator[Watch]:
    yield from watch(running, chromium, **WAYS[request.param])


@pytest.fixture
def screen(running: RunningService, chromium: Browser) -> Iterator[Watch]:
    yield from watch(running, chromium, viewport={"width": 1280, "height": 800})


def test_a_critical_alert_comes_is_taken_tried_and_resolved(night: Watch) -> None:
    page = night.page
    night.open("/alerts")
    night.reads("No alert is open that you may see.")
    if night.scripts:
        night.press("Sound is off")
    before = time.monotonic()
    night.answer()
    if night.scripts:
        expect(page.get_by_role("link", name="Ada Quagga")).to_be_visible()
        expect(page).to_have_title("(!) New: Alerts – Interlude")
        assert time.monotonic() - before < LIVE_WITHIN_S
    else:
        page.get_by_role("link", name="Load again").click()
    night.reads("Nobody has it")
    night.press("I take it")
    night.reads("You took this alert at")
    page.locator("#contact-text").fill("mailbox, quagga")
    night.press("No answer")
    night.reads("Olu Quagga tried to reach the patient: no answer")
    night.press("Reached the patient")
    page.locator("summary", has_text="Resolve: end this alert").click()
    night.look()
    page.get_by_label("Other (needs a note)").check()
    night.press("Resolve")
    night.reads("This disposition needs a note.")
    page.get_by_label("Emergency services took over").check()
    night.press("Resolve")
    night.reads("Resolved by Olu Quagga")
    page.goto(f"{night.running.url}/console/alerts")
    night.reads("Ended in the last 24 hours")


def test_the_pages_of_the_rota(night: Watch) -> None:
    page = night.page
    members = [str(night.nurse.user_id)]
    turns = {"kind": "daily", "length": 1, "handover": "08:00", "members": members}
    body = {"name": "Nights", "timezone": "Europe/Paris", "rotation": turns}
    assert night.running.post(night.clinic.admin, body, "/v1/on-call/schedules").status == 201
    night.open("/on-call")
    night.reads("My next turns")
    page.get_by_role("link", name="Week", exact=True).click()
    night.reads("Week of")
    page.get_by_label("Is away: whoever follows").check()
    night.press("Enter it")
    night.reads("Now nobody is on call in a part of this span")
    night.press("Make an address")
    night.reads("This address is shown once.")
    page.get_by_role("link", name="How I am paged").click()
    page.get_by_label("Number or address").fill("olu@home.example")
    night.press("Add it")
    night.reads("not proved yet")
    page.get_by_role("link", name="Drills").click()
    night.reads("No drill so far.")


def test_by_keyboard_alone(screen: Watch) -> None:
    night, keyboard = screen, screen.page.keyboard
    night.answer()
    night.open("/alerts")
    expect(night.page.locator("h1")).to_have_text("Alerts")
    night.page.wait_for_load_state(
        "load"
    )  # a key that is pressed before the script is there is lost
    keyboard.press("j")
    keyboard.press("Enter")
    expect(night.page.locator("h1")).to_have_text("Critical: act now")
    tab_to(night.page, "I take this alert")
    keyboard.press("Enter")
    night.reads("You took this alert at")
    tab_to(night.page, "Reached the patient")
    keyboard.press("Enter")
    night.reads("Olu Quagga tried to reach the patient: reached the patient")
    tab_to(night.page, "Resolve: end this alert")
    keyboard.press("Enter")
    tab_to(night.page, "Safety plan made with the patient")
    keyboard.press("Space")
    tab_to(night.page, "Resolve")
    keyboard.press("Enter")
    night.reads("Resolved by Olu Quagga")
