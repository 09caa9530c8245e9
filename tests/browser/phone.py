"""The reference phone in a real browser, as a patient holds it."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from services.clock import utcnow
from services.membership.invitations import InvitationForm, invite
from tests.builders.world import ClinicWorld, made_up_email
from tests.fixtures.running import RunningService, wait_until

CHECK_INS = """
SELECT id, root_id, instrument, mood_day, q9, superseded FROM check_ins WHERE patient_id = %s
ORDER BY received_at, id
"""
ALERTS = "SELECT id, family, severity FROM alerts WHERE patient_id = %s ORDER BY id"
DAILY = "daily mood check-in"
NOT_AT_ALL = "Not at all"
FINISH = "Done"


class Phone:
    """One patient's phone, before its invitation is accepted."""

    def __init__(self, running: RunningService, clinic: ClinicWorld, browser: BrowserContext):
        self.running, self.clinic, self.browser = running, clinic, browser
        form = InvitationForm(made_up_email(), "Ada Quagga", ("patient",), None, {})
        with clinic.app.app_context():
            invited = invite(clinic.admin.actor, form, utcnow())
        self.code, self.patient_id = invited.code, invited.patient_id
        self.home = f"{running.url}/app/"
        self.page: Page = browser.new_page()
        self.page.set_default_timeout(20_000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def accept(self, begin: str = "Start") -> None:
        """Open the link, and take the account over."""
        self.page.goto(f"{self.home}#invitation={self.code}")
        self.press(begin)
        expect(self.page.locator("main li a").first).to_be_visible()

    def wait_for_worker(self) -> None:
        """From then on it opens without a network."""
        wait_until(lambda: self.page.evaluate(ACTIVATED), "the worker is at work")

    def wait_for_sync(self) -> None:
        """What the app has begun to send is answered, or given up for now."""
        self.page.evaluate("navigator.locks.request('interlude-sync', () => true)")

    def press(self, name: str) -> None:
        button = self.page.get_by_role("button", name=name, exact=True)
        button.click()
        if name == FINISH:
            # What is finished lies in the outbox before its form goes away; not at the click.
            expect(button).to_have_count(0)

    def answer_daily(self, item9: str = NOT_AT_ALL) -> None:
        """All items; item 9 last."""
        self.page.get_by_role("link", name=DAILY).first.click()
        for link in [f"q{number}" for number in range(1, 9)]:
            self.choose(link, NOT_AT_ALL)
        self.choose("q9", item9)

    def choose(self, link: str, label: str) -> None:
        self.page.locator(f"fieldset#{link}").get_by_label(label, exact=True).check()

    def choose_effect(self, label: str, grade: str) -> None:
        """By the beginning of its words, and of its grade's."""
        self.page.locator("label.choice", has_text=label).first.click()
        self.page.locator("fieldset:visible label.choice", has_text=grade).first.click()

    def card(self, words: str | re.Pattern[str]) -> None:
        """The card is open and says so."""
        expect(self.page.locator("dialog#card[open]")).to_contain_text(words)

    def stored(self) -> list[Any]:
        """The check-ins of the database, all versions."""
        return self.running.rows(CHECK_INS, self.patient_id)

    def alerts(self) -> list[Any]:
        """What is open about the patient."""
        return self.running.rows(ALERTS, self.patient_id)

    def waiting(self) -> int:
        """How many entries the phone has not sent."""
        return int(self.page.evaluate(WAITING))

    def look(self) -> None:
        """Nothing to find fault with, for eyes, ears and thumbs."""
        found = Axe().run(self.page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(wider) == 0, "it scrolls sideways"
        assert self.errors == []


# Ready is earlier: then it may not have this page yet.
ACTIVATED = "async () => (await navigator.serviceWorker.ready).active.state === 'activated'"
WAITING = """async () => {
  const {outbox} = await import("./store.js");
  return (await outbox.all()).length;
}"""
