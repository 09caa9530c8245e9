"""What staff write on an alert, and how they tried to reach the patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Insert, insert

from models import AlertNote
from models.base import new_id
from services.access import Actor
from services.accounts.token_check import acting
from services.alerts.handling.holding import Held, hold
from services.alerts.handling.reading import record_access, show_summary
from services.exactly_once import (
    FirstAnswer,
    content_digest,
    id_taken_elsewhere,
    keep_answer,
    known_answer,
    render,
)
from services.exceptions import Invalid
from services.rules.escalation import lifecycle
from services.rules.escalation.states import Transition


@dataclass(frozen=True, slots=True)
class NewNote:
    """`kind`: `note` or `contact_attempt`; `outcome`: `reached`, `no_answer` or
    `message_left`, of a contact attempt only. `id`: the client's own, if it made one.
    """

    text: str | None = None
    kind: str = "note"
    outcome: str | None = None
    id: UUID | None = None


def add_note(actor: Actor, alert_id: UUID, note: NewNote, now: datetime) -> FirstAnswer:
    """Write a note; a contact attempt also renews an acknowledgement and sets or clears the time at
    which the patient must have been reached. Neither ends the alert: "could not reach" never does.

    Also on a resolved alert, for the record. With an id of the client's, exactly once. Raises
    `Invalid`, `Forbidden`, `NotFound`, `IdTaken`, `ContentConflict`.
    """
    with id_taken_elsewhere(), acting(actor, now) as session:
        held = hold(session, actor, alert_id, lambda reach: reach.acts, now)
        check_note(note)
        digest = _digest(alert_id, note)
        if note.id is not None:
            known = known_answer(session, actor, note.id, held.alert.patient_id, digest)
            if known is not None:
                return known
        row = {
            "id": note.id or new_id(),
            "at": now,
            "kind": note.kind,
            "outcome": note.outcome,
            "text": note.text,
        }
        stored = insert(AlertNote).values(
            clinic_id=held.alert.clinic_id, alert_id=alert_id, author_id=actor.user_id, **row
        )
        held.write(_change(held, note), (stored,), note_id=str(row["id"]))
        body = render(row | {"by": actor.user_id, "alert": show_summary(held.alert)})
        if note.id is not None:
            session.execute(_keep(held, note.id, digest, body, now))
        record_access(session, actor, held.alert, held.reach, "alert_noted", now)
        return FirstAnswer(201, body)


def _digest(alert_id: UUID, note: NewNote) -> bytes:
    return content_digest(
        "alert_note", alert=str(alert_id), text=note.text, note=note.kind, outcome=note.outcome
    )


def _keep(held: Held, note_id: UUID, digest: bytes, body: bytes, now: datetime) -> Insert:
    return keep_answer(
        record_id=note_id,
        clinic_id=held.alert.clinic_id,
        patient_id=held.alert.patient_id,
        kind="alert_note",
        digest=digest,
        body=body,
        now=now,
    )


def check_note(note: NewNote) -> None:
    """A note says something; a contact attempt says how it went. Raises `Invalid`."""
    if note.kind == "contact_attempt":
        if note.outcome is None:
            raise Invalid({"outcome": ["A contact attempt needs an outcome."]})
        return
    errors = {}
    if note.outcome is not None:
        errors["outcome"] = ["Only a contact attempt has an outcome."]
    if not (note.text or "").strip():
        errors["text"] = ["A note needs a text."]
    if errors:
        raise Invalid(errors)


def _change(held: Held, note: NewNote) -> Transition:
    if note.outcome is None:
        return Transition(held.state, events=("note",))
    return lifecycle.contact_attempted(held.state, note.outcome, held.circumstances())
