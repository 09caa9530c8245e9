"""How often a check-in asks the database: counts that nobody should have to measure again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from models.database import db
from services import unit_of_work
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """What is sent meanwhile, without BEGIN and COMMIT."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, text: str, _values: Any, _context: Any, _many: Any) -> None:
        sent.append(text)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_check_in_asks_no_more_often_than_it_must(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    made(post(client, pat, phq9(0)))  # the first use of a token, and of a connection, asks more
    harmless, risky = phq9(0), phq9(2)
    counts = []
    for form, status in ((harmless, 201), (harmless, 200), (risky, 201), (risky, 200)):
        with statements(app) as sent:
            made(post(client, pat, form), status)
        counts.append(len(sent))
    # The clinic's door, the token, the lock, what is known, and the write.
    assert counts[:2] == [5, 4]
    assert counts[3] == 4
    assert counts[2] <= 14


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
