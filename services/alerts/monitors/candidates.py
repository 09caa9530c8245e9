"""Patients whom a monitor looks at, and the alert that it opens about one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import PatientStatus
from services.alerts.chain import load_chain
from services.alerts.locking import lock_status_rows
from services.alerts.opening import NewOccurrence, Opened, load_open_alert, open_or_add
from services.rules.catalogue import Rule
from services.rules.decision import Tier

# How many a monitor reads at once; no transaction is open between two of them.
BATCH: Final = 500


class Candidate(NamedTuple):
    """A patient about whom there may be something to report, as seen without a lock."""

    clinic_id: UUID
    patient_id: UUID


def lock(session: Session, patient: Candidate) -> bool:
    """Lock the patient's status row; False while somebody else is writing about them: whoever is
    left out is looked at next time.
    """
    ids = [patient.patient_id]
    return bool(lock_status_rows(session, patient.clinic_id, ids, skip_locked=True))


def occurrence(
    rule: Rule, source: str, tier: Tier, at: datetime, now: datetime, about_id: UUID | None = None
) -> NewOccurrence:
    """Of a rule that fired because nobody answered: no entry stands behind it."""
    return NewOccurrence(
        entry_id=None,
        rule=rule.id,
        source=source,
        at=at,
        received_at=now,
        item9=None,
        cssrs=None,
        tier=tier,
        interrupts=False,
        about_id=about_id,
    )


def open_alert(
    session: Session,
    patient: Candidate,
    rule: Rule,
    rule_version: str,
    occurrences: Sequence[NewOccurrence],
    now: datetime,
) -> Opened:
    """Open the alert of a rule or add to it, and count a write about the patient, who is locked.

    The writes are the caller's to run, and the workers to be woken when a page was queued.
    """
    this_one = (
        PatientStatus.clinic_id == patient.clinic_id,
        PatientStatus.patient_id == patient.patient_id,
    )
    revision = session.scalars(select(PatientStatus.revision).where(*this_one)).one() + 1
    opened = open_or_add(
        load_open_alert(session, patient.patient_id, rule.family, now),
        occurrences,
        patient_id=patient.patient_id,
        clinic_id=patient.clinic_id,
        family=rule.family,
        rule_version=rule_version,
        chain=load_chain(session, patient.clinic_id, now, patient.patient_id),
        now=now,
        revision=revision,
    )
    opened.writes.append(update(PatientStatus).where(*this_one).values(revision=revision))
    return opened
