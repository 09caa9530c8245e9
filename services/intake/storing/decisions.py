"""What was decided is kept with its rule set's version and inputs, yes and no alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Insert, insert

from models import StoredDecision
from models.base import new_id
from services.patients.status.lock import LockedPatient
from services.rules.danger.numbers import RULES_VERSION
from services.rules.decision import Tier


def keep_decision(
    patient: LockedPatient,
    entry_id: UUID,
    by: Literal["rules", "fallback", "replay"],
    tier: Tier | None,
    decided: list[dict[str, Any]],
    now: datetime,
) -> Insert:
    """The write of one entry's decisions; `tier` is the highest of them."""
    return insert(StoredDecision).values(
        id=new_id(),
        clinic_id=patient.clinic_id,
        patient_id=patient.patient_id,
        entry_id=entry_id,
        rule_version=RULES_VERSION,
        by=by,
        tier=tier.word if tier else None,
        decided=decided,
        decided_at=now,
        revision=patient.next_revision,
    )
