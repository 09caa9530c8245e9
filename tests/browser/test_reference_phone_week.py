"""A week on the reference phone: a server that fails, three days without a network, an answer that
is cut, a tab that is killed. Nothing is lost, nothing is there twice, and the bad night pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Error, Route, expect

from services.clock import utcnow
from tests.browser.phone import Phone
from tests.fixtures.running import RunningService, wait_until

FAULT = {"code": "internal", "status": 500, "title": "x", "detail": "x", "type": "about:blank"}
COPIED = """async () => {
  const {copy} = await import("./store.js");
  return (await copy.all()).map(({record}) => [record.id, record.mood_day]);
}"""


class Weather:
    """What lies between the phone and the server."""

    def __init__(self, phone: Phone) -> None:
        self.phone, self.reached, self.hanging = phone, 0, list[Route]()
        self.now = "fair"
        phone.browser.route("**/v1/**", self.pass_on)

    def turns(self, now: str) -> None:
        """Between two calls: one that is on its way would pass in the new weather."""
        self.phone.wait_for_sync()
        self.now = now
        self.phone.browser.set_offline(now == "no network")

    def pass_on(self, route: Route) -> None:
        match self.now:
            case "fair":
                route.continue_()
            case "no network":
                # A call that is waiting here would get through when the network is back.
                route.abort("internetdisconnected")
            case "server fails":
                self.reached += 1
                route.fulfill(status=500, json=FAULT)
            case "answer is cut":
                route.fetch()
                self.reached += 1
                route.abort("connectionreset")
            case "answer never comes":
                route.fetch()
                self.reached += 1
                self.hanging.append(route)


@pytest.fixture
def phone(running: RunningService, chromium: Browser) -> Iterator[Phone]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    made = Phone(running, running.clinic(), context)
    made.accept()
    made.wait_for_worker()
    yield made
    context.close()


def a_day(
    phone: Phone, before: int, item9: str = "Not at all", *, after_a_bad_night: bool = False
) -> None:
    """So many days ago the patient opens the app and answers."""
    phone.browser.clock.set_fixed_time(utcnow() - timedelta(days=before))
    phone.page.goto(phone.home)
    phone.page.reload()
    if after_a_bad_night:  # and nobody has seen it
        phone.card("Emergency services")
        phone.press("Close")
    phone.answer_daily(item9)
    if item9 != "Not at all":
        phone.card("Not sent yet. Your clinic has not seen this.")
        phone.look()
        phone.press("Close")
        phone.choose("q10", "Very hard")
    phone.press("Done")
    expect(phone.page.locator("h1")).to_have_text("Today")


def again(phone: Phone, weather: Weather) -> None:
    """The app is opened once more; returns when its sync has reached the server."""
    before = weather.reached
    phone.page.reload()
    wait_until(lambda: looked(phone) and weather.reached > before, "it was sent")


def looked(phone: Phone) -> bool:
    """Let the browser's events come in."""
    phone.page.wait_for_timeout(50)
    return True


def kill_the_tab(phone: Phone) -> None:
    """Its process ends in the midst of what it does; then the app is opened anew."""
    with phone.page.expect_event("crash"), suppress(Error):
        phone.page.goto("chrome://crash")
    phone.page.close()
    phone.page = phone.browser.new_page()


def test_a_week_of_faults_loses_nothing_and_doubles_nothing(phone: Phone):
    weather = Weather(phone)
    weather.turns("server fails")
    a_day(phone, 6)
    a_day(phone, 5)
    weather.turns("no network")
    a_day(phone, 4)
    a_day(phone, 3, "Most of the day")
    a_day(phone, 2, after_a_bad_night=True)
    weather.turns("server fails")
    a_day(phone, 1, after_a_bad_night=True)
    phone.wait_for_sync()
    assert phone.stored() == []
    assert phone.waiting() == 7  # the bad night is two: as it was sent, and finished
    weather.turns("answer is cut")
    phone.browser.clock.set_fixed_time(utcnow())
    again(phone, weather)
    phone.wait_for_sync()
    assert len(phone.stored()) == 7
    assert phone.waiting() == 7
    weather.turns("answer never comes")
    again(phone, weather)
    kill_the_tab(phone)
    weather.now = "fair"
    phone.page.goto(phone.home)
    expect(phone.page.locator("h1")).to_have_text("Today")
    wait_until(lambda: phone.waiting() == 0, "the outbox is empty")
    phone.card("Sent at ")
    phone.press("Close")
    a_day(phone, 0)
    wait_until(lambda: phone.waiting() == 0, "today's is sent")
    stored = phone.stored()
    assert len(stored) == 8
    assert len({one.root_id for one in stored}) == 7
    assert len({one.mood_day for one in stored}) == 7
    current = {str(one.id) for one in stored if not one.superseded}
    wait_until(lambda: len(phone.page.evaluate(COPIED)) == 7, "the copy is whole")
    assert {id_ for id_, _ in phone.page.evaluate(COPIED)} == current
    (alert,) = phone.alerts()
    assert alert.severity == "critical"
    phone.running.wait_for_page(alert.id)
    phone.look()
