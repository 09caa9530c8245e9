"""Taking away what has been over for long enough: in small transactions, so that a killed run goes
on where it ended, and nobody waits for it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, tuple_
from sqlalchemy.sql.dml import ReturningDelete

from models import (
    EmailChange,
    Invitation,
    LoginDelay,
    Notification,
    NotificationAttempt,
    PasswordReset,
    PatientExport,
    TokenFamily,
    TokenPair,
)
from models.base import Base
from services import audit
from services.unit_of_work import clinic_ids, transaction

BATCH: Final = 500
Done = Callable[[str, int], object]


@dataclass(frozen=True, slots=True)
class Limit:
    """How long the rows of a table stay after they were over."""

    what: str
    days: int
    why: str


LIMITS: Final[dict[str, Limit]] = {
    name: Limit(**values)
    for name, values in tomllib.loads(
        Path(__file__).with_name("limits.toml").read_text("utf-8")
    ).items()
}


def _ended_families(before: datetime) -> ColumnElement[bool]:
    lifetime = func.make_interval(0, 0, 0, 0, 0, 0, TokenFamily.lifetime_s)
    return or_(TokenFamily.revoked_at < before, TokenFamily.last_used_at + lifetime < before)


def _letters(before: datetime) -> ColumnElement[bool]:
    return (Notification.kind == "letter") & (Notification.expires_at < before)


def _attempts(before: datetime) -> ColumnElement[bool]:
    letters = select(Notification.id).where(_letters(before))
    return NotificationAttempt.notification_id.in_(letters)


def _invitations(before: datetime) -> ColumnElement[bool]:
    ended = select(TokenFamily.id).where(_ended_families(before))
    gone = or_(Invitation.family_id.is_(None), Invitation.family_id.in_(ended))
    return (Invitation.expires_at < before) & gone


def _pairs(before: datetime) -> ColumnElement[bool]:
    return TokenPair.family_id.in_(select(TokenFamily.id).where(_ended_families(before)))


# What has been over since before an instant, in the order in which it goes.
OVER: Final[dict[type[Base], Callable[[datetime], ColumnElement[bool]]]] = {
    NotificationAttempt: _attempts,
    Notification: _letters,
    PasswordReset: lambda before: PasswordReset.expires_at < before,
    EmailChange: lambda before: EmailChange.expires_at < before,
    Invitation: _invitations,
    TokenPair: _pairs,
    PatientExport: lambda before: PatientExport.expires_at < before,
    LoginDelay: lambda before: LoginDelay.last_failure_at < before,
}


def count_over(now: datetime) -> Counter[str]:
    """How many rows of each table a run would take away."""
    found: Counter[str] = Counter()
    for clinic_id in clinic_ids():
        with transaction(clinic_id) as session:
            for model, over in OVER.items():
                name = model.__tablename__
                if name in found and "clinic_id" not in _table(model).c:
                    continue  # it is of no clinic, and counted
                condition = over(now - timedelta(days=LIMITS[name].days))
                query = select(func.count()).select_from(_table(model)).where(condition)
                found[name] += session.scalar(query) or 0
    return found


def take_away(now: datetime, done: Done) -> Counter[str]:
    """Take it away; `done` learns of each batch. Each clinic's audit says how much went."""
    found: Counter[str] = Counter()
    for clinic_id in clinic_ids():
        gone: Counter[str] = Counter()
        for model, over in OVER.items():
            name = model.__tablename__
            condition = over(now - timedelta(days=LIMITS[name].days))
            count = BATCH
            while count == BATCH:
                with transaction(clinic_id) as session:
                    count = len(session.execute(_batch(model, condition)).all())
                gone[name] += count
                done(name, count)
        counts: dict[str, Any] = {name: count for name, count in gone.items() if count}
        if counts:
            with transaction(clinic_id) as session:
                audit.record(session, None, "retention_ran", now, **counts)
        found += gone
    return found


def _batch(model: type[Base], condition: ColumnElement[bool]) -> ReturningDelete[Any]:
    """What is pointed at goes after what points at it: ids are ordered by time."""
    key = list(_table(model).primary_key)
    rows = select(*key).where(condition).order_by(*key).limit(BATCH)
    return delete(model).where(tuple_(*key).in_(rows)).returning(*key)


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)
