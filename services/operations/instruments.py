"""The instruments as one clinic words them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from models import Clinic
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.exceptions import NotFound
from services.patients.wording import words_for
from services.rules.instruments.definition import (
    Instrument,
    UnknownInstrument,
    instrument,
    load_instruments,
    with_texts,
)
from services.rules.languages.forms import form_in
from services.rules.languages.wording import Wording


def clinic_instruments(actor: Actor, now: datetime) -> tuple[list[Instrument], Wording]:
    """All instruments in the order of their codes, in the words of whoever reads. Raises
    `Unauthenticated`.
    """
    texts, words = _texts(actor, now)
    return worded_instruments(texts, words), words


def worded_instruments(texts: Mapping[str, str], words: Wording) -> list[Instrument]:
    """The same from a clinic's own texts."""
    return [_worded(one, texts, words) for _, one in sorted(load_instruments().items())]


def clinic_instrument(actor: Actor, code: str, now: datetime) -> tuple[Instrument, Wording]:
    """One instrument. Raises `NotFound` for an unknown code, `Unauthenticated`."""
    texts, words = _texts(actor, now)
    try:
        return _worded(instrument(code), texts, words), words
    except UnknownInstrument as error:
        raise NotFound from error


def _texts(actor: Actor, now: datetime) -> tuple[dict[str, str], Wording]:
    with acting(actor, now) as session:
        statement = select(Clinic.cssrs_texts).where(Clinic.id == actor.clinic_id)
        return dict(session.scalars(statement).one()), words_for(session, actor)


def _worded(found: Instrument, texts: Mapping[str, str], words: Wording) -> Instrument:
    """The clinic's own wording is in the language that it chose."""
    if found.clinic_texts and texts:
        return with_texts(found, texts)
    return form_in(words, found)
