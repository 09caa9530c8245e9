"""Photograph the console with the demo clinic: `make pictures` remakes `docs/pictures/console-*`.

A real Chromium (Debian's) opens each page as the demo's staff do. The clock stands still, so that
the same fonts and browser give the same pictures, but for the short numbers of alerts. What the
documentation shows is kept; `--all --folder F` draws every page wide and as on a phone, light and
dark, `--whole` down to its end, `--only today,alerts` some of them.
"""

from __future__ import annotations

import argparse
import io
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from tools.own_service import own_service
from tools.pictured.pages import PAGES, PREFIX
from tools.pictured.scene import SHOWN, make_scene

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
# A Saturday evening in New York: the last daily answers came in 12 minutes before.
NOW: Final = datetime(2026, 11, 22, 1, 12, tzinfo=UTC)
WIDTHS: Final = {"wide": (1280, 800), "phone": (390, 844)}
THEMES: Final = ("light", "dark")
COLOURS: Final = 128
Way = tuple[str, str, str]
# (page, width, theme) that the documentation shows.
KEPT: Final[tuple[Way, ...]] = (
    ("today", "wide", "light"),
    ("patient", "wide", "light"),
    ("patient", "phone", "dark"),
    ("alerts", "wide", "light"),
    ("alert", "phone", "dark"),
    ("rules", "wide", "light"),
    ("chain", "wide", "light"),
    ("card", "wide", "light"),
)


def main() -> None:
    """Write the pictures; prints what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--only", default=",".join(PAGES))
    given = parser.parse_args()
    ways = tuple(product(PAGES, WIDTHS, THEMES)) if given.all else KEPT
    wanted = [way for way in ways if way[0] in given.only.split(",")]
    given.folder.mkdir(parents=True, exist_ok=True)
    with own_service() as app, pictured(app) as (url, places), chromium() as browser:
        for name, body in pictures(browser, url, places, wanted, whole=given.whole):
            (given.folder / name).write_bytes(body)
            print(f"{len(body):>7}  {name}")  # noqa: T201 -- a command's own output


def pictures(
    browser: Browser,
    url: str,
    places: dict[str, str],
    ways: Iterable[Way],
    *,
    whole: bool = False,
) -> Iterator[tuple[str, bytes]]:
    """(name, PNG) of pages; `whole`: down to their end."""
    with visitors(browser, url) as visitor:
        for name, width, theme in ways:
            shown = PAGES[name]
            page = visitor(shown.who)
            across, down = WIDTHS[width]
            page.set_viewport_size({"width": across, "height": down})
            seen: Any = {"color_scheme": theme, "reduced_motion": "reduce"}
            page.emulate_media(**seen)
            page.goto(url + shown.address(places))
            yield f"console-{name}-{width}-{theme}.png", smaller(page.screenshot(full_page=whole))


def smaller(body: bytes) -> bytes:
    """The same picture with few colours."""
    seen = io.BytesIO()
    Image.open(io.BytesIO(body)).quantize(COLOURS).save(seen, "PNG", optimize=True)
    return seen.getvalue()


@contextmanager
def visitors(browser: Browser, url: str, **way: Any) -> Iterator[Callable[[str], Page]]:
    """A page for each of the demo's staff, logged in when it is asked for first; and for nobody."""
    contexts: list[BrowserContext] = []

    @cache
    def page_of(who: str) -> Page:
        contexts.append(browser.new_context(**way))
        page = contexts[-1].new_page()
        if who:
            page.goto(f"{url}{PREFIX}")
            page.get_by_role("button", name=who, exact=True).click()
            page.wait_for_selector("h1")
        return page

    yield page_of
    for context in contexts:
        context.close()


@contextmanager
def pictured(app: Flask, name: str = SHOWN) -> Iterator[tuple[str, dict[str, str]]]:
    """The demo clinic served by this application, which has none yet: its address, and what is in
    it, with this name of the patient whose pages are shown. The clock stands still.
    """
    with patch("api.http.auth.utcnow", lambda: NOW):
        places = make_scene(app, NOW, name)
        with served(app) as url:
            yield url, places


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own."""
    with sync_playwright() as playwright:
        # No sandbox: root has none, and nothing but our own page is opened.
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on loopback, in threads of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


if __name__ == "__main__":
    main()
