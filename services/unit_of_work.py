"""The one place that commits. One use case = one transaction = one atomic fact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache, wraps
from typing import Any, Final, ParamSpec, TypeVar, cast
from uuid import UUID

from sqlalchemy import (
    Delete,
    Engine,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from models import statements
from models.base import Base
from models.clinic_door import LIST_OF_CLINICS, entering
from models.database import db
from models.many_rows import insert_many
from models.statements import BEGIN, OF_A_SNAPSHOT, TO_READ_A_SNAPSHOT, Query, Statement
from services.exceptions import OutcomeUnknown


@dataclass(frozen=True, slots=True)
class Prepared:
    """A write whose statement is put together once, and its values.

    `make` is always the same function for the same statement; it takes what the names of the
    values begin with.
    """

    make: Callable[[str], Insert | Update | Delete]
    values: Mapping[str, Any]


Write = Insert | Update | Delete | Prepared
P = ParamSpec("P")
R = TypeVar("R")

# SQLSTATE: a connection exception, or the server was told to shut down or to end the session.
CONNECTION_LOST: Final = ("08", "57P")
# What a session asks in the round trip of its commit.
_WITH_COMMIT: Final = "with the commit"
# Has what this request does been committed, or may it have been?
_may_be_committed: Final = ContextVar("may_be_committed", default=False)


def may_be_committed() -> bool:
    """Has something been committed since `watch_commits` was called, or does nobody know?"""
    return _may_be_committed.get()


def watch_commits(*, committed: bool = False) -> None:
    """Begin to watch, from what was known before: what is about the token only does not count."""
    _may_be_committed.set(committed)


@contextmanager
def transaction(
    clinic_id: UUID | None = None, *first: Query, snapshot: bool = False
) -> Iterator[Session]:
    """Open a transaction, seen by row-level security as `clinic_id`; commit at the end.

    `first`: what is asked in any case, in the round trip that begins it.
    `snapshot`: all its statements see the database as it was at the first one, for reads only.

    Raising rolls back. Without a clinic the application role sees no row of any clinic (the worker
    and the auditor have policies of their own). Raises `RuntimeError` when one is open already: a
    use case never runs inside another. Raises `OutcomeUnknown` when the connection is lost during
    the commit.
    """
    session: Session = db.session()
    if session.in_transaction():
        raise RuntimeError("a use case was called inside another one's transaction")
    try:
        _begin(session, clinic_id, first, snapshot=snapshot)
        yield session
        _commit(session)
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_WITH_COMMIT, None)
        session.close()


@contextmanager
def reading_on(engine: Engine, clinic_id: UUID, before: Query) -> Iterator[Session]:
    """A transaction on another server that reads and cannot write, seen by row-level security as
    `clinic_id`; all its statements see the database as it was at the first one.

    `before`: what is asked before that. Raises SQLAlchemy's errors.
    """
    with Session(engine) as session:
        connection = session.connection()
        statements.ask(connection, before)
        statements.ask(connection, entering(connection, clinic_id), begins=TO_READ_A_SNAPSHOT)
        yield session


def _begin(
    session: Session,
    clinic_id: UUID | None,
    first: Sequence[Query],
    *,
    snapshot: bool,
    tries: int = 2,
) -> None:
    try:
        connection = session.connection()
        # A statement of its own: inside the query that it should guard, it would come too late.
        door = [] if clinic_id is None else [entering(connection, clinic_id)]
        statements.ask(connection, *door, *first, begins=OF_A_SNAPSHOT if snapshot else BEGIN)
    except DBAPIError as error:
        # A connection that was cut while nobody used it: nothing has been written on it yet.
        if tries == 1 or not error.connection_invalidated:
            raise
        session.rollback()
        _begin(session, clinic_id, first, snapshot=snapshot, tries=tries - 1)


def _commit(session: Session) -> None:
    """Commit; what the server refuses is rolled back, what it does not answer may be committed."""
    session.flush()
    last = session.info.pop(_WITH_COMMIT, ())
    try:
        if last:
            statements.ask(session.connection(), *last, commits=True)
        session.commit()
    except (OperationalError, InterfaceError) as error:
        # Of another kind is what the server has refused, or what could not even be sent to it. An
        # error with which the connection ends is no refusal: a server that cannot write its log
        # dies of it, and perhaps finds the commit there as it starts again.
        verdict = getattr(error.orig, "sqlstate", None)
        if error.connection_invalidated or verdict is None or verdict.startswith(CONNECTION_LOST):
            _may_be_committed.set(True)
            raise OutcomeUnknown from error
        raise
    _may_be_committed.set(True)


def clinic_ids() -> list[UUID]:
    """The id of every clinic: the door tells no more, and to nobody without a key."""
    door = func.door_clinics().table_valued("clinic_id")
    with transaction(LIST_OF_CLINICS) as session:
        return list(session.scalars(select(door.c.clinic_id)))


def ask_on(engine: Engine, question: Query) -> None:
    """Ask another server something about itself; raises SQLAlchemy's errors."""
    with engine.connect() as connection:
        statements.ask(connection, question)


