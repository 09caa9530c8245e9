"""A real Chromium, Debian's own, driven by Playwright. Only when asked for: `make browser`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

HERE = Path(__file__).parent
# How long something may take to be on the screen, on a machine that does other work too.
expect.set_options(timeout=20_000)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The gate's own tests need no browser."""
    named = (arg.partition("::")[0].rstrip("/") for arg in config.invocation_params.args)
    asked = any(Path(each).resolve().is_relative_to(HERE) for each in named if each)
    return None if asked else True


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the run; every test has a context of its own."""
    found = shutil.which("chromium")
    assert found, "apt-get install chromium"
    with sync_playwright() as playwright:
        # No sandbox: root has none, and nothing but our own page is opened.
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()
