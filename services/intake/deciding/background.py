"""What the rules need to know of a patient before an entry: bounded reads, under the status-row
lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Clinic, StandingPlan
from services.alerts.chain import readable_staffing
from services.intake.deciding.verdict import Background
from services.patients.history.treatments import load_treatment
from services.patients.status.lock import LockedPatient
from services.rules.cards.crisis import ClinicFacts
from services.rules.courses import UNTREATED, Treatment
from services.rules.danger.entry import RiskHistory
from services.rules.danger.standing_plans import StandingPlan as PlanRules
from services.rules.mood_days import find_zone, mood_day_at

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """The background, the standing plan's row when one is in force, and the treatment.

    `unread`: the treatment could not be made sense of: what rests on it is to be decided again.
    """

    background: Background
    plan_id: UUID | None
    treatment: Treatment = UNTREATED
    unread: bool = False


def load_background(session: Session, patient: LockedPatient) -> Known:
    """Read what an entry of this patient is decided against."""
    plan = session.execute(
        select(StandingPlan.id, StandingPlan.set_at, StandingPlan.until_at).where(
            StandingPlan.patient_id == patient.patient_id, StandingPlan.ended_at.is_(None)
        )
    ).one_or_none()
    rules_plan = None
    if plan is not None:
        zone = find_zone(patient.timezone) or UTC
        rules_plan = PlanRules(plan.set_at, plan.until_at, mood_day_at(plan.set_at, zone))
    background = Background(
        history=RiskHistory(patient.item9_positive_at, patient.cssrs_moderate_at),
        plan=rules_plan,
        last_answered_item9_on=patient.last_item9_on,
        discharged=not patient.followed,
    )
    treatment = _treatment(session, patient)
    plan_id = plan.id if plan is not None else None
    return Known(background, plan_id, treatment or UNTREATED, unread=treatment is None)


def _treatment(session: Session, patient: LockedPatient) -> Treatment | None:
    """None when it cannot be read: whoever needs help is heard without it."""
    if not patient.treated:
        return UNTREATED
    try:
        return load_treatment(session, patient.patient_id)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault in this must not cost the answer
        log.error("treatment_unread", kind=type(error).__name__)
        return None


def clinic_facts(session: Session, clinic_id: UUID) -> ClinicFacts:
    """What a crisis card says of the clinic."""
    row = session.execute(
        select(
            Clinic.country,
            Clinic.phone,
            Clinic.timezone,
            Clinic.staffed,
            Clinic.holidays,
            Clinic.monitoring_text,
        ).where(Clinic.id == clinic_id)
    ).one()
    return ClinicFacts(
        country=row.country,
        staffing=readable_staffing(row.timezone, row.staffed, row.holidays),
        phone=row.phone,
        monitoring_text=row.monitoring_text or "",
    )
