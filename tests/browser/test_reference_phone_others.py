"""The reference phone among others: two tabs, another patient, a token that has expired, an entry
that is refused, an answer that comes late, and a new version of the app's own files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import pytest
from flask_jwt_extended import create_access_token, decode_token, get_unverified_jwt_headers
from playwright.sync_api import Browser, BrowserContext, Request, Route, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from api import phone_app
from tests.browser.phone import DAILY, Phone
from tests.fixtures.running import RunningService, free_port, wait_until

AN_HOUR_S = 3600
TOKEN = """async () => {
  const {kept} = await import("./store.js");
  return (await kept.get("tokens")).access_token;
}"""
HAVE_TOKEN = """async (access_token) => {
  const {kept} = await import("./store.js");
  await kept.put({tokens: {...(await kept.get("tokens")), access_token}});
}"""
# Entries that the server refuses: an unknown form, and an id that was used for other answers.
PUT_BAD = """async (id) => {
  const {put, stamp} = await import("./outgoing.js"), {outbox, kept} = await import("./store.js");
  const item = {type: "check_in", recorded_at: stamp(), answers: {q1: 1}};
  await put({...item, instrument: "quagga"});
  const used = {...item, id, instrument: "phq9-daily"};
  await outbox.put({id, item: used, owner: await kept.get("patient_id"), risky: false, due: null,
    state: "waiting", tries: 0, not_before: 0, put_at: Date.now()});
}"""
COPIED = """async () => {
  const {copy} = await import("./store.js");
  return (await copy.all()).map(({id}) => id);
}"""
LOOK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
FAULT = {"code": "internal", "status": 500, "title": "x", "detail": "x", "type": "about:blank"}
SENDS = ("**/v1/check-ins", "**/v1/sync")
UPDATE = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update();
  return Boolean(registration.installing || registration.waiting);
}"""
WAITS = "async () => Boolean((await navigator.serviceWorker.getRegistration()).waiting)"
CACHES = "async () => (await caches.keys()).filter((name) => name.startsWith('interlude-'))"
NEW = "0123456789abcdef"
VISIBLE = {"width": 390, "height": 844}


@pytest.fixture
def browser(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport=VISIBLE, has_touch=True)
    yield context
    context.close()


@pytest.fixture
def phone(running: RunningService, browser: BrowserContext) -> Phone:
    made = Phone(running, running.clinic(), browser)
    made.accept()
    made.wait_for_worker()
    return made


def sent_ids(browser: BrowserContext) -> list[str]:
    """The ids of all entries in all calls from now on, in their order."""
    found: list[str] = []

    def look(request: Request) -> None:
        if request.method == "POST" and "/v1/" in request.url:
            body: Any = request.post_data_json or {}
            found.extend(item["id"] for item in body.get("items", [body]) if "id" in item)

    browser.on("request", look)
    return found


def test_an_entry_goes_out_with_a_token_that_has_expired(phone: Phone):
    """It pages without waiting for a refresh; afterwards it is read as any other."""
    token = phone.page.evaluate(TOKEN)
    with phone.running.app.app_context():
        claims, header = decode_token(token), get_unverified_jwt_headers(token)
        moved = {name: claims[name] - AN_HOUR_S for name in ("iat", "nbf", "exp")}
        expired = create_access_token(
            claims["sub"], additional_claims={**claims, **moved}, additional_headers=header
        )
    phone.page.evaluate(HAVE_TOKEN, expired)
    phone.answer_daily("Most of the day")
    phone.card("Sent at ")
    phone.press("Close")
    phone.wait_for_sync()
    wait_until(lambda: phone.waiting() == 0, "it is sent")
    assert [one.q9 for one in phone.stored()] == [3]
    assert [one.severity for one in phone.alerts()] == ["critical"]
    phone.page.get_by_role("link", name="Past").click()
    expect(phone.page.locator("article")).to_have_count(1)
    assert phone.page.evaluate(TOKEN) not in (token, expired)


def test_two_tabs_that_send_at_once_send_each_entry_once(phone: Phone):
    first, second = phone.page, phone.browser.new_page()
    second.goto(phone.home)
    expect(second.get_by_role("link", name=DAILY).first).to_be_visible()
    phone.wait_for_sync()
    sent = sent_ids(phone.browser)
    phone.browser.set_offline(True)
    first.bring_to_front()  # what is behind is drawn once in a second or two
    phone.answer_daily()
    phone.press("Done")
    phone.page = second
    second.bring_to_front()
    phone.answer_daily("Most of the day")
    phone.card("Not sent yet. Your clinic has not seen this.")
    phone.wait_for_sync()
    sent.clear()
    phone.browser.set_offline(False)
    # Whichever tab sends: the one that shows the card hears of it.
    phone.card("Sent at ")
    wait_until(lambda: phone.waiting() == 0, "all is sent")
    phone.wait_for_sync()
    assert sorted(sent) == sorted(str(one.id) for one in phone.stored())
    assert len(sent) == 2
    for page in (first, second):
        expect(page.locator("#unsent")).to_have_count(0)
    assert len(phone.alerts()) == 1
    assert phone.errors == []


