"""What a phone or a member of staff sent, validated: the contents that make two requests the
same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.exceptions import Invalid
from services.rules.answers import Answer, InvalidAnswers, check_answers
from services.rules.instruments import Instrument, UnknownInstrument, instrument


@dataclass(frozen=True, slots=True)
class CheckInForm:
    """A check-in as sent. ``recorded_at`` keeps the phone's own offset."""

    id: UUID
    instrument: str
    answers: Mapping[str, Any]
    recorded_at: datetime
    timezone: str | None = None
    mood_day: date | None = None
    note: str | None = None
    client_total: int | None = None
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AmendForm:
    """Answers that replace all those of an earlier version, and why."""

    id: UUID
    answers: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class HelpForm:
    """A press on "I need help now"."""

    id: UUID
    recorded_at: datetime
    note: str | None = None


def known_instrument(code: str) -> Instrument:
    """The instrument; raises ``Invalid`` naming the field."""
    try:
        return instrument(code)
    except UnknownInstrument as error:
        raise Invalid({"instrument": ["Unknown instrument."]}) from error


def checked_answers(asked: Instrument, raw: object) -> dict[str, Answer]:
    """The answers in canonical form; raises ``Invalid`` with every fault by JSON path."""
    try:
        return check_answers(asked, raw)
    except InvalidAnswers as error:
        raise Invalid(error.errors) from error
