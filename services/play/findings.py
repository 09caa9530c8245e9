"""What the database holds of the played forms: scores, alerts and pages, person by person."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Alert, CheckIn, Notification, Patient
from services.unit_of_work import transaction

OUT = ("sent", "delivered")


@dataclass(slots=True)
class Found:
    """One person: ``(total, item 9)`` of each stored form, ``(family, severity)`` of each alert,
    and how many pages got out.
    """

    forms: list[tuple[int | None, int | None]] = field(default_factory=list)
    alerts: list[tuple[str, str]] = field(default_factory=list)
    pages_out: int = 0


def findings(clinic_id: UUID) -> dict[UUID, Found]:
    """By patient, everybody of the clinic of whom there is anything."""
    found: dict[UUID, Found] = {}
    with transaction(clinic_id) as session:
        _read(session, found)
    return found


def pages_waiting(clinic_id: UUID) -> int:
    """How many pages of the clinic have not got out yet."""
    with transaction(clinic_id) as session:
        states = session.scalars(select(Notification.state).where(Notification.kind == "page"))
        return sum(state not in OUT for state in states)


def _read(session: Session, found: dict[UUID, Found]) -> None:
    forms = select(CheckIn.patient_id, CheckIn.total, CheckIn.q9).where(
        CheckIn.instrument == "phq9", ~CheckIn.superseded
    )
    for form in session.execute(forms):
        found.setdefault(form.patient_id, Found()).forms.append((form.total, form.q9))
    alerts = select(Patient.id, Alert.family, Alert.severity).join(
        Alert, Alert.patient_id == Patient.id
    )
    for patient_id, family, severity in session.execute(alerts):
        found.setdefault(patient_id, Found()).alerts.append((family, severity))
    pages = (
        select(Patient.id)
        .join(Alert, Alert.patient_id == Patient.id)
        .join(Notification, Notification.alert_id == Alert.id)
        .where(Notification.state.in_(OUT))
    )
    for patient_id in session.scalars(pages):
        found.setdefault(patient_id, Found()).pages_out += 1
