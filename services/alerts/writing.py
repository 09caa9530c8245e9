"""What a change of an alert writes: its columns, the timeline, and the pages in the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, case, func, insert, select, update

from models import Alert, AlertEvent, Notification
from models.base import new_id
from services.alerts.chain import Chain, Link
from services.rules.escalation.states import AlertState, PageStep, Transition
from services.unit_of_work import Write

WAKE_CHANNEL: Final = "interlude_pages"


@dataclass(frozen=True, slots=True)
class AlertKey:
    """Which alert."""

    clinic_id: UUID
    alert_id: UUID


def notify_statement() -> Select[Any]:
    """Wake the workers at the commit. Only for transactions that queue a page or move a due time
    to now: a notification serialises commits.
    """
    return select(func.pg_notify(WAKE_CHANNEL, ""))


def changed_columns(before: AlertState, after: AlertState) -> dict[str, Any]:
    """The columns that differ."""
    old = before.columns()
    return {name: value for name, value in after.columns().items() if value != old[name]}


def alert_update(key: AlertKey, values: dict[str, Any]) -> list[Write]:
    """One update of the alert's row; none when nothing changes."""
    if not values:
        return []
    row = (Alert.clinic_id == key.clinic_id, Alert.id == key.alert_id)
    return [update(Alert).where(*row).values(**values)]


def timeline_writes(
    key: AlertKey,
    kinds: Sequence[str],
    now: datetime,
    actor_id: UUID | None = None,
    **detail: Any,
) -> list[Write]:
    """One event for each kind, in this order; `detail` never carries patient data."""
    if not kinds:
        return []
    rows = [
        {
            "clinic_id": key.clinic_id,
            "id": new_id(),
            "alert_id": key.alert_id,
            "at": now,
            "kind": kind,
            "actor_id": actor_id,
            "detail": detail,
        }
        for kind in kinds
    ]
    return [insert(AlertEvent).values(rows)]


def page_writes(
    key: AlertKey, pages: Sequence[PageStep], severity: str, chain: Chain, now: datetime
) -> list[Write]:
    """The pages of these steps, due at once, and their events.

    A round that begins with nobody but the last resort on the chain says so on the timeline.
    """
    writes: list[Write] = []
    if any(page.step == 1 for page in pages) and chain.nobody_but_the_last_resort:
        writes += timeline_writes(key, ("no_one_on_call",), now)
    for page in pages:
        link = chain.links[page.step - 1]
        writes.append(insert(Notification).values(**page_row(key, page, link, severity, now)))
        writes += timeline_writes(key, ("page_queued",), now, round=page.round, step=page.step)
    return writes


def page_row(
    key: AlertKey, page: PageStep, link: Link, severity: str, now: datetime
) -> dict[str, Any]:
    """One page, due at once. Its id is the receiver's idempotency key."""
    return {
        "clinic_id": key.clinic_id,
        "id": new_id(),
        "kind": "page",
        "alert_id": key.alert_id,
        "page_round": page.round,
        "page_step": page.step,
        "contact_id": link.contact_id,
        "channel": link.channel,
        "severity": severity,
        "created_at": now,
        "due_at": now,
    }


def renewal_writes(
    key: AlertKey, notification_id: UUID, page: PageStep, severity: str, now: datetime
) -> list[Write]:
    """A page that is still unsent stands for a later step from now on and is due at once, unless
    somebody is sending it at this moment.
    """
    sending = Notification.state == "sending"
    return [
        update(Notification)
        .where(Notification.clinic_id == key.clinic_id, Notification.id == notification_id)
        .values(
            page_round=page.round,
            page_step=page.step,
            severity=severity,
            due_at=case((sending, Notification.due_at), else_=now),
        ),
        *timeline_writes(key, ("page_still_unsent",), now, round=page.round, step=page.step),
    ]


def change_writes(
    key: AlertKey,
    before: AlertState,
    change: Transition,
    chain: Chain,
    now: datetime,
    actor_id: UUID | None = None,
) -> list[Write]:
    """Everything that one change of an open alert writes (without the morning mail, which carries
    several alerts). Each row is written by one of them only.
    """
    return [
        *alert_update(key, changed_columns(before, change.state)),
        *consequences(key, change, chain, now, actor_id),
    ]


def consequences(
    key: AlertKey, change: Transition, chain: Chain, now: datetime, actor_id: UUID | None = None
) -> list[Write]:
    """The events and pages of a change, without the alert's own row.

    A page states the severity of the ladder it runs on, which a lowering does not quieten.
    """
    state = change.state
    return [
        *timeline_writes(key, change.events, now, actor_id, severity=state.severity),
        *page_writes(key, change.pages, state.ladder_severity, chain, now),
    ]
