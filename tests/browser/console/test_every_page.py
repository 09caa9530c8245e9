"""Every page of the console, by the table from which they are pictured and listed.

Each is opened with the demo clinic: for eyes in both themes, for ears, keyboards and slow lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from api import create_app
from api.settings import Settings
from models.database import db
from tests.browser.looking import LEAST, SMALL, SMALLER, WIDE, WIDER
from tests.fixtures.app import SECRET
from tests.fixtures.postgres import TestServer
from tools.pictured.console import pictured, visitors
from tools.pictured.pages import PAGES, ConsolePage

# A name of many scripts that no line holds, as long as names may be.
STRANGE: Final = "Zoe <i>لیلی</i> प्रियंका 王小明 สมชาย נאוה O'Quagga ".ljust(200, "Q")
# What 200 % leaves of a screen, and a small phone.
NARROW: Final = ({"width": WIDE["width"] // 2, "height": WIDE["height"] // 2}, SMALL)
# A page with all that it loads, as it is sent; in bytes.
HEAVIEST: Final = 100_000
WEIGHT: Final = """() => performance.getEntries()
  .reduce((sum, one) => sum + (one.encodedBodySize || 0), 0)"""
ONLY: Final = {"resultTypes": ["violations"]}
# Light first: what a theme changes are colours.
COLOURS: Final = {"runOnly": ["color-contrast", "link-in-text-block"]}
# What Tab has to reach, of a group of radio buttons one; it has to show that it was reached.
WATCH: Final = """() => {
  const name = one => one.type === "radio" ? one.name : one;
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, " +
    "[tabindex='0']";
  window.left = new Set([...document.querySelectorAll(all)]
    .filter(one => one.checkVisibility() && !one.disabled).map(name));
  window.unseen = new Set();
  document.addEventListener("focusin", ({target}) => {
    window.left.delete(name(target));
    const seen = getComputedStyle(target);
    if (seen.outlineStyle !== "auto" && !(seen.outlineStyle !== "none" &&
        parseFloat(seen.outlineWidth) >= 2))
      window.unseen.add(target);
  });
  return window.left.size;
}"""
UNREACHED: Final = """() => [...window.left, ...window.unseen]
  .map(one => one.outerHTML ? one.outerHTML.slice(0, 90) : one)"""
# A field for a day or an hour is several stops.
STOPS: Final = """() => 6 * document.querySelectorAll("[type^=date]").length"""
WORDS: Final = """() => [...document.querySelectorAll("h1, h2, h3, label, legend, summary, " +
  "caption, th, form button, main a")].filter(one => one.checkVisibility())
  .map(one => one.innerText.trim())"""


@dataclass
class Looked:
    """What was found on one page."""

    words: set[str]
    weight: int
    faults: list[Any] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)


Scene = tuple[str, dict[str, str]]


@pytest.fixture(scope="module")
def scene(
    test_server: TestServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """The demo clinic on a database of its own."""
    name = f"interlude_pages_{test_server.run_id}"
    with test_server.turn():
        urls = test_server.make(name, migrated_template)
    folder = tmp_path_factory.mktemp("pages")
    app = create_app(Settings(secret_key=SECRET, data_dir=folder, database_url=urls.app))
    try:
        with pictured(app, STRANGE) as known:
            yield known
    finally:
        with app.app_context():
            db.engine.dispose()
        test_server.drop(name)


def each_page(browser: Browser, scene: Scene, **way: Any) -> Iterator[tuple[str, Page]]:
    """(name, page) of the whole table, opened by who has business with it."""
    url, places = scene
    with visitors(browser, url, **way) as visitor:
        for name, shown in PAGES.items():
            page = visitor(shown.who)
            opened(page, shown, url + shown.address(places))
            yield name, page


def opened(page: Page, shown: ConsolePage, address: str) -> None:
    found = page.goto(address)
    assert found is not None
    assert found.status == shown.status, address


@pytest.fixture(scope="module")
def looked(chromium: Browser, scene: Scene) -> dict[str, Looked]:
    """Every page, looked at once."""
    way: dict[str, Any] = {"viewport": WIDE, "color_scheme": "light"}
    return {name: look_at(page) for name, page in each_page(chromium, scene, **way)}


def look_at(page: Page) -> Looked:
    weight = page.evaluate(WEIGHT)
    faults = violations(page)
    page.emulate_media(color_scheme="dark")
    faults += [("dark", each) for each in violations_of_colour(page)]
    page.emulate_media(color_scheme="light")
    for narrow in NARROW:
        page.set_viewport_size(narrow)  # type: ignore[arg-type] # a size
        wider = page.evaluate(WIDER)
        faults += [f"sideways by {wider} at {narrow['width']} px"] if wider else []
    faults += [("small", each) for each in page.evaluate(SMALLER, LEAST)]
    words = set(page.evaluate(WORDS))
    unreached = gone_through(page)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type] # a size
    return Looked(words, weight, faults, unreached)


def violations(page: Page) -> list[Any]:
    """Of axe-core: the rule, and where."""
    return _worded(Axe().run(page, options=ONLY).response)


def violations_of_colour(page: Page) -> list[Any]:
    """Likewise, on a page at which it has looked already, by what a theme changes."""
    return _worded(page.evaluate("options => axe.run(options)", {**ONLY, **COLOURS}))


def _worded(found: dict[str, Any]) -> list[Any]:
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]


def gone_through(page: Page) -> list[str]:
    """By Tab from the top to the end; what was not reached, or did not show it."""
    for _ in range(page.evaluate(WATCH) + page.evaluate(STOPS) + 1):
        page.keyboard.press("Tab")
    found: list[str] = page.evaluate(UNREACHED)
    return found


def test_axe_finds_nothing_and_nothing_scrolls_sideways(looked: dict[str, Looked]) -> None:
    assert {name: one.faults for name, one in looked.items() if one.faults} == {}


def test_every_control_is_reached_by_keyboard_alone(looked: dict[str, Looked]) -> None:
    assert {name: one.unreached for name, one in looked.items() if one.unreached} == {}


def test_no_page_is_heavy(looked: dict[str, Looked]) -> None:
    assert {name: one.weight for name, one in looked.items() if one.weight > HEAVIEST} == {}


def test_every_page_says_the_same_without_scripts(
    chromium: Browser, scene: Scene, looked: dict[str, Looked]
) -> None:
    way: dict[str, Any] = {"viewport": SMALL, "java_script_enabled": False}
    words = {name: set(page.evaluate(WORDS)) for name, page in each_page(chromium, scene, **way)}
    assert words == {name: one.words for name, one in looked.items()}
