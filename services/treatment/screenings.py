"""Screenings for contraindications: without a valid one nobody is cleared."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models import StoredScreening
from services.access import Action, Actor
from services.chart import reading
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid
from services.paging import Page
from services.rules.session_day import screening as rules
from services.treatment.once import New, Writing, write_once
from services.treatment.records import insert_record, newest_first, shown

SHOWN: Final = (
    "id",
    "patient_id",
    "screened_on",
    "expires_on",
    "contraindications",
    "note",
    "entered_at",
)


def add_screening(
    actor: Actor, patient_id: UUID, record_id: UUID | None, fields: dict[str, Any], now: datetime
) -> FirstAnswer:
    """A screening; raises `Invalid` for an unknown code or days in the wrong order."""
    screened_on, codes = fields["screened_on"], fields["contraindications"]
    _check(screened_on, fields.get("expires_on"), codes, now)
    given = {
        "screened_on": screened_on,
        "expires_on": fields.get("expires_on") or rules.default_expiry(screened_on),
        "contraindications": sorted(set(codes)),
        "note": fields.get("note"),
    }

    def make(writing: Writing, new_id: UUID) -> dict[str, Any]:
        entered = {"entered_by": actor.user_id, "entered_at": now}
        return _record(insert_record(writing, StoredScreening, new_id, given | entered))

    return write_once(actor, New("screening", patient_id, record_id, given), make, now)


def list_screenings(
    actor: Actor, patient_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page:
    """Newest first by when they were entered; raises `NotFound` and `Forbidden`."""
    with reading(actor, Action.READ_TREATMENT, patient_id, "screenings_read", now) as (session, _):
        return screenings_page(session, patient_id, limit, cursor)


def screenings_page(session: Session, patient_id: UUID, limit: int, cursor: str | None) -> Page:
    """The same for a transaction that is open."""
    table = StoredScreening
    query = select(*table.__table__.c).where(table.patient_id == patient_id)
    page = newest_first(session, query, table.entered_at, table.id, limit, cursor)
    return page.rendered(_record)


def load_screenings(session: Session, patient_id: UUID) -> tuple[rules.Screening, ...]:
    """All screenings of a patient as the rules see them, in the order entered."""
    rows = session.execute(
        select(
            StoredScreening.screened_on,
            StoredScreening.expires_on,
            StoredScreening.contraindications,
        )
        .where(StoredScreening.patient_id == patient_id)
        .order_by(StoredScreening.entered_at, StoredScreening.id)
    )
    return tuple(
        rules.Screening(row.screened_on, row.expires_on, tuple(row.contraindications))
        for row in rows
    )


def _check(screened_on: date, expires_on: date | None, codes: list[str], now: datetime) -> None:
    errors = {
        f"contraindications.{place}": ["Unknown code."]
        for place, code in enumerate(codes)
        if code not in rules.CONTRAINDICATIONS
    }
    # East of Greenwich it is tomorrow already.
    if screened_on > now.date() + timedelta(days=1):
        errors["screened_on"] = ["Must not lie in the future."]
    if expires_on is not None and expires_on < screened_on:
        errors["expires_on"] = ["Must not be before `screened_on`."]
    if errors:
        raise Invalid(errors)


def _record(row: Row[Any]) -> dict[str, Any]:
    known = rules.SCREENING_LIST.contraindications
    absolute = [
        code for code in row.contraindications if code in known and known[code].weight == "absolute"
    ]
    return shown(row, SHOWN) | {"absolute": absolute}
