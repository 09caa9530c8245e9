"""Reading an entry that has versions: the list, one with all its versions, and the versions alone.

What is shown is the current version, with its card as of now and its session worked out from the
treatment as it is known now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select, and_, bindparam, select, tuple_
from sqlalchemy.orm import Session

from models import CheckIn, Patient, SideEffectReport
from models.statements import Query, Statement
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.alerts.chain import load_chain
from services.exceptions import Invalid, NotFound
from services.intake.seen import load_seen
from services.paging import Page, decode_cursor, page_of_rows
from services.patients.history.treatments import load_treatment
from services.patients.view import in_view_clause
from services.patients.wording import for_reader
from services.rules.cards.crisis import ClinicFacts
from services.rules.courses import Treatment, hours_since, session_before
from services.unit_of_work import ask

log = structlog.get_logger()

Columns = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VersionedEntry:
    """A kind of entry that has versions.

    `versions`: a query of all columns of a version, `current`: the same of current ones with what
    else is shown; `show`: the record, `show_version`: a line of its history.
    """

    name: str
    table: type[CheckIn] | type[SideEffectReport]
    versions: Select[Any]
    current: Select[Any]
    show: Callable[[Columns, Treatment, ClinicFacts, datetime], dict[str, Any]]
    show_version: Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Amended:
    """An entry that is amended, named by the id of any of its versions."""

    kind: VersionedEntry
    id: UUID

    def versions(self, patient_id: UUID) -> Query:
        """What asks for all of them, oldest first."""
        return Query(_versions_of(self.kind), {"patient_id": patient_id, "id": self.id})


def load_versions(
    session: Session, kind: VersionedEntry, patient_id: UUID, version_id: UUID
) -> Sequence[Any]:
    """All versions of the entry that an id belongs to, oldest first; raises `NotFound`."""
    ask(session, query := Amended(kind, version_id).versions(patient_id))
    if not query.rows:
        raise NotFound
    return query.rows


@cache
def _versions_of(kind: VersionedEntry) -> Statement:
    table = kind.table
    is_theirs = table.patient_id == bindparam("patient_id", type_=table.patient_id.type)
    is_this = table.id == bindparam("id", type_=table.id.type)
    root = select(table.root_id).where(is_theirs, is_this).scalar_subquery()
    mine = kind.versions.where(is_theirs, table.root_id == root)
    return Statement(mine.order_by(table.version))


def list_entries(
    kind: VersionedEntry,
    actor: Actor,
    *,
    now: datetime,
    patient_id: UUID | None,
    limit: int,
    cursor: str | None,
    instrument: str | None = None,
) -> Page:
    """The current versions, newest `recorded_at` first; staff name the patient.

    A patient outside the actor's view is an empty list. Raises `Forbidden` and `Invalid`.
    """
    if actor.patient_id is None and patient_id is None:
        raise Invalid({"patient_id": ["Staff name the patient."]})
    table = kind.table
    place = tuple_(table.recorded_at, table.id)
    with acting(actor, now) as session:
        query = _in_view(kind, actor, now).where(
            table.patient_id == (patient_id or actor.patient_id)
        )
        if instrument is not None:
            query = query.where(CheckIn.instrument == instrument)
        if cursor is not None:
            query = query.where(place < tuple_(*decode_cursor(cursor, datetime, UUID)))
        newest = (table.recorded_at.desc(), table.id.desc())
        rows = session.execute(query.order_by(*newest).limit(limit + 1)).all()
        page = page_of_rows(rows, limit, lambda row: (row.recorded_at, row.id))
        shown = _shown(kind, session, actor, page.rows, now)
        audit.record_read(session, actor, f"{kind.name}.list", now, patient_id)
        return page.rendered(lambda row: shown[row.root_id])


def current_entries(
    kind: VersionedEntry, session: Session, actor: Actor, roots: Sequence[UUID], now: datetime
) -> dict[UUID, dict[str, Any]]:
    """The current records of a patient's own entries, by the ids of their first versions."""
    table = kind.table
    mine = (table.patient_id == actor.patient_id, table.root_id.in_(roots))
    rows = session.execute(kind.current.where(*mine, table.superseded.is_(False))).all()
    return _shown(kind, session, actor, rows, now)


def _shown(
    kind: VersionedEntry, session: Session, actor: Actor, rows: Sequence[Any], now: datetime
) -> dict[UUID, dict[str, Any]]:
    """Current versions of one patient as they are shown."""
    if not rows:
        return {}
    patient_id, roots = rows[0].patient_id, [row.root_id for row in rows]
    treatment = load_treatment(session, patient_id)
    seen = load_seen(session, kind.table.root_id, patient_id, roots)
    clinic = for_reader(session, actor, load_chain(session, actor.clinic_id).facts)
    return {
        row.root_id: kind.show(row._asdict(), treatment, clinic, now)
        | {"seen_at": seen.get(row.root_id)}
        for row in rows
    }


def get_entry(
    kind: VersionedEntry, actor: Actor, version_id: UUID, now: datetime
) -> dict[str, Any]:
    """The current version of the entry that any of its versions' ids names, with all versions.

    Raises `Forbidden`, the same whether it exists, and `NotFound` outside the actor's view.
    """
    scopes(actor, Action.READ_ENTRIES)
    table = kind.table
    with acting(actor, now) as session:
        patient_id = session.scalar(select(table.patient_id).where(table.id == version_id))
        if patient_id is None:
            raise NotFound
        versions = load_versions(session, kind, patient_id, version_id)
        mine = _in_view(kind, actor, now).where(table.id == versions[-1].id)
        current = session.execute(mine).one_or_none()
        if current is None:
            raise NotFound
        treatment = load_treatment(session, patient_id)
        clinic = for_reader(session, actor, load_chain(session, actor.clinic_id).facts)
        record = kind.show(current._asdict(), treatment, clinic, now)
        root_id = current.root_id
        record["seen_at"] = load_seen(session, table.root_id, patient_id, [root_id]).get(root_id)
        record["versions"] = [kind.show_version(version) for version in versions]
        audit.record_read(session, actor, f"{kind.name}.read", now, patient_id)
        return record


def _in_view(kind: VersionedEntry, actor: Actor, now: datetime) -> Select[Any]:
    table = kind.table
    return kind.current.join(
        Patient, and_(Patient.clinic_id == table.clinic_id, Patient.id == table.patient_id)
    ).where(table.superseded.is_(False), in_view_clause(actor, Action.READ_ENTRIES, now))


def session_of(answered_at: datetime, treatment: Treatment) -> dict[str, Any] | None:
    """The last session that had started when something was answered, and hours since then."""
    try:
        found = session_before(answered_at, treatment.sessions)
        if found is None:
            return None
        return {"id": found.id, "hours_since": hours_since(found, answered_at)}
    except Exception as error:  # noqa: BLE001 -- an annotation must not cost the answer
        log.error("session_failed", kind=type(error).__name__)
        return None
