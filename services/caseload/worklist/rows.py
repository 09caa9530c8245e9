"""The rows of the caseload: status rows, without reading any history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Patient
from services.access import Actor
from services.caseload.worklist.days import Days
from services.caseload.worklist.sorting import Today
from services.caseload.worklist.statement import CaseRow, Shape, statement
from services.rules.mood_days import mood_day_at


@dataclass(frozen=True, slots=True)
class CaseloadFilter:
    """Which part of the caseload; `q` is part of a name or of an MRN."""

    sort: str = "risk"
    q: str | None = None
    mine: bool = False
    limit: int = 50
    cursor: str | None = None


class Keyed(NamedTuple):
    """A row and where it stands in the order."""

    key: tuple[Any, ...]
    row: CaseRow


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins, and the instant by which its order was made: the same for all pages of
    a list, so that time alone moves nobody from one page to another.
    """

    as_of: datetime
    after: tuple[Any, ...] | None = None


def load_rows(
    session: Session,
    actor: Actor,
    wanted: CaseloadFilter,
    place: Place,
    silent: Collection[UUID],
    now: datetime,
) -> list[Keyed]:
    """One row more than wanted, so that the caller sees whether there is another page. `silent`:
    the patients for whom rule N1 is high when the order is made.

    Raises `Forbidden`.
    """
    built = statement(
        Shape(
            sort=wanted.sort,
            roles=actor.roles,
            mine=wanted.mine,
            searched=bool(wanted.q),
            later=place.after is not None,
            today=_today(session, place.as_of) if wanted.sort == "risk" else None,
        )
    )
    asked = {
        "user_id": actor.user_id,
        "now": now,
        "as_of": place.as_of,
        "silent": list(silent),
        "part": _without_patterns(wanted.q or ""),
        "rows": wanted.limit + 1,
        **{f"after_{number}": part for number, part in enumerate(place.after or ())},
    }
    # Not through the ORM, which would handle every value of every row once more.
    found = session.connection().execute(built.select, asked).all()
    width = built.keys
    return [Keyed(tuple(row[:width]), CaseRow._make(row[width:])) for row in found]


def _today(session: Session, now: datetime) -> Today:
    """The running mood day in the zones of the clinic's patients."""
    days = Days(now, session.scalars(select(Patient.__table__.c.timezone).distinct()))
    usual = mood_day_at(now, UTC)
    elsewhere = {zone: day for zone, day in days.all_today().items() if day != usual}
    return Today(usual, tuple(sorted(elsewhere.items())))


def _without_patterns(part: str) -> str:
    """What somebody looks for, with what `LIKE` would take for a pattern escaped."""
    part = part.strip()
    for special in ("/", "%", "_"):
        part = part.replace(special, f"/{special}")
    return part
