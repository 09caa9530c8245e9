"""At least once: claim, send, record. A failure is an attempt, an event on the timeline, and the
next person's page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from random import SystemRandom
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, bindparam, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Alert, Notification
from models.statements import Query, Statement
from services.alerts.chain import load_chain
from services.alerts.delivery.claiming import PAGES, Claimed, attempt_row, claim_due
from services.alerts.delivery.messages import NotSent, Withdrawn, carried_alerts, load_message
from services.alerts.delivery.morning_mail import pass_on
from services.alerts.delivery.next_channel import FAILED, by_next_channel
from services.alerts.locking import lock_alert_of
from services.alerts.writing import AlertKey, change_writes, notify_statement, timeline_writes
from services.channels.base import Accepted, Channel, ChannelError, Receipt
from services.contact_methods.outcomes import it_fails, it_works
from services.exceptions import Unavailable
from services.rules.escalation import lifecycle
from services.rules.escalation.states import (
    OWN_PEOPLE,
    AlertState,
    Circumstances,
    PageStep,
    Transition,
)
from services.unit_of_work import ask, execute_writes, transaction

Clock = Callable[[], datetime]
# A provider that took it and has not called back by then is asked.
ASK_AFTER: Final = timedelta(minutes=1)
STAND_DOWN_IS_NEWS: Final = timedelta(hours=1)
# The lease still is the one under which it was sent.
UNDER_LEASE: Final = and_(
    Notification.state == "sending",
    Notification.lease_token == bindparam("of_lease", type_=Notification.lease_token.type),
)
# When it was sent, unless that is known.
FIRST_SENT_AT: Final = "first_sent_at"
NOT_OUT: Final = Notification.state.not_in([receipt.value for receipt in Receipt])
# The alert of a page, if its rounds have reached nobody so far; nearly always it is none.
_UNREACHED: Final = Statement(
    select(Alert.id).where(
        Alert.clinic_id == bindparam("clinic_id", type_=Alert.clinic_id.type),
        Alert.id == bindparam("alert_id", type_=Alert.id.type),
        Alert.unreached_rounds > 0,
    )
)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long a lease lasts, and the shortest and the longest back-off.

    `jitter` gives 0 to 1: senders that failed at the same moment must not come back at one.
    """

    lease_s: float
    retry_base_s: float
    retry_max_s: float
    jitter: Callable[[], float] = field(default=SystemRandom().random)

    def retry_after(self, attempts: int) -> timedelta:
        """The wait after so many tries: doubled each time, capped, and cut by up to a half."""
        doubled = self.retry_base_s * 2 ** min(attempts - 1, 16)
        return timedelta(seconds=min(doubled, self.retry_max_s) * (1 - self.jitter() / 2))


def deliver_one(
    channel: str,
    channels: Mapping[str, Channel],
    pace: Pace,
    clock: Clock,
    kinds: tuple[str, ...] = PAGES,
) -> bool:
    """Claim one due notification, send it, record what came of it. False when none is due.

    Between the three no transaction is open and only the lease stands: whatever dies here, it is
    sent again.
    """
    claimed = claim_due(channel, clock(), timedelta(seconds=pace.lease_s), kinds)
    if claimed is None:
        return False
    try:
        handed = channels[channel].send(load_message(claimed, clock()), clock())
    except ChannelError as error:
        if record_failed(claimed, error, pace, clock()):
            _tell(claimed, error.reason)
    except (SQLAlchemyError, Unavailable):
        # The database, not the page: nobody has tried it, and it comes again when its lease ends.
        raise
    except Exception:
        # A page that breaks its sender must not come back for ever and end at this person.
        record_failed(claimed, ChannelError("sender_fault"), pace, clock())
        raise
    else:
        if record_sent(claimed, handed, clock()):
            _tell(claimed, receipt_of(handed).value)
    return True


def _tell(claimed: Claimed, outcome: str) -> None:
    """One line for what came of it: ids and stable words."""
    write = _log.info if outcome in list(Receipt) else _log.warning
    write(
        "worker_tried",
        kind=claimed.kind,
        outcome=outcome,
        channel=claimed.channel,
        severity=claimed.severity,
        notification_id=str(claimed.notification_id),
        alert_id=claimed.alert_id and str(claimed.alert_id),
        attempt=claimed.attempts,
    )


def receipt_of(handed: Receipt | Accepted) -> Receipt:
    """How sure we are."""
    return handed.receipt if isinstance(handed, Accepted) else handed