def ask(session: Session, *questions: Query) -> None:
    """Ask them one after the other, in one round trip; raises `DBAPIError`."""
    _refuse_after_last(session)
    session.flush()
    statements.ask(session.connection(), *questions)


def _refuse_after_last(session: Session) -> None:
    """What is asked now would not see the last writes, and other last ones would displace them."""
    if _WITH_COMMIT in session.info:
        raise RuntimeError("something follows what was to be written last")


def execute_writes(
    session: Session, writes: Sequence[Write], *afterwards: Query, is_last: bool = False
) -> None:
    """Run inserts, updates and deletes as one data-modifying statement (CTEs).

    All of them see the rows as they were before the statement, and none sees another's effect: a
    row may be written by one of them only. Foreign keys are checked at its end, so the order does
    not matter. `afterwards`: what is asked in the same round trip. `is_last`: nothing follows but
    the commit, which may take them along.
    """
    if not writes:
        return
    _refuse_after_last(session)
    shape = tuple(one.make if isinstance(one, Prepared) else one for one in writes)
    values: dict[str, Any] = {}
    for number, one in enumerate(writes):
        values |= _values(one, number) if isinstance(one, Prepared) else {}
    if all(isinstance(one, Prepared) for one in writes):
        questions = (Query(_known_statement(shape), values), *afterwards)
        if is_last:
            session.info[_WITH_COMMIT] = questions
        else:
            ask(session, *questions)
        return
    session.execute(_statement(shape), values)
    if afterwards:
        ask(session, *afterwards)


def execute_each(session: Session, writes: Sequence[Prepared]) -> None:
    """Run them one after the other, each seeing those before it, in one round trip."""
    if writes:
        ask(session, *(Query(_known_statement((one.make,)), _values(one)) for one in writes))


def _values(write: Prepared, number: int = 0) -> dict[str, Any]:
    return {f"{_prefix(number)}{name}": value for name, value in write.values.items()}


def new_row(table: type[Base], values: Mapping[str, Any]) -> Prepared:
    """A new row with these columns."""
    return Prepared(_insert(table, tuple(values)), values)


def new_rows(table: type[Base], rows: Sequence[Mapping[str, Any]]) -> Prepared:
    """New rows, at least one; all have the columns of the first. Raises `KeyError` for others."""
    return Prepared(_insert_many(table, tuple(rows[0])), {"rows": rows})


def changed_row(table: type[Base], where: Mapping[str, Any], values: Mapping[str, Any]) -> Prepared:
    """Other values for these columns of the row that has those."""
    named = {f"of_{name}": value for name, value in where.items()}
    return Prepared(_update(table, tuple(where), tuple(values)), {**named, **values})


Shape = tuple[Callable[[str], Insert | Update | Delete] | Insert | Update | Delete, ...]


def _statement(shape: Shape) -> Select[Any]:
    parts = [
        (one(_prefix(number)) if callable(one) else one).cte(f"write_{number}")
        for number, one in enumerate(shape)
    ]
    return select(literal(1)).add_cte(*parts)


# Putting a statement together costs more than running it. How many shapes there may be, nobody has
# counted: pages of a step, occurrences of an entry, columns that change.
KNOWN_STATEMENTS: Final = 500


@lru_cache(KNOWN_STATEMENTS)
def _known_statement(shape: Shape) -> Statement:
    return Statement(_statement(shape))


def _prefix(number: int) -> str:
    return f"w{number}_"


@cache
def _insert(table: type[Base], names: tuple[str, ...]) -> Callable[[str], Insert]:
    of = cast(Table, table.__table__)

    def make(prefix: str) -> Insert:
        return insert(of).values(
            {name: bindparam(f"{prefix}{name}", type_=of.c[name].type) for name in names}
        )

    return make


@cache
def _insert_many(table: type[Base], names: tuple[str, ...]) -> Callable[[str], Insert]:
    of = cast(Table, table.__table__)
    return lambda prefix: insert_many(of, names, f"{prefix}rows")


@cache
def _update(
    table: type[Base], where: tuple[str, ...], names: tuple[str, ...]
) -> Callable[[str], Update]:
    of = cast(Table, table.__table__)

    def make(prefix: str) -> Update:
        mine = (of.c[one] == bindparam(f"{prefix}of_{one}", type_=of.c[one].type) for one in where)
        changed = {name: bindparam(f"{prefix}{name}", type_=of.c[name].type) for name in names}
        return update(of).where(*mine).values(changed)

    return make


def retry_unknown_outcome(use_case: Callable[P, R]) -> Callable[P, R]:
    """Repeat an exactly-once use case whose outcome is unknown: the kept first answer, or the write
    that was lost. Raises `OutcomeUnknown` when the database cannot be asked either.
    """

    @wraps(use_case)
    def ask_again(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return use_case(*args, **kwargs)
        except OutcomeUnknown as unknown:
            try:
                return use_case(*args, **kwargs)
            except (OperationalError, InterfaceError, PoolTimeout) as error:
                raise unknown from error

    return ask_again
