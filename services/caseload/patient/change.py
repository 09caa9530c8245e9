"""Changing a patient: contact data, zone, and whether they are followed, paused or discharged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Alert, Patient
from services import audit
from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.caseload.patient.profile import may_see_clinical, show_patient
from services.checks import check_timezone
from services.exceptions import Forbidden, Invalid, OpenAlertExists
from services.patients.followed import begin_pause, end_pauses, stop_following, today_of
from services.patients.record import (
    check_adult,
    mrn_of_one_patient,
    pack_emergency_contact,
    risk_at_intake,
)
from services.patients.recount import move_to_zone
from services.patients.status.row import raise_revision
from services.patients.view import visible_patient
from services.rules.catalogue import SUICIDE_RISK, UNREADABLE_RISK
from services.seen import check_fields_seen

# API contract, PATCH /v1/patients/{id}.
LONGEST_PAUSE: Final = timedelta(days=30)
KEEPS_FOLLOWED: Final = (SUICIDE_RISK, UNREADABLE_RISK)
CLINICAL: Final = frozenset({"indications", "risk_at_intake"})
# An empty text takes these away, as null does.
REMOVABLE: Final = ("phone", "address", "mrn")


def change_patient(
    actor: Actor,
    patient_id: UUID,
    fields: Mapping[str, Any],
    now: datetime,
    seen: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The patient with these fields changed, and nothing else.

    `status` takes `reason` and `until_on` beside it. `seen`: what stood in fields of the record on
    the screen of whoever changes it, compared under the lock. Raises `NotFound`, `Forbidden` (also
    for clinical fields by somebody who may not see them), `OpenAlert`, `AdultsOnly`,
    `ChangedMeanwhile`, `Invalid`.
    """
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.MANAGE_PATIENTS, patient_id, now)
        if CLINICAL & fields.keys() and not may_see_clinical(session, actor, patient_id, now):
            raise Forbidden
        revision = raise_revision(session, patient_id)
        session.refresh(patient)  # what was committed while this one waited for the lock
        if seen is not None:
            check_fields_seen(seen, show_patient(session, actor, patient, now))
        _change_data(session, patient, fields, revision, now)
        asked = _status_of(fields)
        if asked is not None:
            change_status(session, patient, asked, revision, now)
        shown = show_patient(session, actor, patient, now)
        names = sorted(fields)
        audit.record(session, actor.user_id, "patient_changed", now, patient_id, fields=names)
        return shown


def _status_of(fields: Mapping[str, Any]) -> StatusChange | None:
    if "status" in fields:
        return StatusChange(fields["status"], fields.get("reason"), fields.get("until_on"))
    alone = [name for name in ("reason", "until_on") if fields.get(name) is not None]
    if alone:
        raise Invalid({name: ["Only together with `status`."] for name in alone})
    return None


def _change_data(
    session: Session, patient: Patient, fields: Mapping[str, Any], revision: int, now: datetime
) -> None:
    if "timezone" in fields:
        move_to_zone(session, patient, check_timezone(fields["timezone"]), revision, now)
    check_adult(fields.get("born_on"), patient.timezone, now)
    for name in ("name", "born_on"):
        if name in fields:
            setattr(patient, name, fields[name])
    for name in REMOVABLE:
        if name in fields:
            setattr(patient, name, fields[name] or None)
    if "indications" in fields:
        _change_indications(patient, fields["indications"] or [], revision)
    if "risk_at_intake" in fields:
        patient.risk_at_intake = risk_at_intake(fields["risk_at_intake"], patient.indications)
    if "emergency_contact" in fields:
        patient.emergency_contact = pack_emergency_contact(fields["emergency_contact"])
    with mrn_of_one_patient():
        session.flush()


def _change_indications(patient: Patient, indications: list[str], revision: int) -> None:
    """They ask for forms: what was due at an earlier revision stays what it was."""
    if indications != patient.indications:
        former = {"indications": list(patient.indications), "until_revision": revision - 1}
        patient.former_indications = [*patient.former_indications, former]
        patient.indications = indications


@dataclass(frozen=True, slots=True)
class StatusChange:
    """`until_on` is the last paused day."""

    status: str
    reason: str | None = None
    until_on: date | None = None


def change_status(
    session: Session, patient: Patient, asked: StatusChange, revision: int, now: datetime
) -> None:
    """Decide and write a change of status. The status row is locked by the caller.

    Raises `OpenAlertExists` when a patient with an open safety alert would be paused or discharged,
    and `Invalid` for a pause without a reason or with an end that is too far away.
    """
    today = today_of(patient.timezone, now)
    _check_pause(asked, today)
    if asked.status != "active":
        _refuse_open_alert(session, patient)
    end_pauses(session, patient, today, revision)
    if asked.status == "paused" and asked.until_on is not None:
        begin_pause(session, patient, today, asked.until_on, revision)
    if asked.status == "discharged":
        stop_following(session, patient, "discharged", revision, now)
    patient.status = asked.status
    patient.paused_until = asked.until_on
    patient.status_reason = asked.reason


def _check_pause(asked: StatusChange, today: date) -> None:
    if asked.status != "paused":
        if asked.until_on is not None:
            raise Invalid({"until_on": ["Only a pause has an end."]})
        return
    errors = {}
    if not (asked.reason or "").strip():
        errors["reason"] = ["A pause needs a reason."]
    if asked.until_on is None:
        errors["until_on"] = ["A pause needs an end."]
    elif not timedelta(0) <= asked.until_on - today <= LONGEST_PAUSE:
        errors["until_on"] = [f"From today to {LONGEST_PAUSE.days} days away."]
    if errors:
        raise Invalid(errors)


def _refuse_open_alert(session: Session, patient: Patient) -> None:
    is_open = session.scalar(
        select(Alert.id)
        .where(
            Alert.patient_id == patient.id,
            Alert.family.in_(KEEPS_FOLLOWED),
            Alert.status != "resolved",
        )
        .limit(1)
    )
    if is_open is not None:
        raise OpenAlertExists
