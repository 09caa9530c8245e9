"""A standing plan is set with the resolve of an alert, or not at all (clinical.md 5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models import AlertOccurrence, CheckIn, StoredPlan
from models.base import new_id
from services.alerts.handling.holding import Held
from services.exceptions import Invalid
from services.rules.danger.lowering import CssrsEntry, Occurrence
from services.rules.danger.standing_plans import may_set
from services.rules.decision import Tier

CSSRS: Final = "cssrs-screener"
REPLACED: Final = "replaced"


@dataclass(frozen=True, slots=True)
class AskedPlan:
    """`until`: the first instant at which the plan no longer holds."""

    until: datetime
    reason: str


def set_plan(held: Held, asked: AskedPlan) -> None:
    """Set the plan, ending an earlier one; raises `Invalid` with every reason against it.

    The status row is locked by the caller, and the alert is still open.
    """
    latest = _latest_cssrs(held.session, held.alert.patient_id)
    refusals = may_set(
        held.now,
        asked.until,
        asked.reason,
        held.alert.family,
        _as_rules_see(latest),
        _occurrences(held),
    )
    if refusals:
        errors: dict[str, list[str]] = {}
        for refusal in refusals:
            errors.setdefault(refusal.field, []).append(_sentence(refusal.message))
        raise Invalid(errors)
    held.session.execute(
        update(StoredPlan)
        .where(StoredPlan.patient_id == held.alert.patient_id, StoredPlan.ended_at.is_(None))
        .values(ended_at=held.now, ended_because=REPLACED)
    )
    held.session.execute(
        insert(StoredPlan).values(
            clinic_id=held.alert.clinic_id,
            id=new_id(),
            patient_id=held.alert.patient_id,
            alert_id=held.alert.id,
            check_in_id=latest.id,
            set_by=held.actor.user_id,
            set_at=held.now,
            until_at=asked.until,
            reason=asked.reason,
        )
    )


def _sentence(message: str) -> str:
    return f"{message[0].upper()}{message[1:]}."


def _latest_cssrs(session: Session, patient_id: UUID | None) -> Any:
    """The C-SSRS that came in last, whatever it says: an older one cannot speak against it."""
    return session.execute(
        select(
            CheckIn.id,
            CheckIn.cssrs_level,
            CheckIn.complete,
            CheckIn.answered_at,
            CheckIn.received_at,
            CheckIn.flags,
            CheckIn.version,
        )
        .where(CheckIn.patient_id == patient_id, CheckIn.instrument == CSSRS)
        .order_by(CheckIn.revision.desc())
        .limit(1)
    ).one_or_none()


def _as_rules_see(row: Any) -> CssrsEntry | None:
    if row is None:
        return None
    return CssrsEntry(
        level=row.cssrs_level or "unknown",
        complete=row.complete,
        recorded_at=row.answered_at,
        received_at=row.received_at,
        flags=frozenset(row.flags),
        amended=row.version > 1,
    )


def _occurrences(held: Held) -> list[Occurrence]:
    rows = held.session.execute(
        select(
            AlertOccurrence.rule,
            AlertOccurrence.tier,
            AlertOccurrence.at,
            AlertOccurrence.received_at,
        ).where(AlertOccurrence.alert_id == held.alert.id)
    )
    return [Occurrence(row.rule, Tier.from_word(row.tier), row.at, row.received_at) for row in rows]
