"""In which language a patient reads: their own, else their phone's, else the clinic's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models import Clinic, User
from models.statements import Query, Statement
from services.access import Actor
from services.rules.cards.crisis import ClinicFacts
from services.rules.languages.wording import IN_ENGLISH, Wording, chosen_language, wording
from services.unit_of_work import ask

_LANGUAGE: Final = Statement(
    select(User.language).where(User.id == bindparam("user_id", type_=User.id.type))
)


def for_reader(session: Session, actor: Actor, clinic: ClinicFacts) -> ClinicFacts:
    """The clinic's facts in the words of whoever reads."""
    own = language_of(actor)
    ask(session, own)
    return in_their_words(actor, clinic, own)


def language_of(actor: Actor) -> Query:
    """What asks for the language of their account."""
    return Query(_LANGUAGE, {"user_id": actor.user_id})


def in_their_words(actor: Actor, clinic: ClinicFacts, own_language: Query) -> ClinicFacts:
    """The clinic's facts in the words of whoever reads, whose `language_of` was asked."""
    words = _words(actor, own_language, clinic.language, clinic.reviews)
    return replace(clinic, wording=words)


def words_for(session: Session, actor: Actor) -> Wording:
    """The words of whoever reads; staff read English."""
    clinic = session.execute(select(Clinic.language, Clinic.reviewed_texts)).one()
    ask(session, own := language_of(actor))
    return _words(actor, own, clinic.language, clinic.reviewed_texts)


def _words(
    actor: Actor, own_language: Query, clinics: str | None, reviews: Mapping[str, Any]
) -> Wording:
    if actor.patient_id is None:
        return IN_ENGLISH
    row = own_language.one_or_none()
    return words_of_patient(actor, None if row is None else row.language, clinics, reviews)


def words_of_patient(
    actor: Actor, own: str | None, clinics: str | None, reviews: Mapping[str, Any]
) -> Wording:
    """The same for a patient whose own language, and whose clinic's, is known."""
    return wording(chosen_language(own, *actor.accepts, clinics), reviews)
