"""The alert page `/a/<alert id>`: server rendered, readable on a phone at night; without scripts,
but where its log-in asks for a passkey.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Flask, g

from api.browser.guard import init_guard
from api.browser.refusals import PageRefusals, Words, init_refusals
from api.page import forgotten, scripts  # noqa: F401 - they add their routes
from api.page.rendering import log_in_form, message
from api.page.style import ALERT_STYLE, headers
from api.page.views import page
from services import exceptions as refused

HEADERS: Final = headers(ALERT_STYLE, form_action="'self'")
# Of the list, where a browser asks to be paged, and of a log-in that asks for a passkey.
WITH_SCRIPTS: Final = headers(
    ALERT_STYLE, form_action="'self'", scripts="script-src 'self'; worker-src 'self'; "
)
WORDS: Final[dict[type[Exception], Words]] = {
    refused.NotFound: (404, "Nothing here", "There is no alert here that you may see."),
    refused.Forbidden: (
        403,
        "Not yours to do",
        "Your role may not do this with this alert. It goes on paging: nothing was changed.",
    ),
    refused.AlreadyResolved: (
        409,
        "Already resolved",
        "Somebody has resolved this alert in the meantime. Nothing was changed.",
    ),
}
LOOK_AGAIN: Final = "Open the alert again to see."


def register_page(app: Flask) -> None:
    """Add the page to the application."""
    app.register_blueprint(page)


def _headers() -> Mapping[str, str]:
    return WITH_SCRIPTS if g.get("with_scripts") else HEADERS


init_guard(page, "post_log_in", _headers)
init_refusals(page, PageRefusals(WORDS, message, log_in_form, LOOK_AGAIN, hides=True))
