"""In which language a patient reads: their own, else their phone's, else the clinic's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Clinic, User
from services.access import Actor
from services.rules.cards.crisis import ClinicFacts
from services.rules.languages.wording import IN_ENGLISH, Wording, chosen_language, wording


def for_reader(session: Session, actor: Actor, clinic: ClinicFacts) -> ClinicFacts:
    """The clinic's facts in the words of whoever reads."""
    words = _words(session, actor, clinic.language, clinic.reviews)
    return replace(clinic, wording=words)


def words_for(session: Session, actor: Actor) -> Wording:
    """The words of whoever reads; staff read English."""
    clinic = session.execute(select(Clinic.language, Clinic.reviewed_texts)).one()
    return _words(session, actor, clinic.language, clinic.reviewed_texts)


def _words(
    session: Session, actor: Actor, clinics: str | None, reviews: Mapping[str, Any]
) -> Wording:
    if actor.patient_id is None:
        return IN_ENGLISH
    own = session.scalar(select(User.language).where(User.id == actor.user_id))
    return words_of_patient(actor, own, clinics, reviews)


def words_of_patient(
    actor: Actor, own: str | None, clinics: str | None, reviews: Mapping[str, Any]
) -> Wording:
    """The same for a patient whose own language, and whose clinic's, is known."""
    return wording(chosen_language(own, *actor.accepts, clinics), reviews)
