"""Statements that are put into words once, and sent several in one round trip.

SQLAlchemy says what a statement is. What it does at each execution (look the words up, wrap cursor,
rows and columns) costs more than the database needs for an answer; a check-in goes without.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Final, cast
from uuid import UUID

import orjson
import psycopg
from psycopg import RawCursor
from psycopg.abc import PQGen
from psycopg.rows import tuple_row
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Boolean, Connection, Double, Interval, LargeBinary, Select, UpdateBase
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError


class _Truth(Boolean):
    render_bind_cast = True


class _Bytes(LargeBinary):
    render_bind_cast = True


class _Real(Double[float]):
    render_bind_cast = True


class _Span(INTERVAL):
    render_bind_cast = True

    @classmethod
    def adapt_emulated_to_native(cls, interval: Any, **_kw: Any) -> _Span:  # type: ignore[override] # as does what it overrides
        """SQLAlchemy's own makes one of its own class."""
        return cls(precision=interval.second_precision)


class _Dialect(PGDialect_psycopg):
    """Each place in a statement says its type: values go as text."""

    colspecs: Any = PGDialect_psycopg.colspecs | {
        Boolean: _Truth,
        Double: _Real,
        Interval: _Span,
        LargeBinary: _Bytes,
    }
    supports_statement_cache = True


# Values go by their number: psycopg reads no such text to find where they belong.
_DIALECT: Final = _Dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call] # it has no types


def _json(value: Json | Jsonb) -> str:
    return orjson.dumps(value.obj, option=orjson.OPT_NON_STR_KEYS).decode()


# PostgreSQL reads no larger offset; Python knows any below 24 hours.
_OFFSETS_READ: Final = timedelta(hours=16)
_BEGIN, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _instant(value: datetime) -> str:
    """An instant with any offset; one that UTC has no year for is the end of the calendar."""
    offset = value.utcoffset()
    if offset is None or abs(offset) < _OFFSETS_READ:
        return value.isoformat()
    try:
        return value.astimezone(UTC).isoformat()
    except OverflowError:
        return (_BEGIN if offset > timedelta(0) else _END).isoformat()


def _span(value: timedelta) -> str:
    """Days as days, as they were."""
    return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"


# The statement says of what type they are: otherwise each combination of empty and
# full, small and large ones would be another statement to the database, planned anew.
_AS_TEXT: Final[Mapping[type, Callable[[Any], str]]] = {
    bool: lambda value: "true" if value else "false",
    bytes: lambda value: "\\x" + value.hex(),
    date: date.isoformat,
    datetime: _instant,
    float: repr,
    int: str,
    timedelta: _span,
    Json: _json,
    Jsonb: _json,
    UUID: str,
}


def as_json(value: Any, make: Callable[[Any], Any] | None) -> Any:
    """A value as it stands in JSON that the database reads; `make`: what its type makes of it."""
    if make is not None and value is not None:
        value = make(value)
    if isinstance(value, Json | Jsonb):
        return value.obj
    if isinstance(value, list):
        return [as_json(one, None) for one in value]
    if value is None or isinstance(value, int | str):
        return value
    return _AS_TEXT[type(value)](value)


# How a transaction begins.
BEGIN: Final = b"BEGIN"
OF_A_SNAPSHOT: Final = b"BEGIN ISOLATION LEVEL REPEATABLE READ"
TO_READ_A_SNAPSHOT: Final = b"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"

_Readers = Sequence[tuple[int, Callable[[Any], Any]]]


