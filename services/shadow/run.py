"""A change of rule numbers, replayed on what is stored before it goes live. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.exceptions import NotFound
from services.rules.rule_numbers import RuleNumbers
from services.shadow.stored import stored_history
from services.simulation.cohort import cohort
from services.simulation.comparison import Difference, compare
from services.simulation.history import History


@dataclass(frozen=True, slots=True)
class Shadowed:
    """One patient's history and the episodes under the rules in force and after the change."""

    history: History
    differences: list[Difference]


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
