"""A clinic's rows are seen with a proof for this clinic and this session, and not by SQL alone."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models.clinic_door import LIST_OF_CLINICS, enter_session
from models.database import db
from services.unit_of_work import clinic_ids, transaction
from tests.builders.world import ClinicWorld, World

PEOPLE = "SELECT count(*) FROM users"
LIST = "SELECT count(*) FROM door_clinics()"
SETTINGS = ("interlude.clinic_id", "interlude.proof")


@pytest.fixture
def sql(database_urls: DatabaseUrls) -> Iterator[psycopg.Connection]:
    """What somebody has who can make the application send any SQL."""
    with psycopg.connect(libpq_url(database_urls.app), autocommit=True) as connection:
        yield connection


def count(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def show(connection: psycopg.Connection) -> list[str]:
    """What a statement can learn of how its session entered the clinic."""
    found = connection.execute("SELECT current_setting(%s), current_setting(%s)", SETTINGS)
    return list(found.fetchone() or ())


def put(connection: psycopg.Connection, clinic_id: UUID | str, proof: str) -> None:
    for name, value in zip(SETTINGS, (str(clinic_id), proof), strict=True):
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


@pytest.mark.parametrize("proof", ["", "0" * 64, "zz", "\\x00"])
def test_naming_a_clinic_shows_none_of_its_rows(
    clinic: ClinicWorld, sql: psycopg.Connection, proof: str
) -> None:
    put(sql, clinic.id, proof)
    assert count(sql, PEOPLE) == 0
    assert count(sql, "SELECT count(*) FROM clinics") == 0


def test_a_proof_shows_one_clinic_and_no_other(world: World, sql: psycopg.Connection) -> None:
    first, second = world.clinic(), world.clinic()
    first.patient()
    enter_session(sql, first.id)
    seen = count(sql, PEOPLE)
    assert seen > 1
    put(sql, second.id, show(sql)[1])
    assert count(sql, PEOPLE) == 0


def test_another_sessions_proof_opens_nothing(
    clinic: ClinicWorld, sql: psycopg.Connection, database_urls: DatabaseUrls
) -> None:
    enter_session(sql, clinic.id)
    assert count(sql, PEOPLE) > 0
    with psycopg.connect(libpq_url(database_urls.app), autocommit=True) as other:
        put(other, *show(sql))
        assert count(other, PEOPLE) == 0


def test_nothing_is_written_into_a_clinic_that_was_not_entered(
    clinic: ClinicWorld, sql: psycopg.Connection
) -> None:
    put(sql, clinic.id, "")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        sql.execute(
            "INSERT INTO token_families (clinic_id, id, user_id, lifetime_s, started_at,"
            " last_used_at) VALUES (%s, %s, %s, 1, now(), now())",
            (clinic.id, uuid4(), uuid4()),
        )


def test_the_list_of_clinics_takes_a_proof_of_its_own_and_shows_nothing_else(
    world: World, sql: psycopg.Connection
) -> None:
    made = {world.clinic().id, world.clinic().id}
    for entered in (None, *made):
        if entered is not None:
            enter_session(sql, entered)
        assert count(sql, LIST) == 0
    put(sql, LIST_OF_CLINICS, show(sql)[1])
    assert count(sql, LIST) == 0
    enter_session(sql, LIST_OF_CLINICS)
    assert count(sql, LIST) == 2
    assert count(sql, PEOPLE) == 0
    with world.app.app_context():
        assert set(clinic_ids()) == made


def test_the_keys_of_the_door_are_the_doors_alone(database_urls: DatabaseUrls) -> None:
    for url in (database_urls.app, database_urls.worker, database_urls.auditor):
        with (
            psycopg.connect(libpq_url(url)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT * FROM door.keys")


def test_every_policy_of_the_application_asks_the_door(database_urls: DatabaseUrls) -> None:
    """A migration that makes a table calls `own_clinic_policies`; one that restricts shows less."""
    query = (
        "SELECT tablename, qual, with_check FROM pg_policies WHERE schemaname = 'public'"
        " AND (roles @> '{interlude_app}' OR roles @> '{public}') AND policyname <> 'put_in'"
        " AND permissive = 'PERMISSIVE'"
    )
    with psycopg.connect(libpq_url(database_urls.admin)) as connection:
        policies = connection.execute(query).fetchall()
    assert len(policies) > 25
    for name, *conditions in policies:
        column = "id" if name == "clinics" else "clinic_id"
        asked = f"({column} = ( SELECT entered_clinic() AS entered_clinic))"
        assert conditions == [asked, asked], name


def test_a_connection_that_was_checked_has_entered_nothing(world: World) -> None:
    """Each is asked whether this process holds the key, by entering; that has to end with it."""
    world.clinic()
    with world.app.app_context():
        db.engine.dispose()
        with transaction() as session:
            assert session.scalar(text("SELECT entered_clinic()")) is None
            assert session.scalar(text(LIST)) == 0
