""" "I need help now": stored exactly once, a critical occurrence whatever else is true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models import HelpRequest
from services.access import Action, Actor, scopes
from services.exactly_once import FirstAnswer, content_digest
from services.exceptions import NotFound
from services.intake.deciding.known import Known, Sent
from services.intake.deciding.outcome import Outcome
from services.intake.forms import HelpForm
from services.intake.storing.store import SafetyCard
from services.intake.writing import Entry, flags_of, write_entry
from services.rules.courses import Treatment
from services.rules.mood_days import to_utc
from services.unit_of_work import Write


def record_help_request(actor: Actor, form: HelpForm, now: datetime) -> FirstAnswer:
    """Store a help request and page at once; taken from a discharged patient too.

    Raises `Forbidden`, `IdTaken`, `ContentConflict`.
    """
    scopes(actor, Action.ASK_FOR_HELP)
    patient_id = actor.patient_id
    if patient_id is None:
        raise NotFound
    sent = Sent(
        kind="help_request",
        instrument=None,
        answers={},
        note=form.note,
        recorded_at=form.recorded_at,
        received_at=now,
        timezone=None,
        flags=flags_of(actor),
    )
    entry = HelpEntry(
        id=form.id,
        kind="help_request",
        digest=content_digest("help_request", recorded_at=form.recorded_at, note=form.note),
        sent=sent,
        author={},
    )
    return write_entry(actor, lambda _: patient_id, lambda *_: entry, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpEntry(Entry):
    """One press on the button."""

    def row(self, session: Session, known: Known, outcome: Outcome) -> dict[str, Any]:
        """Its columns."""
        del session
        return {
            "clinic_id": known.patient.clinic_id,
            "id": self.id,
            "patient_id": known.patient.patient_id,
            "recorded_at": to_utc(self.sent.recorded_at),
            "received_at": self.sent.received_at,
            "flags": sorted(outcome.read.facts.flags),
            "note": self.sent.note,
            "revision": known.patient.next_revision,
        }

    def writes(self, row: dict[str, Any]) -> list[Write]:
        """The request."""
        return [insert(HelpRequest).values(**row)]

    def record(
        self, row: dict[str, Any], treatment: Treatment, safety: SafetyCard
    ) -> dict[str, Any]:
        """As it is shown."""
        del treatment
        shown = ("id", "patient_id", "recorded_at", "received_at", "flags", "note")
        return {name: row[name] for name in shown} | {"safety": safety}
