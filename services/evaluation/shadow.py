"""A change of rule numbers, replayed on what is stored before it goes live. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session, load_only

from models import CheckIn, CheckInContent, Patient
from services.evaluation.simulation.comparison import EpisodeDifference, compare
from services.evaluation.simulation.patients import cohort
from services.evaluation.simulation.replay import History
from services.exceptions import NotFound
from services.patients.history.check_ins import OF_ITS_CHECK_IN, counting, whole_series
from services.patients.history.treatments import load_treatment
from services.rules.decide.check_in import INSTRUMENTS
from services.rules.instruments.answers import Answers
from services.rules.worsening.numbers import RuleNumbers
from services.unit_of_work import clinic_ids, transaction

# Of these the rules read single answers.
READ_BY_ITEM: Final = ("asrm", "urinary")


def stored_patients(clinic_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """The (clinic, patient) ids of one clinic, or of all. Raises `NotFound` for an unknown
    clinic.
    """
    every = clinic_ids()
    if clinic_id is not None and clinic_id not in every:
        raise NotFound
    found = []
    for clinic in every if clinic_id is None else [clinic_id]:
        with transaction(clinic) as session:
            ids = session.scalars(select(Patient.id).order_by(Patient.id))
            found += [(clinic, patient) for patient in ids]
    return found


def stored_history(clinic_id: UUID, patient_id: UUID, now: datetime) -> History:
    """What one patient has answered and been given by now; planned sessions are left out.

    The transaction is read-only in the database itself: a shadow run that tried to write would
    fail. Raises `NotFound` when the patient is gone.
    """
    with transaction(clinic_id) as session:
        session.execute(text("SET TRANSACTION READ ONLY"))
        patient = session.scalar(
            select(Patient)
            .where(Patient.id == patient_id)
            .options(load_only(Patient.timezone, Patient.indications))
        )
        if patient is None:
            raise NotFound
        return History(
            patient=str(patient_id),
            treatment=load_treatment(session, patient_id).until(now),
            entries={name: whole_series(session, patient_id, name) for name in INSTRUMENTS},
            zone=patient.timezone,
            indications=frozenset(patient.indications),
            answers=_answers(session, patient_id),
        )


def _answers(session: Session, patient_id: UUID) -> dict[str, Answers]:
    found: dict[str, Answers] = {}
    for instrument in READ_BY_ITEM:
        rows = session.execute(
            select(CheckIn.root_id, CheckInContent.answers)
            .join(CheckInContent, OF_ITS_CHECK_IN)
            .where(counting(patient_id, instrument))
        )
        found |= {str(row.root_id): row.answers for row in rows}
    return found


@dataclass(frozen=True, slots=True)
class Shadowed:
    """One patient's history and the episodes under the rules in force and after the change."""

    history: History
    differences: list[EpisodeDifference]


def shadow_stored(
    patients: list[tuple[UUID, UUID]],
    change: RuleNumbers,
    now: datetime,
    since: date | None = None,
) -> Iterator[Shadowed]:
    """Replay each (clinic, patient) in turn, holding one history at a time; who is gone meanwhile
    is left out.
    """
    for clinic_id, patient_id in patients:
        try:
            history = stored_history(clinic_id, patient_id, now)
        except NotFound:
            continue
        yield Shadowed(history, compare(history, change, since=since))


def shadow_simulated(
    patients: int, weeks: int, seed: int, change: RuleNumbers, since: date | None = None
) -> Iterator[Shadowed]:
    """The same on simulated patients at the usual noise: for a clinic without history of its own.

    Raises ValueError when the weeks are too few.
    """
    for patient in cohort(patients, weeks, seed):
        history = patient.history
        yield Shadowed(history, compare(history, change, since=since))
