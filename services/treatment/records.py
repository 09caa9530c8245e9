"""Rows of what belongs to a treatment: written with the stamp of the write, read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.sealing import sealed
from services.paging import RowPage, page_of_rows, page_query
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
    rows = session.execute(page_query(query, at, record_id, limit, cursor)).all()
    return page_of_rows(
        rows, limit, lambda row: (getattr(row, at.key), getattr(row, record_id.key))
    )
