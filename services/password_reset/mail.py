"""The mail with the code: at least once, under a lease, like a page, and never before one.

A mail server that is away is tried again until the code expires; then nobody needs the mail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from models import PasswordReset, User
from models.base import new_id
from models.encryption import KeyringError
from models.password_reset import UNFINISHED
from services.alerts.delivery.sending import Clock, Pace
from services.channels.base import ChannelError
from services.channels.letters import Letter, Post
from services.password_reset.issue import issue_one
from services.password_reset.letter import letter_of
from services.unit_of_work import transaction

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """One mail under our lease."""

    lease_token: UUID
    clinic_id: UUID
    user_id: UUID
    mail_id: UUID
    attempts: int
    expires_at: datetime


def errand(post: Post, pace: Pace, clock: Clock) -> Callable[[], bool]:
    """What a worker does about forgotten passwords while no page is due; false when nothing was.

    One request and one mail at a time: a flood of requests holds up no mail.
    """

    def work() -> bool:
        issued = issue_one(clock())
        return send_one(post, pace, clock) or issued

    return work


def send_one(post: Post, pace: Pace, clock: Clock) -> bool:
    """Claim one due mail, send it, record what came of it. False when none is due."""
    claimed = claim_due(clock(), timedelta(seconds=pace.lease_s))
    if claimed is None:
        return False
    try:
        post.post(_load(claimed, clock()), clock())
    except ChannelError as error:
        _record_failed(claimed, error, pace, clock())
    except SQLAlchemyError:
        raise
    except Exception:
        _record_failed(claimed, ChannelError("sender_fault"), pace, clock())
        raise
    else:
        _settle(claimed, state="sent", sealed_code=None, outcome="sent")
    return True


def claim_due(now: datetime, lease: timedelta) -> Claimed | None:
    """Lease the mail that is due longest, or whose holder died; None when none is due."""
    lease_token = new_id()
    with transaction() as session:
        due = (
            select(PasswordReset.clinic_id, PasswordReset.user_id)
            .where(PasswordReset.state.in_(UNFINISHED), PasswordReset.due_at <= now)
            .order_by(PasswordReset.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        found = session.execute(
            update(PasswordReset)
            .where(
                PasswordReset.clinic_id == due.c.clinic_id, PasswordReset.user_id == due.c.user_id
            )
            .values(
                state="sending",
                lease_until=now + lease,
                due_at=now + lease,
                lease_token=lease_token,
                attempts=PasswordReset.attempts + 1,
            )
            .returning(
                PasswordReset.clinic_id,
                PasswordReset.user_id,
                PasswordReset.mail_id,
                PasswordReset.attempts,
                PasswordReset.expires_at,
            )
        ).one_or_none()
        return None if found is None else Claimed(lease_token, *found)


def _load(claimed: Claimed, now: datetime) -> Letter:
    """The letter to the account's address as it is now. Raises `ChannelError` when the code is
    worth nothing any more, and for what no key of this process opens.
    """
    if claimed.expires_at <= now:
        raise ChannelError("code_expired", permanent=True)
    with transaction() as session:
        try:
            found = session.execute(
                select(User.email, PasswordReset.sealed_code)
                .join(
                    PasswordReset,
                    (PasswordReset.clinic_id == User.clinic_id)
                    & (PasswordReset.user_id == User.id),
                )
                .where(
                    PasswordReset.clinic_id == claimed.clinic_id,
                    PasswordReset.user_id == claimed.user_id,
                    PasswordReset.lease_token == claimed.lease_token,
                    User.active,
                )
            ).one_or_none()
        except KeyringError as error:
            raise ChannelError("code_unreadable") from error
    if found is None:
        raise ChannelError("recipient_left", permanent=True)
    return letter_of(claimed.mail_id, found.email, found.sealed_code, claimed.expires_at)


def _record_failed(claimed: Claimed, error: ChannelError, pace: Pace, now: datetime) -> None:
    """Tried again later, or given up: a refusal that stays one, or a code that will be too old."""
    due_at = now + pace.retry_after(claimed.attempts)
    if error.permanent or due_at >= claimed.expires_at:
        _settle(claimed, state="failed_permanently", sealed_code=None, outcome=error.reason)
        _log.warning("password_mail_given_up", reason=error.reason)
    else:
        _settle(claimed, state="failed_temporarily", due_at=due_at, outcome=error.reason)


def _settle(claimed: Claimed, **values: Any) -> None:
    """Write the outcome under the same lease; nothing when it was lost, or a newer code came."""
    with transaction() as session:
        session.execute(
            update(PasswordReset)
            .where(
                PasswordReset.clinic_id == claimed.clinic_id,
                PasswordReset.user_id == claimed.user_id,
                PasswordReset.lease_token == claimed.lease_token,
            )
            .values(lease_until=None, lease_token=None, **values)
        )
