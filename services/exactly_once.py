"""Exactly once: the first answer to a client-made id is kept, and answers every repetition.

Uniqueness lives in the database; whoever is slower learns it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import RecordId
from models.encryption import keyring
from models.entries.check_in import RecordKind
from models.sealing import sealed
from services import audit
from services.access import Actor
from services.exceptions import ContentConflict, IdTaken
from services.rules.mood_days import to_utc

# Of the first answer to an id, for a statement that reads other things as well.
KNOWN_COLUMNS: Final = (
    RecordId.id.label("known_id"),
    RecordId.patient_id.label("known_patient_id"),
    RecordId.content_digest,
    RecordId.first_answer,
)
# Keys in which a client's id is already there: used by a client, or made by the server for a record
# that a client sent without one.
ID_TAKEN: Final = frozenset(
    (
        "uq_record_ids_id",
        "pk_record_ids",
        "pk_patients",
        "pk_alert_notes",
        "pk_courses",
        "pk_treatment_sessions",
        "pk_session_vitals",
        "pk_screenings",
        "pk_session_decisions",
        "pk_concomitant_treatments",
        "pk_consents",
    )
)


def content_digest(kind: RecordKind, **content: Any) -> bytes:
    """A keyed digest of what makes two requests the same (contract, "Same content")."""
    canonical = orjson.dumps(
        {"kind": kind}
        | {
            name: to_utc(value).isoformat() if isinstance(value, datetime) else value
            for name, value in content.items()
        },
        option=orjson.OPT_SORT_KEYS,
    )
    return keyring.digest(canonical, "record content")


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What to send: 201 for a new record, 200 for a repetition, and the bytes."""

    status: int
    body: bytes


def render(record: dict[str, Any]) -> bytes:
    """The bytes of an answer; instants in UTC with Z."""
    return orjson.dumps(record, option=orjson.OPT_UTC_Z)


def known_answer(
    session: Session, actor: Actor, record_id: UUID, patient_id: UUID | None, digest: bytes
) -> FirstAnswer | None:
    """The answer to an id that was used before, None for a new one.

    Raises `IdTaken` when it is another patient's (or was erased), `ContentConflict` when the
    content differs; the conflict shows the caller's own stored record unless the token has expired.
    """
    row = session.execute(select(*KNOWN_COLUMNS).where(RecordId.id == record_id)).one_or_none()
    return None if row is None else answer_again(row, actor, patient_id, digest)


def answer_again(row: Any, actor: Actor, patient_id: UUID | None, digest: bytes) -> FirstAnswer:
    """`known_answer` from a row that has `KNOWN_COLUMNS`."""
    if row.known_patient_id != patient_id or row.first_answer is None:
        raise IdTaken
    if row.content_digest != digest:
        if actor.token_expired:
            raise ContentConflict
        raise ContentConflict(stored=orjson.loads(row.first_answer))
    if actor.token_expired:
        return FirstAnswer(200, _brief(row.first_answer))
    return FirstAnswer(200, row.first_answer.encode())


def _brief(first_answer: str) -> bytes:
    """What an expired token may see of an older record."""
    record = orjson.loads(first_answer)
    return orjson.dumps({name: record.get(name) for name in ("id", "received_at", "safety")})


def kept_answer(
    *,
    record_id: UUID,
    clinic_id: UUID,
    patient_id: UUID | None,
    kind: RecordKind,
    digest: bytes,
    body: bytes,
    now: datetime,
) -> dict[str, Any]:
    """The row that takes the id, for everybody and for ever."""
    row = {
        "clinic_id": clinic_id,
        "id": record_id,
        "patient_id": patient_id,
        "kind": kind,
        "content_digest": digest,
        "first_answer": body.decode(),
        "received_at": now,
    }
    return sealed(RecordId, row)


def answer_once(
    session: Session,
    actor: Actor,
    record_id: UUID | None,
    patient_id: UUID | None,
    kind: RecordKind,
    digest: bytes,
    make: Callable[[], dict[str, Any]],
    now: datetime,
) -> FirstAnswer:
    """Make a record and keep its answer; of a client's id that is known, the first answer.

    Raises as `known_answer` and `make` do. Without an id of the client's nothing is kept.
    """
    if record_id is not None:
        known = known_answer(session, actor, record_id, patient_id, digest)
        if known is not None:
            audit.record_read(session, actor, audit.AGAIN, now, patient_id)
            return known
    body = render(make())
    if record_id is not None:
        kept = kept_answer(
            record_id=record_id,
            clinic_id=actor.clinic_id,
            patient_id=patient_id,
            kind=kind,
            digest=digest,
            body=body,
            now=now,
        )
        session.execute(insert(RecordId).values(kept))
    return FirstAnswer(201, body)


def violated(error: IntegrityError) -> str:
    """The name of the constraint that the database refused a write by."""
    return getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""


@contextmanager
def id_taken_elsewhere() -> Iterator[None]:
    """Turn the violation of the id's uniqueness (another patient was faster) into `IdTaken`."""
    try:
        yield
    except IntegrityError as error:
        if violated(error) in ID_TAKEN:
            raise IdTaken from error
        raise
