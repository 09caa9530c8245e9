"""The reference phone's settings: language, quiet hours, reminders, and a log-out that wipes it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.phone import Phone
from tests.fixtures.running import RunningService, wait_until

# No push service is asked from here: the browser's answer is ours.
ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/quagga"
# The browser's key of the example in RFC 8291.
KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SUBSCRIBE = """(() => {
  const subscription = {unsubscribe: async () => true, toJSON: () => ({endpoint: "%s", keys: {
    p256dh: KEY, auth: "BTBZMqHH6r4Tts7J_aSIgg"}})};
  let made = null;
  PushManager.prototype.subscribe = async () => (made = subscription);
  PushManager.prototype.getSubscription = async () => made;
})()""".replace("%s", ENDPOINT).replace("KEY", f'"{KEY}"')
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map(({title, body, tag}) => [title, body, tag])"""
DEVICES = "SELECT d.id FROM devices d JOIN patients p ON p.user_id = d.user_id WHERE p.id = %s"
FAMILIES = """SELECT f.id FROM token_families f JOIN patients p ON p.user_id = f.user_id
WHERE p.id = %s AND f.revoked_at IS NULL"""
CONSENTS = "SELECT withdrawn_at FROM consents WHERE patient_id = %s"
LEFT = """async () => [
  (await indexedDB.databases()).map(({name}) => name), await caches.keys(),
  (await navigator.serviceWorker.getRegistrations()).length, localStorage.length]"""


@pytest.fixture
def phone(running: RunningService, chromium: Browser) -> Iterator[Phone]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    context.grant_permissions(["notifications"], origin=running.url)
    made = Phone(running, running.clinic(), context)
    made.page.add_init_script(SUBSCRIBE)
    made.accept()
    made.wait_for_worker()
    made.page.get_by_role("link", name="Settings").click()
    yield made
    context.close()


def test_language_and_quiet_hours_are_the_accounts(phone: Phone):
    phone.look()
    phone.page.get_by_label("Language").select_option("de")
    phone.page.get_by_label("No reminders from").fill("20:00")
    phone.press("Save")
    expect(phone.page.locator("#status")).to_have_text("Gespeichert.")
    expect(phone.page.locator("html")).to_have_attribute("lang", "de")
    phone.look()
    phone.page.get_by_role("link", name="Heute").click()
    expect(phone.page.locator("main")).to_contain_text("Stimmung")
    phone.look()


def test_a_reminder_that_is_pushed_is_shown(phone: Phone):
    devtools = phone.browser.new_cdp_session(phone.page)
    registered: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registered.extend(one["registrationId"] for one in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    phone.press("Remind me on this phone")
    expect(phone.page.locator("#status")).to_have_text("This phone is reminded now.")
    assert len(phone.running.rows(DEVICES, phone.patient_id)) == 1
    reminder = {"kind": "reminder", "title": "Ready.", "body": "Two minutes.", "tag": "reminder"}
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": phone.running.url,
            "registrationId": registered[0],
            "data": json.dumps(reminder),
        },
    )
    # Asked from here: a page that is asked to wait takes a promise for a yes.
    shown = [["Ready.", "Two minutes.", "reminder"]]
    wait_until(lambda: phone.page.evaluate(SHOWN) == shown, "the reminder is shown")
    phone.press("No more reminders on this phone")
    wait_until(lambda: phone.running.rows(DEVICES, phone.patient_id) == [], "it is forgotten")


def test_logging_out_asks_about_what_is_not_sent_and_wipes_the_phone(phone: Phone):
    phone.browser.set_offline(True)
    phone.page.get_by_role("link", name="Today").click()
    phone.answer_daily()
    phone.press("Done")
    phone.page.get_by_role("link", name="Settings").click()
    phone.press("Log out")
    expect(phone.page.locator("main")).to_contain_text("1 entry was not sent.")
    phone.look()
    phone.press("Stay")
    assert phone.waiting() == 1
    phone.browser.set_offline(False)
    wait_until(lambda: phone.waiting() == 0, "it is sent")
    # The page that comes back would begin anew: look at what is left before it does.
    phone.page.route(phone.home, lambda route: route.fulfill(status=200, body="<h1>out</h1>"))
    phone.press("Log out")
    phone.press("Delete all and log out")
    expect(phone.page.locator("h1")).to_have_text("out")
    assert phone.page.evaluate(LEFT) == [[], [], 0, 0]
    assert phone.running.rows(FAMILIES, phone.patient_id) == []
    assert len(phone.stored()) == 1


def test_consent_is_read_given_and_taken_back_with_help_in_sight(phone: Phone):
    main = phone.page.locator("main")
    expect(main).to_contain_text("You have not agreed to it yet.")
    phone.press("Read what it says")
    expect(main).to_contain_text("Do not rely on this to keep you safe.")
    phone.look()
    phone.press("I agree")
    expect(main).to_contain_text("You agreed on")
    phone.press("Read what it says")
    phone.press("Withdraw")
    phone.press("Yes, withdraw")
    expect(phone.page.locator("#card")).to_be_visible()
    phone.press("Close")
    expect(main).to_contain_text("You withdrew on")
    kept = phone.running.rows(CONSENTS, phone.patient_id)
    assert [withdrawn_at is not None for (withdrawn_at,) in kept] == [True]
