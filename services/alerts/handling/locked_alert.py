"""An alert that is locked, in the one order, for somebody who acts on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models import Alert, AlertEvent, AlertOccurrence
from services.access import Actor
from services.alerts.chain import load_chain
from services.alerts.handling.show_alerts import record_access, show_alert
from services.alerts.locking import lock_alert_of
from services.alerts.permissions import Reach, reach_of, require, visible_alert
from services.alerts.writing import AlertKey, alert_update, changed_columns, timeline_writes
from services.patients.status.row import raise_revision
from services.rules.escalation.states import AlertState, Circumstances, Transition
from services.unit_of_work import Write, execute_writes

# What nobody does without the alert before them.
SEEN_BY: Final = frozenset(("acknowledged", "acknowledgement_taken_over", "resolved"))


@dataclass(frozen=True, slots=True)
class LockedAlert:
    """A locked alert (and, before it, its patient's status row), as it is now."""

    session: Session
    actor: Actor
    alert: Alert
    reach: Reach
    now: datetime

    @property
    def key(self) -> AlertKey:
        """Which alert."""
        return AlertKey(self.alert.clinic_id, self.alert.id)

    @property
    def state(self) -> AlertState:
        """Where it stands in its life."""
        return AlertState.of(self.alert)

    @property
    def is_resolved(self) -> bool:
        """Has a person ended it?"""
        return self.alert.status == "resolved"

    def circumstances(self) -> Circumstances:
        """What a transition needs to know of the clinic."""
        alert = self.alert
        chain = load_chain(self.session, alert.clinic_id, self.now, alert.patient_id)
        return chain.circumstances(self.now)

    def write(self, change: Transition, extra: Sequence[Write] = (), **detail: Any) -> None:
        """Write what a person's action changes (it never pages) and count the write about the
        patient. Nothing when nothing changes.
        """
        if not change.events:
            return
        by = self.actor.user_id
        severity = change.state.severity
        execute_writes(
            self.session,
            [
                *alert_update(self.key, changed_columns(self.state, change.state)),
                *timeline_writes(
                    self.key, change.events, self.now, by, severity=severity, **detail
                ),
                *extra,
            ],
        )
        if self.alert.patient_id is not None:
            revision = raise_revision(self.session, self.alert.patient_id)
            if SEEN_BY.intersection(change.events):
                self._seen_from(revision)
        self.session.refresh(self.alert)

    def _seen_from(self, revision: int) -> None:
        """The patient's phone hears that a person has seen these entries."""
        one, key = AlertOccurrence, self.key
        unseen = (one.clinic_id == key.clinic_id, one.alert_id == key.alert_id)
        self.session.execute(
            update(one)
            .where(*unseen, one.seen_revision.is_(None))
            .values(seen_revision=revision)
            .execution_options(synchronize_session=False)
        )

    def shown(self, action: str) -> dict[str, Any]:
        """The alert as the actor sees it now. Goes into the audit chain: the last thing to do."""
        shown = show_alert(self.session, self.actor, self.alert, self.reach, self.now)
        record_access(self.session, self.actor, self.alert, self.reach, action, self.now)
        return shown


def lock_alert_for(
    session: Session, actor: Actor, alert_id: UUID, allowed: Callable[[Reach], bool], now: datetime
) -> LockedAlert:
    """Lock the status row of the alert's patient, then the alert, for somebody who may.

    Raises `NotFound` for an alert out of view, `Forbidden` for what this person may not do.
    """
    seen = visible_alert(session, actor, alert_id, now)
    reach = reach_of(session, actor, seen, now)
    require(allowed(reach))
    alert = lock_alert_of(session, seen.clinic_id, seen.id)
    if alert is None:
        raise AssertionError("alerts are never removed")
    # The clock was read before the lock was waited for; the timeline must not run backwards.
    newest = session.scalar(
        select(func.max(AlertEvent.at)).where(
            AlertEvent.clinic_id == alert.clinic_id, AlertEvent.alert_id == alert.id
        )
    )
    after = now if newest is None else max(now, newest + timedelta(microseconds=1))
    return LockedAlert(session, actor, alert, reach, after)
