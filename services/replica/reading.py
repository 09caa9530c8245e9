"""One way to make a report: allowed by the primary, read where it may be read, recorded by the
primary before anybody sees it.

Nothing that decides goes this way: what is read here may be older than what was answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.replica import replica
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.exceptions import ServiceError
from services.replica.standing import lag_s, limit_s, replayed, written
from services.unit_of_work import reading_on

T = TypeVar("T")
# A server that is gone without a word costs 3 s to find out.
LEFT_ALONE: Final = timedelta(seconds=15)
_log = structlog.get_logger()
_left_until: Final[WeakKeyDictionary[Engine, datetime]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A transaction that sees one instant. `as_of`: what was committed by then is in it."""

    session: Session
    as_of: datetime


class _NotUsed(Exception):
    """The replica is not for this report."""


def read_apart(
    actor: Actor,
    now: datetime,
    admit: Callable[[Session], object],
    read: Callable[[Snapshot], T],
    record: Callable[[Session, T], None],
) -> T:
    """What `read` makes of the replica, or of the primary where there is none that will do.

    `admit` refuses what the actor may not see, before and after, and `record` puts down that they
    saw it: both on the primary, where the token is checked as well, and nothing is returned without
    them. `read` is called again when the replica fails, or refuses something: it may not have it
    yet, and only the primary's refusal counts. Raises what the three raise, and `Unauthenticated`.
    """
    engine = _engine_to_ask(now)
    try:
        if engine is None:
            raise _NotUsed
        with acting(actor, now) as session:
            admit(session)
        found = _from_replica(engine, actor, now, read)
    except _NotUsed:
        with acting(actor, now, snapshot=True) as session:
            admit(session)
            found = read(Snapshot(session, now))
    with acting(actor, now) as session:
        admit(session)
        record(session, found)
    return found


def _engine_to_ask(now: datetime) -> Engine | None:
    engine = replica()
    return None if engine is None or now < _left_until.get(engine, now) else engine


def _from_replica(engine: Engine, actor: Actor, now: datetime, read: Callable[[Snapshot], T]) -> T:
    """Whatever goes wrong there, the primary knows better: raises `_NotUsed`."""
    question = replayed()
    try:
        primary = written()
        with reading_on(engine, actor.clinic_id, question) as session:
            behind_s = lag_s(primary, question.one_or_none())
            if behind_s is None or behind_s > limit_s(engine):
                _log.info("replica_not_used", kind="behind", lag_s=behind_s)
                raise _NotUsed
            return read(Snapshot(session, now - timedelta(seconds=behind_s)))
    except _NotUsed:
        raise
    except ServiceError as refusal:
        raise _NotUsed from refusal
    except Exception as error:
        _left_until[engine] = now + LEFT_ALONE
        _log.warning("replica_not_used", kind=type(error).__name__)
        raise _NotUsed from error
