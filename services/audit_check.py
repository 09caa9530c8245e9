"""Recompute the audit chains of all clinics."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from services.audit import Mark, mark_of, verify_chain
from services.every_clinic import clinic_ids
from services.unit_of_work import transaction


def verify_all(checkpoints: Mapping[UUID, Mark]) -> tuple[dict[UUID, Mark], list[str]]:
    """Where each clinic's chain ends now, and every fault, named by its clinic.

    `checkpoints`: where the chains ended earlier; a clinic that is gone since is a fault.
    """
    marks, faults = {}, []
    clinics = clinic_ids()
    for clinic_id in clinics:
        with transaction(clinic_id) as session:
            found = verify_chain(session, checkpoints.get(clinic_id))
            if not found:
                marks[clinic_id] = mark_of(session)
        faults += [f"{clinic_id}: {fault}" for fault in found]
    faults += [f"{gone}: the clinic is gone" for gone in set(checkpoints) - set(clinics)]
    return marks, faults
