"""Whom the clinic's policies page at this instant, as people (see its rules)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models import User
from services.alerts.permissions import who_may_act
from services.on_call.stored import load_schedules
from services.rules.escalation.policy import PageTarget, PolicyStep, StepPeople, steps_of
from services.rules.rota.schedule import on_call_at

StoredPolicies = Mapping[str, Sequence[Mapping[str, Any]]]


def load_steps(
    session: Session,
    clinic_id: UUID,
    patient_id: UUID | None,
    stored: StoredPolicies,
    now: datetime,
) -> dict[str, tuple[StepPeople, ...]]:
    """The steps of each severity that has a policy, as the people to page now: active, and such as
    may act on an alert of this patient, for a page to anybody else would be lost.
    """
    policies = {
        severity: [stored_step(each) for each in steps] for severity, steps in stored.items()
    }
    targets = [target for steps in policies.values() for step in steps for target in step.targets]
    schedules = {each.schedule_id for each in targets if each.schedule_id is not None}
    known = load_schedules(session, clinic_id, schedules, now)
    on_call = {each: on_call_at(schedule, now) for each, schedule in known.items()}
    named = {each: found.user_id if found else None for each, found in on_call.items()}
    people = {each.user_id for each in targets if each.user_id} | set(filter(None, named.values()))
    all_staff = everybody(session, clinic_id) if PageTarget() in targets else []
    reachable = who_may_act(session, clinic_id, patient_id, people.union(all_staff), admins=True)
    return {
        severity: steps_of(steps, named, all_staff, reachable)
        for severity, steps in policies.items()
    }


NAMES: Final = ("schedule_id", "user_id")


def stored_step(stored: Mapping[str, Any]) -> PolicyStep:
    """A stored step as the rules read it."""
    return PolicyStep(
        timedelta(seconds=stored["delay_s"]),
        tuple(
            PageTarget(*(UUID(each[name]) if each.get(name) else None for name in NAMES))
            for each in stored["targets"]
        ),
    )


def everybody(session: Session, clinic_id: UUID) -> Sequence[UUID]:
    """All who answer alerts."""
    return session.scalars(
        select(User.id)
        .where(
            User.clinic_id == clinic_id,
            User.active,
            or_(User.roles.contains(["on_call"]), User.roles.contains(["clinician"])),
        )
        .order_by(User.id)
    ).all()
