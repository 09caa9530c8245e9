"""Statements that go without SQLAlchemy's machinery mean what SQLAlchemy's would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Connection,
    Date,
    Double,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    Uuid,
    bindparam,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError, OperationalError

from models.base import UtcDateTime
from models.database import db
from models.operations import ApiLife
from models.statements import BEGIN, Query, Statement, ask
from services.exactly_once import violated
from tests.fixtures.running import wait_until

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
START = datetime(2000, 2, 28, tzinfo=UTC)
ZONES = st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DAYS = st.timedeltas(timedelta(days=-300_000), timedelta(days=300_000))
INSTANTS = st.builds(lambda days, zone: (START + days).astimezone(zone), DAYS, ZONES)
VALUES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "truth": (Boolean(), st.booleans()),
    "small": (Integer(), st.integers(-(2**31), 2**31 - 1)),
    "large": (BigInteger(), st.integers(-(2**63), 2**63 - 1)),
    "real": (Double(), st.floats(allow_nan=False)),
    "text": (Text(), TEXTS),
    "bytes": (LargeBinary(), st.binary(max_size=20)),
    "day": (Date(), st.dates()),
    "at": (UtcDateTime(), INSTANTS),
    "who": (Uuid(), st.uuids()),
    "words": (ARRAY(Text()), st.lists(TEXTS, max_size=3)),
    "object": (JSONB(), st.dictionaries(TEXTS, JSON, max_size=3)),
}
ECHO = select(*(bindparam(name, type_=of).label(name) for name, (of, _) in VALUES.items()))
STATEMENT = Statement(ECHO)
ROW = st.fixed_dictionaries({name: st.none() | values for name, (_, values) in VALUES.items()})


@pytest.fixture
def connection(app: Flask) -> Iterator[Connection]:
    with app.app_context(), db.engine.connect() as made:
        yield made


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ROW)
def test_what_goes_in_comes_out(connection: Connection, values: dict[str, Any]) -> None:
    query = Query(STATEMENT, values)
    ask(connection, query)
    found = query.one_or_none()._asdict()
    assert found == values
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in values.items()
    }


def test_one_statement_is_one_plan_whatever_is_empty(connection: Connection) -> None:
    full = {
        "truth": True, "small": 1, "large": 2**40, "real": 0.5, "text": "a", "bytes": b"b",
        "day": date(2026, 1, 2), "at": datetime(2026, 1, 2, tzinfo=UTC), "who": uuid4(),
        "words": ["a"], "object": {"a": 1},
    }  # fmt: skip
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE strpos(statement, 'AS truth') > 0"
    for empty in [None, *full]:
        ask(connection, Query(STATEMENT, {**full, **({empty: None} if empty else {})}))
    assert connection.exec_driver_sql(prepared).scalar_one() == 1


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-01-02T00:00:00+23:59", "2026-01-01T00:01:00+00:00"),
        ("2026-01-02T00:00:00-16:00", "2026-01-02T16:00:00+00:00"),
        ("2026-01-02T00:00:00+15:59", "2026-01-01T08:01:00+00:00"),
        ("0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.999999+00:00"),
    ],
)
def test_an_instant_has_any_offset_that_python_reads(
    connection: Connection, sent: str, kept: str
) -> None:
    echo = Statement(select(bindparam("at", type_=UtcDateTime()).label("at")))
    query = Query(echo, {"at": datetime.fromisoformat(sent)})
    ask(connection, query)
    assert query.one_or_none().at == datetime.fromisoformat(kept)


def test_a_value_without_a_type_is_no_statement(connection: Connection) -> None:
    with pytest.raises(TypeError, match="of what type real is"):
        ask(connection, Query(Statement(select(bindparam("real", type_=Numeric()))), {"real": 0.5}))


def test_a_list_that_a_statement_names_is_part_of_it(connection: Connection) -> None:
    one = bindparam("one", type_=Integer())
    query = Query(
        Statement(select(literal("yes").label("found")).where(one.in_([1, 2]))), {"one": 2}
    )
    ask(connection, query)
    assert query.one_or_none().found == "yes"


def test_queries_are_answered_in_their_order_and_by_name(connection: Connection) -> None:
    echo = Statement(select(bindparam("n", type_=Integer()).label("n")))
    queries = [Query(echo, {"n": number}) for number in range(5)]
    ask(connection, *queries)
    assert [query.one_or_none().n for query in queries] == list(range(5))


def test_a_value_that_nobody_gave_is_missed(connection: Connection) -> None:
    nobody = bindparam("n", type_=Integer())
    with pytest.raises(KeyError, match="n"):
        ask(connection, Query(Statement(select(nobody.label("n"))), {}))


def test_after_a_failure_nothing_is_committed(app: Flask) -> None:
    """Also when the commit is under way behind it; what was violated can be read as ever."""
    columns = ApiLife.__table__.c
    life = {one.name: bindparam(one.name, type_=one.type) for one in columns}
    store = Statement(insert(ApiLife).values(life).returning(ApiLife.id))
    moment = datetime(2001, 1, 1, tzinfo=UTC)
    row = dict.fromkeys(life, moment) | {"id": uuid4()}
    with app.app_context(), db.engine.connect() as connection:
        with pytest.raises(IntegrityError) as raised:
            ask(connection, Query(store, row), Query(store, row), commits=True)
        assert violated(raised.value) == "pk_api_lives"
        connection.rollback()
        kept = select(ApiLife.id).where(ApiLife.id == row["id"])
        assert connection.execute(kept).all() == []


def test_what_the_database_says_of_a_value_stands_in_no_log(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """Of two errors the driver raises one; the other, which quotes a row, it would log."""
    columns = ApiLife.__table__.c
    life = {one.name: bindparam(one.name, type_=one.type) for one in columns}
    store = Statement(insert(ApiLife).values(life).returning(ApiLife.id))
    early, late = datetime(2001, 1, 1, tzinfo=UTC), datetime(2002, 1, 1, tzinfo=UTC)
    refused = {"id": uuid4(), "from_at": late, "until_at": early}
    without_zone = refused | {"from_at": datetime(2001, 1, 1)}  # noqa: DTZ001 - that it is refused
    with app.app_context(), db.engine.connect() as connection:
        with pytest.raises(ValueError, match="without a zone"):
            ask(connection, Query(store, refused), Query(store, without_zone), commits=True)
        connection.rollback()
    assert caplog.records == []


def test_who_stands_still_in_a_transaction_keeps_no_lock(app: Flask) -> None:
    """As a process on a machine that is frozen does: the database ends its transaction."""
    one = Query(Statement(select(literal(1))), {})
    at_once = b"SET idle_in_transaction_session_timeout = 1"
    with app.app_context(), db.engine.connect() as frozen, db.engine.connect() as looker:
        driver: Any = frozen.connection.driver_connection
        driver.execute(at_once)
        ask(frozen, one, begins=BEGIN)
        living = "SELECT FROM pg_stat_activity WHERE pid = %s"
        of_frozen = (driver.info.backend_pid,)
        wait_until(lambda: not looker.exec_driver_sql(living, of_frozen).all(), "it was ended")
        frozen.invalidate()


def test_a_lost_connection_is_given_up(app: Flask) -> None:
    gone = Statement(select(literal(1)))
    with app.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        driver: Any = connection.connection.driver_connection
        driver.close()
        with pytest.raises(OperationalError) as raised:
            ask(connection, Query(gone, {}), commits=True)
        assert raised.value.connection_invalidated
        connection.rollback()
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