def record_sent(claimed: Claimed, handed: Receipt | Accepted, now: datetime) -> bool:
    """It is out, also when the lease was lost meanwhile: a sender that is always slower than its
    lease would else send for ever. False when another worker has recorded it before.
    """
    values: dict[str, Any] = {}
    if isinstance(handed, Accepted):
        values = {"provider_id": handed.provider_id, "due_at": now + ASK_AFTER}
    receipt = receipt_of(handed)
    unreached = Query(_UNREACHED, {"clinic_id": claimed.clinic_id, "alert_id": claimed.alert_id})
    with transaction(None, unreached) as session:
        waiting = None
        if claimed.alert_id is not None and unreached.rows:
            waiting = lock_alert_of(session, claimed.clinic_id, claimed.alert_id)
        step = settle(session, claimed, NOT_OUT, state=receipt.value, sent_at=now, **values)
        if step is None:
            if _is_there(session, claimed):
                execute_writes(session, [attempt_row(claimed, receipt.value, now)])
            return False
        write_down(session, claimed, receipt.value, receipt.value, now, step)
        if claimed.method_id is not None:
            it_works(session, claimed.clinic_id, claimed.method_id, receipt, now)
        if waiting is not None:
            _move(session, waiting, lifecycle.delivery_accepted, now)
        return True


def record_failed(claimed: Claimed, error: ChannelError, pace: Pace, now: datetime) -> bool:
    """It did not get through: tried again later, or given up, and the next person's turn at once.

    Given up are refusals that trying again cannot mend, what is about resolved alerts only, and a
    letter whose code will have expired. A person's next channel comes before the next person.
    False, and nothing written, when the lease was lost meanwhile.
    """
    with transaction() as session:
        alert = (
            lock_alert_of(session, claimed.clinic_id, claimed.alert_id)
            if claimed.alert_id is not None
            else None
        )
        retry_at = now + pace.retry_after(claimed.attempts)
        final = error.permanent or not _still_wanted(session, claimed, retry_at)
        state, due_at = ("failed_permanently", now) if final else ("failed_temporarily", retry_at)
        step = settle(session, claimed, UNDER_LEASE, state=state, due_at=due_at)
        if step is None:
            return False
        outcome = "withdrawn" if isinstance(error, Withdrawn) else "failed"
        detail = {"reason": error.reason, "final": final}
        write_down(session, claimed, error.reason, outcome, now, step, **detail)
        go_on(session, claimed, alert, step, error, now, final=final)
        return True


def go_on(
    session: Session,
    claimed: Claimed,
    alert: Alert | None,
    step: PageStep,
    error: ChannelError,
    now: datetime,
    *,
    final: bool,
) -> None:
    """What follows a failure that has been recorded: the method is marked when its address refuses
    for good; the person's next channel, then the next person; a mail's next address. The alert is
    locked.
    """
    if claimed.method_id is not None and error.permanent and not isinstance(error, NotSent):
        it_fails(session, claimed.clinic_id, claimed.method_id, error.reason, now)
    if alert is not None:
        going_on = by_next_channel(session, alert, claimed, step, now)
        if going_on or _others_stand(session, alert, step):
            return
        failed = partial(lifecycle.delivery_failed, page=step, reached=_has_reached(session, alert))
        _move(session, alert, lambda state, here: failed(state, here=here), now)
    elif final and claimed.kind == "digest":
        pass_on(session, claimed.clinic_id, claimed.notification_id, now)


def settle(
    session: Session, claimed: Claimed, allowed: ColumnElement[bool], *, state: str, **values: Any
) -> PageStep | None:
    """Write the outcome where it is allowed, and return the step that the page stands for now.

    None: it is not, and nothing was written. A code is erased as soon as its letter needs it no
    more. `first_sent_at` stands for `sent_at` where that is not known yet.
    """
    if state != "failed_temporarily":
        values["sealed_code"] = None
    values |= {"state": state, "lease_until": None, "lease_token": None}
    which = {"of_clinic": claimed.clinic_id, "of": claimed.notification_id}
    lease = {"of_lease": claimed.lease_token} if allowed is UNDER_LEASE else {}
    outcome = Query(_settled(allowed, tuple(values)), {**which, **lease, **values})
    ask(session, outcome)
    row = outcome.one_or_none()
    return None if row is None else PageStep(row.page_round, row.page_step)


