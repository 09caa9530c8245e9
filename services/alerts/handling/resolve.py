"""An alert ends only when a person resolves it with a disposition (contract, "Alerts"). A standing
plan is set with that, or not at all (clinical.md 5.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models import AlertOccurrence, AlertResolution, CheckIn, StoredPlan
from models.base import new_id
from models.encryption import keyring
from models.sealing import sealed
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.alerts.handling.locked_alert import LockedAlert, lock_alert_for
from services.alerts.handling.stand_down import stand_down_writes
from services.alerts.permissions import Reach, problems_with
from services.exceptions import AlreadyResolved, Invalid
from services.rules.danger.lowering import CssrsEntry, Occurrence
from services.rules.danger.standing_plans import may_set
from services.rules.decision import Tier
from services.rules.escalation import lifecycle
from services.rules.instruments.definition import CSSRS_FORMS

REPLACED: Final = "replaced"


@dataclass(frozen=True, slots=True)
class Ending:
    """How somebody ends an alert; a standing plan has `until`, from when it no longer holds, and a
    `reason`.
    """

    disposition: str
    note: str | None = None
    standing_plan: Mapping[str, Any] | None = None

    @property
    def digest(self) -> bytes:
        """Equal for the same request, whoever sends it and however it is written (keyed)."""
        plan = self.standing_plan
        content = {
            "disposition": self.disposition,
            "note": self.note,
            "until": plan["until"].astimezone(UTC) if plan else None,
            "reason": plan["reason"] if plan else None,
        }
        return keyring.digest(orjson.dumps(content), "alert_resolutions.content")


def resolve(actor: Actor, alert_id: UUID, ending: Ending, now: datetime) -> dict[str, Any]:
    """End the alert; the same request again answers the alert as it is.

    Works without an acknowledgement. Raises `AlreadyResolved` for a different ending of a
    resolved alert; `Invalid` for a disposition that does not fit or a standing plan without its
    conditions (then nothing is resolved); `Forbidden` (also for a standing plan by anyone but a
    clinician who has the patient in view) and `NotFound`.
    """

    def allowed(reach: Reach) -> bool:
        return reach.resolves and (ending.standing_plan is None or reach.sets_plans)

    with acting(actor, now) as session:
        locked = lock_alert_for(session, actor, alert_id, allowed, now)
        if locked.is_resolved:
            if _kept_digest(session, alert_id) != ending.digest:
                raise AlreadyResolved
            return locked.shown("alert_read")
        errors = problems_with(ending.disposition, ending.note, locked.state)
        if errors:
            raise Invalid(errors)
        if ending.standing_plan is not None:
            set_plan(locked, **ending.standing_plan)
        row = {
            "clinic_id": locked.alert.clinic_id,
            "alert_id": alert_id,
            "at": now,
            "by": actor.user_id,
            "disposition": ending.disposition,
            "note": ending.note,
            "content_digest": ending.digest,
        }
        kept = insert(AlertResolution).values(sealed(AlertResolution, row))
        stand_down = stand_down_writes(session, locked.alert, actor.user_id, locked.now)
        locked.write(lifecycle.resolved(locked.state, locked.circumstances()), (kept, *stand_down))
        return locked.shown("alert_resolved")


def _kept_digest(session: Session, alert_id: UUID) -> bytes | None:
    """None of a drill that ended by itself."""
    return session.scalars(
        select(AlertResolution.content_digest).where(AlertResolution.alert_id == alert_id)
    ).one_or_none()


def set_plan(locked: LockedAlert, until: datetime, reason: str) -> None:
    """Set the plan, ending an earlier one; raises `Invalid` with every reason against it.

    The status row is locked by the caller, and the alert is still open.
    """
    latest = _latest_cssrs(locked.session, locked.alert.patient_id)
    refusals = may_set(
        locked.now, until, reason, locked.alert.family, _as_rules_see(latest), _occurrences(locked)
    )
    if refusals:
        errors: dict[str, list[str]] = {}
        for refusal in refusals:
            errors.setdefault(refusal.field, []).append(_sentence(refusal.message))
        raise Invalid(errors)
    locked.session.execute(
        update(StoredPlan)
        .where(StoredPlan.patient_id == locked.alert.patient_id, StoredPlan.ended_at.is_(None))
        .values(ended_at=locked.now, ended_because=REPLACED)
    )
    row = {
        "clinic_id": locked.alert.clinic_id,
        "id": new_id(),
        "patient_id": locked.alert.patient_id,
        "alert_id": locked.alert.id,
        "check_in_id": latest.id,
        "set_by": locked.actor.user_id,
        "set_at": locked.now,
        "until_at": until,
        "reason": reason,
    }
    locked.session.execute(insert(StoredPlan).values(sealed(StoredPlan, row)))


def _sentence(message: str) -> str:
    return f"{message[0].upper()}{message[1:]}."


def _latest_cssrs(session: Session, patient_id: UUID | None) -> Any:
    """The C-SSRS that came in last, whatever its level: an older one does not count beside it."""
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
        .where(CheckIn.patient_id == patient_id, CheckIn.instrument.in_(CSSRS_FORMS))
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


def _occurrences(locked: LockedAlert) -> list[Occurrence]:
    rows = locked.session.execute(
        select(
            AlertOccurrence.rule,
            AlertOccurrence.tier,
            AlertOccurrence.at,
            AlertOccurrence.received_at,
        ).where(AlertOccurrence.alert_id == locked.alert.id)
    )
    return [Occurrence(row.rule, Tier.from_word(row.tier), row.at, row.received_at) for row in rows]
