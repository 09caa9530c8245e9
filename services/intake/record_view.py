"""A stored check-in in the shape that the contract shows (and ``schemas/check_ins.py``
documents).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from services.rules.treatment import Treatment, hours_since, session_before

log = structlog.get_logger()

SCORE_FIELDS: Final = ("total", "band", "complete", "answered", "prorated_total")


def record_of(
    row: Mapping[str, Any],
    record_id: UUID,
    *,
    answers: Mapping[str, Any],
    note: str | None,
    client_total: int | None,
    treatment: Treatment,
    safety: dict[str, object] | None,
) -> dict[str, Any]:
    """The record of one check-in from its columns; ``record_id`` is the id it is shown under.

    Its session is worked out from the treatment as it is known now.
    """
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


def session_of(answered_at: datetime, treatment: Treatment) -> dict[str, Any] | None:
    """The last session that had started when something was answered, and hours since then."""
    try:
        found = session_before(answered_at, treatment.sessions)
        if found is None:
            return None
        return {"id": found.id, "hours_since": hours_since(found, answered_at)}
    except Exception as error:  # noqa: BLE001 -- an annotation must not cost the answer
        log.error("session_failed", kind=type(error).__name__)
        return None
