"""The way in and out: where each role begins, log-in, log-out, and what nobody knows."""

from __future__ import annotations

from flask import Response, g, redirect, request

from api.browser.entrance import grant_of, log_in_by_form
from api.browser.guard import is_own_origin
from api.browser.session import CONSOLE, PageSession, below, end_session, reader
from api.browser.typed import Typed, sent_or_carried
from api.console.shell import (
    back_to,
    console,
    log_in_form,
    navigation,
    page,
    shows,
    takes,
    wanted_page,
)
from api.http.auth import now, public
from services.access import Action
from services.accounts.own_account import log_out
from services.accounts.tokens.families import Grant
from services.exceptions import Forbidden, NotFound


@public
def begin_at_console() -> Response:
    """Whoever opens the server without more."""
    response: Response = redirect(below(CONSOLE), 302)  # type: ignore[assignment] # werkzeug's base
    return response


@console.get("")
@console.get("/")
@public
def show_entrance() -> Response:
    """The log-in; whoever is logged in goes on to their first page."""
    session: PageSession | None = g.page_session
    if session is None:
        return log_in_form()
    pages = navigation(session)
    if not pages:
        raise Forbidden
    return back_to(pages[0]["path"])


@console.post("/log-in")
@public
def post_log_in() -> Response:
    """Log in, and go on to where one wanted to go, or send what was typed once more."""
    return log_in_by_form(log_in_form, grant_of, _welcome)


@takes("/log-out", Action.OWN_ACCOUNT)
def post_log_out() -> Response:
    """End this log-in."""
    log_out(reader().actor, now())
    response = back_to("")
    end_session(response)
    return response


@shows("/<path:anything>", Action.OWN_ACCOUNT)
def show_nothing(anything: str) -> Response:  # noqa: ARG001 - an address that nobody knows
    """Whatever is no page; the address of a form leads to the entrance."""
    if request.path.endswith(("/log-in", "/log-out")):
        return back_to("")
    raise NotFound


def _welcome(grant: Grant) -> Response:
    kept = sent_or_carried() if is_own_origin() else None
    if kept is None or not kept.form.startswith(f"{CONSOLE}/"):
        return back_to(wanted_page())
    g.page_session = PageSession(grant.actor, grant.profile.timezone)
    return _sent_once_more(kept)


def _sent_once_more(kept: Typed) -> Response:
    """What was typed before the log-in had ended, to be sent by a person."""
    fields = [(name.replace("_", " "), name, value) for name, value in kept.pairs]
    return page("shell/kept.html", form=below(kept.form), fields=fields)
