"""The way in and out: where each role begins, log-in, log-out, and what nobody knows."""

from __future__ import annotations

from typing import Final

from flask import Response, g, redirect, request

from api.browser.entrance import grant_of, log_in_by_form
from api.browser.forms import loaded
from api.browser.guard import is_own_origin
from api.browser.session import CONSOLE, PageSession, begin_session, below, end_session, reader
from api.browser.typed import UNSEEN, Typed, sent_or_carried
from api.console.shell import (
    back_to,
    console,
    frame,
    log_in_form,
    offers_demo,
    page,
    shows,
    takes,
    wanted_page,
    who_reads,
)
from api.http.auth import now, public
from api.http.client_address import client_address
from api.http.devices import logged_in_by
from schemas.accounts import AcceptIn
from services.access import Action
from services.accounts.accept import Acceptance, accept
from services.accounts.own_account import log_out
from services.accounts.tokens.families import Grant
from services.demo.staff import open_console
from services.exceptions import Forbidden, Invalid, InvitationInvalid, NotFound

ACCEPT: Final = AcceptIn()
# Where a role begins; of several the first counts.
FIRST_PAGES: Final = (("clinician", "/today"), ("on_call", "/alerts"), ("admin", "/clinic"))


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
    if who_reads().must_enrol:
        return back_to("/account")
    first = next((path for role, path in FIRST_PAGES if role in session.actor.roles), None)
    if first is None:
        raise Forbidden
    return back_to(first)


@console.post("/log-in")
@public
def post_log_in() -> Response:
    """Log in, and go on to where one wanted to go, or send what was typed once more."""
    return log_in_by_form(log_in_form, grant_of, _welcome)


@console.post("/demo")
@public
def post_demo() -> Response:
    """Log in as one of the demo's staff: where the demo is, from this machine alone."""
    if not offers_demo():
        raise NotFound
    grant = open_console(request.form.get("role", ""), now(), logged_in_by())
    response = back_to(wanted_page())
    begin_session(response, grant)
    return response


@console.get("/join")
@public
def show_join() -> Response:
    """Where staff open their account with the code that they were given. It spends nothing."""
    return frame("shell/join.html", problem=None, code="")


@console.post("/join")
@public
def post_join() -> Response:
    """Open the account, and log in."""
    code = request.form.get("code", "")
    try:
        sent = loaded(ACCEPT, "code", "password")
        acceptance = Acceptance(sent["code"], sent["password"], by=logged_in_by())
        grant = accept(acceptance, client_address(), now())
    except Invalid as error:
        words = " ".join(word for found in error.errors.values() for word in found)
        return frame("shell/join.html", 422, problem=words, code=code)
    except InvitationInvalid as error:
        return frame("shell/join.html", 409, problem=error.detail, code=code)
    response = back_to("")
    begin_session(response, grant)
    return response


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
    g.page_session = PageSession(grant.actor, grant.profile.timezone)
    kept = sent_or_carried() if is_own_origin() else None
    if kept is None or not kept.form.startswith(f"{CONSOLE}/"):
        return back_to(wanted_page())
    return _sent_once_more(kept)


def _sent_once_more(kept: Typed) -> Response:
    """What was typed before the log-in had ended, to be sent by a person."""
    fields = [
        (name.replace("_", " "), name, value, name not in UNSEEN) for name, value in kept.pairs
    ]
    return page("shell/kept.html", form=below(kept.form), fields=fields)