@cache
def _settled(allowed: ColumnElement[bool], names: tuple[str, ...]) -> Statement:
    columns = Notification.__table__.c
    sent_at = bindparam(FIRST_SENT_AT, type_=columns.sent_at.type)
    first_sent_at = func.coalesce(Notification.sent_at, sent_at)
    return Statement(
        update(Notification)
        .where(
            Notification.clinic_id == bindparam("of_clinic", type_=columns.clinic_id.type),
            Notification.id == bindparam("of", type_=columns.id.type),
            allowed,
        )
        .values(
            {
                name: bindparam(name, type_=columns[name].type)
                for name in names
                if name != FIRST_SENT_AT
            }
        )
        .values({"sent_at": first_sent_at} if FIRST_SENT_AT in names else {})
        .returning(Notification.page_round, Notification.page_step)
    )


def write_down(
    session: Session,
    claimed: Claimed,
    word: str,
    outcome: str,
    now: datetime,
    step: PageStep,
    **detail: Any,
) -> None:
    """The attempt by its `word`, and its outcome on the timeline of every alert that the
    notification carries; a letter carries none.
    """
    kind = f"{'stand_down' if claimed.kind == 'stand_down' else 'page'}_{outcome}"
    detail |= {"notification_id": str(claimed.notification_id), "channel": claimed.channel}
    carried: Sequence[UUID]
    if claimed.alert_id is not None:
        detail |= {"round": step.round, "step": step.step}
        carried = [claimed.alert_id]
    else:
        query = select(Alert.id).where(carried_alerts(claimed)).order_by(Alert.id)
        carried = session.scalars(query).all()
    events = [
        write
        for alert_id in carried
        for write in timeline_writes(AlertKey(claimed.clinic_id, alert_id), (kind,), now, **detail)
    ]
    execute_writes(session, [attempt_row(claimed, word, now), *events])


def _is_there(session: Session, claimed: Claimed) -> bool:
    """Not when whom it is about was erased while it was on its way."""
    which = (
        Notification.clinic_id == claimed.clinic_id,
        Notification.id == claimed.notification_id,
    )
    return session.scalar(select(Notification.id).where(*which)) is not None


def _still_wanted(session: Session, claimed: Claimed, retry_at: datetime) -> bool:
    """Is any of its alerts still open, can its code still be used when it is sent again, is a
    stand-down still news?
    """
    wanted = select(Alert.id).where(carried_alerts(claimed), Alert.status != "resolved").limit(1)
    if claimed.kind == "letter":
        wanted = select(Notification.id).where(
            Notification.clinic_id == claimed.clinic_id,
            Notification.id == claimed.notification_id,
            Notification.expires_at > retry_at,
        )
    if claimed.kind == "stand_down":
        wanted = select(Notification.id).where(
            Notification.clinic_id == claimed.clinic_id,
            Notification.id == claimed.notification_id,
            Notification.created_at > retry_at - STAND_DOWN_IS_NEWS,
        )
    return session.scalar(wanted) is not None


def _others_stand(session: Session, alert: Alert, step: PageStep) -> bool:
    """Was somebody else on this step paged, or are they about to be? Then it has not failed."""
    page = Notification
    others = select(page.id).where(
        page.clinic_id == alert.clinic_id,
        page.alert_id == alert.id,
        page.kind == "page",
        page.page_round == step.round,
        page.page_step == step.step,
        page.state.not_in(FAILED),
    )
    return session.scalar(others.limit(1)) is not None


def _has_reached(session: Session, alert: Alert) -> bool:
    """A channel has accepted a page of the present round; while it waits for people before the
    chain, a page to one of them that has not failed is enough.
    """
    waits = alert.page_step == OWN_PEOPLE
    accepted = select(Notification.id).where(
        Notification.clinic_id == alert.clinic_id,
        Notification.alert_id == alert.id,
        Notification.page_round == alert.page_round,
        Notification.state.not_in(FAILED) if waits else ~NOT_OUT,
    )
    return session.scalar(accepted.limit(1)) is not None


def _move(
    session: Session,
    alert: Alert,
    transition: Callable[[AlertState, Circumstances], Transition],
    now: datetime,
) -> None:
    """Write what a delivery changes of its alert, which is locked: due times only."""
    chain = load_chain(session, alert.clinic_id, now, alert.patient_id)
    state = AlertState.of(alert)
    change = transition(state, chain.circumstances(now))
    if change.state == state:
        return
    key = AlertKey(alert.clinic_id, alert.id)
    execute_writes(session, change_writes(key, state, change, chain, now))
    session.execute(notify_statement())
