"""Reading reports of side effects back: what is true now, under any version's id."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select, tuple_
from sqlalchemy.orm import Session

from models import Patient, SideEffectReport
from services import audit
from services.access import Action, Actor
from services.accounts.token_check import acting
from services.exceptions import Invalid, NotFound
from services.intake.deciding.background import clinic_facts
from services.intake.records.check_ins import session_of
from services.paging import Page, decode_cursor, page_of_rows
from services.patients.history.side_effects import rule_report
from services.patients.history.treatments import load_treatment
from services.patients.view import in_view_clause
from services.rules.cards.crisis import ClinicFacts, Receipt
from services.rules.cards.medical import medical_advice, medical_card
from services.rules.courses import UNTREATED, Treatment
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.side_effects.report import e1


def effects_record(
    row: Mapping[str, Any],
    record_id: UUID,
    treatment: Treatment,
    safety: dict[str, object] | None,
) -> dict[str, Any]:
    """One report from its columns; its session is worked out from the treatment as known now."""
    pressure = {name: row[name] for name in ("systolic", "diastolic", "heart_rate")}
    return {
        "id": record_id,
        "patient_id": row["patient_id"],
        "recorded_at": row["recorded_at"],
        "received_at": row["received_at"],
        "timezone": row["timezone"],
        "mood_day": row["mood_day"],
        "session_id": row["session_id"],
        "session": session_of(row["answered_at"], treatment),
        "effects": row["effects"],
        "vitals": None if pressure["systolic"] is None else pressure,
        "note": row["note"],
        "flags": sorted(row["flags"]),
        "safety": safety,
    }


def list_side_effects(
    actor: Actor, *, now: datetime, patient_id: UUID | None, limit: int, cursor: str | None
) -> Page:
    """The current versions, newest `recorded_at` first; staff name the patient.

    A patient outside the actor's view is an empty list. Raises `Forbidden` and `Invalid`.
    """
    if actor.patient_id is None and patient_id is None:
        raise Invalid({"patient_id": ["Staff name the patient."]})
    table = SideEffectReport
    with acting(actor, now) as session:
        query = _current(actor, now).where(table.patient_id == (patient_id or actor.patient_id))
        if cursor is not None:
            at, last = decode_cursor(cursor, datetime, UUID)
            query = query.where(tuple_(table.recorded_at, table.id) < tuple_(at, last))
        rows = session.scalars(
            query.order_by(table.recorded_at.desc(), table.id.desc()).limit(limit + 1)
        ).all()
        treatment = load_treatment(session, rows[0].patient_id) if rows else UNTREATED
        clinic = clinic_facts(session, actor.clinic_id)
        shown = page_of_rows(rows, limit, lambda row: (row.recorded_at, row.id)).rendered(
            lambda row: _shown(row, treatment, clinic, now)
        )
        if actor.patient_id is None:
            audit.record(session, actor.user_id, "side_effects.list", now, patient_id=patient_id)
        return shown


def get_side_effects(actor: Actor, report_id: UUID, now: datetime) -> dict[str, Any]:
    """The current version of the report that any of its versions' ids names, with all versions.

    Raises `NotFound` outside the actor's view.
    """
    with acting(actor, now) as session:
        patient_id = session.scalar(
            select(SideEffectReport.patient_id).where(SideEffectReport.id == report_id)
        )
        if patient_id is None:
            raise NotFound
        versions = load_versions(session, patient_id, report_id)
        mine = _current(actor, now).where(SideEffectReport.id == versions[-1].id)
        current = session.scalars(mine).one_or_none()
        if current is None:
            raise NotFound
        treatment = load_treatment(session, patient_id)
        record = _shown(current, treatment, clinic_facts(session, actor.clinic_id), now)
        record["versions"] = [_version(version) for version in versions]
        if actor.patient_id is None:
            audit.record(session, actor.user_id, "side_effects.read", now, patient_id=patient_id)
        return record


def side_effect_codes(actor: Actor, now: datetime) -> dict[str, Any]:
    """The coded list with its grades in lay words, for everybody who is logged in."""
    with acting(actor, now):
        pass
    return {
        "version": SIDE_EFFECTS.version,
        "effects": [
            {"code": one.code, "label": one.label, "group": one.group, "emergency": one.emergency}
            for one in SIDE_EFFECTS.effects.values()
        ],
        "grades": [
            {"grade": one.grade, "label": one.label} for one in SIDE_EFFECTS.grades.values()
        ],
    }


def _current(actor: Actor, now: datetime) -> Select[SideEffectReport]:
    return (
        select(SideEffectReport)
        .join(
            Patient,
            and_(
                Patient.clinic_id == SideEffectReport.clinic_id,
                Patient.id == SideEffectReport.patient_id,
            ),
        )
        .where(~SideEffectReport.superseded, in_view_clause(actor, Action.READ_ENTRIES, now))
    )


def _shown(
    row: SideEffectReport, treatment: Treatment, clinic: ClinicFacts, now: datetime
) -> dict[str, Any]:
    """With the card as of now: who reads an emergency back is still told to call."""
    advice = medical_advice([e1(rule_report(row))])
    safety = None if advice is None else medical_card(advice, clinic, now, Receipt())
    columns = {column.key: getattr(row, column.key) for column in SideEffectReport.__table__.c}
    return effects_record(columns, row.id, treatment, safety)


def _version(row: SideEffectReport) -> dict[str, Any]:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "by": row.entered_by,
        "reason": row.reason,
        "effects": row.effects,
    }


def load_versions(session: Session, patient_id: UUID, report_id: UUID) -> list[SideEffectReport]:
    """All versions of the report that an id belongs to, in the order received; raises
    `NotFound`.
    """
    root = (
        select(SideEffectReport.root_id)
        .where(SideEffectReport.patient_id == patient_id, SideEffectReport.id == report_id)
        .scalar_subquery()
    )
    found = session.scalars(
        select(SideEffectReport)
        .where(SideEffectReport.patient_id == patient_id, SideEffectReport.root_id == root)
        .order_by(SideEffectReport.version)
    ).all()
    if not found:
        raise NotFound
    return list(found)
