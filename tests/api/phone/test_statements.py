"""How often a check-in asks the database: counts that nobody should have to measure again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from models.database import db
from services import unit_of_work
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld

# BEGIN, the door, the token, the lock and what is known; the write and the commit. A risky one also
# asks whom it pages and which alerts are open; of an open one, which pages are on their way.
HARMLESS, AGAIN, RISKY, RISKY_AGAIN, ADDED = 2, 2, 3, 2, 5
OTHERS = 99


@contextmanager
def round_trips(app: Flask, file: Path) -> Iterator[Callable[[], int]]:
    """How often the database was waited for: each wait ends when it is ready for more."""
    with app.app_context():
        engine = db.engine
    traced = os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)

    def begin(connection: Any, _record: Any, _lent: Any) -> None:
        connection.pgconn.trace(traced)

    def end(connection: Any, _record: Any) -> None:
        connection.pgconn.untrace()

    event.listen(engine, "checkout", begin)
    event.listen(engine, "checkin", end)
    try:
        yield lambda: file.read_text("latin-1").count("ReadyForQuery")
    finally:
        event.remove(engine, "checkout", begin)
        event.remove(engine, "checkin", end)
        os.close(traced)


def prepare_others(app: Flask) -> None:
    """What other requests of a day leave with the connection: it forgets none of them."""
    with app.app_context(), db.engine.connect() as connection:
        cursor = connection.connection.cursor()
        for number in range(OTHERS):
            cursor.execute(f"SELECT {number}", prepare=True)
        connection.connection.commit()


def test_a_check_in_asks_no_more_often_than_it_must(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, tmp_path: Path
) -> None:
    pat = clinic.patient()
    prepare_others(app)
    made(post(client, pat, phq9(0)))  # the first use of a token, and of a connection, asks more
    harmless, risky, added = phq9(0), phq9(2), phq9(2)
    expected = (
        (harmless, 201, HARMLESS),
        (harmless, 200, AGAIN),
        (risky, 201, RISKY),
        (risky, 200, RISKY_AGAIN),
        (added, 201, ADDED),
    )
    counts = []
    for form, status, _ in expected:
        with round_trips(app, tmp_path / "trace") as count:
            made(post(client, pat, form), status)
        counts.append(count())
    assert counts == [trips for _, _, trips in expected]


def test_the_statement_of_a_harmless_check_in_is_kept(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, other = clinic.patient(), clinic.patient()
    for one in (pat, pat, other, other):
        made(post(client, one, phq9(0)))
    before = unit_of_work._known_statement.cache_info()
    for one in (pat, other):
        made(post(client, one, phq9(0)))
    after = unit_of_work._known_statement.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 2)


def test_not_every_statement_that_there_ever_was_is_kept() -> None:
    """A process runs for months, and what an entry writes depends on who is paged about it."""
    assert unit_of_work._known_statement.cache_info().maxsize == unit_of_work.KNOWN_STATEMENTS
