"""How often a check-in asks the database: counts that nobody should have to measure again."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from models.database import db
from services import unit_of_work
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld
from tests.fixtures.statements import round_trips

# BEGIN, the door, the token, the lock and what is known; the write and the commit. A risky one also
# asks whom it pages and which alerts are open; of an open one, which pages are on their way.
HARMLESS, AGAIN, RISKY, RISKY_AGAIN, ADDED = 2, 2, 3, 2, 5
OTHERS = 99


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
