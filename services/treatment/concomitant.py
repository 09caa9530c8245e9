"""Other treatment alongside: what the reader of a trend should know of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import ConcomitantTreatment
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.chart import reading
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid, NotFound
from services.paging import Page
from services.treatment.once import New, Writing, begin, finish, write_once
from services.treatment.records import insert_record, newest_first, shown

SHOWN: Final = ("id", "patient_id", "name", "kind", "started_on", "stopped_on", "entered_at")


def add_treatment(
    actor: Actor, patient_id: UUID, record_id: UUID | None, fields: dict[str, Any], now: datetime
) -> FirstAnswer:
    """Another treatment with its dates; raises `Invalid`, and as `write_once`."""
    stopped_on = fields.get("stopped_on")
    _check(fields["started_on"], stopped_on)

    def make(writing: Writing, new_id: UUID) -> dict[str, Any]:
        revision = None if stopped_on is None else writing.patient.next_revision
        entered = {"entered_by": actor.user_id, "entered_at": now, "stopped_revision": revision}
        return shown(insert_record(writing, ConcomitantTreatment, new_id, fields | entered), SHOWN)

    new = New("concomitant_treatment", patient_id, record_id, fields)
    return write_once(actor, new, make, now)


def stop_treatment(
    actor: Actor, patient_id: UUID, record_id: UUID, stopped_on: date | None, now: datetime
) -> dict[str, Any]:
    """Note when it stopped, None for one that goes on; raises `NotFound` and `Invalid`."""
    scopes(actor, Action.MANAGE_TREATMENT)
    with acting(actor, now) as session:
        writing = begin(session, actor, patient_id, now)
        mine = (ConcomitantTreatment.patient_id == patient_id, ConcomitantTreatment.id == record_id)
        found = session.scalars(select(ConcomitantTreatment).where(*mine)).one_or_none()
        if found is None:
            raise NotFound
        _check(found.started_on, stopped_on)
        if found.stopped_on != stopped_on:
            found.stopped_on = stopped_on
            found.stopped_revision = None if stopped_on is None else writing.patient.next_revision
            session.flush()
            finish(writing, "concomitant_treatment_stopped", record_id)
        return {name: getattr(found, name) for name in SHOWN}


def list_treatments(
    actor: Actor, patient_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page:
    """Newest first by when they were entered; raises `NotFound` and `Forbidden`."""
    with reading(actor, Action.READ_TREATMENT, patient_id, "treatments_read", now) as (session, _):
        return treatments_page(session, patient_id, limit, cursor)


def treatments_page(session: Session, patient_id: UUID, limit: int, cursor: str | None) -> Page:
    """The same for a transaction that is open."""
    table = ConcomitantTreatment
    query = select(*table.__table__.c).where(table.patient_id == patient_id)
    page = newest_first(session, query, table.entered_at, table.id, limit, cursor)
    return page.rendered(lambda row: shown(row, SHOWN))


def _check(started_on: date, stopped_on: date | None) -> None:
    if stopped_on is not None and stopped_on < started_on:
        raise Invalid({"stopped_on": ["Must not be before `started_on`."]})
