"""Many rows at once. Row-level security knows no COPY, so the superuser of the server does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import JSONB

from models import (
    CheckIn,
    CheckInContent,
    CourseVersion,
    Patient,
    PatientStatus,
    SideEffectReport,
    TreatmentCourse,
    TreatmentSession,
    TreatmentSessionVersion,
)

# Whoever is pointed at comes first.
ORDER: Final[tuple[Any, ...]] = (
    Patient,
    PatientStatus,
    TreatmentCourse,
    CourseVersion,
    TreatmentSession,
    TreatmentSessionVersion,
    CheckIn,
    CheckInContent,
    SideEffectReport,
)

Rows = Mapping[Any, Sequence[Mapping[str, Any]]]


def copy_rows(connection: psycopg.Connection, rows: Rows) -> None:
    """Copy the rows of each model; all rows of a model name the same columns."""
    for model in ORDER:
        found = rows.get(model, ())
        if found:
            _copy(connection, model.__table__, found)


def _copy(connection: psycopg.Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    names = list(rows[0])
    documents = {name for name in names if isinstance(table.c[name].type, JSONB)}
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_value(row[name], name in documents) for name in names])


def _value(value: object, is_document: bool) -> object:
    return Jsonb(value) if is_document and value is not None else value
