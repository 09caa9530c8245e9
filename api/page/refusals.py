"""What the page says when something is refused or fails: words for people, no patient data."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from api.http.problems import RETRY_AFTER_S, is_outage
from api.page.guard import FormRefused, is_own_origin
from api.page.rendering import log_in_form, message
from services import exceptions as refused
from services.unit_of_work import may_be_committed

log = structlog.get_logger()

# exception: (status, title, text)
WORDS: Final[dict[type[Exception], tuple[int, str, str]]] = {
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
TOO_OLD: Final = "This form was too old, or did not come from this page. Nothing was changed."


def init_refusals(page: Blueprint) -> None:
    """Pages instead of problem documents."""
    for kind in WORDS:
        page.register_error_handler(kind, in_words)
    page.register_error_handler(FormRefused, form_refused)
    page.register_error_handler(refused.Unauthenticated, log_in_again)
    page.register_error_handler(HTTPException, not_understood)
    page.register_error_handler(Exception, fault)


def in_words(error: Exception) -> Response:
    """What the table says; a role without business here learns no more than a stranger."""
    if isinstance(error, refused.Forbidden) and request.method == "GET":
        return message(*WORDS[refused.NotFound])
    return message(*next(WORDS[kind] for kind in type(error).__mro__ if kind in WORDS))


def form_refused(_error: Exception) -> Response:
    """A form without its token: of a log-in that has ended, or of another site."""
    if is_own_origin() and g.page_session is None:
        return log_in_form(403, f"{TOO_OLD} Please log in again.")
    return message(403, "Please try again", TOO_OLD)


def log_in_again(_error: Exception) -> Response:
    """The log-in has ended: log out, deactivated, another role, or 12 hours."""
    return log_in_form(401, "Your log-in has ended. Please log in again. Nothing was changed.")


def not_understood(error: HTTPException) -> Response:
    """What the framework refuses."""
    status = error.code or 500
    return message(status, "Not understood", "The request was not understood. Please go back.")


def fault(error: Exception) -> Response:
    """Something broke; the kind only goes to the log."""
    log.error("request_failed", kind=type(error).__name__, endpoint=request.endpoint)
    if is_outage(error) or isinstance(error, refused.Unavailable):
        response = message(
            503,
            "Temporarily unavailable",
            f"The service does not answer at the moment. {_changed()} Try again,"
            " and use your clinic's phone list meanwhile.",
        )
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response
    return message(500, "Something went wrong", f"{_changed()} Please try again.")


def _changed() -> str:
    if request.method == "POST" and may_be_committed():
        return "We do not know whether this was done. Open the alert again to see."
    return "Nothing was changed."
