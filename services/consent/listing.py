"""Reading what was agreed to, beside the text in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from models import Consent, Patient
from services import audit
from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.consent.standing import consent_standing, shown_consent, text_in_force
from services.paging import page_of_rows, page_query
from services.patients.view import in_view_clause
from services.patients.wording import words_for


def list_consents(
    actor: Actor, patient_id: UUID | None, limit: int, cursor: str | None, now: datetime
) -> dict[str, Any]:
    """Acceptances of the patients in view, newest first; `standing` of the one who reads or is
    named, null where nobody is, or they are not in view. The read is recorded. Raises `Forbidden`.
    """
    in_view = in_view_clause(actor, Action.READ_CONSENTS, now)
    query = (
        select(Consent)
        .join(
            Patient,
            and_(Patient.clinic_id == Consent.clinic_id, Patient.id == Consent.patient_id),
        )
        .where(in_view)
    )
    named = patient_id or actor.patient_id
    if named is not None:
        query = query.where(Consent.patient_id == named)
    query = page_query(query, Consent.accepted_at, Consent.id, limit, cursor)
    with acting(actor, now) as session:
        rows = session.scalars(query).all()
        subject = session.scalar(select(Patient.id).where(Patient.id == named, in_view))
        standing = None if subject is None else consent_standing(session, subject, now)
        text = text_in_force(words_for(session, actor), now)
        about = sorted({row.patient_id for row in rows[:limit]})
        if subject is not None:
            audit.record_read(session, actor, "consents_read", now, subject)
        else:
            audit.record(session, actor.user_id, "consents_read", now, about=about)
        page = page_of_rows(rows, limit, lambda row: (row.accepted_at, row.id))
        return {**page.rendered(shown_consent), "standing": standing, "in_force": text}
