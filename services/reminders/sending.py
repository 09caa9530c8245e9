"""Getting queued reminders out: claimed under a lease, tried again while they are worth something,
and never to a device that its service does not know any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import and_, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Clinic, Patient, PushedDevice, SentReminder, User
from services.channels.base import ChannelError
from services.channels.reminders.nudge import AddressGone, BusyLater, Nudge, ReminderChannel
from services.claims import first_free
from services.reminders.planning import forget_old, is_still_due, plan_due, reminder_words
from services.rules.languages.wording import chosen_language, wording
from services.unit_of_work import clinic_ids, transaction

LEASE: Final = timedelta(minutes=2)
FIRST_RETRY: Final = timedelta(seconds=30)
MOST_ATTEMPTS: Final = 8
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ClaimedReminder:
    """A reminder that this process sends; `put_at`: of the subscription that it goes to."""

    id: UUID
    attempts: int
    until_at: datetime
    device_id: UUID
    put_at: datetime
    kind: str
    nudge: Nudge


@dataclass(frozen=True, slots=True)
class Reminding:
    """What a process reminds with: a channel for each kind of device that this installation can
    reach.
    """

    channels: Mapping[str, ReminderChannel]
    clock: Callable[[], datetime]

    def work_once(self) -> int:
        """Everything that is due now, clinic by clinic; how many got out."""
        sent = 0
        for clinic_id in clinic_ids():
            try:
                plan_due(clinic_id, self.clock())
                sent += self.send_due(clinic_id)
                forget_old(clinic_id, self.clock())
            except SQLAlchemyError as error:
                _log.warning("database_fault", kind=type(error).__name__)
            except Exception as error:  # noqa: BLE001 -- one clinic's fault is not the others'
                _log.error("reminders_fault", kind=type(error).__name__)
        return sent

    def send_due(self, clinic_id: UUID) -> int:
        """Send until nothing is due, or a service does not answer: then the others' go on, and what
        waits for it is tried in the next round.
        """
        sent, silent = 0, set[str]()
        while (claimed := _claim(clinic_id, self._kinds(silent), self.clock())) is not None:
            if isinstance(claimed, ClaimedReminder):
                is_out, answers = self._send(clinic_id, claimed)
                sent += is_out
                if not answers:
                    silent.add(claimed.kind)
        return sent

    def _kinds(self, silent: set[str]) -> list[str]:
        return [kind for kind in self.channels if kind not in silent]

    def _send(self, clinic_id: UUID, claimed: ClaimedReminder) -> tuple[bool, bool]:
        """Whether it got out, and whether the service answered."""
        try:
            self.channels[claimed.kind].remind(claimed.nudge, self.clock())
        except ChannelError as error:
            _settle_failure(clinic_id, claimed, error, self.clock())
            answers = not error.reason.endswith(("_timeout", "_unreachable"))
            return False, answers and not isinstance(error, BusyLater)
        with transaction(clinic_id) as session:
            _end(session, claimed, "sent", None, self.clock())
        return True, True


def _claim(clinic_id: UUID, kinds: list[str], now: datetime) -> ClaimedReminder | bool | None:
    """The next that is due, under a lease; True for one that came to nothing, None without any."""
    gone = PushedDevice.id.is_(None)
    free = first_free(
        select(SentReminder.id)
        .outerjoin(PushedDevice, PushedDevice.id == SentReminder.device_id)
        .where(SentReminder.state == "pending", SentReminder.due_at <= now)
        .where(gone | PushedDevice.kind.in_(kinds))
        .order_by(SentReminder.due_at, SentReminder.id),
        of=SentReminder,
    )
    with transaction(clinic_id) as session:
        row = session.execute(
            update(SentReminder)
            .where(SentReminder.id == free.c.id)
            .values(due_at=now + LEASE, attempts=SentReminder.attempts + 1)
            .returning(SentReminder)
        ).scalar_one_or_none()
        if row is None:
            return None
        found = session.execute(
            select(PushedDevice, Patient, User, Clinic)
            .join(User, User.id == PushedDevice.user_id)
            .join(Clinic, Clinic.id == User.clinic_id)
            .join(Patient, and_(Patient.clinic_id == User.clinic_id, Patient.user_id == User.id))
            .where(PushedDevice.id == row.device_id)
        ).one_or_none()
        reason = "device_gone" if found is None else _why_not(session, row, found, now)
        if found is None or reason is not None:
            row.state, row.outcome, row.ended_at = "cancelled", reason, now
            return True
        device, _patient, user, clinic = found
        language = chosen_language(user.language, clinic.language)
        title, body = reminder_words(wording(language, clinic.reviewed_texts))
        nudge = Nudge(
            address=device.subscription,
            title=title,
            body=body,
            ttl_s=max(1, int((row.until_at - now).total_seconds())),
        )
        return ClaimedReminder(
            id=row.id,
            attempts=row.attempts,
            until_at=row.until_at,
            device_id=device.id,
            put_at=device.put_at,
            kind=device.kind,
            nudge=nudge,
        )


def _why_not(session: Session, row: Any, found: Any, now: datetime) -> str | None:
    """Why it is not sent (any more), in one word."""
    if now >= row.until_at:
        return "too_late"
    _device, patient, user, _clinic = found
    if not user.active:
        return "account_ended"
    return None if is_still_due(session, patient, row.keys, now) else "answered"


def _settle_failure(
    clinic_id: UUID, claimed: ClaimedReminder, error: ChannelError, now: datetime
) -> None:
    """Try it again later, or never; a device that is gone goes, unless it has subscribed anew
    meanwhile.
    """
    wait = FIRST_RETRY * 2 ** (claimed.attempts - 1)
    if isinstance(error, BusyLater):
        wait = max(wait, timedelta(seconds=error.retry_after_s))
    again = now + wait
    given_up = claimed.attempts >= MOST_ATTEMPTS or again >= claimed.until_at
    with transaction(clinic_id) as session:
        if isinstance(error, AddressGone):
            session.execute(
                delete(PushedDevice).where(
                    PushedDevice.id == claimed.device_id, PushedDevice.put_at == claimed.put_at
                )
            )
        if error.permanent or given_up:
            _end(session, claimed, "failed", error.reason, now)
        else:
            session.execute(
                update(SentReminder)
                .where(*_mine(claimed))
                .values(due_at=again, outcome=error.reason)
            )


def _end(
    session: Session, claimed: ClaimedReminder, state: str, outcome: str | None, now: datetime
) -> None:
    session.execute(
        update(SentReminder)
        .where(*_mine(claimed))
        .values(state=state, outcome=outcome, ended_at=now)
    )


def _mine(claimed: ClaimedReminder) -> tuple[Any, ...]:
    """Nobody else has claimed it since, because the lease had ended."""
    return (
        SentReminder.id == claimed.id,
        SentReminder.attempts == claimed.attempts,
        SentReminder.state == "pending",
    )
