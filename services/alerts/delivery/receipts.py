"""What a provider says later of what it took: by a callback, or because it is asked.

It may come late, twice and out of order. Nothing is lowered by it, and nothing here ends a chain:
only a person does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from models import Notification, ProviderReport
from models.base import new_id
from services.alerts.delivery.claiming import Claimed
from services.alerts.delivery.sending import go_on, settle, write_down
from services.alerts.locking import lock_alert_of
from services.channels.base import CanBeAsked, Channel, ChannelError, Receipt, Report
from services.claims import first_free
from services.contact_methods.outcomes import it_works
from services.unit_of_work import transaction

# A provider that knows nothing after a day never will.
ASKED_FOR: Final = timedelta(days=1)
ASKED_AT_ONCE: Final = 20
RETRY_AFTER: Final = timedelta(minutes=1)
NOT_DELIVERED: Final = Notification.state != Receipt.DELIVERED.value
ON_ITS_WAY: Final = Notification.state == Receipt.SENT.value


def put_down(
    clinic_id: UUID, notification_id: UUID, provider_id: str | None, report: Report, now: datetime
) -> None:
    """The API's half: keep a report for the worker. No `NOTIFY`: it would make commits that carry a
    page wait.
    """
    with transaction(clinic_id) as session:
        session.execute(
            insert(ProviderReport).values(
                clinic_id=clinic_id,
                id=new_id(),
                notification_id=notification_id,
                provider_id=provider_id,
                delivered=report.delivered,
                permanent=report.permanent,
                reason=report.reason,
                received_at=now,
            )
        )


def take_reports(now: datetime) -> int:
    """The worker's half: take note of what has come; how many changed something. In the order in
    which they came, each in a transaction of its own.
    """
    changed = 0
    while (taken := _take_report(now)) is not None:
        changed += taken
    return changed


def _take_report(now: datetime) -> bool | None:
    one = ProviderReport
    with transaction() as session:
        oldest = first_free(
            select(one.clinic_id, one.id).order_by(one.received_at, one.id), of=ProviderReport
        )
        row = session.execute(
            delete(one)
            .where(one.clinic_id == oldest.c.clinic_id, one.id == oldest.c.id)
            .returning(
                one.clinic_id,
                one.notification_id,
                one.provider_id,
                one.delivered,
                one.reason,
                one.permanent,
            )
        ).one_or_none()
        if row is None:
            return None
        report = Report(delivered=row.delivered, reason=row.reason, permanent=row.permanent)
        key = (row.clinic_id, row.notification_id, row.provider_id)
        return _record(session, *key, report, now)


def _record(
    session: Session,
    clinic_id: UUID,
    notification_id: UUID,
    provider_id: str | None,
    report: Report,
    now: datetime,
) -> bool:
    """Whatever try arrived, it has arrived. A failure counts of the last try alone (`provider_id`),
    while that stands as sent. False when the report changes nothing.
    """
    found = _find(session, clinic_id, notification_id)
    if found is None:
        return False
    claimed, last_try = found
    if report.delivered:
        return _arrived(session, claimed, now)
    return provider_id == last_try and _did_not_arrive(session, claimed, report, now)


def ask_providers(channels: Mapping[str, Channel], now: datetime) -> int:
    """Ask about what was taken and has not been heard of since; how many were asked. Again after as
    long as it has been on its way, for a day.
    """
    asked = 0
    for name, channel in channels.items():
        if isinstance(channel, CanBeAsked):
            for clinic_id, notification_id, provider_id in _waiting(name, now):
                asked += 1
                try:
                    report = channel.ask(provider_id)
                except ChannelError:
                    continue
                if report is not None:
                    with transaction() as session:
                        _record(session, clinic_id, notification_id, provider_id, report, now)
    return asked


def _waiting(channel: str, now: datetime) -> list[tuple[UUID, UUID, str]]:
    """Some whose time to be asked has come; the next time is set, so that no two workers ask."""
    note = Notification
    with transaction() as session:
        waiting = select(note.clinic_id, note.id).where(
            note.channel == channel,
            note.provider_id.is_not(None),
            note.state == Receipt.SENT.value,
            note.due_at <= now,
            note.sent_at > now - ASKED_FOR,
        )
        due = first_free(waiting.order_by(note.due_at), Notification, ASKED_AT_ONCE)
        rows = session.execute(
            update(note)
            .where(note.clinic_id == due.c.clinic_id, note.id == due.c.id)
            .values(due_at=func.greatest(now + RETRY_AFTER, now + (now - note.sent_at)))
            .returning(note.clinic_id, note.id, note.provider_id)
        )
        return [(row.clinic_id, row.id, str(row.provider_id)) for row in rows]


def _find(
    session: Session, clinic_id: UUID, notification_id: UUID
) -> tuple[Claimed, str | None] | None:
    note = Notification
    row = session.execute(
        select(
            note.kind,
            note.channel,
            note.alert_id,
            note.contact_id,
            note.user_id,
            note.method_id,
            note.severity,
            note.attempts,
            note.provider_id,
            # Only methods have a provider that reports.
        ).where(
            note.clinic_id == clinic_id, note.id == notification_id, note.method_id.is_not(None)
        )
    ).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    last_try = values.pop("provider_id")
    lease = notification_id  # nobody's: what is done here needs none
    return Claimed(clinic_id, notification_id, lease, **values), last_try


def _arrived(session: Session, claimed: Claimed, now: datetime) -> bool:
    step = settle(
        session,
        claimed,
        NOT_DELIVERED,
        state=Receipt.DELIVERED.value,
        first_sent_at=now,
    )
    if step is None:
        return False
    word = Receipt.DELIVERED.value
    write_down(session, claimed, word, word, now, step)
    if claimed.method_id is None:
        raise AssertionError("only methods have a provider that reports")
    it_works(session, claimed.clinic_id, claimed.method_id, Receipt.DELIVERED, now)
    return True


def _did_not_arrive(session: Session, claimed: Claimed, report: Report, now: datetime) -> bool:
    """It is sent again in a minute, unless the number refuses for good or it was a letter: whoever
    waits for a code asks for another.
    """
    alert = (
        None
        if claimed.alert_id is None
        else lock_alert_of(session, claimed.clinic_id, claimed.alert_id)
    )
    final = report.permanent or claimed.kind == "letter"
    state = "failed_permanently" if final else "failed_temporarily"
    step = settle(
        session,
        claimed,
        ON_ITS_WAY,
        state=state,
        due_at=now if final else now + RETRY_AFTER,
    )
    if step is None:
        return False
    error = ChannelError(report.reason, permanent=report.permanent)
    detail = {"reason": report.reason, "final": final}
    write_down(session, claimed, report.reason, "failed", now, step, **detail)
    go_on(session, claimed, alert, step, error, now, final=final)
    return True
