"""What is checked at every stop of a story in the console: for eyes, ears, thumbs and keyboards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.builders.browser import PASSWORD, give_password
from tests.builders.world import Person

SMALL: Final = {"width": 320, "height": 640}
WIDE: Final = {"width": 1280, "height": 800}
# The ways in which a story is told; where scripts are off, axe cannot look.
WAYS: Final[dict[str, dict[str, Any]]] = {
    "wide": {"viewport": WIDE, "color_scheme": "light"},
    "small, dark": {"viewport": SMALL, "color_scheme": "dark", "has_touch": True},
    "without scripts": {"viewport": SMALL, "java_script_enabled": False},
    "forced colours": {"viewport": WIDE, "forced_colors": "active"},
}
# For a story about pages that are looked at in every other way already.
SHORT: Final = {name: WAYS[name] for name in ("small, dark", "without scripts")}
WIDER: Final = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# WCAG 2.2 asks for 24 px; a thumb wants more, and gets it where the pointer is coarse.
SMALLER: Final = """least => [...document.querySelectorAll("button, select, textarea, summary, " +
  "input:not([type=hidden], [type=checkbox], [type=radio]), nav a, a.button")]
  .filter(one => one.checkVisibility())
  .map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([, box]) => box.width < least || box.height < least).map(([html]) => html)"""
LEAST: Final = 34
MOST_TABS: Final = 60
FOCUSED: Final = """() => {
  const one = document.activeElement;
  return (one.labels?.[0] || one).innerText.trim();
}"""


def look(page: Page, *, scripts: bool = True) -> None:
    """Find nothing to mend on the page as it stands."""
    if not scripts:
        return
    assert page.evaluate(WIDER) == 0, f"it scrolls sideways: {page.url}"
    assert page.evaluate(SMALLER, LEAST) == [], page.url
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], page.url


def tab_to(page: Page, words: str) -> None:
    """Go on by Tab until what says these words has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == words:
            return
    raise AssertionError(f"not reached by Tab: {words}")


class Visit:
    """Somebody at the console, who looks at every page that they come to."""

    def __init__(self, page: Page, url: str, *, scripts: bool) -> None:
        self.page, self.url, self.scripts = page, f"{url}/console", scripts

    def log_in(self, person: Person) -> None:
        give_password(person)
        self.open("")
        self.page.get_by_label("E-mail").fill(person.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Log in")

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)
        self.look()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.look()

    def reads(self, words: str) -> None:
        self.sees(words)
        self.look()

    def sees(self, words: str) -> None:
        """On a page that is looked at elsewhere."""
        expect(self.page.locator("main")).to_contain_text(words)

    def by_keys(self, words: str, *typed: str) -> None:
        """Go there by Tab, and type; `Enter` is the key."""
        tab_to(self.page, words)
        for each in typed:
            if each == "Enter":
                self.page.keyboard.press(each)
            else:
                self.page.keyboard.type(each)

    def look(self) -> None:
        look(self.page, scripts=self.scripts)


@contextmanager
def visiting(browser: Browser, url: str, way: Mapping[str, Any]) -> Iterator[Visit]:
    """A browser of somebody's own, like this."""
    context = browser.new_context(**way)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield Visit(page, url, scripts=way.get("java_script_enabled", True))
    context.close()
