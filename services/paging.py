"""Keyset pages: an opaque cursor holds the last row's sort values, so that nothing is skipped."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from services.exceptions import Invalid

T = TypeVar("T")
Page = dict[str, Any]
Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])


def _instant(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return moment


def _day(value: Any) -> date:
    return date.fromisoformat(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a text that the database can hold")
    return value


def _id(value: Any) -> UUID:
    return UUID(_text(value))


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) >= 2**31:
        raise ValueError("not an integer of 32 bits")
    return value


_READ: dict[type, Callable[[Any], Any]] = {
    datetime: _instant,
    date: _day,
    UUID: _id,
    str: _text,
    int: _whole,
    float: float,
}


@dataclass(frozen=True, slots=True)
class RowPage(Generic[T]):
    """The rows of one page and the cursor of the next, None on the last."""

    rows: Sequence[T]
    next_cursor: str | None

    def rendered(self, render: Callable[[T], dict[str, Any]]) -> Page:
        """The envelope of a list."""
        return {"items": [render(row) for row in self.rows], "next_cursor": self.next_cursor}


def page_query(
    query: Q,
    at: InstrumentedAttribute[Any],
    row_id: InstrumentedAttribute[UUID],
    limit: int,
    cursor: str | None,
) -> Q:
    """The query for one page and a row more, by an instant or a day and then the id, both falling;
    `page_of_rows` takes what it finds. Raises `Invalid` for a cursor of another list.
    """
    if cursor is not None:
        kind = date if at.type.python_type is date else datetime
        query = query.where(tuple_(at, row_id) < tuple_(*decode_cursor(cursor, kind, UUID)))
    return query.order_by(at.desc(), row_id.desc()).limit(limit + 1)


def page_of_rows(
    rows: Sequence[T], limit: int, key: Callable[[T], tuple[object, ...]]
) -> RowPage[T]:
    """A page of at most `limit` rows from a query that asked for one more."""
    kept = rows[:limit]
    more = len(rows) > limit
    return RowPage(kept, encode_cursor(*key(kept[-1])) if more else None)


def encode_cursor(*values: object) -> str:
    """An opaque, URL-safe cursor."""
    packed = orjson.dumps([str(v) if isinstance(v, UUID) else v for v in values])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The values of a cursor, each of its kind; raises `Invalid` for anything we did not make."""
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = orjson.loads(packed)
        if not isinstance(values, list):
            raise TypeError
        pairs = zip(kinds, values, strict=True)
        return tuple(_READ[kind](value) for kind, value in pairs)
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise Invalid({"cursor": ["Not a cursor of this list."]}) from error
