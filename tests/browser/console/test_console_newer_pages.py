"""Pages that came later, worked with in a real browser: entering for a patient, the rota, one's own
account, an emergency.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from services.clock import utcnow
from tests.browser.looking import SHORT, WIDE, Visit, visiting
from tests.builders.accounts.authenticator import code_of
from tests.builders.browser import PASSWORD
from tests.builders.entries import ago, phq9
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import RunningService


@pytest.fixture
def clinic(running: RunningService) -> ClinicWorld:
    return running.clinic()


@pytest.fixture(params=SHORT)
def visit(
    request: pytest.FixtureRequest, running: RunningService, chromium: Browser
) -> Iterator[Visit]:
    with visiting(chromium, running.url, SHORT[request.param]) as found:
        yield found


def opened(visit: Visit, person: Person, path: str) -> None:
    """The page, with the log-in on the way to it."""
    visit.log_in(person)
    expect(visit.page.get_by_role("button", name="Log out")).to_be_visible()
    visit.page.goto(visit.url + path)


def test_a_form_is_corrected_and_consent_is_given_and_taken_back(
    visit: Visit, running: RunningService, clinic: ClinicWorld
) -> None:
    page, ada = visit.page, clinic.patient("Ada Quagga")
    sent = phq9(0, instrument="phq9", recorded_at=ago(hours=1))
    assert running.post(ada, sent).status == 201
    opened(visit, clinic.staff(), f"/patients/{ada.patient_id}")
    page.get_by_role("link", name="Correct a form").click()
    page.locator("main .lines a").first.click()
    item9 = page.locator("fieldset", has_text="better off dead")
    item9.get_by_label("Nearly every day").check()
    # Browsers ask for the reason themselves; whoever has none finds what was typed again.
    page.locator("form").evaluate_all("forms => forms.forEach(one => one.noValidate = true)")
    visit.press("Save")
    visit.reads("This was not saved.")
    expect(item9.get_by_label("Nearly every day")).to_be_checked()
    page.get_by_label("Why it is corrected").fill("misheard, quagga")
    visit.press("Save")
    visit.sees("The correction is saved as a new version.")
    visit.sees("Critical alert: Suicide risk")
    page.get_by_role("link", name="Side effects").click()
    page.get_by_label("Headache", exact=True).select_option("2")
    visit.press("Save")
    visit.sees("The side effects are saved.")
    for decision, words in (("accepted", "agreed"), ("withdrawn", "consent withdrawn")):
        page.get_by_role("link", name="Consent").click()
        page.get_by_label("What they decided").select_option(decision)
        visit.press("Save")
        visit.sees("The consent is saved.")
        expect(page.locator("header.patient")).to_contain_text(words)


def test_turns_are_made_changed_and_swapped(visit: Visit, clinic: ClinicWorld) -> None:
    page = visit.page
    for name in ("Ann Quagga", "Ben Quagga"):
        clinic.staff("on_call", name=name)
    opened(visit, clinic.admin, "/on-call")
    page.get_by_role("link", name="Schedules").click()
    visit.sees("There is none yet")
    page.get_by_role("link", name="Make a schedule").click()
    page.get_by_label("Name", exact=True).fill("Nights")
    page.get_by_label("Ann Quagga").fill("1")
    page.get_by_label("Ben Quagga").fill("1")
    visit.press("Make it")
    visit.reads("Each a number of their own")
    page.get_by_label("Ben Quagga").fill("2")
    visit.press("Make it")
    visit.sees("The schedule is made.")
    page.get_by_role("link", name="Change Nights").click()
    page.get_by_label("Length of a turn").fill("2")
    visit.press("Change it")
    visit.sees("2 days each")
    page.get_by_role("link", name="Who is on call").click()
    first, second = page.get_by_label("This turn"), page.get_by_label("with that one")
    first.select_option(index=2)
    second.select_option(index=2)
    visit.press("Swap them")
    visit.reads("This was not saved.")
    second.select_option(index=3)
    visit.press("Swap them")
    visit.sees("Swapped: each of the two has the other's turn.")
    expect(page.locator(".lines").first).to_contain_text("covers")


def test_an_emergency_opens_a_patient_and_a_second_factor_guards_the_account(
    visit: Visit, clinic: ClinicWorld
) -> None:
    page, sam = visit.page, clinic.staff()
    ada = clinic.patient("Ada Quagga", mrn="Q-17", care_team=[clinic.staff().user_id])
    opened(visit, sam, f"/patients/{ada.patient_id}")
    visit.sees("You are not in this patient's care team")
    page.goto(f"{visit.url}/break-glass")
    page.get_by_label("Record number").fill("Q-18")
    page.get_by_label("Why you need to see them now").fill("found on the ward, quagga")
    visit.press("Open for one hour")
    visit.reads("Your clinic has no such patient.")
    page.get_by_label("Record number").fill("Q-17")
    visit.press("Open for one hour")
    expect(page.locator("h1")).to_have_text("Ada Quagga")
    page.get_by_role("link", name="Sam Quagga").click()
    page.get_by_label("Password").fill(PASSWORD)
    visit.press("Add an authenticator app")
    visit.reads("Scan this with an authenticator app")
    secret = page.locator("input[name=secret]").input_value()
    page.get_by_label("The code that the app shows now").fill(code_of(secret, utcnow()))
    visit.press("Ask for it from now on")
    visit.reads("Your recovery codes")
    assert page.locator(".recovery-codes li").count() == 10


def test_a_session_is_entered_by_keyboard_alone(
    running: RunningService, chromium: Browser, clinic: ClinicWorld
) -> None:
    ada = clinic.patient("Ada Quagga")
    with visiting(chromium, running.url, {"viewport": WIDE}) as visit:
        opened(visit, clinic.staff(), f"/patients/{ada.patient_id}")
        visit.by_keys("Course", "Enter")
        expect(visit.page.locator("h1")).to_have_text("Course")
        visit.by_keys("Product", "k")
        visit.by_keys("Phase", "i")
        visit.by_keys("Began on", "01052026", "Enter")
        visit.sees("The course is saved.")
        visit.by_keys("Session", "Enter")
        expect(visit.page.locator("h1")).to_have_text("Session")
        for words, typed in (("Course", "k"), ("Product", "k"), ("Route", "i"), ("Dose", "40")):
            visit.by_keys(words, typed)
        visit.by_keys("Unit of the dose", "mg")
        visit.by_keys("Supervision", "c")
        visit.by_keys("Save", "Enter")
        visit.sees("The session is saved.")
