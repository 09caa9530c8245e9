"""The instruments as one clinic words them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import Clinic
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.exceptions import NotFound
from services.rules.instruments.definition import (
    Instrument,
    UnknownInstrument,
    instrument,
    load_instruments,
    with_texts,
)


def clinic_instruments(actor: Actor, now: datetime) -> list[Instrument]:
    """All instruments in the order of their codes. Raises `Unauthenticated`."""
    texts = _cssrs_texts(actor, now)
    return [_worded(found, texts) for _, found in sorted(load_instruments().items())]


def clinic_instrument(actor: Actor, code: str, now: datetime) -> Instrument:
    """One instrument. Raises `NotFound` for an unknown code, `Unauthenticated`."""
    texts = _cssrs_texts(actor, now)
    try:
        return _worded(instrument(code), texts)
    except UnknownInstrument as error:
        raise NotFound from error


def _cssrs_texts(actor: Actor, now: datetime) -> dict[str, str]:
    with acting(actor, now) as session:
        statement = select(Clinic.cssrs_texts).where(Clinic.id == actor.clinic_id)
        return dict(session.scalars(statement).one())


def _worded(found: Instrument, texts: dict[str, str]) -> Instrument:
    return with_texts(found, texts) if found.clinic_texts else found
