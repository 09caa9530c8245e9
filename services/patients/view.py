"""Whom may somebody see? The contract's "In view", as one condition for look-ups and lists."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import Session

from models import Alert, CareTeamMember, Patient, User, ViewGrant
from services.access import OUTLASTS_A_GRANT, Action, Actor, Scope, scopes
from services.exceptions import Forbidden, NotFound

# API contract, "Who may what": on-call staff keep a patient in view after the alert has ended.
RESOLVED_STAYS_IN_VIEW: Final = timedelta(days=7)
# By how much the clocks of two servers may differ; what is further ahead was stamped by one that
# was set back since, and opens nothing until then.
CLOCKS_DIFFER: Final = timedelta(minutes=15)
NOT_GRANTED: Final = (
    "Break-glass opens the record; it changes no contact data, team, status, consent, phone."
)


def visible_patient(
    session: Session, actor: Actor, action: Action, patient_id: UUID, now: datetime
) -> Patient:
    """The patient, if the actor may do this with them.

    Raises `Forbidden` when none of the actor's roles does this at all, or a break-glass hour does
    not open it, and `NotFound` for a patient out of view, of another clinic, or who is not there.
    """
    patient = session.scalar(
        select(Patient).where(Patient.id == patient_id, in_view_clause(actor, action, now))
    )
    if patient is not None:
        return patient
    granted = select(Patient.id).where(Patient.id == patient_id, _granted(actor.user_id, now))
    raise NotFound if session.scalar(granted) is None else Forbidden(NOT_GRANTED)


def in_view_clause(
    actor: Actor, action: Action, now: datetime, *, granted: bool = True
) -> ColumnElement[bool]:
    """A condition on `patients` that holds for those with whom the actor may do this.

    `granted`: also those whom break-glass opened. Row-level security keeps other clinics away.
    Raises `Forbidden` when none of the actor's roles does this at all.
    """
    reached = scopes(actor, action)
    if reached & {Scope.CLINIC, Scope.CLINIC_WITHOUT_CLINICAL}:
        return true()
    within = [_patients_within(scope, actor, now) for scope in sorted(reached)]
    if granted and action not in OUTLASTS_A_GRANT and reached & {Scope.IN_VIEW, Scope.ALERTED}:
        within.append(_granted(actor.user_id, now))
    return or_(false(), *within)


def clinical_content_clause(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """A condition on `patients` that holds for those whose clinical content the actor may see."""
    try:
        return in_view_clause(actor, Action.READ_ENTRIES, now)
    except Forbidden:
        return false()


def _patients_within(scope: Scope, actor: Actor, now: datetime) -> ColumnElement[bool]:
    if scope is Scope.OWN:
        return Patient.id == actor.patient_id
    if scope is Scope.IN_VIEW:
        return or_(without_team(), in_team_of(actor.user_id))
    if scope is Scope.ALERTED:
        return _alerted(now)
    return false()  # PAGED_FOR and WITHOUT_PATIENT are about alerts, not about patients


def without_team() -> ColumnElement[bool]:
    """No active clinician is in the care team: the patient is in every clinician's view.

    Deactivation empties such a team; asking for active members keeps a patient in somebody's view
    even when both happen at the same moment.
    """
    member = select(CareTeamMember.user_id).join(User, User.id == CareTeamMember.user_id)
    return ~_about_patient(
        member.where(
            CareTeamMember.patient_id == Patient.id, User.active, User.roles.contains(["clinician"])
        )
    )


def in_team_of(user_id: UUID) -> ColumnElement[bool]:
    """This person is in the patient's care team."""
    return _about_patient(
        select(CareTeamMember.user_id).where(
            CareTeamMember.patient_id == Patient.id, CareTeamMember.user_id == user_id
        )
    )


def _granted(user_id: UUID, now: datetime) -> ColumnElement[bool]:
    """Break-glass has opened the patient to this person (`services.break_glass`)."""
    return _about_patient(
        select(ViewGrant.id).where(
            ViewGrant.patient_id == Patient.id,
            ViewGrant.user_id == user_id,
            ViewGrant.granted_at <= now + CLOCKS_DIFFER,
            ViewGrant.ends_at > now,
        )
    )


def _alerted(now: datetime) -> ColumnElement[bool]:
    recent = and_(Alert.resolved_at.is_not(None), Alert.resolved_at >= now - RESOLVED_STAYS_IN_VIEW)
    return _about_patient(
        select(Alert.id).where(
            Alert.patient_id == Patient.id, or_(Alert.status != "resolved", recent)
        )
    )


def _about_patient(query: Select[Any]) -> ColumnElement[bool]:
    """There is such a row for the patient of the enclosing query, and for nothing else of it: a
    list that joins alerts or accounts of its own must not lend them to the condition.
    """
    return query.correlate(Patient).exists()
