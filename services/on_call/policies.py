"""Escalation policies of the clinic: whom an alert of a severity pages, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import Clinic, OnCallPolicy
from models.on_call.policy import CLIMBING
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid, NotFound
from services.on_call.stored import get_live, lock_staff
from services.seen import check_seen

# As long as a clinic's ladder may make them wait, in seconds.
LONGEST_WAIT: Final = {"critical": 3_600, "high": 86_400}


def get_policy(actor: Actor, severity: str, now: datetime) -> dict[str, Any]:
    """The policy of a severity; without steps the contact chain is it."""
    scopes(actor, Action.READ_CLINIC)
    _check_climbs(severity)
    with acting(actor, now) as session:
        return _shown(severity, session.scalar(_steps_of(severity)) or [])


def put_policy(
    actor: Actor,
    severity: str,
    steps: Sequence[Mapping[str, Any]],
    now: datetime,
    seen: str | None = None,
) -> dict[str, Any]:
    """Set the policy of a severity; no steps: the contact chain again. Alerts that are open go on
    by it from their next step.

    `seen`: the name of the steps as somebody had them on the screen. Raises `Forbidden`, `Invalid`
    for a wait that is too long or a target that is not there, and `ChangedMeanwhile`.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    _check_climbs(severity)
    for number, step in enumerate(steps):
        if step["delay_s"] > LONGEST_WAIT[severity]:
            raise Invalid({f"steps.{number}.delay_s": [f"At most {LONGEST_WAIT[severity]}."]})
    stored = [
        {"delay_s": step["delay_s"], "targets": [_stored(each) for each in step["targets"]]}
        for step in steps
    ]
    with acting(actor, now) as session:
        _check_targets(session, stored)
        if seen is not None:
            # A policy that is not there yet has no row: the clinic's is the lock.
            session.execute(select(Clinic.id).with_for_update(key_share=True))
            before = session.scalar(_steps_of(severity)) or []
            if before != stored:
                check_seen(seen, before)
        if stored:
            written = {"steps": stored, "changed_at": now}
            session.execute(
                insert(OnCallPolicy)
                .values(clinic_id=actor.clinic_id, severity=severity, **written)
                .on_conflict_do_update(
                    index_elements=[OnCallPolicy.clinic_id, OnCallPolicy.severity], set_=written
                )
            )
        else:
            session.execute(delete(OnCallPolicy).where(OnCallPolicy.severity == severity))
        audit.record(session, actor.user_id, "policy_changed", now, severity=severity)
        return _shown(severity, stored)


def is_paged(session: Session, schedule_id: UUID) -> bool:
    """Does a policy page whoever is on call in this schedule? Its row is locked by the caller."""
    return any(
        target.get("schedule_id") == str(schedule_id)
        for steps in session.scalars(select(OnCallPolicy.steps))
        for step in steps
        for target in step["targets"]
    )


def _steps_of(severity: str) -> Select[Any]:
    return select(OnCallPolicy.steps).where(OnCallPolicy.severity == severity)


def _check_climbs(severity: str) -> None:
    if severity not in CLIMBING:
        raise Invalid(
            {"severity": ["Critical and high climb; medium is a mail in the morning, low waits."]}
        )


def _check_targets(session: Session, steps: Sequence[Mapping[str, Any]]) -> None:
    """Raise `Invalid` for a target that is not there; accounts are locked before schedules."""
    named = [
        (f"steps.{number}.targets.{place}", target)
        for number, step in enumerate(steps)
        for place, target in enumerate(step["targets"])
    ]
    people = {UUID(target["user_id"]) for _, target in named if "user_id" in target}
    if people and not lock_staff(session, people):
        raise Invalid({"steps": ["Not all people are active staff of this clinic."]})
    for field, target in sorted(named, key=lambda each: each[1].get("schedule_id", "")):
        if "schedule_id" in target:
            try:
                get_live(session, UUID(target["schedule_id"]), lock=True)
            except NotFound as error:
                raise Invalid({field: ["No such schedule."]}) from error


def _stored(target: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON, without what was left out."""
    return {
        name: value if name == "everyone" else str(value) for name, value in target.items() if value
    }


def _shown(severity: str, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "severity": severity,
        "steps": list(steps),
        "repeat": True,
        "source": "policy" if steps else "contact_chain",
    }
