"""Check-ins as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from models import CheckIn, CheckInContent
from services.intake.reading.versions import Columns, VersionedEntry, session_of
from services.rules.cards.crisis import ClinicFacts, RequestOutcome, card
from services.rules.courses import Treatment
from services.rules.danger.entry import EntryFacts
from services.rules.danger.triage import card_level, next_instrument

SCORE_FIELDS: Final = ("total", "band", "complete", "answered", "prorated_total")
# Answers and notes stand beside their check-in, in a table that the alert worker cannot read.
OF_ITS_CHECK_IN: Final[ColumnElement[bool]] = and_(
    CheckInContent.clinic_id == CheckIn.clinic_id,
    CheckInContent.patient_id == CheckIn.patient_id,
    CheckInContent.check_in_id == CheckIn.id,
)


def record_of(
    row: Columns,
    record_id: UUID,
    *,
    answers: Mapping[str, Any],
    note: str | None,
    client_total: int | None,
    treatment: Treatment,
    safety: dict[str, object] | None,
) -> dict[str, Any]:
    """The record of one check-in from its columns; `record_id` is the id it is shown under."""
    return {
        "id": record_id,
        "patient_id": row["patient_id"],
        "instrument": row["instrument"],
        "instrument_version": row["instrument_version"],
        "answers": dict(answers),
        "recorded_at": row["recorded_at"],
        "received_at": row["received_at"],
        "timezone": row["timezone"],
        "mood_day": row["mood_day"],
        "note": note,
        "client_total": client_total,
        "score": {field: row[field] for field in SCORE_FIELDS},
        "session": session_of(row["answered_at"], treatment),
        "flags": sorted(row["flags"]),
        "safety": safety,
    }


def _show(row: Columns, treatment: Treatment, clinic: ClinicFacts, now: datetime) -> dict[str, Any]:
    return record_of(
        row,
        row["id"],
        answers=row["answers"],
        note=row["first_note"],
        client_total=row["first_client_total"],
        treatment=treatment,
        safety=_card_now(row, clinic, now),
    )


def _card_now(row: Columns, clinic: ClinicFacts, now: datetime) -> dict[str, object] | None:
    """The card as of now: resources and staffed hours may have changed since the first answer."""
    facts = EntryFacts(
        kind="check_in",
        recorded_at=row["answered_at"],
        received_at=row["received_at"],
        item9="unknown" if row["q9_unknown"] else row["q9"],
        cssrs=row["cssrs_level"],
    )
    level = card_level(facts, ())
    return (
        None
        if level is None
        else card(level, clinic, now, RequestOutcome(), next_instrument(facts))
    )


def _show_version(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "by": row.entered_by,
        "reason": row.reason,
        "answers": row.answers,
    }


_FIRST: Final = CheckInContent.__table__.alias("first_content")

CHECK_INS: Final = VersionedEntry(
    name="check_ins",
    table=CheckIn,
    versions=select(
        *CheckIn.__table__.c,
        CheckInContent.answers,
        CheckInContent.note,
        CheckInContent.reason,
    ).join(CheckInContent, OF_ITS_CHECK_IN),
    current=select(
        *CheckIn.__table__.c,
        CheckInContent.answers,
        _FIRST.c.note.label("first_note"),
        _FIRST.c.client_total.label("first_client_total"),
    )
    .join(CheckInContent, OF_ITS_CHECK_IN)
    .join(
        _FIRST,
        and_(
            _FIRST.c.clinic_id == CheckIn.clinic_id,
            _FIRST.c.patient_id == CheckIn.patient_id,
            _FIRST.c.check_in_id == CheckIn.root_id,
        ),
    ),
    show=_show,
    show_version=_show_version,
)
