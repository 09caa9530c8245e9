"""Rows of what belongs to a treatment: written with the stamp of the write, read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.sealing import sealed
from services.paging import RowPage, decode_cursor, page_of_rows
from services.treatment.once import Writing


def insert_record(
    writing: Writing, table: type[Any], record_id: UUID, fields: Mapping[str, Any]
) -> Row[Any]:
    """The new row of a table, with all its columns."""
    new = insert(table).values(sealed(table, {"id": record_id, **writing.stamp, **fields}))
    return writing.session.execute(new.returning(*table.__table__.c)).one()


def shown(row: Row[Any], columns: Iterable[str]) -> dict[str, Any]:
    """These columns of a row, by name."""
    return {name: getattr(row, name) for name in columns}


def newest_first(
    session: Session,
    query: Select[Any],
    at: InstrumentedAttribute[Any],
    record_id: InstrumentedAttribute[UUID],
    limit: int,
    cursor: str | None,
) -> RowPage[Row[Any]]:
    """One page of a query that has these two columns, of which `at` is an instant or a day; raises
    `Invalid` for a cursor of another list.
    """
    if cursor is not None:
        kind = date if at.type.python_type is date else datetime
        last = decode_cursor(cursor, kind, UUID)
        query = query.where(tuple_(at, record_id) < tuple_(*last))
    rows = session.execute(query.order_by(at.desc(), record_id.desc()).limit(limit + 1)).all()
    return page_of_rows(
        rows, limit, lambda row: (getattr(row, at.key), getattr(row, record_id.key))
    )
