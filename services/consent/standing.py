"""What a patient has agreed to as things stand, and the text that is in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Consent
from services.rules.languages.consent import CONSENTS
from services.rules.languages.wording import Wording


def consent_standing(session: Session, patient_id: UUID, now: datetime) -> dict[str, Any]:
    """`status` is `none`, `accepted` or `withdrawn`, as the newest consent says; `to_accept` names
    the version in force, null for whoever has agreed to it.
    """
    in_force = CONSENTS.at(now).version
    newest = session.scalar(
        select(Consent)
        .where(Consent.patient_id == patient_id)
        .order_by(Consent.accepted_at.desc(), Consent.id.desc())
        .limit(1)
    )
    if newest is None:
        nothing = dict.fromkeys(("consent_id", "version", "accepted_at", "withdrawn_at"))
        return {"status": "none", **nothing, "to_accept": in_force}
    is_accepted = newest.withdrawn_at is None
    return {
        "status": "accepted" if is_accepted else "withdrawn",
        "consent_id": newest.id,
        "version": newest.version,
        "accepted_at": newest.accepted_at,
        "withdrawn_at": newest.withdrawn_at,
        "to_accept": None if is_accepted and newest.version == in_force else in_force,
    }


def text_in_force(words: Wording, now: datetime) -> dict[str, Any]:
    """The text for one reader; in a language that their clinic has not reviewed, the English one
    follows it.
    """
    found = CONSENTS.at(now)
    return {
        "version": found.version,
        "texts": [
            {
                "language": language,
                "title": found.texts[language].title,
                "paragraphs": list(found.texts[language].paragraphs),
            }
            for language in words.languages
        ],
    }


def shown_consent(consent: Consent) -> dict[str, Any]:
    """One acceptance."""
    return {
        "id": consent.id,
        "patient_id": consent.patient_id,
        "version": consent.version,
        "language": consent.language,
        "accepted_at": consent.accepted_at,
        "withdrawn_at": consent.withdrawn_at,
    }
