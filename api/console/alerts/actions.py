"""What is done with an alert by a form: each calls one use case and goes back to the alert."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import checked, known, loaded, nested
from api.browser.once import SENT_BEFORE, sent_form_id
from api.browser.session import reader
from api.console.alerts.one import alert_page
from api.console.local_times import instant_text
from api.console.shell import back_to, clock, takes
from api.http.auth import now
from schemas.alerts import FeedbackIn, HandOverIn, NoteIn, ResolveIn
from services.access import Action
from services.alerts.handling.hand_over import hand_over
from services.alerts.handling.notes import NewNote, add_note, give_feedback
from services.alerts.handling.ownership import SeenOwner, acknowledge
from services.alerts.handling.resolve import Ending, resolve
from services.exceptions import (
    AlreadyResolved,
    ContentConflict,
    IdTaken,
    Invalid,
    TakenMeanwhile,
)

HAND_OVER: Final = HandOverIn()
FEEDBACK: Final = FeedbackIn()
NOTE: Final = NoteIn()
USEFUL: Final = {"yes": True, "no": False}
RESOLVE: Final = ResolveIn()
ONE: Final = "/alerts/<uuid:alert_id>"
ENDED: Final = (
    "Somebody has resolved this alert in the meantime, and nothing was changed. What you wrote"
    " stands below: keep it as a note."
)


@takes(f"{ONE}/acknowledge", Action.ACT_ON_ALERTS)
def post_taken(alert_id: UUID) -> Response:
    """Take the alert from whoever the form said has it, and from nobody else."""
    owner = request.form.get("owner", "")
    try:
        acknowledge(reader().actor, alert_id, now(), SeenOwner(known(owner) if owner else None))
    except TakenMeanwhile:
        return alert_page(alert_id, 409, taken=True)
    return _back(alert_id)


@takes(f"{ONE}/contact", Action.ACT_ON_ALERTS)
def post_contact_attempt(alert_id: UUID) -> Response:
    """How an attempt to reach the patient went."""
    return _noted(alert_id, "contact", "contact_attempt")


@takes(f"{ONE}/note", Action.ACT_ON_ALERTS)
def post_written_note(alert_id: UUID) -> Response:
    """Write a note."""
    return _noted(alert_id, "note", "note")


@takes(f"{ONE}/hand-over", Action.ACT_ON_ALERTS)
def post_handed_over(alert_id: UUID) -> Response:
    """Page a colleague by name."""
    try:
        colleague = loaded(HAND_OVER, "user_id")["user_id"]
        hand_over(reader().actor, alert_id, colleague, now(), sent_form_id())
    except Invalid as error:
        return alert_page(alert_id, 422, error, "hand-over")
    except ContentConflict:
        return alert_page(alert_id, 409, Invalid({"": [SENT_BEFORE]}), "hand-over")
    return _back(alert_id)


@takes(f"{ONE}/resolve", Action.RESOLVE_ALERTS)
def post_resolved(alert_id: UUID) -> Response:
    """End the alert with a disposition, and perhaps set a standing plan with it."""
    try:
        sent = _ending()
        resolve(reader().actor, alert_id, Ending(**sent), now())
    except Invalid as error:
        return alert_page(alert_id, 422, error, "resolve")
    except AlreadyResolved:
        # Somebody was faster: what was written about it can still be kept as a note.
        return alert_page(alert_id, 409, None, "note", notice=ENDED)
    return _back(alert_id)


@takes(f"{ONE}/feedback", Action.ACT_ON_ALERTS)
def post_usefulness(alert_id: UUID) -> Response:
    """Was it useful? One answer of each person, the last one; the rules' figures count it."""
    given = {"useful": USEFUL.get(request.form.get("useful", "")), **nested("note")}
    try:
        give_feedback(reader().actor, alert_id, now(), **checked(FEEDBACK, given))
    except Invalid as error:
        return alert_page(alert_id, 422, error, "feedback")
    return back_to(f"/alerts/{alert_id}?done=feedback")


def _noted(alert_id: UUID, form: str, kind: str) -> Response:
    try:
        sent = loaded(NOTE, "text", "outcome", "id")
        add_note(reader().actor, alert_id, NewNote(**sent, kind=kind), now())
    except Invalid as error:
        return alert_page(alert_id, 422, error, form)
    except (ContentConflict, IdTaken):
        return alert_page(alert_id, 409, Invalid({"": [SENT_BEFORE]}), form)
    return _back(alert_id)


def _ending() -> dict[str, Any]:
    """The ending as the API takes it; a plan only where one was asked for."""
    given = {name: request.form.get(name, "").strip() for name in ("disposition", "note")}
    sent: dict[str, Any] = {name: value for name, value in given.items() if value}
    if request.form.get("plan"):
        sent["standing_plan"] = {
            "until": instant_text(request.form.get("until", ""), clock().zone),
            "reason": request.form.get("reason", "").strip(),
        }
    return checked(RESOLVE, sent)


def _back(alert_id: UUID) -> Response:
    return back_to(f"/alerts/{alert_id}")
