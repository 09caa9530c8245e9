"""Pages of what belongs to a treatment: newest first, ties by id."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.paging import RowPage, decode_cursor, page_of_rows


def newest_first(
    session: Session,
    query: Select[Any],
    at: InstrumentedAttribute[datetime],
    record_id: InstrumentedAttribute[UUID],
    limit: int,
    cursor: str | None,
) -> RowPage[Row[Any]]:
    """One page of a query that has these two columns; raises `Invalid` for a cursor of another
    list.
    """
    if cursor is not None:
        last = decode_cursor(cursor, datetime, UUID)
        query = query.where(tuple_(at, record_id) < tuple_(*last))
    rows = session.execute(query.order_by(at.desc(), record_id.desc()).limit(limit + 1)).all()
    return page_of_rows(
        rows, limit, lambda row: (getattr(row, at.key), getattr(row, record_id.key))
    )
