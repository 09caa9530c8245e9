"""The watch over clinics sees a transaction that touches two: else it would say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models import statements
from models.clinic_door import entering
from services.unit_of_work import transaction
from tests.builders.chains import Chain
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld, World
from tests.fixtures.watched.one_clinic import TABLES, crossings, refuse_crossings

STEP = "UPDATE alerts SET page_step = page_step WHERE clinic_id = %s"
PAGE = "UPDATE notifications SET due_at = due_at WHERE clinic_id = %s"
LOOK = "UPDATE patient_status SET silence_due_at = now() WHERE clinic_id = %s"
UNWATCHED = """
SELECT c.relname FROM pg_class c WHERE c.relname = ANY (%s) AND 2 <> (
  SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname LIKE 'watched_%%')
"""


@pytest.fixture
def two(world: World, client: FlaskClient) -> list[ClinicWorld]:
    """Clinics with a patient in danger, and a page about them, each."""
    clinics = [world.clinic(), world.clinic()]
    for one in clinics:
        one.contact("mailto:quagga@clinic.example")
        sent = client.post("/v1/check-ins", json=phq9(item9=2), headers=one.patient().headers)
        assert sent.status_code == 201
    return clinics


@pytest.fixture
def looker(database_urls: DatabaseUrls) -> Iterator[psycopg.Connection]:
    """The superuser, who sees what was taken note of."""
    with psycopg.connect(libpq_url(database_urls.admin), autocommit=True) as connection:
        yield connection


@pytest.fixture
def worker(database_urls: DatabaseUrls) -> Iterator[psycopg.Connection]:
    """The role that sees the rows of all clinics."""
    with psycopg.connect(libpq_url(database_urls.worker), autocommit=True) as connection:
        yield connection


def test_every_table_of_clinics_is_watched(looker: psycopg.Connection) -> None:
    tables = [name for (name,) in looker.execute(TABLES)]
    assert {"users", "check_ins", "alerts", "audit_entries", "record_ids"} <= set(tables)
    assert looker.execute(UNWATCHED, (tables,)).fetchall() == []


def test_a_transaction_that_enters_two_clinics_is_seen(
    app: Flask, two: list[ClinicWorld], looker: psycopg.Connection
) -> None:
    first, second = two
    with app.app_context(), transaction(first.id) as session:
        assert session.scalar(text("SELECT count(*) FROM patients")) == 1
        connection = session.connection()
        statements.ask(connection, entering(connection, second.id))
        assert session.scalar(text("SELECT count(*) FROM patients")) == 1
    (seen,) = {(one.role, one.was_at, one.what) for one in crossings(looker)}
    assert seen == ("interlude_app", "entered", "entered")


# What a worker writes of the first clinic and then of the second, and is it a fault?
WRITTEN = {
    "alerts of two": (STEP, STEP, True),
    "an alert here, its page there": (STEP, PAGE, True),
    "a look here, a page there": (LOOK, PAGE, True),
    "a look at patients of two": (LOOK, LOOK, False),
}


@pytest.mark.parametrize(("here", "there", "is_fault"), WRITTEN.values(), ids=WRITTEN)
def test_rows_of_two_clinics_are_seen(
    two: list[ClinicWorld],
    worker: psycopg.Connection,
    looker: psycopg.Connection,
    here: LiteralString,
    there: LiteralString,
    is_fault: bool,
) -> None:
    first, second = two
    with worker.transaction():
        assert worker.execute(here, (first.id,)).rowcount == 1
        assert worker.execute(here, (first.id,)).rowcount == 1
        assert worker.execute(there, (second.id,)).rowcount == 1
    assert is_refused(looker) == is_fault
    assert not is_refused(looker), "it is told once"


def test_one_statement_over_two_clinics_is_seen(
    two: list[ClinicWorld], worker: psycopg.Connection, looker: psycopg.Connection
) -> None:
    with worker.transaction():
        worker.execute("UPDATE alerts SET page_step = page_step")
    assert is_refused(looker)


def test_two_transactions_and_what_is_rolled_back_are_none(
    two: list[ClinicWorld], worker: psycopg.Connection, looker: psycopg.Connection
) -> None:
    for one in two:
        worker.execute(STEP, (one.id,))
    with worker.transaction(force_rollback=True):
        worker.execute("UPDATE alerts SET page_step = page_step")
    assert crossings(looker) == []


def test_the_sealer_chains_the_entries_of_all_clinics(
    app: Flask, database_urls: DatabaseUrls, two: list[ClinicWorld], looker: psycopg.Connection
) -> None:
    assert Chain(app, database_urls.admin).seal() > len(two)
    assert {(one.role, one.was_at, one.what) for one in crossings(looker)} == {
        ("interlude_sealer", "audit_entries", "audit_entries")
    }


def is_refused(looker: psycopg.Connection) -> bool:
    """Does the fixture that ends a test fail it?"""
    try:
        refuse_crossings(looker)
    except AssertionError:
        return True
    return False
