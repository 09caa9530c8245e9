"""The data cut of a report: a revision of the patient, and what was true of her then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from models import (
    AlertOccurrence,
    CheckIn,
    CourseVersion,
    HelpRequest,
    Patient,
    PatientStatus,
    SessionVitals,
    SideEffectReport,
    TreatmentSessionVersion,
    UnreadableBody,
)
from services.exceptions import Invalid

# When what a report is made of was received, of every table with a revision.
RECEIVED: Final[tuple[InstrumentedAttribute[datetime], ...]] = (
    CheckIn.received_at,
    SideEffectReport.received_at,
    HelpRequest.received_at,
    UnreadableBody.received_at,
    AlertOccurrence.received_at,
    CourseVersion.entered_at,
    TreatmentSessionVersion.entered_at,
    SessionVitals.received_at,
)


_PATIENT_ID: Final = bindparam("patient_id", type_=CheckIn.patient_id.type)
_REVISION: Final = bindparam("revision", type_=CheckIn.revision.type)
# Built once: putting a statement together costs more than running it.
_PATIENT: Final = (
    select(
        PatientStatus.revision,
        Patient.timezone,
        Patient.former_zones,
        Patient.accepted_at,
        Patient.created_at,
    )
    .join(PatientStatus, PatientStatus.patient_id == Patient.id)
    .where(Patient.id == _PATIENT_ID)
)


def _newest() -> Select[Any]:
    sources: list[Select[Any]] = [
        select(func.max(at).label("at")).where(
            at.class_.patient_id == _PATIENT_ID, at.class_.revision <= _REVISION
        )
        for at in RECEIVED
    ]
    each = union_all(*sources).subquery()
    return select(func.max(each.c.at))


_NEWEST: Final = _newest()


@dataclass(frozen=True, slots=True)
class Cut:
    """`at` is when the newest entry up to the revision was received; nothing later is known.

    So one revision is one instant for ever, whoever asks and whenever.
    """

    patient_id: UUID
    revision: int
    at: datetime
    timezone: str
    accepted_at: datetime | None


def load_cut(session: Session, patient_id: UUID, wanted: int | None) -> Cut:
    """The cut at a revision, the current one by default; raises `Invalid` for one to come."""
    row = session.execute(_PATIENT, {"patient_id": patient_id}).one()
    revision = row.revision if wanted is None else wanted
    if not 0 <= revision <= row.revision:
        raise Invalid({"cut": ["This patient has no such revision."]})
    at = _newest_entry_at(session, patient_id, revision) or row.created_at
    known = row.accepted_at is not None and row.accepted_at <= at
    return Cut(
        patient_id=patient_id,
        revision=revision,
        at=at,
        timezone=zone_at(row.timezone, row.former_zones, revision),
        accepted_at=row.accepted_at if known else None,
    )


def zone_at(current: str, former: Sequence[dict[str, Any]], revision: int) -> str:
    """The patient's zone at a revision; `former` oldest first."""
    return next(
        (zone["timezone"] for zone in former if revision <= zone["until_revision"]), current
    )


def _newest_entry_at(session: Session, patient_id: UUID, revision: int) -> datetime | None:
    newest: datetime | None = session.scalar(
        _NEWEST, {"patient_id": patient_id, "revision": revision}
    )
    return None if newest is None else newest.astimezone(UTC)
