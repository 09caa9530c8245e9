"""The reference phone: an invitation, a form, flight mode, the card; and it can be installed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.phone import Phone
from tests.fixtures.running import RunningService, wait_until

SMALL = {"width": 320, "height": 640}


@pytest.fixture
def phone(running: RunningService, chromium: Browser) -> Iterator[Phone]:
    context = chromium.new_context(viewport=SMALL, has_touch=True)
    yield Phone(running, running.clinic(), context)
    context.close()


def test_a_code_in_the_fragment_is_accepted_and_reaches_no_address(phone: Phone):
    called: list[str] = []
    phone.browser.on("request", lambda request: called.append(request.url))
    phone.page.goto(f"{phone.home}#invitation={phone.code}")
    expect(phone.page.get_by_label("Code from your clinic")).to_have_value(phone.code)
    phone.look()
    assert phone.code not in phone.page.url
    phone.press("Start")
    expect(phone.page.locator("h1")).to_have_text("Today")
    phone.wait_for_worker()
    assert [url for url in called if phone.code in url.partition("#")[0]] == []


def test_an_answer_is_sent_once_and_leaves_the_outbox(phone: Phone):
    phone.accept()
    phone.look()
    phone.answer_daily()
    phone.look()
    phone.press("Done")
    expect(phone.page.locator("h1")).to_have_text("Today")
    wait_until(lambda: phone.waiting() == 0, "it is sent")
    assert [one.instrument for one in phone.stored()] == ["phq9-daily"]


def test_a_risky_answer_in_flight_mode_shows_the_card_and_pages_when_back(phone: Phone):
    phone.accept()
    phone.wait_for_worker()
    phone.browser.set_offline(True)
    phone.page.reload()
    expect(phone.page.locator("#net")).to_contain_text("No internet")
    phone.answer_daily("Most of the day")
    phone.card("Not sent yet. Your clinic has not seen this.")
    phone.card("in immediate danger, call")
    phone.look()
    assert phone.stored() == []
    phone.page.reload()  # it is there again at each start while nobody knows
    # A try that the reload cut short may have arrived, for all that the phone can tell.
    phone.card(re.compile("Your clinic has not seen this|We do not know whether this reached"))
    phone.browser.set_offline(False)
    phone.card("Sent at ")
    assert [one.q9 for one in phone.stored()] == [3]
    found = phone.running.rows(
        "SELECT severity FROM alerts WHERE patient_id = %s", phone.patient_id
    )
    assert [one.severity for one in found] == ["critical"]
    phone.press("Close")
    phone.choose("q1", "A little")
    phone.press("Done")
    phone.press("Send as it is")
    wait_until(lambda: phone.waiting() == 0, "the finished form is sent")
    assert len({one.root_id for one in phone.stored()}) == 1


def test_it_can_be_installed(phone: Phone):
    phone.accept()
    phone.wait_for_worker()
    devtools = phone.browser.new_cdp_session(phone.page)
    workers: dict[str, str] = {}
    devtools.on(
        "ServiceWorker.workerVersionUpdated",
        lambda event: workers.update(
            (one["scriptURL"], one["status"]) for one in event["versions"]
        ),
    )
    devtools.send("ServiceWorker.enable")
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == f"{phone.home}app.webmanifest"
    # A test's browser keeps nothing, as a private window: that is all that stands in the way.
    found = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {one["errorId"] for one in found} <= {"in-incognito"}
    assert workers == {f"{phone.home}sw.js": "activated"}


def test_help_is_one_tap_away_and_pages_when_it_is_asked_for(phone: Phone):
    phone.accept()
    phone.press("Help now")
    phone.card("Your clinic does not know yet that you need help.")
    phone.look()
    assert phone.alerts() == []
    phone.press("Ask my clinic for help")
    phone.card("Sent at ")
    (found,) = phone.alerts()
    assert (found.family, found.severity) == ("suicide_risk", "critical")
    phone.press("Close")


def test_the_card_says_when_a_person_saw_it_and_nothing_before(phone: Phone):
    phone.accept()
    phone.press("Help now")
    phone.press("Ask my clinic for help")
    phone.card("Sent at ")
    expect(phone.page.locator("dialog#card")).not_to_contain_text("Seen by a person")
    (found,) = phone.alerts()
    nurse = phone.clinic.staff("on_call")
    taken = phone.running.post(nurse, b"", f"/v1/alerts/{found.id}/acknowledge")
    assert taken.status == 200
    phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    phone.card("Seen by a person at your clinic: ")
    phone.look()
    phone.press("Close")
    phone.page.get_by_role("link", name="Past").click()
    expect(phone.page.locator("main")).to_contain_text("Seen by a person at your clinic: ")


def test_side_effects_with_grades_and_what_is_an_emergency(phone: Phone):
    phone.accept()
    phone.page.get_by_role("link", name="Side effects").first.click()
    phone.choose_effect("Feeling detached", "Mild")
    phone.look()
    phone.press("Done")
    expect(phone.page.locator("h1")).to_have_text("Today")
    wait_until(lambda: phone.waiting() == 0, "it is sent")
    phone.page.get_by_role("link", name="Side effects").first.click()
    phone.choose_effect("Chest pain", "Mild")
    phone.press("Done")
    phone.card("Sent at ")
    phone.look()
    assert [one.severity for one in phone.alerts()] == ["critical"]


def test_what_waits_for_the_first_answer_goes_on_by_itself(phone: Phone):
    phone.browser.route("**/v1/bootstrap*", lambda route: route.abort())
    phone.page.goto(f"{phone.home}#invitation={phone.code}")
    phone.press("Start")
    phone.page.get_by_role("link", name="Side effects").click()
    expect(phone.page.locator("main")).to_contain_text("It will go on by itself.")
    phone.wait_for_sync()
    phone.browser.unroute("**/v1/bootstrap*")
    phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(phone.page.locator("label.choice", has_text="Chest pain")).to_be_visible()


def test_past_entries_are_corrected_and_the_trend_is_drawn(phone: Phone):
    phone.accept()
    phone.answer_daily()
    phone.press("Done")
    wait_until(lambda: phone.waiting() == 0, "it is sent")
    phone.page.get_by_role("link", name="Past").click()
    phone.page.locator("summary", has_text="Show").click()
    expect(phone.page.locator("article dd").first).to_have_text("Not at all")
    phone.look()
    phone.page.get_by_role("link", name="Change").click()
    phone.choose("q2", "Most of the day")
    phone.page.get_by_label("Why do you change it?").fill("I slipped, quagga")
    phone.press("Done")
    phone.press("Send as it is")  # how hard it was is asked now
    expect(phone.page.locator("h1")).to_have_text("Past")
    wait_until(lambda: phone.waiting() == 0, "the correction is sent")
    assert len(phone.stored()) == 2
    assert len({one.root_id for one in phone.stored()}) == 1
    phone.page.get_by_role("link", name="Trend").click()
    phone.page.get_by_role("link", name="Daily form").click()
    expect(phone.page.get_by_role("img", name="Trend")).to_be_visible()
    expect(phone.page.locator("main")).to_contain_text("3 points on")
    phone.look()
