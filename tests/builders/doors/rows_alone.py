"""Row-level security as the only guard: what the code itself keeps apart is switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import event

from migrations.roles import libpq_url
from models.database import db
from models.statements import Statement
from services import access
from services.access import Action, Scope
from services.caseload.worklist import one_patient, statement
from tests.builders.doors.sides import Ids

# A clinic compared with what the code names: a value, or the clinic that it has entered.
_VALUE: Final = r"(?:%\(\w+\)s|\$\d+)(?:::\w+)?"
_NAMED: Final = re.compile(
    r"((?:\w+\.)?clinic_id = "
    rf"(?:{_VALUE}|CAST\(current_setting\({_VALUE}\) AS UUID\)))"
)


def without_clinic(statement: str) -> str:
    """The statement, in which no clinic that it names makes a difference."""
    return _NAMED.sub(r"(\1 OR true)", statement)


@contextmanager
def rows_alone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every role does everything in the whole clinic, nobody is out of view, and no statement
    names a clinic: only the database is left to say whose rows are whose.
    """
    whole = (Scope.CLINIC,) * len(access.ROLE_COLUMNS)
    with app.app_context():
        engine = db.engine
    with monkeypatch.context() as patch:
        for action in Action:
            patch.setitem(access.TABLE, action, whole)
        sent = property(lambda self: without_clinic(self.text).encode())
        patch.setattr(Statement, "_sent", sent)
        event.listen(engine, "before_cursor_execute", _loosen, retval=True)
        _forget_statements()
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", _loosen)
            _forget_statements()


def _loosen(
    _c: Any, _cursor: Any, text: str, values: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    return without_clinic(text), values


def _forget_statements() -> None:
    """Those that were put together with the roles' reach in them."""
    statement._words.cache_clear()
    one_patient._statement.cache_clear()


@contextmanager
def no_rows_guarded(admin_url: str) -> Iterator[None]:
    """The other way round: the database guards nothing."""
    with psycopg.connect(libpq_url(admin_url), autocommit=True) as connection:
        query = "SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r'"
        tables = [name for (name,) in connection.execute(query)]
        assert len(tables) > 25
        try:
            _set_guards(connection, tables, "DISABLE")
            yield
        finally:
            _set_guards(connection, tables, "ENABLE")


def _set_guards(connection: psycopg.Connection, tables: list[str], word: str) -> None:
    for name in tables:
        change = f"ALTER TABLE {{}} {word} ROW LEVEL SECURITY"
        connection.execute(sql.SQL(change).format(sql.Identifier(name)))


def stored_rows(admin_url: str, clinic_id: str) -> Mapping[str, str]:
    """A digest of all rows of a clinic, by table."""
    with psycopg.connect(libpq_url(admin_url)) as connection:
        query = (
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
            " AND a.attname = 'clinic_id'"
        )
        found = {}
        for (name,) in connection.execute(query).fetchall():
            digest = sql.SQL(
                "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
                " WHERE clinic_id = %s"
            ).format(sql.Identifier(name))
            (found[name],) = connection.execute(digest, (clinic_id,)).fetchone() or ("",)
    return found


def shown_of(text: str, theirs: Ids, mark: str) -> list[str]:
    """What of the other clinic stands in an answer: names of objects, or the mark of its texts."""
    found = [name for name, one in theirs.items() if one in text]
    return [*found, *([mark] if mark in text.casefold() else [])]
