"""Whom may somebody see? The contract's "In view", as one condition for look-ups and lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    false,
    or_,
    select,
    true,
)
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


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks, and as of which instants: values, or (`LOOKING`) places of a statement that is put
    together once for everybody.
    """

    user_id: UUID | BindParameter[UUID]
    patient_id: UUID | BindParameter[UUID] | None
    now: datetime | BindParameter[datetime]
    granted_until: datetime | BindParameter[datetime]
    resolved_since: datetime | BindParameter[datetime]

    @classmethod
    def of(cls, actor: Actor, now: datetime) -> Looking:
        """What an actor's statement compares with."""
        return cls(
            user_id=actor.user_id,
            patient_id=actor.patient_id,
            now=now,
            granted_until=now + CLOCKS_DIFFER,
            resolved_since=now - RESOLVED_STAYS_IN_VIEW,
        )


# Each value has to be given: what nobody gave is an error, and never somebody else's view.
LOOKING: Final = Looking(
    user_id=bindparam("looking_user_id", type_=User.id.type, required=True),
    patient_id=bindparam("looking_patient_id", type_=Patient.id.type, required=True),
    now=bindparam("looking_now", type_=Alert.triggered_at.type, required=True),
    granted_until=bindparam("looking_granted_until", type_=Alert.triggered_at.type, required=True),
    resolved_since=bindparam(
        "looking_resolved_since", type_=Alert.triggered_at.type, required=True
    ),
)


def looks(actor: Actor, now: datetime) -> Mapping[str, Any]:
    """The values for the places of `LOOKING`."""
    found = Looking.of(actor, now)
    return {f"looking_{name}": getattr(found, name) for name in Looking.__slots__}


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
    granted = select(Patient.id).where(Patient.id == patient_id, _granted(Looking.of(actor, now)))
    raise NotFound if session.scalar(granted) is None else Forbidden(NOT_GRANTED)


def in_view_clause(
    actor: Actor, action: Action, now: datetime, *, granted: bool = True
) -> ColumnElement[bool]:
    """A condition on `patients` that holds for those with whom the actor may do this.

    `granted`: also those whom break-glass opened. Row-level security keeps other clinics away.
    Raises `Forbidden` when none of the actor's roles does this at all.
    """
    opened = granted and action not in OUTLASTS_A_GRANT
    return within(scopes(actor, action), Looking.of(actor, now), granted=opened)


def within(
    reached: Collection[Scope], looking: Looking, *, granted: bool = True
) -> ColumnElement[bool]:
    """The same condition for what the roles reach; with `LOOKING` it is the same for everybody."""
    if {Scope.CLINIC, Scope.CLINIC_WITHOUT_CLINICAL}.intersection(reached):
        return true()
    found = [_patients_within(scope, looking) for scope in sorted(reached)]
    if granted and {Scope.IN_VIEW, Scope.ALERTED}.intersection(reached):
        found.append(_granted(looking))
    return or_(false(), *found)


def clinical_content_clause(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """A condition on `patients` that holds for those whose clinical content the actor may see."""
    try:
        return in_view_clause(actor, Action.READ_ENTRIES, now)
    except Forbidden:
        return false()


def _patients_within(scope: Scope, looking: Looking) -> ColumnElement[bool]:
    if scope is Scope.OWN:
        return Patient.id == looking.patient_id
    if scope is Scope.IN_VIEW:
        return or_(without_team(), in_team_of(looking.user_id))
    if scope is Scope.ALERTED:
        return _alerted(looking)
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


def in_team_of(user_id: UUID | BindParameter[UUID]) -> ColumnElement[bool]:
    """This person is in the patient's care team."""
    return _about_patient(
        select(CareTeamMember.user_id).where(
            CareTeamMember.patient_id == Patient.id, CareTeamMember.user_id == user_id
        )
    )


def _granted(looking: Looking) -> ColumnElement[bool]:
    """Break-glass has opened the patient to this person (`services.break_glass`)."""
    return _about_patient(
        select(ViewGrant.id).where(
            ViewGrant.patient_id == Patient.id,
            ViewGrant.user_id == looking.user_id,
            ViewGrant.granted_at <= looking.granted_until,
            ViewGrant.ends_at > looking.now,
        )
    )


def _alerted(looking: Looking) -> ColumnElement[bool]:
    recent = and_(Alert.resolved_at.is_not(None), Alert.resolved_at >= looking.resolved_since)
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
