"""The current version of each of a patient's sessions, cancelled ones too."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from models import TreatmentSessionVersion


def current_sessions(patient_id: UUID) -> Select[Any]:
    """Rows of ``treatment_session_versions``: of each session the last version.

    Conditions added to it hold for these rows, so no older version shows instead.
    """
    newer = TreatmentSessionVersion.__table__.alias("newer")
    last = (
        select(func.max(newer.c.version))
        .where(
            newer.c.clinic_id == TreatmentSessionVersion.clinic_id,
            newer.c.patient_id == TreatmentSessionVersion.patient_id,
            newer.c.session_id == TreatmentSessionVersion.session_id,
        )
        .scalar_subquery()
    )
    return select(*TreatmentSessionVersion.__table__.c).where(
        TreatmentSessionVersion.patient_id == patient_id,
        TreatmentSessionVersion.version == last,
    )
