"""What staff write on an alert, and how they tried to reach the patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from models import AlertNote
from models.base import new_id
from services.access import Actor
from services.accounts.sessions import acting
from services.alerts.holding import Held, hold
from services.alerts.reading import record_access, show_summary
from services.exceptions import Invalid
from services.rules import escalation
from services.rules.escalation_types import Change


@dataclass(frozen=True, slots=True)
class NewNote:
    """``kind``: ``note`` or ``contact_attempt``; ``outcome``: ``reached``, ``no_answer`` or
    ``message_left``, of a contact attempt only.
    """

    text: str | None = None
    kind: str = "note"
    outcome: str | None = None


def add_note(actor: Actor, alert_id: UUID, note: NewNote, now: datetime) -> dict[str, Any]:
    """Write a note; a contact attempt also renews an acknowledgement and sets or clears the time at
    which the patient must have been reached. Neither ends the alert: "could not reach" never does.

    Also on a resolved alert, for the record. Raises ``Invalid``, ``Forbidden``, ``NotFound``.
    """
    with acting(actor, now) as session:
        held = hold(session, actor, alert_id, lambda reach: reach.acts, now)
        check_note(note)
        row = {
            "id": new_id(),
            "at": now,
            "kind": note.kind,
            "outcome": note.outcome,
            "text": note.text,
        }
        stored = insert(AlertNote).values(
            clinic_id=held.alert.clinic_id, alert_id=alert_id, author_id=actor.user_id, **row
        )
        held.write(_change(held, note), (stored,), note_id=str(row["id"]))
        shown = row | {"by": actor.user_id, "alert": show_summary(held.alert)}
        record_access(session, actor, held.alert, held.reach, "alert_noted", now)
        return shown


def check_note(note: NewNote) -> None:
    """A note says something; a contact attempt says how it went. Raises ``Invalid``."""
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


def _change(held: Held, note: NewNote) -> Change:
    if note.outcome is None:
        return Change(held.state, events=("note",))
    return escalation.contact_attempted(held.state, note.outcome, held.circumstances())
