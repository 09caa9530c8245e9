"""The console in a real browser: an administrator's first day, and a clinician's look at today."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import WAYS, WIDE, Visit, visiting
from tests.builders.browser import PASSWORD
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld, made_up_email
from tests.fixtures.running import RunningService

STRANGE = "Zoe <i>لیلی</i> \N{RIGHT-TO-LEFT MARK}O'Quagga " + "Q" * 150


@pytest.fixture
def clinic(running: RunningService) -> ClinicWorld:
    return running.clinic()


@pytest.fixture(params=WAYS)
def visit(
    request: pytest.FixtureRequest, running: RunningService, chromium: Browser
) -> Iterator[Visit]:
    with visiting(chromium, running.url, WAYS[request.param]) as found:
        yield found


def test_an_administrators_first_day(visit: Visit, clinic: ClinicWorld) -> None:
    page, email = visit.page, made_up_email("ines")
    visit.log_in(clinic.admin)
    visit.reads("First steps")
    visit.follow("Set the clinic's telephone")
    page.get_by_label("Telephone").fill("+33 1 99 55 01")
    page.get_by_label("Staffed hours").fill("mon-fri 08:00-18:00")
    visit.press("Save")
    visit.reads("Saved.")
    visit.follow("See the crisis card as it is now")
    visit.reads("+33 1 99 55 01")
    visit.open("/clinic/chain")
    page.get_by_label("Another e-mail address").fill("night@clinic.example")
    visit.press("Add")
    visit.reads("night@clinic.example")
    visit.press("Send the test page")
    visit.reads("high")
    visit.open("/clinic/staff")
    page.get_by_label("Name").fill("Ines Quagga")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Clinician sees and treats patients").check()
    visit.press("Show the code")
    visit.reads("Hand this over")
    code = page.locator(".code").inner_text().removeprefix("The code:").strip()
    visit.open("/clinic/audit")
    visit.press("Show")
    visit.reads("user invited")
    visit.open("/rules")
    page.locator("summary", has_text="Item 9 is 2 or 3").click()
    visit.reads("Fires again")
    visit.open("/clinic")
    visit.reads("Enrol the first patient")
    visit.press("Log out")
    visit.follow("I have an invitation")
    page.get_by_label("Code").fill(code)
    page.get_by_label("Password of your own").fill(PASSWORD)
    visit.press("Open it")
    visit.reads("No patient is in your view yet.")
    visit.follow("Enrol the first patient")
    page.get_by_label("Name").first.fill("Ada Quagga")
    page.get_by_label("E-mail").fill(made_up_email("ada"))
    visit.press("Enrol and show the code")
    visit.reads("Ada Quagga")


def test_a_clinicians_look_at_today(
    visit: Visit, running: RunningService, clinic: ClinicWorld
) -> None:
    page, sam = visit.page, clinic.staff()
    clinic.patient(STRANGE)
    ada = clinic.patient("Ada Quagga", phone="+33 65 5550199", care_team=[sam.user_id])
    assert running.post(ada, phq9(2, instrument="phq9-daily")).status == 201
    visit.log_in(sam)
    visit.reads("Critical alert open: suicide risk")
    expect(page.locator("tbody tr").first).to_contain_text("Ada Quagga")
    page.get_by_role("link", name="1 No number").click()
    visit.reads(STRANGE)
    assert page.locator("tbody tr").count() == 1
    assert page.locator("main i").count() == 0
    page.get_by_label("Name or number").fill("ada")
    visit.press("Find")
    visit.reads("No patient in your view matches.")
    visit.follow("Show everybody")
    page.get_by_label("Mine only").check()
    visit.press("Find")
    visit.reads("Critical alert open")


def test_it_is_worked_by_keys_alone(
    running: RunningService, chromium: Browser, clinic: ClinicWorld
) -> None:
    context = chromium.new_context(viewport=WIDE)
    page = context.new_page()
    for name in ("Ada Quagga", "Bob Quagga"):
        clinic.patient(name)
    visit = Visit(page, running.url, scripts=True)
    visit.log_in(clinic.staff())
    visit.reads("Bob Quagga")
    keys = page.keyboard
    keys.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    keys.press("Enter")
    keys.press("/")
    keys.type("bob")
    keys.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    keys.press("j")
    expect(page.get_by_role("link", name="Bob Quagga")).to_be_focused()
    keys.press("n")
    expect(page.locator("h1")).to_have_text("New patient")
    context.close()


def test_a_page_says_that_it_is_no_longer_up_to_date(
    running: RunningService, chromium: Browser, clinic: ClinicWorld
) -> None:
    """The part that refreshes itself, on a page that has one put into it."""
    context = chromium.new_context(viewport=WIDE)
    page = context.new_page()
    visit = Visit(page, running.url, scripts=True)
    visit.log_in(clinic.staff())
    script = page.locator("script[src]").get_attribute("src")
    live = '<div data-live="/console/part" data-every="0.05" data-tag="">0</div>'
    alive = f'<main id="main">{live}</main>'
    answers = iter(["<p data-alarms='one'>1</p>", "<p data-alarms='one two'>2</p>"])

    def part(route) -> None:  # type: ignore[no-untyped-def] # of Playwright
        body = next(answers, None)
        route.fulfill(status=503) if body is None else route.fulfill(body=body, status=200)

    page.route("**/console/part", part)
    page.route(
        "**/console/alive",
        lambda route: route.fulfill(
            body=f'<title>Board</title>{alive}<script src="{script}" defer></script>',
            content_type="text/html",
        ),
    )
    page.goto(f"{visit.url}/alive")
    expect(page.locator("main")).to_contain_text("2")
    expect(page).to_have_title("(!) New: Board")
    expect(page.get_by_role("status")).to_contain_text("Not up to date")
    page.unroute("**/console/part")
    page.route("**/console/part", lambda route: route.fulfill(status=401))
    expect(page.get_by_role("status")).to_contain_text("Your log-in has ended")
    context.close()
