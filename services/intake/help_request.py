""" "I need help now": stored exactly once, a critical occurrence whatever else is true."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert

from models import HelpRequest
from services.access import Action, Actor, scopes
from services.accounts.token_check import acting
from services.exactly_once import Answered, content_digest, id_taken_elsewhere, known_answer
from services.exceptions import NotFound
from services.intake.check_in import flags_of
from services.intake.deciding.background import load_background
from services.intake.deciding.entry import Sent
from services.intake.deciding.verdict import decide
from services.intake.forms import HelpForm
from services.intake.repeated import made_certain
from services.intake.storing.consequences import Entry, set_off
from services.patients.status.lock import lock_patient
from services.rules.mood_days import to_utc


@made_certain
def record_help_request(actor: Actor, form: HelpForm, now: datetime) -> Answered:
    """Store a help request and page at once; taken from a discharged patient too.

    Raises `Forbidden`, `IdTaken`, `ContentConflict`.
    """
    scopes(actor, Action.ASK_FOR_HELP)
    if actor.patient_id is None:
        raise NotFound
    digest = content_digest("help_request", recorded_at=form.recorded_at, note=form.note)
    with id_taken_elsewhere(), acting(actor, now) as session:
        patient = lock_patient(session, actor.patient_id)
        known = known_answer(session, actor, form.id, patient.patient_id, digest)
        if known is not None:
            return known
        sent = Sent(
            kind="help_request",
            instrument=None,
            answers={},
            note=form.note,
            recorded_at=form.recorded_at,
            received_at=now,
            timezone=patient.timezone,
            profile_timezone=patient.timezone,
            flags=flags_of(actor),
        )
        before = load_background(session, patient)
        verdict = decide(sent, before.background)
        row: dict[str, Any] = {
            "id": form.id,
            "patient_id": patient.patient_id,
            "recorded_at": to_utc(form.recorded_at),
            "received_at": now,
            "flags": sorted(verdict.facts.flags),
            "note": form.note,
        }
        stored = insert(HelpRequest).values(
            clinic_id=patient.clinic_id, revision=patient.next_revision, **row
        )
        entry = Entry(
            id=form.id,
            kind="help_request",
            digest=digest,
            instrument=None,
            writes=(stored,),
            record=lambda safety: row | {"safety": safety},
        )
        return set_off(session, actor, patient, before, verdict, entry, now)
