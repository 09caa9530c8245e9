"""The alert page `/a/<alert id>`: server rendered, no scripts, readable on a phone at night."""

from __future__ import annotations

from flask import Flask

from api.page import forgotten, scripts  # noqa: F401 - they add their routes
from api.page.guard import init_guard
from api.page.refusals import init_refusals
from api.page.views import page


def register_page(app: Flask) -> None:
    """Add the page to the application."""
    app.register_blueprint(page)


init_guard(page)
init_refusals(page)
