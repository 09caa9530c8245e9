"""How far is the replica behind? Asked of both servers, and never told smaller than it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, DateTime, Engine, Text, case, func, select
from sqlalchemy import literal_column as column
from sqlalchemy.exc import SQLAlchemyError

from models.database import UnsafeRoleError
from models.key_fingerprint import WrongKeyError
from models.replica import LAG_LIMIT_S, replica
from models.statements import Query, Statement
from services.unit_of_work import ask_on, transaction

_SYSTEM: Final = column("(SELECT system_identifier FROM pg_control_system())", BigInteger)
_REPLAYS: Final = func.pg_is_in_recovery(type_=Boolean)


def _position(lsn: str) -> Any:
    """A place in the log as a number."""
    return column(f"pg_wal_lsn_diff({lsn}, '0/0')::bigint", BigInteger)


# Up to where transactions stand in the log, also unwritten: nothing acknowledged is later.
# A standby that was taken for the primary has put in nothing: null.
_WRITTEN: Final = Statement(
    select(
        _SYSTEM.label("system"),
        case(
            (_REPLAYS, None), else_=column("left(pg_walfile_name(pg_current_wal_lsn()), 8)", Text)
        ).label("timeline"),
        case((_REPLAYS, None), else_=_position("pg_current_wal_insert_lsn()")).label("position"),
        func.clock_timestamp(type_=DateTime(timezone=True)).label("at"),
    )
)
_REPLAYED: Final = Statement(
    select(
        _REPLAYS.label("replays"),
        _SYSTEM.label("system"),
        column(
            "(SELECT lpad(upper(to_hex(timeline_id)), 8, '0') FROM pg_control_checkpoint())", Text
        ).label("timeline"),
        _position("pg_last_wal_replay_lsn()").label("position"),
        column("pg_last_xact_replay_timestamp()", DateTime(timezone=True)).label("at"),
    )
)


def written() -> Any:
    """How far the primary has written its log, and its time."""
    question = Query(_WRITTEN, {})
    with transaction(None, question):
        return question.one_or_none()


def replayed() -> Query:
    """The question to a standby, how far it has replayed the log."""
    return Query(_REPLAYED, {})


def lag_s(primary: Any, standby: Any) -> float | None:
    """By how many seconds what the standby shows may be out of date; None: it is no standby of this
    database, or has seen nothing of it yet.

    It has everything when it has replayed what the primary had written; else it has all up to the
    newest commit that it has replayed. While nobody writes that one grows old, and the standby
    seems late until it has the next: there is a heartbeat every few seconds. A standby that follows
    somebody else since a failover (its timeline differs) may hold what never happened here.
    """
    if not standby.replays or (standby.system, standby.timeline) != (
        primary.system,
        primary.timeline,
    ):
        return None
    if standby.position >= primary.position:
        return 0.0
    if standby.at is None:
        return None
    return max(0.0, float((primary.at - standby.at).total_seconds()))


@dataclass(frozen=True, slots=True)
class Standing:
    """How the replica stands: `lag_s` None when it does not answer, or is no standby of this
    database; `is_near`: reports are read from it.
    """

    lag_s: float | None
    is_near: bool


def limit_s(engine: Engine) -> float:
    """By how many seconds the replica may be behind."""
    limit: float = engine.get_execution_options()[LAG_LIMIT_S]
    return limit


def replica_standing() -> Standing | None:
    """Asked now; None where no replica is set."""
    engine, question = replica(), replayed()
    if engine is None:
        return None
    try:
        primary = written()
        ask_on(engine, question)
    except (SQLAlchemyError, WrongKeyError, UnsafeRoleError):
        return Standing(None, is_near=False)
    behind_s = lag_s(primary, question.one_or_none())
    return Standing(behind_s, is_near=behind_s is not None and behind_s <= limit_s(engine))
