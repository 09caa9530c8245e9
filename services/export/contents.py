"""What an export is made of: whose it is, for whom, the words of its README."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Clinic, Patient, PatientExport, PatientStatus
from services.access import Actor
from services.export.kinds import WhoseData
from services.operations.instruments import worded_instruments
from services.patients.wording import words_for
from services.rules.cards.crisis import generic_card
from services.rules.instruments.definition import Instrument


@dataclass(frozen=True, slots=True)
class Contents:
    """`revision`: of the patient, up to which everything is in it; `card`: whom to call, in the
    reader's words; `instruments`: as they were asked here.

    Nothing in it says when it was read: the same data give the same bytes.
    """

    export_id: UUID
    whose: WhoseData
    for_staff: bool
    requested_at: datetime
    revision: int
    clinic: str
    card: Mapping[str, Any]
    instruments: list[Instrument]


def read_contents(
    session: Session, actor: Actor, export: PatientExport, patient: Patient
) -> Contents:
    """Look up what the export says besides its rows."""
    clinic = session.scalars(select(Clinic).where(Clinic.id == actor.clinic_id)).one()
    revision = select(PatientStatus.revision).where(PatientStatus.patient_id == patient.id)
    words = words_for(session, actor)
    card = generic_card(
        committed=True,
        country=clinic.country,
        phone=clinic.phone,
        today=export.requested_at.date(),
        wording=words,
    )
    return Contents(
        export_id=export.id,
        whose=WhoseData(patient.id, patient.user_id),
        for_staff=actor.patient_id is None,
        requested_at=export.requested_at,
        revision=session.scalars(revision).one(),
        clinic=clinic.name,
        card=card,
        instruments=worded_instruments(clinic.cssrs_texts, words),
    )
