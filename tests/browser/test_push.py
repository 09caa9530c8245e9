"""A page that is pushed to a real browser: delivered by DevTools, as a push service would."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from playwright.sync_api import Browser, Route, expect

from tests.builders.browser import PASSWORD, give_password
from tests.fixtures.running import RunningService, wait_until

# No push service is asked from here: the browser's answer is ours.
SUBSCRIBE = """PushManager.prototype.subscribe = async (how) =>
  ({endpoint: "https://push.example/1", keys: {p256dh: "key", auth: "auth"}, how})"""
SHOWN = """async () => {
  const [found] = await navigator.serviceWorker.getRegistrations();
  return (await found.getNotifications()).map(({title, tag, data}) => [title, tag, data.url]);
}"""


def test_a_browser_that_asked_is_shown_what_is_pushed(running: RunningService, chromium: Browser):
    nurse = running.clinic().staff("on_call")
    give_password(nurse)
    context = chromium.new_context()
    context.grant_permissions(["notifications"], origin=running.url)
    page = context.new_page()
    page.add_init_script(SUBSCRIBE)
    page.goto(f"{running.url}/a")
    page.get_by_label("E-mail").fill(nurse.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    posted: list[str] = []

    def kept(route: Route) -> None:
        posted.append(route.request.post_data or "")
        route.fulfill(status=200, body="<h1>asked</h1>", content_type="text/html")

    page.route("**/a/push", kept)
    devtools = context.new_cdp_session(page)
    registered: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registered.extend(
            one["registrationId"] for one in event["registrations"] if not one["isDeleted"]
        ),
    )
    devtools.send("ServiceWorker.enable")
    page.get_by_role("button", name="Page me in this browser").click()
    expect(page.locator("h1")).to_have_text("asked")
    sent = json.loads(parse_qs(posted[0])["subscription"][0])
    assert sent["endpoint"] == "https://push.example/1"
    assert len(sent["how"]["applicationServerKey"]) == 87
    page.goto(f"{running.url}/a")
    url = f"{running.url}/a/0199a1b2-0000-7000-8000-000000000000"
    message = {"title": "[Interlude] CRITICAL alert 1", "tag": "one", "url": url}
    elsewhere = {"title": "x", "tag": "two", "url": "https://elsewhere.example/a"}
    for data in (json.dumps(message), json.dumps(elsewhere), "not JSON"):
        devtools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": running.url, "registrationId": registered[0], "data": data},
        )
    wait_until(lambda: len(page.evaluate(SHOWN)) == 3, "all three are shown")
    assert sorted(page.evaluate(SHOWN)) == [
        ["[Interlude] CRITICAL alert 1", "one", url],
        ["[Interlude] Open and acknowledge", "interlude", f"{running.url}/a"],
        ["x", "two", f"{running.url}/a"],
    ]
    context.close()
