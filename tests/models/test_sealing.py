"""An encrypted text opens in the row and column that it was written for, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Connection, create_engine, insert, select, text, update
from sqlalchemy.exc import StatementError

from api.embedded.urls import DatabaseUrls
from models import Base, User, sealed
from models.encryption import COLUMN_ONLY, EncryptedText, KeyringError, derive, keyring
from tests.fixtures.app import SECRET

WORDS = "a word of theirs"
Model = type[Any]
COLUMNS: list[tuple[Model, Column[Any]]] = sorted(
    (
        (mapper.class_, column)
        for mapper in Base.registry.mappers
        for column in mapper.local_table.c
        if isinstance(column.type, EncryptedText)
    ),
    key=lambda one: str(one[1]),
)
EVERY_COLUMN = pytest.mark.parametrize(
    ("model", "column"), COLUMNS, ids=[str(column) for _, column in COLUMNS]
)


@pytest.fixture(scope="module")
def _connected(database_urls: DatabaseUrls) -> Iterator[Connection]:
    engine = create_engine(database_urls.admin)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def connection(_connected: Connection) -> Iterator[Connection]:
    """A transaction that is taken back."""
    keyring.use(SECRET)
    with _connected.begin() as begun:
        yield _connected
        begun.rollback()


def store(connection: Connection, model: Model, column: Column[Any]) -> dict[str, UUID]:
    """One row with its key and this text alone, in a table of the same name without conditions."""
    name = model.__tablename__
    connection.execute(text(f"CREATE TEMP TABLE {name} AS TABLE public.{name} WITH NO DATA"))
    key = {one.name: uuid4() for one in model.__table__.primary_key}
    connection.execute(insert(model).values(sealed(model, key | {column.name: WORDS})))
    return key


def test_every_column_is_encrypted_under_its_own_name() -> None:
    assert len(COLUMNS) > 20
    assert {str(column) for _, column in COLUMNS} == {column.type.context for _, column in COLUMNS}


@EVERY_COLUMN
def test_it_opens_in_its_row_and_in_no_other_row_or_clinic(
    connection: Connection, model: Model, column: Column[Any]
) -> None:
    key = store(connection, model, column)
    assert "clinic_id" in key
    for name, own in key.items():
        connection.execute(update(model).values({name: uuid4()}))
        with pytest.raises(KeyringError):
            connection.scalar(select(column))
        connection.execute(update(model).values({name: own}))
    assert connection.scalar(select(column)) == WORDS


@EVERY_COLUMN
def test_it_opens_in_no_other_column(
    connection: Connection, model: Model, column: Column[Any]
) -> None:
    store(connection, model, column)
    for _, other in COLUMNS:
        if other.table is column.table and other is not column:
            move = f"UPDATE {column.table} SET {other.name} = {column.name}"  # noqa: S608 - ours
            connection.execute(text(move))
            with pytest.raises(KeyringError):
                connection.scalar(select(other))


@EVERY_COLUMN
def test_it_is_not_written_without_its_row(
    connection: Connection, model: Model, column: Column[Any]
) -> None:
    with pytest.raises(StatementError, match="without saying for which row"):
        connection.execute(update(model).values({column.name: WORDS}))


def test_an_address_from_before_rows_were_bound_still_opens(connection: Connection) -> None:
    """Whoever is to be paged must be reached after an upgrade."""
    store(connection, User, User.__table__.c.email)
    key, nonce = derive(SECRET, b"interlude column encryption"), os.urandom(12)
    (key_id,) = [one for purpose, one in keyring.fingerprints() if purpose == "columns"]
    kept = COLUMN_ONLY + bytes.fromhex(key_id) + nonce
    kept += AESGCM(key).encrypt(nonce, WORDS.encode(), b"users.email")
    connection.execute(text("UPDATE users SET email = :kept"), {"kept": kept})
    assert connection.scalar(select(User.email)) == WORDS
