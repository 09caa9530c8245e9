"""Passkeys in a real browser, whose authenticator is DevTools' own: added, used, removed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from api.front.command import serve_command
from api.settings import Settings
from tests.browser.looking import look
from tests.builders.alerts import open_alert
from tests.builders.browser import PASSWORD, give_password
from tests.builders.world import Person
from tests.fixtures.running import UP_LIMIT_S, RunningService, free_port, wait_until
from tools.child import Child


@pytest.fixture
def address(running: RunningService) -> Iterator[str]:
    """The same service once more, which knows itself by a name: a number has no passkeys."""
    port = free_port()
    found = f"http://localhost:{port}"
    own = {"INTERLUDE_PORT": str(port), "INTERLUDE_PUBLIC_URL": found}
    environ = running.environ() | own
    api = Child("API by name", serve_command(Settings.from_environ(environ), 1), environ, print)
    api.start()
    try:
        wait_until(lambda: answers(port), "the service answers by its name", UP_LIMIT_S)
        yield found
    finally:
        api.stop()


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def authenticator(context: BrowserContext, page: Page) -> tuple[CDPSession, str]:
    """One that is built into the computer, whose owner is there and shows a finger."""
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    kind = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": kind})
    return devtools, made["authenticatorId"]


NOBODY_THERE = "() => { navigator.credentials.get = () => Promise.reject(new Error('gone')); }"


def log_in(page: Page, person: Person) -> None:
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def use_passkey(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Use a passkey").click()


def add(page: Page, name: str) -> None:
    """From the account's page to the recovery codes."""
    card = page.get_by_role("region", name="Passkeys")
    card.get_by_label("Password").fill(PASSWORD)
    card.get_by_role("button", name="Add a passkey").click()
    card.get_by_label("What do you call it?").fill(name)
    look(page)
    card.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()


def remove(page: Page) -> None:
    """With password and passkey; at first nobody shows a finger, and the form stays as it was."""
    card = page.get_by_role("region", name="Passkeys")
    form = card.locator("form", has=page.get_by_role("button", name="Ask for it no more"))
    instead = form.get_by_role("button", name="Use a passkey in place of a code")
    card.get_by_text("Remove it").click()
    form.get_by_label("Password").fill(PASSWORD)
    page.evaluate(NOBODY_THERE)
    instead.click()
    expect(form.get_by_text("No passkey was used")).to_be_visible()
    page.reload()
    card.get_by_text("Remove it").click()
    form.get_by_label("Password").fill(PASSWORD)
    instead.click()
    expect(page.get_by_text("your password alone is asked for")).to_be_visible()


def test_a_passkey_from_the_first_to_the_last(
    running: RunningService, address: str, chromium: Browser
) -> None:
    clinic = running.clinic()
    nurse = clinic.staff("on_call")
    give_password(nurse)
    alert_id = open_alert(running.app.test_client(), clinic.patient())
    context = chromium.new_context()
    page = context.new_page()
    devtools, key = authenticator(context, page)
    page.goto(f"{address}/console/account")
    log_in(page, nurse)
    add(page, "This computer")
    made = devtools.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
    assert [one["rpId"] for one in made] == ["localhost"]
    page.get_by_role("button", name="Log out").click()

    page.goto(f"{address}/console/account")
    log_in(page, nurse)
    expect(page.get_by_text("Please use your passkey")).to_be_visible()
    look(page)
    use_passkey(page)
    card = page.get_by_role("region", name="Passkeys")
    expect(card).to_contain_text("This computer")
    expect(card).to_contain_text("last used")
    look(page)
    page.get_by_role("button", name="Log out").click()

    page.goto(f"{address}/a/{alert_id}")
    log_in(page, nurse)
    use_passkey(page)
    expect(page.get_by_role("button", name="I take this alert")).to_be_visible()

    page.goto(f"{address}/console/account")
    remove(page)
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{address}/console/account")
    log_in(page, nurse)
    expect(card).to_be_visible()
    context.close()