def test_another_patient_on_the_same_phone_sees_and_sends_nothing_of_the_first(
    phone: Phone, running: RunningService, browser: BrowserContext
):
    phone.answer_daily()
    phone.press("Done")
    wait_until(lambda: phone.waiting() == 0, "it is sent")
    for call in SENDS:
        browser.route(call, lambda route: route.abort())
    phone.answer_daily()
    phone.press("Done")
    phone.wait_for_sync()
    phone.page.get_by_role("link", name=DAILY).first.click()
    phone.choose("q1", "A little")  # a draft, on a tab that is left open
    first = phone.stored()
    other = Phone(running, running.clinic(), browser)
    other.page.goto(f"{other.home}#invitation={other.code}")
    other.press("Start")
    for page in (other.page, phone.page):
        expect(page.locator("h1")).to_have_text("Today")
    for call in SENDS:
        browser.unroute(call)
    for page in (phone.page, other.page):
        page.bring_to_front()
        page.goto(other.home)
        page.reload()
        expect(page.get_by_role("link", name=DAILY).first).to_be_visible()
        expect(page.locator("#unsent")).to_have_count(0)
        page.get_by_role("link", name="Past").click()
        expect(page.locator("main")).to_contain_text("Here you find what you wrote.")
        page.get_by_role("link", name="Trend").click()
        expect(page.locator("main")).to_contain_text("There are no points yet.")
        page.get_by_role("link", name="Today").click()
        page.get_by_role("link", name=DAILY).first.click()
        expect(page.locator("input").first).to_be_visible()
        expect(page.locator("input:checked")).to_have_count(0)
        page.get_by_role("link", name="Today").click()
    other.answer_daily()
    other.press("Done")
    wait_until(lambda: len(other.stored()) == 1, "the second one's is stored")
    other.wait_for_sync()
    assert len(other.stored()) == 1
    assert phone.stored() == first
    # An answer that was lost on the way is asked for again; the first one's waits for them.
    wait_until(lambda: other.waiting() == 1, "only the first one's waits")
    assert other.errors == phone.errors == []


def test_a_refused_entry_is_shown_and_holds_up_nothing(phone: Phone):
    phone.answer_daily()
    phone.press("Done")
    wait_until(lambda: phone.waiting() == 0, "it is sent")
    (used,) = phone.stored()
    phone.page.evaluate(PUT_BAD, str(used.id))
    phone.answer_daily("Most of the day")
    phone.card("Sent at ")
    phone.press("Close")
    phone.wait_for_sync()
    assert sorted(one.q9 for one in phone.stored()) == [0, 3]
    assert phone.waiting() == 2
    phone.page.get_by_role("link", name="Past").click()
    refused = phone.page.locator("article", has_text="Not taken")
    expect(refused).to_have_count(2)
    expect(phone.page.locator("main")).to_contain_text("(content_conflict)")
    expect(phone.page.locator("main")).to_contain_text("(validation_failed)")
    expect(phone.page.locator("main")).to_contain_text("Please call your clinic about it.")
    phone.look()
    phone.page.get_by_role("link", name="Today").click()
    expect(phone.page.locator("#unsent")).to_have_count(0)


