"""The page's routes: load, call one service, go back to the alert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, g, redirect, request

from api.browser.entrance import grant_of, log_in_by_form
from api.browser.forms import known, loaded
from api.browser.once import SENT_BEFORE, new_form_id, sent_form_id
from api.browser.session import PageSession, end_session, reader, settings
from api.browser.typed import Typed
from api.http.auth import now, public
from api.http.devices import remember_device
from api.page.rendering import alert_path, answer, log_in_form, message
from api.page.typed import typed
from api.page.words import describe, open_alerts
from schemas.alerts import HandOverIn, NoteIn, ResolveIn
from schemas.base import NOTE_LIMIT
from services.accounts.guesses.device_links import open_link
from services.accounts.login import Credentials
from services.accounts.own_account import log_out
from services.accounts.tokens.families import Grant
from services.alerts.handling.hand_over import hand_over
from services.alerts.handling.listing import list_alerts
from services.alerts.handling.notes import NewNote, add_note
from services.alerts.handling.ownership import SeenOwner, acknowledge
from services.alerts.handling.resolve import Ending, resolve
from services.alerts.handling.show_alerts import clinic_of_alert, get_alert
from services.exceptions import (
    AlreadyResolved,
    ChooseClinic,
    ContentConflict,
    IdTaken,
    Invalid,
    LinkInvalid,
    ServiceError,
    TakenMeanwhile,
)
from services.membership.undo_address import undo_address

page = Blueprint("page", __name__, template_folder="templates")

NOTHING_TYPED: Final = Typed("", ())
HAND_OVER: Final = HandOverIn()
NOTE: Final = NoteIn()
RESOLVE: Final = ResolveIn()
ENDED: Final = (
    "Somebody has resolved this alert in the meantime. What you wrote stands below: keep it as a"
    " note."
)
# Of a form whose id is used: what is typed in it is another one from then on.
SPENT: Final = 409


@page.get("/a")
@public
def show_open_alerts() -> Response:
    """What is open for whoever reads, also by the number of a page that came without a link."""
    if g.page_session is None:
        return log_in_form()
    session = reader()
    listed = list_alerts(session.actor, now(), limit=1).page or {}
    shown = list(open_alerts(listed["items"], session.actor, session.timezone, now()))
    g.with_scripts = "webpush" in settings().method_kinds
    key = settings().push_key.public if g.with_scripts else None
    form_id = new_form_id()
    return answer("open_alerts.html", alerts=shown, push_key=key, form_id=form_id)


@page.get("/a/log-in")
@page.get("/a/log-out")
@public
def get_entrance() -> Response:
    """Whoever opens the address of a form."""
    return back()


@page.get("/a/<alert_id>")
@public
def show_alert_page(alert_id: str) -> Response:
    """The alert, or the log-in. It spends nothing: mail scanners open every link."""
    if g.page_session is None:
        return log_in_form()
    return alert_page(alert_id)


@page.post("/a/log-in", defaults={"alert_id": ""})
@page.post("/a/<alert_id>/log-in")
@public
def post_log_in(alert_id: str) -> Response:
    """Log in, and come back to the alert."""

    def enter(credentials: Credentials) -> Grant:
        return log_in_for(alert_id, credentials)

    def welcome(grant: Grant) -> Response:
        g.page_session = PageSession(grant.actor, grant.profile.timezone)
        return back() if typed() is None else with_what_was_typed(alert_id)

    return log_in_by_form(log_in_form, enter, welcome)


def log_in_for(alert_id: str, credentials: Credentials) -> Grant:
    """Where the password fits accounts in several clinics, the one that the alert belongs to."""
    try:
        return grant_of(credentials)
    except ChooseClinic as error:
        clinic_ids = [clinic["id"] for clinic in error.extra["clinics"]]
        clinic_id = clinic_of_alert(known(alert_id), clinic_ids)
        if clinic_id is None:
            raise
        return grant_of(replace(credentials, clinic_id=clinic_id))


@page.get("/a/device")
@public
def show_device_page() -> Response:
    """Behind the link that makes a device known: ask whether this is one. It spends nothing."""
    return answer("device.html", code=request.args.get("link", ""))


@page.post("/a/device")
@public
def post_device() -> Response:
    """Make this device known, once."""
    try:
        user_id = open_link(request.form.get("link", ""), now())
    except LinkInvalid as error:
        return message(409, "This link is over", error.detail)
    words = "Your account knows this device now. Go back to where you wanted to log in."
    response = message(200, "Done", words)
    remember_device(response, user_id, now())
    return response


@page.get("/a/email")
@public
def show_undo_page() -> Response:
    """Behind the link that undoes a change of address: ask once more. It spends nothing."""
    return answer("undo_email.html", code=request.args.get("link", ""))


@page.post("/a/email")
@public
def post_undo() -> Response:
    """Undo the change; whoever reads the old mailbox needs no log-in."""
    try:
        undo_address(request.form.get("link", ""), now())
    except LinkInvalid:
        return message(409, "This link is over", "It was used, or its time is over.")
    except Invalid:
        words = "Another account of your clinic has this address now. Call your clinic."
        return message(409, "This could not be undone", words)
    words = (
        "Your account has this address, and every device has to log in again. Somebody knew your"
        " password: ask for a new one now."
    )
    return message(200, "Undone", words)


@page.post("/a/log-out", defaults={"alert_id": ""})
@page.post("/a/<alert_id>/log-out")
@public
def post_log_out(alert_id: str) -> Response:  # noqa: ARG001 - the path says where to go back
    """End this log-in."""
    log_out(reader().actor, now())
    response = back()
    end_session(response)
    return response


@page.post("/a/<alert_id>/acknowledge")
@public
def post_acknowledge(alert_id: str) -> Response:
    """Take the alert from whoever the form showed as having it, and from nobody else."""
    owner = request.form.get("owner", "")
    seen = SeenOwner(known(owner) if owner else None)
    try:
        acknowledge(reader().actor, known(alert_id), now(), seen)
    except TakenMeanwhile:
        return alert_page(alert_id, 409, taken=True)
    return back()


@page.post("/a/<alert_id>/hand-over")
@public
def post_hand_over(alert_id: str) -> Response:
    """Ask a colleague to take it."""
    try:
        sent = loaded(HAND_OVER, "user_id")
        asked = sent_form_id()
        hand_over(reader().actor, known(alert_id), sent["user_id"], now(), asked)
    except Invalid as error:
        return alert_page(alert_id, 422, error)
    except ContentConflict:
        return alert_page(alert_id, 409, Invalid({"": [SENT_BEFORE]}))
    return back()


@page.post("/a/<alert_id>/note")
@public
def post_note(alert_id: str) -> Response:
    """Write a note."""
    return noted(alert_id, "note")


@page.post("/a/<alert_id>/contact")
@public
def post_contact(alert_id: str) -> Response:
    """How an attempt to reach the patient went."""
    return noted(alert_id, "contact_attempt")


@page.post("/a/<alert_id>/resolve")
@public
def post_resolve(alert_id: str) -> Response:
    """End the alert with a disposition."""
    try:
        sent = loaded(RESOLVE, "disposition", "note")
        resolve(reader().actor, known(alert_id), Ending(**sent), now())
    except Invalid as error:
        return alert_page(alert_id, 422, error)
    except AlreadyResolved:
        # What was written about it can still be kept as a note.
        g.typed = Typed("note", (("text", sent.get("note", "")),))
        return alert_page(alert_id, 409, Invalid({"": [ENDED]}))
    return back()


@page.get("/a/<alert_id>/<what>")
@public
def get_form_address(alert_id: str, what: str) -> Response:  # noqa: ARG001 - only to go back
    """Whoever opens the address of a form goes back to the alert."""
    return back()


def noted(alert_id: str, kind: str) -> Response:
    """Add a note of this kind and go back."""
    try:
        sent = loaded(NOTE, "text", "outcome", "id")
        add_note(reader().actor, known(alert_id), NewNote(**sent, kind=kind), now())
    except Invalid as error:
        return alert_page(alert_id, 422, error)
    except (ContentConflict, IdTaken):
        return alert_page(alert_id, 409, Invalid({"": [SENT_BEFORE]}))
    return back()


def with_what_was_typed(alert_id: str) -> Response:
    """The alert, with what was typed before the log-in had ended; it is sent by a person only."""
    try:
        return alert_page(alert_id)
    except ServiceError:  # not theirs to see: the page says so
        return back()


def alert_page(
    alert_id: str, status: int = 200, error: Invalid | None = None, *, taken: bool = False
) -> Response:
    """The alert as this person sees it; what was typed stays when it was refused. `taken`: somebody
    else was faster.
    """
    session = reader()
    alert = get_alert(session.actor, known(alert_id), now())
    shown = describe(alert, session.actor, session.timezone, now())
    sent = g.get("typed") or typed() or NOTHING_TYPED
    kept = sent is not NOTHING_TYPED and error is None
    return answer(
        "alert.html",
        status,
        **shown,
        shown=shown,
        errors=error and error.errors,
        typed=sent,
        kept=kept,
        taken=taken,
        form_id=form_ids(sent, status),
        limit=NOTE_LIMIT,
    )


def form_ids(sent: Typed, status: int) -> Callable[[str], str]:
    """The id of a form by its name: what was typed keeps that of its form until it is kept."""

    def of(form: str) -> str:
        known_id = sent.fields.get("id") if sent.form == form and status != SPENT else None
        return known_id or new_form_id()

    return of


def back() -> Response:
    """To the alert, by GET, so that nothing is sent twice."""
    response: Response = redirect(alert_path(), 303)  # type: ignore[assignment] # werkzeug's base
    return response
