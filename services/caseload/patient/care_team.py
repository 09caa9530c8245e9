"""Care teams: who looks after a patient, and whose view she is in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from models import CareTeamMember
from services import audit
from services.access import Action, Actor
from services.accounts.token_check import acting
from services.patients.members import check_members, members_of, set_care_team
from services.patients.status.row import raise_revision
from services.patients.view import visible_patient


def get_care_team(actor: Actor, patient_id: UUID, now: datetime) -> list[UUID]:
    """The members, in a fixed order. Raises `NotFound`, `Forbidden`."""
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_PATIENTS, patient_id, now)
        return members_of(session, patient_id)


def put_care_team(
    actor: Actor, patient_id: UUID, user_ids: Sequence[UUID], now: datetime
) -> list[UUID]:
    """The team is exactly these people; nobody puts the patient in view of every clinician.

    Raises `NotFound`, `Forbidden`, and `Invalid` unless all are active staff of the clinic
    and at least one of them is a clinician.
    """
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.MANAGE_PATIENTS, patient_id, now)
        check_members(session, user_ids, "user_ids")
        # Two changes of one team take turns, so that the team is always one of the two.
        raise_revision(session, patient_id)
        session.execute(delete(CareTeamMember).where(CareTeamMember.patient_id == patient_id))
        set_care_team(session, actor.clinic_id, patient_id, user_ids, "user_ids")
        audit.record(session, actor.user_id, "care_team_changed", now, patient_id=patient_id)
        return members_of(session, patient_id)
