"""Does every status row equal a recompute from the patient's whole history? And making it so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from models import Patient
from services.exceptions import NotFound
from services.patients.status.lock import lock_status_row
from services.patients.status.row import differences, refresh
from services.patients.status.silence import is_overlooked
from services.reports.cohort.reader import outdated
from services.unit_of_work import clinic_ids, transaction


@dataclass(frozen=True, slots=True)
class Checked:
    """One patient's status row and the columns in which it differs from a recompute."""

    clinic_id: UUID
    patient_id: UUID
    differing: tuple[str, ...]


def verify_caseload(now: datetime) -> Iterator[Checked]:
    """Every patient of every clinic. Each is compared under their own lock, so that the service
    goes on beside it. When to look at a silence may be sooner than the rule says, never later.
    """
    for clinic_id in clinic_ids():
        for patient_id in _patients(clinic_id):
            with transaction(clinic_id) as session:
                found = differences(session, patient_id)
                if is_overlooked(session, patient_id, now):
                    found.append("silence_due_at")
                if outdated(session, patient_id, now):
                    found.append("kept_outcomes")
            yield Checked(clinic_id, patient_id, tuple(found))


def refresh_caseload(now: datetime) -> int:
    """Write every patient's status row anew, as after an upgrade that changed a formula; return how
    many. Each is locked by itself, so that the service goes on beside it.
    """
    patients = 0
    for clinic_id in clinic_ids():
        for patient_id in _patients(clinic_id):
            # Erased since they were listed: there is nothing to write.
            with suppress(NotFound), transaction(clinic_id) as session:
                lock_status_row(session, patient_id)
                refresh(session, patient_id, now)
                patients += 1
    return patients


def _patients(clinic_id: UUID) -> list[UUID]:
    with transaction(clinic_id) as session:
        return list(session.scalars(select(Patient.id).order_by(Patient.id)))
