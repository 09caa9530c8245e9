"""Keyset pages: a cursor names the last row seen, so that nothing is cut or doubled silently."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import orjson

from services.exceptions import Invalid

T = TypeVar("T")
Reader = Callable[[Any], Any]

LIMIT_DEFAULT: Final = 50
LIMIT_MOST: Final = 500


def encode_cursor(kind: str, *key: str | int | float | datetime | UUID | None) -> str:
    """An opaque cursor of one kind of list; ``key`` is the last row's sort key."""
    return base64.urlsafe_b64encode(orjson.dumps([kind, *key])).decode().rstrip("=")


def decode_cursor(cursor: str | None, kind: str, *readers: Reader) -> tuple[Any, ...] | None:
    """The sort key in a cursor, each part read by its reader; None without a cursor.

    Raises ``Invalid`` for a cursor of another kind of list, or one that was not made here.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        name, *key = found
        if name != kind or len(key) != len(readers):
            raise ValueError("another list's cursor")
        return tuple(read(part) for read, part in zip(readers, key, strict=True))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid({"cursor": ["Not a cursor of this list."]}) from error


def page(
    rows: Sequence[T], limit: int, show: Callable[[T], Any], cursor_of: Callable[[T], str]
) -> dict[str, Any]:
    """``{items, next_cursor}`` from up to ``limit`` + 1 rows: the one too many says that there are
    more.
    """
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        "items": [show(row) for row in shown],
        "next_cursor": cursor_of(shown[-1]) if more else None,
    }


def an_instant(part: Any) -> datetime:
    """Read an instant with its offset; raises ``ValueError``, ``TypeError``."""
    moment = datetime.fromisoformat(part)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return moment


def an_id(part: Any) -> UUID:
    """Read a UUID; raises ``ValueError``, ``TypeError``."""
    if not isinstance(part, str):
        raise TypeError("an id is a string")
    return UUID(part)


def a_text(part: Any) -> str:
    """Read a text that PostgreSQL can store; raises ``ValueError``, ``TypeError``."""
    if not isinstance(part, str):
        raise TypeError("not a text")
    if "\x00" in part:
        raise ValueError("NUL cannot be stored")
    return part


def a_number(part: Any) -> float:
    """Read a number; raises ``TypeError``."""
    if isinstance(part, bool) or not isinstance(part, int | float):
        raise TypeError("not a number")
    return float(part)