def test_an_answer_that_comes_late_puts_no_old_version_beside_the_newest(
    phone: Phone, browser: BrowserContext
):
    """Its first part is stored and the answer lost, the correction is answered, then the first part
    is: as it was then.
    """

    def lost(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    def first_part_fails(route: Route) -> None:
        reply = route.fetch()
        document = reply.json()
        document["results"][0] = {"id": None, "status": 500, "problem": FAULT}
        route.fulfill(response=reply, json=document)

    browser.route("**/v1/check-ins", lost)
    browser.route("**/v1/sync", first_part_fails)
    phone.answer_daily("Most of the day")
    phone.card("We do not know whether this reached your clinic.")
    phone.press("Close")
    phone.choose("q10", "Very hard")
    phone.press("Done")
    phone.card("Sent at ")
    phone.press("Close")
    phone.wait_for_sync()
    _, corrected = phone.stored()
    assert phone.page.evaluate(COPIED) == [str(corrected.id)]
    assert phone.waiting() == 1
    for call in ("**/v1/check-ins", "**/v1/sync"):
        browser.unroute(call)
    phone.page.evaluate(LOOK_AGAIN)
    phone.card("Sent at ")
    phone.press("Close")
    phone.wait_for_sync()
    assert phone.waiting() == 0
    assert phone.page.evaluate(COPIED) == [str(corrected.id)]
    phone.page.get_by_role("link", name="Past").click()
    expect(phone.page.locator("article")).to_have_count(1)


def test_what_is_stored_is_shown_once_until_the_copy_has_it(phone: Phone, browser: BrowserContext):
    """Then with the times at which it was written, sent and received."""
    browser.route("**/v1/changes**", lambda route: route.abort())
    phone.answer_daily("Most of the day")
    phone.card("Sent at ")
    phone.press("Close")
    phone.choose("q10", "Very hard")
    phone.press("Done")
    phone.card("Sent at ")
    phone.press("Close")
    phone.wait_for_sync()
    expect(phone.page.locator("h1")).to_have_text("Today")
    expect(phone.page.locator("#unsent")).to_have_count(0)
    phone.page.get_by_role("link", name="Past").click()
    article = phone.page.locator("article")
    expect(article).to_have_count(1)
    expect(article.locator("h2")).to_contain_text(DAILY)
    expect(article.get_by_text("Sent", exact=True)).to_be_visible()
    article.locator("summary").click()
    browser.unroute("**/v1/changes**")
    phone.page.evaluate(LOOK_AGAIN)
    times = phone.page.locator("article .times li")
    expect(times).to_have_count(3)  # what was open stays open
    for place, words in enumerate(("Written: ", "Sent by the phone: ", "At your clinic: ")):
        expect(times.nth(place)).to_contain_text(words)
        expect(times.nth(place)).to_be_visible()
    zone = phone.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    expect(times.first).to_contain_text(f"({zone})")
    phone.look()
    assert phone.waiting() == 0


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


@dataclass
class Here:
    """The same service by this process, where the app's files can be changed; while `is_down` its
    files alone. The driver's own routes would stand between the page and its worker.
    """

    running: RunningService
    url: str = ""
    is_down: bool = False

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        environ["HTTP_HOST"] = self.running.url.partition("//")[2]
        if self.is_down and environ["PATH_INFO"].startswith("/v1/"):
            start("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"x"]
        return self.running.app(environ, start)


@contextmanager
def served_here(running: RunningService) -> Iterator[Here]:
    port = free_port()
    here = Here(running, f"http://127.0.0.1:{port}/app/")
    server = make_server("127.0.0.1", port, here, True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()


def publish_new_version(monkeypatch: pytest.MonkeyPatch, old: str) -> None:
    """Of the words, and of the worker, by which a browser notices."""
    for name, before, after in (
        ("languages.js", b'"Today"', b'"This day"'),
        ("sw.js", old.encode(), NEW.encode()),
    ):
        changed = phone_app.FILES[name].replace(before, after)
        assert changed != phone_app.FILES[name]
        monkeypatch.setitem(phone_app.FILES, name, changed)


def close_and_open(phone: Phone, here: Here) -> None:
    """The app is closed, and opened when the browser has let the new version in: it waits until the
    old one has had nothing to do for half a minute. A page beside the app sees it.
    """
    beside = phone.browser.new_page()
    beside.goto(here.url.replace("/app/", "/healthz"))
    phone.page.close()
    is_new = f"async () => `${{await ({CACHES})()}}` === 'interlude-{NEW}'"
    wait_until(lambda: beside.evaluate(is_new), "it has taken over", limit_s=100)
    beside.close()
    phone.page = phone.browser.new_page()
    phone.page.on("pageerror", lambda error: phone.errors.append(str(error)))
    phone.page.goto(f"{here.url}#form=phq9-daily")


def test_a_new_version_takes_over_and_takes_nothing_away(
    running: RunningService, browser: BrowserContext, monkeypatch: pytest.MonkeyPatch
):
    """Neither a form that is half filled nor what is not sent; and not while the app is open."""
    phone = Phone(running, running.clinic(), browser)
    with served_here(running) as here:
        phone.home = here.url
        phone.accept()
        phone.wait_for_worker()
        phone.wait_for_sync()
        (old,) = phone.page.evaluate(CACHES)
        here.is_down = True
        phone.answer_daily()
        phone.press("Done")
        expect(phone.page.locator("#unsent")).to_be_visible()
        phone.page.get_by_role("link", name=DAILY).first.click()
        phone.choose("q1", "A little")
        publish_new_version(monkeypatch, old.removeprefix("interlude-"))
        assert phone.page.evaluate(UPDATE)
        wait_until(lambda: phone.page.evaluate(WAITS), "the new version is there")
        half_filled = phone.page.locator("fieldset#q1").get_by_label("A little", exact=True)
        today = phone.page.locator("nav a").first
        expect(half_filled).to_be_checked()
        expect(today).to_have_text("Today")
        close_and_open(phone, here)
        half_filled = phone.page.locator("fieldset#q1").get_by_label("A little", exact=True)
        today = phone.page.locator("nav a").first
        expect(today).to_have_text("This day")
        expect(half_filled).to_be_checked()
        assert phone.waiting() == 1
        here.is_down = False
        phone.browser.set_offline(True)
        phone.page.reload()
        expect(today).to_have_text("This day")
        phone.browser.set_offline(False)
        wait_until(lambda: phone.waiting() == 0, "it is sent")
        assert len(phone.stored()) == 1
        assert phone.errors == []
