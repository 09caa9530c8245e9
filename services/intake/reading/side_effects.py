"""Reports of side effects as the API shows them, and what can be reported."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from models import SideEffectReport
from services.access import Actor
from services.accounts.token_check import acting
from services.intake.reading.versions import Columns, VersionedEntry, session_of
from services.patients.history.side_effects import rule_report
from services.rules.cards.crisis import ClinicFacts, RequestOutcome
from services.rules.cards.medical import medical_advice, medical_card
from services.rules.courses import Treatment
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.side_effects.report import e1


def effects_record(
    row: Columns,
    record_id: UUID,
    treatment: Treatment,
    safety: dict[str, object] | None,
) -> dict[str, Any]:
    """The record of one report from its columns; `record_id` is the id it is shown under."""
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


def _show(row: Columns, treatment: Treatment, clinic: ClinicFacts, now: datetime) -> dict[str, Any]:
    """With the card as of now: whoever reads an emergency back is still told to call."""
    advice = medical_advice([e1(rule_report(row))])
    safety = None if advice is None else medical_card(advice, clinic, now, RequestOutcome())
    return effects_record(row, row["id"], treatment, safety)


def _show_version(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "by": row.entered_by,
        "reason": row.reason,
        "effects": row.effects,
    }


SIDE_EFFECT_REPORTS: Final = VersionedEntry(
    name="side_effects",
    table=SideEffectReport,
    versions=select(*SideEffectReport.__table__.c),
    current=select(*SideEffectReport.__table__.c),
    show=_show,
    show_version=_show_version,
)


def side_effect_codes(actor: Actor, now: datetime) -> dict[str, Any]:
    """The coded list with its grades in lay words, for everybody who is logged in."""
    with acting(actor, now):
        pass
    return {
        "version": SIDE_EFFECTS.version,
        "effects": [
            {"code": one.code, "label": one.label, "group": one.group, "emergency": one.emergency}
            for one in SIDE_EFFECTS.effects.values()
        ],
        "grades": [
            {"grade": one.grade, "label": one.label} for one in SIDE_EFFECTS.grades.values()
        ],
    }
