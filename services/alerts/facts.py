"""The facts of one alert: its entries, and about whom it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models import (
    Alert,
    AlertOccurrence,
    CheckIn,
    Patient,
    RulesFailure,
    UnreadableBody,
)
from services.patients.contact_data import is_contact_missing, unpack_emergency_contact
from services.rules.wall_clock import find_zone

# API contract: the newest bodies of refused requests are kept, encrypted, for those who may act.
SHOWN_BODIES: Final = 5


def load_occurrences(session: Session, alert: Alert) -> Sequence[Any]:
    """The occurrences, oldest first; each with the form version that it came with, if any."""
    return session.execute(
        select(
            AlertOccurrence.id,
            AlertOccurrence.entry_id,
            AlertOccurrence.about_id,
            AlertOccurrence.revision,
            AlertOccurrence.at,
            AlertOccurrence.received_at,
            AlertOccurrence.rule,
            AlertOccurrence.source,
            AlertOccurrence.item9,
            AlertOccurrence.cssrs,
            AlertOccurrence.tier,
            AlertOccurrence.first_tier,
            CheckIn.id.label("check_in_id"),
            CheckIn.instrument,
            CheckIn.version,
            CheckIn.recorded_at,
        )
        .outerjoin(
            CheckIn,
            and_(
                CheckIn.clinic_id == AlertOccurrence.clinic_id,
                CheckIn.patient_id == AlertOccurrence.patient_id,
                CheckIn.id == AlertOccurrence.entry_id,
            ),
        )
        .where(AlertOccurrence.alert_id == alert.id)
        .order_by(AlertOccurrence.received_at, AlertOccurrence.id)
    ).all()


def show_occurrences(session: Session, alert: Alert, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """``[{at, rule, check_in_id}]``; of failed rules, the entries that they could not decide."""
    if alert.patient_id is not None:
        return [{"at": row.at, "rule": row.rule, "check_in_id": row.check_in_id} for row in rows]
    failures = session.execute(
        select(RulesFailure.failed_at, RulesFailure.entry_id)
        .where(RulesFailure.alert_id == alert.id)
        .order_by(RulesFailure.failed_at, RulesFailure.entry_id)
    )
    return [
        {"at": row.failed_at, "rule": alert.rule, "check_in_id": row.entry_id} for row in failures
    ]


def show_contacts(session: Session, alert: Alert, now: datetime) -> dict[str, Any] | None:
    """How to reach the patient, and what time it is where she is."""
    if alert.patient_id is None:
        return None
    patient = session.scalars(select(Patient).where(Patient.id == alert.patient_id)).one()
    local = now.astimezone(find_zone(patient.timezone) or UTC)
    return {
        "name": patient.name,
        "phone": patient.phone,
        "address": patient.address,
        "emergency_contact": unpack_emergency_contact(patient.emergency_contact),
        "timezone": patient.timezone,
        "local_time": local.isoformat(timespec="seconds"),
        "contact_missing": is_contact_missing(patient.phone, patient.emergency_contact),
    }


def show_bodies(session: Session, alert: Alert) -> list[dict[str, Any]]:
    """What the newest refused requests held, newest first: text, to be shown escaped."""
    rows = session.execute(
        select(UnreadableBody.received_at, UnreadableBody.body)
        .where(UnreadableBody.alert_id == alert.id, UnreadableBody.body.is_not(None))
        .order_by(UnreadableBody.received_at.desc(), UnreadableBody.id.desc())
        .limit(SHOWN_BODIES)
    )
    return [{"received_at": row.received_at, "body": row.body} for row in rows]
