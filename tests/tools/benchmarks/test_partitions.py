"""A database in monthly partitions, made to be measured, answers as the one it is a copy of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from psycopg import sql

from api import create_app
from api.embedded.urls import DatabaseUrls
from api.settings import Settings
from benchmarks.bench import Bench
from benchmarks.check_ins import check_in_call, statements_sent
from benchmarks.growth import partitions as command
from benchmarks.growth.months import BESIDE, CHECK_INS, part
from migrations.roles import libpq_url
from migrations.upgrade import upgrade
from models.clinic_door import enter_session
from models.database import db
from tests.builders.world import World
from tests.fixtures.app import SECRET
from tests.fixtures.postgres import let_in

IN_MONTHS = (*BESIDE, CHECK_INS)
# Of what is older, of the month before, of this one, of those ahead, and of what fits nowhere.
ALL_OF_THEM = {f"check_ins_{one}" for one in (0, 1, 2, 3, 4, 5, "default")}
OLDER = {"check_ins_0"}


@pytest.fixture
def parted(empty_database: DatabaseUrls, tmp_path: Path) -> Iterator[Flask]:
    """An application on a database in months."""
    upgrade(empty_database.owner)
    let_in(empty_database.owner)
    with psycopg.connect(libpq_url(empty_database.admin), autocommit=True) as connection:
        part(connection, IN_MONTHS, 2)
    settings = Settings(secret_key=SECRET, data_dir=tmp_path, database_url=empty_database.app)
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()


def test_an_answer_stands_in_its_month_and_is_seen_by_whom_it_was(
    parted: Flask, empty_database: DatabaseUrls
) -> None:
    clinic = World(parted).clinic()
    check_in_call([clinic.patient()], "phq9-daily")()
    with psycopg.connect(libpq_url(empty_database.admin)) as admin:
        for one in IN_MONTHS:
            query = sql.SQL("SELECT tableoid::regclass::text FROM {}")
            found = admin.execute(query.format(sql.Identifier(one.name))).fetchall()
            assert found == [(f"{one.name}_2",)]
    with psycopg.connect(libpq_url(empty_database.app), autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM check_ins").fetchone() == (0,)
        enter_session(connection, clinic.id)
        assert connection.execute("SELECT count(*) FROM check_ins").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM check_ins_2")
    with (
        psycopg.connect(libpq_url(empty_database.worker), autocommit=True) as worker,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        worker.execute("SELECT answers FROM check_in_contents")


def test_the_read_of_a_check_in_looks_everywhere_and_bounded_where_it_may_stand(
    parted: Flask, empty_database: DatabaseUrls
) -> None:
    clinic = World(parted).clinic()
    call = check_in_call([clinic.patient()], "phq9-daily")
    call()
    with statements_sent() as statements:
        call()
    (read,) = [one for one in statements if command.FORMS.search(one[0].text)]
    words = read[0].text
    bounded, places = command.FORMS.subn(command.BOUNDED, words)
    assert places == len(re.findall(r"FROM check_ins\b", words)) > 1
    values = command.sent_by(*read)
    with psycopg.connect(libpq_url(empty_database.app), autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        enter_session(connection, clinic.id)

        def looked_at(text: str) -> set[str]:
            connection.execute("DEALLOCATE ALL")
            cursor = psycopg.RawCursor(connection)
            plan = cursor.execute(f"EXPLAIN {text}".encode(), values).fetchall()
            return set(re.findall(r"on (check_ins_(?:\d+|default))\b", str(plan)))

        assert looked_at(words) >= ALL_OF_THEM
        assert looked_at(bounded).isdisjoint(OLDER)


def test_each_copy_is_compared_with_the_database_as_it_is_in_the_same_round(app: Flask) -> None:
    whole, parted, *_ = command.COPIES
    taken = {whole: iter((1.0, 4.0, 2.0)), parted: iter((2.0, 4.4, 3.0))}
    asked = {copy: {"a": lambda copy=copy: next(taken[copy])} for copy in (whole, parted)}
    assert command.taken_in(Bench(app, ""), asked, 3) == [
        ("a: CPU of PostgreSQL", "2.00 ms, 1.00 x", "3.00 ms, 1.50 x")
    ]
