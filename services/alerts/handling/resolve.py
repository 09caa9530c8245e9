"""An alert ends only when a person resolves it with a disposition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models import AlertResolution
from models.encryption import keyring
from services.access import Actor
from services.accounts.token_check import acting
from services.alerts.handling.dispositions import problems_with
from services.alerts.handling.holding import hold
from services.alerts.handling.standing_plans import AskedPlan, set_plan
from services.alerts.permissions import Reach
from services.exceptions import AlreadyResolved, Invalid
from services.rules.escalation import lifecycle


@dataclass(frozen=True, slots=True)
class Ending:
    """How somebody ends an alert."""

    disposition: str
    note: str | None = None
    standing_plan: AskedPlan | None = None

    @property
    def digest(self) -> bytes:
        """Equal for the same request, whoever sends it and however it is written (keyed)."""
        plan = self.standing_plan
        content = {
            "disposition": self.disposition,
            "note": self.note,
            "until": plan.until.astimezone(UTC) if plan else None,
            "reason": plan.reason if plan else None,
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
        return reach.resolves and (ending.standing_plan is None or reach.as_clinician)

    with acting(actor, now) as session:
        held = hold(session, actor, alert_id, allowed, now)
        if held.is_resolved:
            if _kept_digest(session, alert_id) != ending.digest:
                raise AlreadyResolved
            return held.shown("alert_read")
        errors = problems_with(ending.disposition, ending.note, held.state)
        if errors:
            raise Invalid(errors)
        if ending.standing_plan is not None:
            set_plan(held, ending.standing_plan)
        kept = insert(AlertResolution).values(
            clinic_id=held.alert.clinic_id,
            alert_id=alert_id,
            at=now,
            by=actor.user_id,
            disposition=ending.disposition,
            note=ending.note,
            content_digest=ending.digest,
        )
        held.write(lifecycle.resolved(held.state, held.circumstances()), (kept,))
        return held.shown("alert_resolved")


def _kept_digest(session: Session, alert_id: UUID) -> bytes:
    return session.scalars(
        select(AlertResolution.content_digest).where(AlertResolution.alert_id == alert_id)
    ).one()
