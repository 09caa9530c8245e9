"""Who is paged besides the chain (clinical.md 5.1, "who"): the staff of the session that an alert
is about, or the patient's care team.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import CareTeamMember, Notification, TreatmentSessionVersion
from services.alerts.chain import Chain, members
from services.alerts.permissions import who_may_act
from services.patients.status.lock import LockedPatient
from services.rules.catalogue import CATALOGUE, Besides
from services.rules.decision import Decision, Tier
from services.rules.escalation.states import Beside

HOW: Final[dict[Besides, Beside]] = {
    "nobody": "nobody",
    "session staff first": "first",
    "session staff too": "too",
    "care team too": "too",
}


def with_people(
    session: Session,
    chain: Chain,
    patient: LockedPatient,
    fired: Sequence[Decision],
    owned: UUID | None = None,
) -> Chain:
    """The chain with the people whom what fired pages besides it: those who are active and may act
    on the alert, for a page to anybody else would be lost. Nobody left: the chain alone, at once.

    `owned`: the alert, when somebody owns it and nothing of this ends that: then only whoever was
    not yet paged about it.
    """
    gravest = max(fired, key=lambda one: one.tier or Tier.LOW)
    besides = CATALOGUE[gravest.rule].besides
    if besides == "nobody" or (gravest.tier or Tier.LOW) < Tier.HIGH:
        return chain
    patient_id = patient.patient_id
    about = {UUID(one.about) for one in fired if one.about is not None}
    if besides == "care team too":
        wanted = _care_team(session, patient_id)
    else:
        wanted = session_staff(session, patient_id, about)
    reachable = who_may_act(session, patient.clinic_id, patient_id, wanted)
    if owned is not None:
        reachable -= _paged(session, owned)
    if not reachable:
        return chain
    people = members(session, patient.clinic_id, sorted(reachable))
    return replace(chain, members=tuple(people.values()), beside=HOW[besides])


def session_staff(
    session: Session, patient_id: UUID, session_ids: Collection[UUID]
) -> frozenset[UUID]:
    """The staff of these sessions as they are known now; of one that names none, whoever entered
    it.
    """
    one = TreatmentSessionVersion
    newest = func.max(one.version).over(partition_by=one.session_id).label("newest")
    versions = (
        select(one.version, newest, one.staff_ids, one.entered_by)
        .where(one.patient_id == patient_id, one.session_id.in_(session_ids))
        .subquery()
    )
    found = session.execute(
        select(versions.c.staff_ids, versions.c.entered_by).where(
            versions.c.version == versions.c.newest
        )
    )
    return frozenset(one for row in found for one in staff_of(row.staff_ids, row.entered_by))


def staff_of(staff_ids: Sequence[UUID] | None, entered_by: UUID) -> Sequence[UUID]:
    """The staff of a session's version; an earlier release wrote none."""
    return [entered_by] if staff_ids is None else staff_ids


def _care_team(session: Session, patient_id: UUID) -> frozenset[UUID]:
    team = select(CareTeamMember.user_id).where(CareTeamMember.patient_id == patient_id)
    return frozenset(session.scalars(team))


def _paged(session: Session, alert_id: UUID) -> frozenset[UUID]:
    to_people = select(Notification.user_id).where(
        Notification.alert_id == alert_id, Notification.kind == "page"
    )
    return frozenset(one for one in session.scalars(to_people) if one is not None)
