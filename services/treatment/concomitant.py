"""Other treatment alongside: what the reader of a trend should know of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update

from models import ConcomitantTreatment
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.token_check import acting
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid, NotFound
from services.paging import Page
from services.patients.view import visible_patient
from services.treatment.lists import newest_first
from services.treatment.once import New, Writing, begin, finish, write_once

SHOWN: Final = ("id", "patient_id", "name", "kind", "started_on", "stopped_on", "entered_at")


def add_treatment(
    actor: Actor, patient_id: UUID, record_id: UUID | None, fields: dict[str, Any], now: datetime
) -> FirstAnswer:
    """Another treatment with its dates; raises `Invalid`, and as `write_once`."""
    stopped = fields.get("stopped_on")
    _check(fields["started_on"], stopped)

    def make(writing: Writing, new_id: UUID) -> dict[str, Any]:
        row = {
            "id": new_id,
            "name": fields["name"],
            "kind": fields["kind"],
            "started_on": fields["started_on"],
            "stopped_on": stopped,
            "entered_by": actor.user_id,
            "entered_at": now,
        }
        revision = None if stopped is None else writing.patient.next_revision
        writing.session.execute(
            insert(ConcomitantTreatment).values(stopped_revision=revision, **writing.stamp, **row)
        )
        return {name: ({"patient_id": patient_id} | row)[name] for name in SHOWN}

    content = {name: str(value) for name, value in fields.items() if value is not None}
    return write_once(
        actor, New("concomitant_treatment", patient_id, record_id, content), make, now
    )


def stop_treatment(
    actor: Actor, patient_id: UUID, record_id: UUID, stopped_on: date | None, now: datetime
) -> dict[str, Any]:
    """Note when it stopped, None for one that goes on; raises `NotFound` and `Invalid`."""
    scopes(actor, Action.MANAGE_TREATMENT)
    with acting(actor, now) as session:
        writing = begin(session, actor, patient_id, now)
        mine = (
            ConcomitantTreatment.patient_id == patient_id,
            ConcomitantTreatment.id == record_id,
        )
        found = session.scalars(select(ConcomitantTreatment).where(*mine)).one_or_none()
        if found is None:
            raise NotFound
        _check(found.started_on, stopped_on)
        if found.stopped_on != stopped_on:
            revision = None if stopped_on is None else writing.patient.next_revision
            session.execute(
                update(ConcomitantTreatment)
                .where(*mine)
                .values(stopped_on=stopped_on, stopped_revision=revision)
            )
            finish(writing, "concomitant_treatment_stopped", record_id)
        return {name: getattr(found, name) for name in SHOWN} | {"stopped_on": stopped_on}


def list_treatments(
    actor: Actor, patient_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page:
    """Newest first by when they were entered; raises `NotFound` and `Forbidden`."""
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_TREATMENT, patient_id, now)
        table = ConcomitantTreatment
        query = select(*(getattr(table, name) for name in SHOWN)).where(
            table.patient_id == patient_id
        )
        page = newest_first(session, query, table.entered_at, table.id, limit, cursor)
        audit.record(session, actor.user_id, "treatments_read", now, patient_id=patient_id)
    return page.rendered(lambda row: dict(row._mapping))


def _check(started_on: date, stopped_on: date | None) -> None:
    if stopped_on is not None and stopped_on < started_on:
        raise Invalid({"stopped_on": ["Must not be before `started_on`."]})
