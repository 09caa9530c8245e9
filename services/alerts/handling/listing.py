"""The list of the alerts: what is open in full, then what has ended, page by page.

Somebody may ask for it every few seconds: its statements are put together once for all who may see
alike, and go with the check of the token in one round trip.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from models import Alert, User
from models.alerts.alert import SEVERITIES
from models.statements import Query, Statement
from services import audit
from services.access import Action, Actor, Scope, scopes
from services.accounts.tokens.token_check import acting
from services.alerts.handling.show_alerts import SUMMARY
from services.alerts.permissions import visible
from services.paging import Page, decode_cursor, encode_cursor
from services.patients.view import LOOKING, looks

# Written into the statement: as a parameter it would hide the partial indexes from a prepared plan.
RESOLVED: Final[BindParameter[str]] = bindparam("resolved", "resolved", literal_execute=True)
# Sorts before every resolved alert: the page that the not resolved ones filled alone ends here.
BEFORE_ALL_RESOLVED: Final = (0, datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))
FILTERS: Final = ("status", "severity", "patient_id")
LAST_SEEN: Final = ("tier", "triggered_at", "id")
# Sets of scopes, of filters, with and without a cursor.
KNOWN_LISTS: Final = 64


@dataclass(frozen=True, slots=True)
class AlertList:
    """`version` names what this log-in was shown; `page` None: it is what they have already."""

    version: str
    page: Page | None


def list_alerts(
    actor: Actor,
    now: datetime,
    *,
    limit: int = 50,
    cursor: str | None = None,
    known: Collection[str] = (),
    **filters: Any,
) -> AlertList:
    """Not resolved first, then by tier, then the oldest; the read is recorded. `filters`: `status`,
    `severity`, `patient_id`. What is at hand already (`known`: its versions) is no new read.

    Whatever is not resolved stands on the first page, also beyond `limit`; resolved ones fill the
    rest and follow. Raises `Forbidden`, and `Invalid` for a cursor of another list.
    """
    after = decode_cursor(cursor, int, datetime, UUID) if cursor else ()
    only = {name: value for name, value in filters.items() if value is not None}
    values = {
        **looks(actor, now),
        **{f"only_{name}": value for name, value in only.items()},
        **dict(zip((f"last_{name}" for name in LAST_SEEN), after, strict=False)),
        "most": limit + 1,
    }
    made = _statements(scopes(actor, Action.READ_ALERTS), tuple(sorted(only)), bool(after))
    asked = [Query(one, values) for one in made]
    with acting(actor, now, *asked) as session:
        *unresolved, ended = (query.rows for query in asked)
        first = unresolved[0] if unresolved else []
        room = max(0, limit - len(first))
        items = [row._asdict() for row in (*first, *ended[:room])]
        found = {"items": items, "next_cursor": _next_cursor(ended, room)}
        version = digest_of(actor, found)
        if version in known:
            return AlertList(version, None)
        shown = {item["patient_id"] for item in items} - {None}
        named = only.get("patient_id") if items else None
        audit.record(session, actor.user_id, "alerts_listed", now, named, about=sorted(shown))
    return AlertList(version, found)


def digest_of(actor: Actor, content: Any) -> str:
    """Of everything shown and to whom: another person at this device has read nothing yet."""
    packed = orjson.dumps([actor.family_id, content])
    return hashlib.blake2b(packed, digest_size=16).hexdigest()


@lru_cache(KNOWN_LISTS)
def _statements(
    reached: frozenset[Scope], filters: tuple[str, ...], after: bool
) -> Sequence[Statement]:
    """Of the first page what is not resolved, and what is; of a later one the latter alone."""
    query = (
        select(
            *(getattr(Alert, name) for name in SUMMARY),
            User.name.label("acknowledged_by_name"),
        )
        .outerjoin(User, User.id == Alert.acknowledged_by)
        .where(visible(reached, LOOKING), *(_only(name) for name in filters))
        .order_by(*alert_order())
    )
    ended: Select[Any] = query.where(Alert.status == RESOLVED)
    ended = ended.limit(bindparam("most", type_=Integer(), required=True))
    if after:
        places = zip(LAST_SEEN, alert_order(), strict=True)
        last = [bindparam(f"last_{name}", type_=key.type, required=True) for name, key in places]
        return [Statement(ended.where(tuple_(*alert_order()) > tuple_(*last)))]
    return [Statement(query.where(Alert.status != RESOLVED)), Statement(ended)]


def _only(name: str) -> ColumnElement[bool]:
    column = getattr(Alert, name)
    found: ColumnElement[bool] = column == bindparam(
        f"only_{name}", type_=column.type, required=True
    )
    return found


def alert_order() -> tuple[ColumnElement[Any], ...]:
    """By tier (1 for critical to 4 for low), then the oldest."""
    listed = cast(list(SEVERITIES), ARRAY(Text))
    return (
        func.array_position(listed, Alert.severity, type_=Integer()),
        Alert.triggered_at.expression,
        Alert.id.expression,
    )


def _next_cursor(ended: Sequence[Any], room: int) -> str | None:
    """`ended` was asked for one more than there is room for."""
    if len(ended) <= room:
        return None
    if not room:
        return encode_cursor(*BEFORE_ALL_RESOLVED)
    last = ended[room - 1]
    return encode_cursor(SEVERITIES.index(last.severity) + 1, last.triggered_at, last.id)
