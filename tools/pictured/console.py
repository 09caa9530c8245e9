"""Photograph the console with the demo clinic: `make pictures` remakes `docs/pictures/console-*`.

A real Chromium (Debian's) opens each page as the demo's staff do, wide and light, and as on a phone
in the dark. The clock stands still, so that the same fonts and browser give the same pictures, but
for the short numbers of alerts. `--all` draws both widths in both themes.
"""

from __future__ import annotations

import argparse
import io
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from services.demo.clinic import make_demo
from tools.own_service import PASSWORD, own_service

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
# A Saturday evening in New York: the last daily answers came in 12 minutes before.
NOW: Final = datetime(2026, 11, 22, 1, 12, tzinfo=UTC)
WIDTHS: Final = {"wide": (1280, 800), "phone": (390, 844)}
THEMES: Final = ("light", "dark")
KEPT: Final = (("wide", "light"), ("phone", "dark"))
COLOURS: Final = 128
# Name: who opens it, where, and the link that is followed from there.
PAGES: Final[dict[str, tuple[str, str, str]]] = {
    "log-in": ("", "", ""),
    "today": ("Clinician", "/today", ""),
    "patient": ("Clinician", "/today", "tbody a[data-row]"),
    "alerts": ("On call", "/alerts", ""),
    "alert": ("On call", "/alerts", "main a[href*='/console/alerts/']"),
    "on-call": ("On call", "/on-call", ""),
    "rules": ("Clinician", "/rules", ""),
    "clinic": ("Administrator", "/clinic", ""),
    "staff": ("Administrator", "/clinic/staff", ""),
    "chain": ("Administrator", "/clinic/chain", ""),
    "settings": ("Administrator", "/clinic/settings", ""),
    "card": ("Administrator", "/clinic/card", ""),
}


def main() -> None:
    """Write every picture; prints what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    ways = tuple(product(WIDTHS, THEMES)) if given.all else KEPT
    with own_service() as app:
        with app.app_context():
            make_demo(PASSWORD, NOW - timedelta(minutes=12))
        with patch("api.http.auth.utcnow", lambda: NOW), served(app) as url, chromium() as browser:
            for name, body in pictures(browser, url, ways):
                (given.folder / name).write_bytes(body)
                print(f"{len(body):>7}  {name}")  # noqa: T201 -- a command's own output


def pictures(
    browser: Browser, url: str, ways: tuple[tuple[str, str], ...]
) -> Iterator[tuple[str, bytes]]:
    """(name, PNG) of every page in these ways."""
    for width, theme in ways:
        for name, (role, path, link) in PAGES.items():
            with opened(browser, width, theme) as page:
                page.goto(f"{url}/console")
                if role:
                    page.get_by_role("button", name=role, exact=True).click()
                    page.goto(f"{url}/console{path}")
                if link:
                    page.locator(link).first.click()
                yield f"console-{name}-{width}-{theme}.png", smaller(page.screenshot())


def smaller(body: bytes) -> bytes:
    """The same picture with few colours."""
    seen = io.BytesIO()
    Image.open(io.BytesIO(body)).quantize(COLOURS).save(seen, "PNG", optimize=True)
    return seen.getvalue()


@contextmanager
def opened(browser: Browser, width: str, theme: str) -> Iterator[Page]:
    """A page of its own in this width and theme."""
    across, down = WIDTHS[width]
    wanted: Any = {"color_scheme": theme, "reduced_motion": "reduce"}
    context = browser.new_context(viewport={"width": across, "height": down}, **wanted)
    yield context.new_page()
    context.close()


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
