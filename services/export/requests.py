"""Asking for a patient's data, and reading what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models import Patient, PatientExport
from models.base import new_id
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import NotFound
from services.export.archive import write_archive
from services.export.contents import read_contents
from services.patients.view import visible_patient
from services.replica.reading import Snapshot, read_apart
from services.turns import Turns

LASTS: Final = timedelta(hours=24)
# Somebody who asks again is given what they asked for before, unless that ends soon.
AGAIN_WHILE: Final = timedelta(hours=1)
# What is larger is on the disk while it is made, in a file without a name.
IN_MEMORY: Final = 4_000_000
CHUNK: Final = 65_536
LISTED: Final = 50
EXPORTING: Final = Turns(at_once=1, waiting=2)


def request_export(actor: Actor, patient_id: UUID, now: datetime) -> dict[str, Any]:
    """An export of what there is about this patient, for whoever asks alone.

    Raises `Forbidden` and `NotFound`.
    """
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.EXPORT_PATIENTS, patient_id, now)
        export = session.scalars(
            select(PatientExport)
            .where(
                PatientExport.patient_id == patient.id,
                PatientExport.requested_by == actor.user_id,
                PatientExport.expires_at > now + AGAIN_WHILE,
            )
            .limit(1)
        ).one_or_none()
        if export is None:
            export = PatientExport(
                clinic_id=actor.clinic_id,
                id=new_id(),
                patient_id=patient.id,
                requested_by=actor.user_id,
                requested_at=now,
                expires_at=now + LASTS,
            )
            session.add(export)
            session.flush()
        audit.record(session, actor.user_id, "export_requested", now, patient.id, export.id)
        return _shown(export)


def _shown(export: PatientExport) -> dict[str, Any]:
    return {
        "id": export.id,
        "patient_id": export.patient_id,
        "status": "ready",
        "requested_at": export.requested_at,
        "expires_at": export.expires_at,
    }


def list_exports(actor: Actor, patient_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """What the actor asked for about this patient and can fetch, newest first; recorded.

    Raises `Forbidden` and `NotFound`.
    """
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.EXPORT_PATIENTS, patient_id, now)
        own = PatientExport.requested_by == actor.user_id
        query = _fetchable(now).where(PatientExport.patient_id == patient_id, own)
        found = session.scalars(query).all()
        audit.record(session, actor.user_id, "exports_read", now, patient_id)
        return [_shown(one) for one in found]


def list_clinics_exports(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Whose data can be fetched by whom, newest first, for administrators, who fetch none; the read
    is recorded. Raises `Forbidden`.
    """
    scopes(actor, Action.READ_AUDIT)
    with acting(actor, now) as session:
        found = session.scalars(_fetchable(now)).all()
        about = sorted({one.patient_id for one in found})
        audit.record(session, actor.user_id, "exports_read", now, about=about)
        return [_shown(one) | {"requested_by": one.requested_by} for one in found]


def _fetchable(now: datetime) -> Select[PatientExport]:
    query = select(PatientExport).where(PatientExport.expires_at > now)
    return query.order_by(PatientExport.requested_at.desc(), PatientExport.id).limit(LISTED)


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip of `size` bytes, and what to call it. `as_of`: what was stored by then is in it."""

    file: IO[bytes]
    size: int
    name: str
    as_of: datetime

    def chunks(self) -> Iterable[bytes]:
        """Its bytes, once. What fits into memory is one: no thread waits for a slow reader."""
        if self.size > IN_MEMORY:
            return self._read()
        with self.file:
            return [self.file.read()]

    def _read(self) -> Iterator[bytes]:
        with self.file:
            yield from iter(partial(self.file.read, CHUNK), b"")


def read_export(
    actor: Actor, export_id: UUID, now: datetime, patient_id: UUID | None = None
) -> Archive:
    """The zip, of one instant: now, or as the replica has it, but not before it was asked for (the
    replica would not know of it). `patient_id`: whose it has to be.

    Raises `Forbidden`, `Unavailable` while others are being made, and `NotFound` for what somebody
    else asked for, what has expired, and a patient who is not in view any more.
    """
    scopes(actor, Action.EXPORT_PATIENTS)
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- whoever reads it closes it

    def admit(session: Session) -> tuple[PatientExport, Patient]:
        export = session.scalars(
            select(PatientExport).where(
                PatientExport.id == export_id,
                PatientExport.requested_by == actor.user_id,
                PatientExport.expires_at > now,
            )
        ).one_or_none()
        if export is None or patient_id not in (None, export.patient_id):
            raise NotFound
        whose = export.patient_id
        return export, visible_patient(session, actor, Action.EXPORT_PATIENTS, whose, now)

    def read(snapshot: Snapshot) -> tuple[UUID, datetime]:
        export, patient = admit(snapshot.session)
        file.seek(0)
        file.truncate()
        contents = read_contents(snapshot.session, actor, export, patient)
        write_archive(file, snapshot.session, contents)
        return patient.id, snapshot.as_of

    def record(session: Session, found: tuple[UUID, datetime]) -> None:
        audit.record(session, actor.user_id, "export_read", now, found[0], export_id)

    try:
        with EXPORTING.turn(actor.user_id):
            _, as_of = read_apart(actor, now, admit, read, record)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Archive(file, size, f"interlude-{export_id}.zip", as_of)
