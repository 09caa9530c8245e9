"""Was this alert useful?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from models import AlertFeedback
from services import audit
from services.access import Actor
from services.accounts.token_check import acting
from services.alerts.permissions import reach_of, require, visible_alert


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's answer."""

    useful: bool
    note: str | None = None


def give_feedback(
    actor: Actor, alert_id: UUID, feedback: Feedback, now: datetime
) -> dict[str, Any]:
    """Keep the answer of this person; the last one counts. It moves nothing of the alert.

    Raises `Forbidden` for those who may not act on it, and `NotFound`.
    """
    with acting(actor, now) as session:
        alert = visible_alert(session, actor, alert_id, now)
        require(reach_of(session, actor, alert, now).acts)
        answer = {"at": now, "useful": feedback.useful, "note": feedback.note}
        session.execute(
            insert(AlertFeedback)
            .values(clinic_id=alert.clinic_id, alert_id=alert_id, user_id=actor.user_id, **answer)
            .on_conflict_do_update(
                index_elements=[
                    AlertFeedback.clinic_id,
                    AlertFeedback.alert_id,
                    AlertFeedback.user_id,
                ],
                set_=answer,
            )
        )
        audit.record(
            session,
            actor.user_id,
            "alert_feedback",
            now,
            patient_id=alert.patient_id,
            object_id=alert_id,
        )
        return answer
