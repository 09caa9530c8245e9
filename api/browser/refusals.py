"""What a page says when something is refused or fails: words for people, no patient data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from api.browser.guard import FormRefused, is_own_origin
from api.http.problems import RETRY_AFTER_S, is_outage
from services import exceptions as refused
from services.unit_of_work import may_be_committed

log = structlog.get_logger()

Words = tuple[int, str, str]
TOO_OLD: Final = "This form was too old, or did not come from this page. Nothing was changed."
ENDED: Final = "Your log-in has ended. Please log in again. Nothing was changed."


class Message(Protocol):
    """Answer with a page that says one thing."""

    def __call__(self, status: int, title: str, text: str) -> Response: ...


class LogInForm(Protocol):
    """Answer with the log-in form."""

    def __call__(self, status: int = 200, problem: str | None = None) -> Response: ...


@dataclass(frozen=True, slots=True)
class PageRefusals:
    """PageRefusals of one blueprint: the words of each exception, and how its pages are made.

    `hides`: whoever may not read a page is told that it is not there. `look_again`: how somebody
    sees whether something was done.
    """

    words: Mapping[type[Exception], Words]
    message: Message
    log_in_form: LogInForm
    look_again: str
    hides: bool = False

    def in_words(self, error: Exception) -> Response:
        """What the table says; a role without business here may learn no more than a stranger."""
        if self.hides and isinstance(error, refused.Forbidden) and request.method == "GET":
            return self.message(*self.words[refused.NotFound])
        return self.message(
            *next(self.words[kind] for kind in type(error).__mro__ if kind in self.words)
        )

    def form_refused(self, _error: Exception) -> Response:
        """A form without its token: of a log-in that has ended, or of another site."""
        if is_own_origin() and g.page_session is None:
            return self.log_in_form(403, f"{TOO_OLD} Please log in again.")
        return self.message(403, "Please try again", TOO_OLD)

    def log_in_again(self, _error: Exception) -> Response:
        """The log-in has ended: log out, deactivated, another role, or 12 hours."""
        return self.log_in_form(401, ENDED)

    def not_understood(self, error: HTTPException) -> Response:
        """What the framework refuses."""
        words = "The request was not understood. Please go back."
        return self.message(error.code or 500, "Not understood", words)

    def fault(self, error: Exception) -> Response:
        """Something broke; the kind only goes to the log."""
        log.error("request_failed", kind=type(error).__name__, endpoint=request.endpoint)
        if is_outage(error) or isinstance(error, refused.Unavailable):
            response = self.message(
                503,
                "Temporarily unavailable",
                f"The service does not answer at the moment. {self._changed()} Try again,"
                " and use your clinic's phone list meanwhile.",
            )
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
            return response
        return self.message(500, "Something went wrong", f"{self._changed()} Please try again.")

    def _changed(self) -> str:
        if request.method == "POST" and may_be_committed():
            return f"We do not know whether this was done. {self.look_again}"
        return "Nothing was changed."


def init_refusals(page: Blueprint, refusals: PageRefusals) -> None:
    """Pages instead of problem documents."""
    for kind in refusals.words:
        page.register_error_handler(kind, refusals.in_words)
    page.register_error_handler(FormRefused, refusals.form_refused)
    page.register_error_handler(refused.Unauthenticated, refusals.log_in_again)
    page.register_error_handler(HTTPException, refusals.not_understood)
    page.register_error_handler(Exception, refusals.fault)
