"""What is checked at every stop of a story in the console: for eyes, ears, thumbs and keyboards."""

from __future__ import annotations

from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SMALL: Final = {"width": 320, "height": 640}
WIDE: Final = {"width": 1280, "height": 800}
# The ways in which a story is told; where scripts are off, axe cannot look.
WAYS: Final[dict[str, dict[str, Any]]] = {
    "wide": {"viewport": WIDE, "color_scheme": "light"},
    "small, dark": {"viewport": SMALL, "color_scheme": "dark", "has_touch": True},
    "without scripts": {"viewport": SMALL, "java_script_enabled": False},
    "forced colours": {"viewport": WIDE, "forced_colors": "active"},
}
WIDER: Final = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# WCAG 2.2 asks for 24 px; a thumb wants more, and gets it where the pointer is coarse.
SMALLER: Final = """least => [...document.querySelectorAll("button, select, textarea, summary, " +
  "input:not([type=hidden], [type=checkbox], [type=radio]), nav a, a.button")]
  .filter(one => one.checkVisibility())
  .map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([, box]) => box.width < least || box.height < least).map(([html]) => html)"""
LEAST: Final = 34


def look(page: Page, *, scripts: bool = True) -> None:
    """Find nothing to mend on the page as it stands."""
    if not scripts:
        return
    assert page.evaluate(WIDER) == 0, f"it scrolls sideways: {page.url}"
    assert page.evaluate(SMALLER, LEAST) == [], page.url
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], page.url
