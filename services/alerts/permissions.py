"""Who may see an alert, what they may do with it (contract, "Who may what"), and how it may end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from models import Alert, CareTeamMember, Contact, DigestAlert, Notification, Patient, User
from models.alerts.alert import DISPOSITIONS
from services.access import Action, Actor, Scope, scopes
from services.exceptions import Forbidden, NotFound
from services.patients.view import Looking, in_view_clause, within, without_team
from services.rules.escalation.states import AlertState, at_least

CLINICIAN: Final = "clinician"
# API contract, "Alerts": which disposition may end which alert.
NEEDS_A_NOTE: Final = frozenset({"false_alarm", "other"})
NOT_FOR_CRITICAL: Final = frozenset({"watchful_waiting", "appointment_made"})


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may do with one alert that they may see.

    Whoever acts sees evidence, patient, notes and bodies. `breaks_glass`: an administrator, who
    does so only because they were paged for it.
    """

    acts: bool
    resolves: bool
    breaks_glass: bool
    sets_plans: bool


def visible_clause(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """A condition on `alerts`: of patients in view, and those without a patient.

    Raises `Forbidden` for a role that has no business with alerts.
    """
    return visible(scopes(actor, Action.READ_ALERTS), Looking.of(actor, now))


def visible(reached: Collection[Scope], looking: Looking) -> ColumnElement[bool]:
    """The same condition for what the roles reach of alerts (`services.patients.view.within`)."""
    in_view = within(reached, looking)
    # Of a patient of its own, also where the query has joined one.
    seen = exists().where(Patient.id == Alert.patient_id, in_view).correlate(Alert)
    return or_(Alert.patient_id.is_(None), seen)


def visible_alert(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> Alert:
    """The alert, without a lock. Raises `Forbidden`, and `NotFound` for one out of view."""
    alert = session.scalar(select(Alert).where(Alert.id == alert_id, visible_clause(actor, now)))
    if alert is None:
        raise NotFound
    return alert


def reach_of(session: Session, actor: Actor, alert: Alert, now: datetime) -> Reach:
    """What the actor may do with an alert that is visible to them."""
    acting, resolving = (
        scopes(actor, action) for action in (Action.ACT_ON_ALERTS, Action.RESOLVE_ALERTS)
    )
    clinical = (Action.ACT_ON_ALERTS, Action.SET_PLANS)
    as_clinician, sets_plans = (_as_clinician(session, actor, one, alert, now) for one in clinical)
    full = Scope.CLINIC in acting or as_clinician
    ownerless = alert.patient_id is None and Scope.WITHOUT_PATIENT in resolving
    paged = not full and Scope.PAGED_FOR in acting and was_paged(session, actor.user_id, alert.id)
    return Reach(
        acts=full or paged or ownerless,
        resolves=full or ownerless,
        breaks_glass=paged and alert.patient_id is not None,
        sets_plans=sets_plans,
    )


def _as_clinician(
    session: Session, actor: Actor, action: Action, alert: Alert, now: datetime
) -> bool:
    """May the person do it as a clinician, whatever their other roles reach?"""
    if CLINICIAN not in actor.roles or alert.patient_id is None:
        return CLINICIAN in actor.roles
    clinician = replace(actor, roles=frozenset({CLINICIAN}))
    in_view = in_view_clause(clinician, action, now)
    found = select(Patient.id).where(Patient.id == alert.patient_id, in_view)
    return session.scalar(found) is not None


def who_may_act(
    session: Session,
    clinic_id: UUID,
    patient_id: UUID | None,
    people: Collection[UUID],
    *,
    admins: bool = False,
) -> frozenset[UUID]:
    """Of these people the active ones who may act on an alert of the patient, or of nobody: on-call
    staff and the clinicians who have them in view; administrators, who may once they are paged and
    where it is about nobody, when they are asked for.
    """
    sees: ColumnElement[bool] = User.roles.contains([CLINICIAN])
    staff = select(User.id).where(User.clinic_id == clinic_id, User.id.in_(people), User.active)
    if patient_id is not None:
        in_team = exists().where(
            CareTeamMember.patient_id == Patient.id, CareTeamMember.user_id == User.id
        )
        staff = staff.join(Patient, Patient.clinic_id == User.clinic_id)
        staff = staff.where(Patient.id == patient_id)
        sees = and_(sees, or_(without_team(), in_team))
    wide = [User.roles.contains(["on_call"])]
    if admins:
        wide.append(User.roles.contains(["admin"]))
    return frozenset(session.scalars(staff.where(or_(sees, *wide))))


def was_paged(session: Session, user_id: UUID, alert_id: UUID) -> bool:
    """Was a page or a morning mail about this alert made out to this person: to the account, to a
    contact of theirs, or to a contact with their mail address?
    """
    about_it = about_alert(alert_id)
    contacts = select(Contact.user_id, Contact.channel, Contact.address).where(
        Contact.id.in_(select(Notification.contact_id).where(about_it))
    )
    to_account = select(Notification.id).where(about_it, Notification.user_id == user_id)
    if session.scalar(to_account.limit(1)) is not None:
        return True
    email = session.scalars(select(User.email).where(User.id == user_id)).one()
    return any(
        row.user_id == user_id
        or (row.channel == "email" and row.address.casefold() == email.casefold())
        for row in session.execute(contacts)
    )


def about_alert(alert_id: UUID) -> ColumnElement[bool]:
    """A condition on `notifications`: pages of the alert, and morning mails that carried it."""
    carrying = select(DigestAlert.notification_id).where(DigestAlert.alert_id == alert_id)
    return or_(Notification.alert_id == alert_id, Notification.id.in_(carrying))


def require(allowed: bool) -> None:
    """Raise `Forbidden` unless it is allowed."""
    if not allowed:
        raise Forbidden


def handled_as(state: AlertState) -> str:
    """The severity that an ending must answer: the alert's own, or that of the ladder it still runs
    on, if that is higher.

    A C-SSRS may have lowered an alert that was paged as critical. Until somebody has acknowledged
    it after that, it goes on as critical, and so it must be answered as one.
    """
    return at_least(state.severity, state.ladder_severity)


def allowed_dispositions(state: AlertState) -> list[str]:
    """Those that may end the alert as it stands; none once it has ended."""
    if state.status == "resolved":
        return []
    hidden = NOT_FOR_CRITICAL if handled_as(state) == "critical" else frozenset()
    return [each for each in DISPOSITIONS if each not in hidden]


def problems_with(disposition: str, note: str | None, state: AlertState) -> dict[str, list[str]]:
    """What speaks against ending the alert like this: field -> sentences, empty when nothing."""
    errors: dict[str, list[str]] = {}
    if disposition in NEEDS_A_NOTE and not (note or "").strip():
        errors["note"] = ["This disposition needs a note."]
    if disposition not in allowed_dispositions(state):
        errors["disposition"] = ["Not for a critical alert."]
    return errors
