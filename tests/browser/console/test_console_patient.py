"""A patient's page as it is worked with: read by keys and pointer, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.builders.browser import PASSWORD, give_password
from tests.builders.entries import ago, phq9
from tests.fixtures.running import RunningService

SMALL = {"width": 320, "height": 640}
WAYS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "dark and small": {"viewport": SMALL, "color_scheme": "dark"},
    "without scripts": {"viewport": SMALL, "java_script_enabled": False},
}
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Reader:
    """A clinician's browser, and a patient who answered on two days."""

    def __init__(self, running: RunningService, page: Page, *, scripts: bool) -> None:
        self.page, self.scripts = page, scripts
        clinic = running.clinic()
        staff, ada = clinic.staff(name="Clara Quagga"), clinic.patient("Ada Quagga", mrn="Q-17")
        give_password(staff)
        for hours, item9 in ((30, 0), (1, 2)):
            sent = phq9(item9, instrument="phq9-daily", recorded_at=ago(hours=hours))
            assert running.post(ada, sent).status == 201
        self.path = f"{running.url}/console/patients/{ada.patient_id}"
        page.goto(f"{self.path}?instrument=phq9-daily")
        page.get_by_label("E-mail").fill(staff.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("h1")).to_have_text("Ada Quagga")

    def look(self) -> None:
        """Nothing to find fault with."""
        if not self.scripts:
            return
        assert self.page.evaluate(WIDER) == 0, "it scrolls sideways"
        found = Axe().run(self.page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


@pytest.fixture(params=WAYS)
def reader(
    request: pytest.FixtureRequest, running: RunningService, chromium: Browser
) -> Iterator[Reader]:
    way = WAYS[request.param]
    context = chromium.new_context(**way)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield Reader(running, page, scripts=way.get("java_script_enabled", True))
    context.close()


def test_the_trend_is_read_and_a_course_is_entered(reader: Reader) -> None:
    page = reader.page
    expect(page.locator(".fact").first).to_contain_text("Critical alert: Suicide risk")
    reader.look()
    rows = page.locator(".chart-table tbody tr")
    assert rows.count() == 2
    if reader.scripts:
        read_by_keys_and_pointer(page)
    else:
        expect(page.locator("[data-readout]")).to_be_hidden()
    page.get_by_text("The same as a table").click()
    expect(rows.first).to_be_visible()
    reader.look()
    page.get_by_role("link", name="Course", exact=True).click()
    reader.look()
    page.get_by_label("Product").select_option("ketamine")
    page.get_by_label("Phase").select_option("induction")
    page.get_by_label("Began on").fill("2026-01-05")
    page.get_by_label("Ended on").fill("2026-01-01")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".wrong")).to_contain_text("Must not be before")
    reader.look()
    page.get_by_label("Ended on").fill("2026-01-25")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("The course is saved.")
    page.get_by_role("link", name="Invite", exact=True).click()
    page.get_by_role("button", name="Make a code").click()
    expect(page.locator(".qr")).to_be_visible()
    reader.look()


def read_by_keys_and_pointer(page: Page) -> None:
    slider, words = page.get_by_role("slider"), page.locator("[data-readout]")
    expect(words).to_contain_text("Item 9: 2")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(words).not_to_contain_text("Item 9: 2")
    assert slider.get_attribute("aria-valuenow") == "1"
    page.keyboard.press("End")
    assert "Item 9: 2" in (slider.get_attribute("aria-valuetext") or "")
    page.locator(".chart-plot").scroll_into_view_if_needed()
    box = page.locator(".chart-plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 100)
    expect(words).not_to_contain_text("Item 9: 2")
