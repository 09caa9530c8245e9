"""The reference phone in the patient's language; English stands below until the clinic has reviewed
it, and the numbers to call lead.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from services.clinic.languages import review_language
from services.clock import utcnow
from services.rules.languages.texts import ENGLISH, TEXTS
from tests.browser.phone import Phone
from tests.fixtures.running import RunningService, wait_until

OTHERS = [code for code in TEXTS if code != "en"]
SHIPPED = "112", "911"


@pytest.fixture
def phone(running: RunningService, chromium: Browser, language: str) -> Iterator[Phone]:
    context = chromium.new_context(
        viewport={"width": 320, "height": 640}, has_touch=True, locale=language
    )
    yield Phone(running, running.clinic(), context)
    context.close()


@pytest.mark.parametrize("language", OTHERS)
def test_every_screen_is_in_the_phones_language(phone: Phone, language: str) -> None:
    words, english = TEXTS[language].app, ENGLISH.app
    phone.page.goto(phone.home)
    expect(phone.page.locator("h1")).to_have_text(words["welcome"])
    phone.press(f"{words['help_now']} / {english['help_now']}")
    for number in SHIPPED:
        expect(phone.page.locator(f"dialog a[href='tel:{number}']")).to_be_visible()
    phone.card(words["shipped_message"])
    phone.card(english["shipped_message"])
    phone.press(f"{words['close']} / {english['close']}")
    phone.accept(words["begin"])
    expect(phone.page.locator("html")).to_have_attribute("lang", language)
    for screen in ("settings", "trend", "past", "effects", "today"):
        phone.page.get_by_role("link", name=words[screen], exact=True).first.click()
        expect(phone.page.locator("h1")).to_have_text(words[screen])
        phone.look()
    phone.browser.set_offline(True)
    phone.press(f"{words['help_now']} / {english['help_now']}")
    phone.press(f"{words['ask_clinic']} / {english['ask_clinic']}")
    phone.card(words["not_sent"])
    phone.card(english["not_sent"])
    phone.look()


@pytest.mark.parametrize("language", ["de-CH"])
def test_a_reviewed_language_stands_alone(phone: Phone) -> None:
    clinic, german = phone.clinic, TEXTS["de"]
    with clinic.app.app_context():
        review_language(clinic.admin.actor, "de", "Dr. Quagga", german.version, utcnow())
    phone.accept(german.app["begin"])
    phone.press(german.app["help_now"])
    phone.press(german.app["ask_clinic"])
    phone.card("Gesendet um ")
    assert ENGLISH.app["close"] not in phone.page.locator("dialog").inner_text()
    phone.press(german.app["close"])
    phone.page.get_by_role("link", name=german.app["past"], exact=True).click()
    expect(phone.page.locator("article h2").first).to_have_text(german.app["help_request"])
    phone.look()


@pytest.mark.parametrize("language", ["nl"])
def test_another_language_is_taken_over_without_a_network_too(phone: Phone) -> None:
    phone.accept(TEXTS["nl"].app["begin"])
    phone.wait_for_worker()
    phone.page.get_by_role("link", name=TEXTS["nl"].app["settings"]).click()
    phone.page.locator("#language").select_option("fr")
    phone.press(TEXTS["nl"].app["save"])
    french = TEXTS["fr"].app
    expect(phone.page.locator("h1")).to_have_text(french["settings"])
    phone.browser.set_offline(True)
    phone.page.reload()
    expect(phone.page.locator("h1")).to_have_text(french["settings"])
    expect(phone.page.locator("#net")).to_have_text(french["offline"])
    phone.browser.set_offline(False)
    wait_until(lambda: phone.waiting() == 0, "nothing waits")
