"""A stored report of side effects in the shape that the contract shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.intake.record_view import session_of
from services.rules.treatment import Treatment


def effects_record(
    row: Mapping[str, Any],
    record_id: UUID,
    treatment: Treatment,
    safety: dict[str, object] | None,
) -> dict[str, Any]:
    """One report from its columns; its session is worked out from the treatment as known now."""
    pressure = {name: row[name] for name in ("systolic", "diastolic", "heart_rate")}
    return {
        "id": record_id,
        "patient_id": row["patient_id"],
        "recorded_at": row["recorded_at"],
        "received_at": row["received_at"],
        "timezone": row["timezone"],
        "mood_day": row["mood_day"],
        "session_id": row["session_id"],
        "session": session_of(row["answered_at"], treatment),
        "effects": row["effects"],
        "vitals": None if pressure["systolic"] is None else pressure,
        "note": row["note"],
        "flags": sorted(row["flags"]),
        "safety": safety,
    }
