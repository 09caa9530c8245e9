"""Take a due notification out of the outbox: a lease, never a removal.

Whoever dies while sending loses the lease, and somebody else sends again with the same idempotency
key. Two workers never have the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Interval,
    Select,
    Subquery,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import aliased

from models import Alert, Notification, NotificationAttempt
from models.alerts.notification import UNFINISHED
from models.base import new_id
from models.statements import Query, Statement
from services.alerts.outbox import PAGE_GAP
from services.claims import first_free
from services.operations.safety import AHEAD_AFTER
from services.unit_of_work import Write, execute_writes, new_row, transaction

PAGES: Final = ("page", "digest")
LETTERS: Final = ("letter", "stand_down")
# Written into the statement, as `UNFINISHED` is, so that the partial index is used.
SENDING: Final[ColumnElement[str]] = literal_column("'sending'")
TURNS_LAST: Final = timedelta(minutes=1)
NOW: Final = bindparam("at", type_=Notification.due_at.type)
# Clocks that are apart by less are no fault, and bring no second page early.
GAP: Final = literal(PAGE_GAP + AHEAD_AFTER, Interval())


@dataclass(frozen=True, slots=True)
class Claimed:
    """One notification under our lease. A page and a stand-down have an alert, a morning mail and a
    letter have none; a letter has no severity.
    """

    clinic_id: UUID
    notification_id: UUID
    lease_token: UUID
    kind: Any
    channel: str
    alert_id: UUID | None
    contact_id: UUID | None
    user_id: UUID | None
    method_id: UUID | None
    severity: str | None
    attempts: int

    @property
    def receipt_key(self) -> str:
        """By which a provider names it to us."""
        return f"{self.clinic_id}/{self.notification_id}"


def is_due(
    channel: str,
    kinds: tuple[str, ...],
    now: BindParameter[datetime],
    table: type[Notification] = Notification,
) -> ColumnElement[bool]:
    """Waiting, to be tried again, or under a lease that has run out (`due_at` is its end).

    A page that nobody has tried follows the one before it by `PAGE_GAP` at most: due later than
    that, the clock of whoever wrote it is ahead of ours, and it goes out now.
    """
    untried = (table.kind == "page") & (table.attempts == 0)
    return and_(
        table.channel == channel,
        table.kind.in_(kinds),
        table.state.in_(UNFINISHED),
        or_(table.due_at <= now, untried & (table.due_at > now + GAP)),
    )


def channels_with_a_page(channels: Iterable[str], now: datetime) -> frozenset[str]:
    """Those of these channels that have a page or a morning mail for a sender to take."""
    names = list(channels)
    due = [
        select(Notification.id).where(is_due(name, PAGES, NOW)).exists().label(f"of_{place}")
        for place, name in enumerate(names)
    ]
    with transaction() as session:
        found = session.execute(select(*due), {"at": now}).one()
    return frozenset(name for name, is_there in zip(names, found, strict=True) if is_there)


def claim_due(
    channel: str, now: datetime, lease: timedelta, kinds: tuple[str, ...] = PAGES
) -> Claimed | None:
    """Lease the most urgent due notification of this channel; None when none is due.

    Critical goes first; then first tries before retries, so that one address that hangs cannot hold
    up the others; then the clinic that has had the fewest turns in the last minute; then first
    pages of their alerts. So no alert's first page waits behind another's hundredth, nor one clinic
    behind another. A letter waits while any page of its channel is due.
    """
    times = {"at": now, "turns_since": now - TURNS_LAST, "until": now + lease}
    claim = Query(_claim(channel, kinds), {**times, "token": new_id()})
    with transaction(None, claim) as session:
        found = claim.one_or_none()
        if found is None:
            return None
        state_before, *columns = found
        claimed = Claimed(*columns)
        if state_before == "sending":
            # The worker that had it died: nobody knows whether that attempt got through.
            execute_writes(session, [attempt_row(claimed, "lease_expired", now)])
        return claimed


@cache
def _claim(channel: str, kinds: tuple[str, ...]) -> Statement:
    """Built once: a burst of pages asks it for each."""
    due = first_free(_in_turn(channel, kinds, NOW), of=Notification)
    return Statement(
        update(Notification)
        .where(Notification.clinic_id == due.c.clinic_id, Notification.id == due.c.id)
        .values(
            state="sending",
            lease_until=bindparam("until"),
            due_at=bindparam("until"),
            lease_token=bindparam("token"),
            attempts=Notification.attempts + 1,
        )
        .returning(
            due.c.state,
            Notification.clinic_id,
            Notification.id,
            Notification.lease_token,
            Notification.kind,
            Notification.channel,
            Notification.alert_id,
            Notification.contact_id,
            Notification.user_id,
            Notification.method_id,
            Notification.severity,
            Notification.attempts,
        )
    )


def _in_turn(
    channel: str, kinds: tuple[str, ...], now: BindParameter[datetime]
) -> Select[UUID, UUID, str]:
    """What is due, in the order in which it is taken."""
    turns = _turns()
    return (
        select(Notification.clinic_id, Notification.id, Notification.state)
        .outerjoin(turns, turns.c.clinic_id == Notification.clinic_id)
        .outerjoin(
            Alert,
            (Alert.clinic_id == Notification.clinic_id) & (Alert.id == Notification.alert_id),
        )
        .where(is_due(channel, kinds, now), *_pages_first(channel, kinds, now))
        .order_by(
            Notification.severity != "critical",
            Notification.attempts > 0,
            func.coalesce(turns.c.taken, 0),
            Notification.created_at > Alert.triggered_at,
            Notification.due_at,
            Notification.id,
        )
    )


def _turns() -> Subquery:
    """How many turns each clinic has had: tries of the last minute, and what is being sent."""
    since = bindparam("turns_since", type_=NotificationAttempt.at.type)
    tried = select(NotificationAttempt.clinic_id).where(NotificationAttempt.at > since)
    sending = select(Notification.clinic_id).where(Notification.state == SENDING)
    each = union_all(tried, sending).subquery()
    counted = select(each.c.clinic_id, func.count().label("taken"))
    return counted.group_by(each.c.clinic_id).subquery()


def _pages_first(
    channel: str, kinds: tuple[str, ...], now: BindParameter[datetime]
) -> tuple[ColumnElement[bool], ...]:
    if kinds == PAGES:
        return ()
    page = aliased(Notification)
    return (~select(page.id).where(is_due(channel, PAGES, now, page)).exists(),)


def attempt_row(claimed: Claimed, outcome: str, now: datetime) -> Write:
    """One attempt at delivery and what came of it."""
    row = {"clinic_id": claimed.clinic_id, "id": new_id(), "at": now, "outcome": outcome}
    return new_row(NotificationAttempt, row | {"notification_id": claimed.notification_id})