class Statement:
    """One statement. Its words are made at its first use; then they are the same for ever, and the
    database plans them once for each connection.
    """

    def __init__(self, core: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        self._core = core
        self._readers: _Readers | None = None

    @cached_property
    def _compiled(self) -> Any:
        return self._core.compile(dialect=_DIALECT)

    @cached_property
    def _expanded(self) -> Any:
        """With the lists that it names written out."""
        return self._compiled.construct_expanded_state(self._compiled.params)

    @cached_property
    def text(self) -> str:
        """Its words, `$1` the first of its values."""
        words: str = self._expanded.statement
        return words

    @property
    def names(self) -> Sequence[str]:
        """The names of its values in their order; some it knows itself."""
        names: Sequence[str] = self._expanded.positiontup
        return names

    @cached_property
    def _sent(self) -> bytes:
        return self.text.encode()

    @cached_property
    def _values(self) -> Sequence[tuple[str, Callable[[Any], Any] | None]]:
        """What each place takes: the name of its value, and what makes of it what is sent."""
        makers: dict[str, Callable[[Any], Any] | None] = {}
        for name, bind in self._compiled.binds.items():
            if not bind.type._unwrapped_dialect_impl(_DIALECT).render_bind_cast:
                raise TypeError(f"the statement does not say of what type {name} is")
            makers[name] = bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
        return [(name, makers.get(name)) for name in self.names]

    @cached_property
    def _fixed(self) -> Mapping[str, Any]:
        """The values that it knows itself. None in place of one that nobody gave would be found
        nowhere, and no error either.
        """
        asked = {name for name, bind in self._compiled.binds.items() if bind.required}
        known = self._expanded.parameters.items()
        return {name: value for name, value in known if name not in asked}

    @cached_property
    def _row(self) -> Any:
        names = [str(name) for name in self._core.exported_columns.keys()]  # noqa: SIM118 - not a mapping
        return namedtuple("Row", names, rename=True)

    def _readers_of(self, cursor: RawCursor[Any]) -> _Readers:
        """What has to be made of a column of the answer, and which it is."""
        columns = zip(self._core.exported_columns, cursor.description or (), strict=True)
        readers = (
            one.type.dialect_impl(_DIALECT).result_processor(_DIALECT, found.type_code)
            for one, found in columns
        )
        return [(place, reader) for place, reader in enumerate(readers) if reader is not None]

    def send(self, cursor: RawCursor[Any], values: Mapping[str, Any]) -> None:
        """Ask it; raises what psycopg raises, `KeyError` for a value that nobody gave."""
        fixed, sent = self._fixed, []
        for name, make in self._values:
            value = values[name] if name in values else fixed[name]
            if make is not None and value is not None:
                value = make(value)
            as_text = _AS_TEXT.get(type(value))
            sent.append(value if as_text is None else as_text(value))
        cursor.execute(self._sent, sent, prepare=True)

    def rows(self, cursor: RawCursor[Any]) -> list[Any]:
        """The rows of the answer, their columns by name."""
        found = []
        if self._readers is None:
            self._readers = self._readers_of(cursor)
        for one in cursor.fetchall():
            row = list(one)
            for place, read in self._readers:
                row[place] = read(row[place])
            found.append(self._row._make(row))
        return found


@dataclass(slots=True)
class Query:
    """A statement with its values, and the rows of the answer once it was asked."""

    statement: Statement
    values: Mapping[str, Any]
    rows: list[Any] = field(default_factory=list)

    def one_or_none(self) -> Any:
        """The only row, None when there is none."""
        (row,) = self.rows or (None,)
        return row


class OneRoundTrip(psycopg.Pipeline):
    """All that is asked goes out at its end with one Sync, and nothing after that.

    The driver sends each statement by itself, and a Flush after the Sync. At both PostgreSQL waits
    for what comes next without `idle_in_transaction_session_timeout`: a process that stands still
    there would keep a patient's lock, and its pages, for as long as its machine lives.
    """

    def _communicate_gen(self) -> PQGen[None]:
        """Not yet."""
        yield from ()

    def _exit_gen(self) -> PQGen[None]:
        try:
            self._enqueue_sync()
            yield from super()._communicate_gen()
        finally:
            yield from self._fetch_gen(flush=False)


def ask(
    connection: Connection, *queries: Query, begins: bytes | None = None, commits: bool = False
) -> None:
    """Ask them one after the other, in one round trip: each sees what the one before it waited for.
    `begins`: with these words the transaction begins (of a connection that begins none by itself);
    `commits`: it ends with them, if none fails.

    Raises `DBAPIError` as SQLAlchemy does: nothing that comes after a failure has been done.
    """
    if not connection.in_transaction():
        connection.begin()  # or it would roll nothing back
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    cursors = [RawCursor(driver, row_factory=tuple_row) for _ in queries]
    try:
        if len(queries) == 1 and begins is None and not commits:
            queries[0].statement.send(cursors[0], queries[0].values)
        else:
            with driver.pipeline() as pipeline:
                pipeline.__class__ = OneRoundTrip  # the driver has no place to name it
                if begins is not None:
                    RawCursor(driver).execute(begins)
                for query, cursor in zip(queries, cursors, strict=True):
                    query.statement.send(cursor, query.values)
                if commits:
                    RawCursor(driver).execute(b"COMMIT")
        for query, cursor in zip(queries, cursors, strict=True):
            query.rows = query.statement.rows(cursor)
    except psycopg.Error as error:
        raise as_ever(connection, driver, error) from error


def as_ever(
    connection: Connection, driver: psycopg.Connection[Any], error: psycopg.Error
) -> BaseException:
    """The error that SQLAlchemy makes of it; a connection that is lost is given up."""
    is_lost = driver.closed or driver.broken
    if is_lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        None,
        None,
        error,
        psycopg.Error,
        connection_invalidated=is_lost,
        dialect=connection.dialect,
    )
