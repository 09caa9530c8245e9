"""What a change of an alert writes: its columns, the timeline, and the pages in the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Insert,
    Interval,
    Select,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from models import Alert, AlertEvent, Notification
from models.base import new_id
from models.statements import Query, Statement
from services.alerts.chain import Chain, Link, Member
from services.alerts.outbox import EMPTY, Outbox, PlannedPage, plan_pages
from services.rules.escalation.states import OWN_PEOPLE, AlertState, PageStep, Transition
from services.unit_of_work import Prepared, Write, new_row

A_MOMENT: Final[ColumnElement[timedelta]] = literal_column("interval '1 microsecond'", Interval())
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


_WAKE: Final = Statement(notify_statement())


def waking() -> Query:
    """The same, to be asked with what writes."""
    return Query(_WAKE, {})


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
    """One event for each kind, in this order; `detail` never carries patient data.

    The timeline never runs backwards: `now` was read before a lock was waited for, and on whatever
    machine this is.
    """
    if not kinds:
        return []
    about = {"clinic_id": key.clinic_id, "alert_id": key.alert_id, "now": now}
    return [
        Prepared(
            _event, {**about, "id": new_id(), "kind": kind, "actor_id": actor_id, "detail": detail}
        )
        for kind in kinds
    ]


def _event(prefix: str) -> Insert:
    columns = AlertEvent.__table__.c

    def value(name: str, column: str | None = None) -> BindParameter[Any]:
        return bindparam(f"{prefix}{name}", type_=columns[column or name].type)

    now = value("now", "at")
    later = select(func.max(AlertEvent.at) + A_MOMENT).where(
        AlertEvent.clinic_id == value("clinic_id"),
        AlertEvent.alert_id == value("alert_id"),
        AlertEvent.at > now,
    )
    names = ("clinic_id", "id", "alert_id", "kind", "actor_id", "detail")
    at = func.coalesce(later.scalar_subquery(), now)
    return insert(AlertEvent).values({"at": at, **{name: value(name) for name in names}})


def page_writes(
    key: AlertKey, change: Transition, chain: Chain, now: datetime, outbox: Outbox
) -> list[Write]:
    """The pages of a change and their events; one that is still unsent stands for a later step.

    A round that begins with nobody but the last resort on the chain says so on the timeline. A page
    states the severity of the ladder it runs on, which a lowering does not quieten.
    """
    writes: list[Write] = []
    severity = change.state.ladder_severity
    climbs = any(page.step != OWN_PEOPLE for page in change.pages)
    if climbs and chain.nobody_but_the_last_resort(severity):
        writes += timeline_writes(key, ("no_one_on_call",), now)
    for page in plan_pages(change, chain, outbox, now):
        event = "page_queued"
        if page.joins is None:
            row = page_row(key, page.step, page.to, severity, page.due_at)
            writes.append(new_row(Notification, row))
        else:
            event = "page_joined" if page.adds else "page_still_unsent"
            writes.append(_joined(key, page.joins, page, severity))
        writes += timeline_writes(key, (event,), now, round=page.step.round, step=page.step.step)
    return writes


def must_wake(change: Transition, chain: Chain, now: datetime, outbox: Outbox) -> bool:
    """Is a page of the change due now? One that joins another or follows later wakes nobody."""
    return any(
        page.due_at <= now and not (page.adds and page.joins)
        for page in plan_pages(change, chain, outbox, now)
    )


def page_row(
    key: AlertKey, page: PageStep, to: Link | Member, severity: str, due_at: datetime
) -> dict[str, Any]:
    """One page. Its id is the receiver's idempotency key. Its age counts from when it is due."""
    return {
        "clinic_id": key.clinic_id,
        "id": new_id(),
        "kind": "page",
        "alert_id": key.alert_id,
        "page_round": page.round,
        "page_step": page.step,
        **to.columns,
        "severity": severity,
        "created_at": due_at,
        "due_at": due_at,
    }


def _joined(key: AlertKey, notification_id: UUID, page: PlannedPage, severity: str) -> Write:
    """A page that is still unsent stands for a later step from now on, and is due no later than
    that: a retry only when it is hurried, what somebody is sending at this moment when its lease
    ends. It keeps its age, so that `/safetyz` stays red while a channel is down.
    """
    waits = Notification.state == "sending"
    if page.adds:
        waits = or_(waits, Notification.attempts > 0)
    sooner = func.least(Notification.due_at, page.due_at)
    return (
        update(Notification)
        .where(Notification.clinic_id == key.clinic_id, Notification.id == notification_id)
        .values(
            page_round=page.step.round,
            page_step=page.step.step,
            severity=severity,
            due_at=case((waits, Notification.due_at), else_=sooner),
            created_at=func.least(Notification.created_at, page.due_at),
        )
    )


def change_writes(
    key: AlertKey,
    before: AlertState,
    change: Transition,
    chain: Chain,
    now: datetime,
    outbox: Outbox = EMPTY,
) -> list[Write]:
    """Everything that one change of an open alert writes (without the morning mail, which carries
    several alerts). Each row is written by one of them only. `outbox`: of an alert that may page.
    """
    return [
        *alert_update(key, changed_columns(before, change.state)),
        *consequences(key, change, chain, now, outbox),
    ]


def consequences(
    key: AlertKey, change: Transition, chain: Chain, now: datetime, outbox: Outbox
) -> list[Write]:
    """The events and pages of a change, without the alert's own row."""
    return [
        *timeline_writes(key, change.events, now, severity=change.state.severity),
        *page_writes(key, change, chain, now, outbox),
    ]
