"""What staff write on an alert: notes, how they tried to reach the patient, was it useful?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from models import AlertFeedback, AlertNote
from models.base import new_id
from models.sealing import sealed
from services import audit
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.alerts.handling.locked_alert import LockedAlert, lock_alert_for
from services.alerts.handling.show_alerts import record_access, show_summary
from services.alerts.permissions import reach_of, require, visible_alert
from services.exactly_once import FirstAnswer, answer_once, content_digest, id_taken_elsewhere
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
        locked = lock_alert_for(session, actor, alert_id, lambda reach: reach.acts, now)
        check_note(note)
        digest = _digest(alert_id, note)

        def make() -> dict[str, Any]:
            row = {
                "id": note.id or new_id(),
                "at": now,
                "kind": note.kind,
                "outcome": note.outcome,
                "text": note.text,
            }
            of = {"clinic_id": locked.alert.clinic_id, "alert_id": alert_id}
            stored = insert(AlertNote).values(
                sealed(AlertNote, row | of | {"author_id": actor.user_id})
            )
            locked.write(_change(locked, note), (stored,), note_id=str(row["id"]))
            return row | {"by": actor.user_id, "alert": show_summary(locked.alert)}

        patient_id = locked.alert.patient_id
        answer = answer_once(session, actor, note.id, patient_id, "alert_note", digest, make, now)
        if answer.status == 201:
            record_access(session, actor, locked.alert, locked.reach, "alert_noted", now)
        return answer


def _digest(alert_id: UUID, note: NewNote) -> bytes:
    return content_digest(
        "alert_note", alert=str(alert_id), text=note.text, note=note.kind, outcome=note.outcome
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


def _change(locked: LockedAlert, note: NewNote) -> Transition:
    if note.outcome is None:
        return Transition(locked.state, events=("note",))
    return lifecycle.contact_attempted(locked.state, note.outcome, locked.circumstances())


def give_feedback(
    actor: Actor, alert_id: UUID, now: datetime, *, useful: bool, note: str | None = None
) -> dict[str, Any]:
    """Keep the answer of this person; the last one counts. It moves nothing of the alert.

    Raises `Forbidden` for those who may not act on it, and `NotFound`.
    """
    with acting(actor, now) as session:
        alert = visible_alert(session, actor, alert_id, now)
        require(reach_of(session, actor, alert, now).acts)
        answer = {"at": now, "useful": useful, "note": note}
        key = {"clinic_id": alert.clinic_id, "alert_id": alert_id, "user_id": actor.user_id}
        kept = sealed(AlertFeedback, answer, **key)
        session.execute(
            upsert(AlertFeedback)
            .values(key | kept)
            .on_conflict_do_update(index_elements=list(key), set_=kept)
        )
        audit.record(session, actor.user_id, "alert_feedback", now, alert.patient_id, alert_id)
        return answer
