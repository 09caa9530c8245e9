"""Reading in a patient's chart: in view, in one transaction, and recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models import Patient
from services import audit
from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.patients.view import visible_patient


@contextmanager
def reading(
    actor: Actor, action: Action, patient_id: UUID, event: str, now: datetime
) -> Iterator[tuple[Session, Patient]]:
    """A transaction in which the actor reads about a patient in view; `event` goes to the audit.

    Raises `NotFound`, `Forbidden`.
    """
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, action, patient_id, now)
        yield session, patient
        audit.record_read(session, actor, event, now, patient_id)
