"""The rules on one report of side effects: E1, E2, E5, E6, U1 and B1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Patient, SideEffectReport
from services.alerts.alert_history import load_alert_history
from services.intake.deciding.findings import Findings
from services.patients.history.side_effects import load_pressures, load_reports, rule_report
from services.patients.status.lock import LockedPatient
from services.rules.courses import Treatment
from services.rules.danger.fallback import fallback_tier
from services.rules.decide.side_effects import EffectsCase, effects_decisions
from services.rules.decision import Decision, Tier
from services.rules.mood_days import find_zone, shift
from services.rules.side_effects.report import EffectsReport

log = structlog.get_logger()

# Reports on the mood days beside it, emergencies and pressures of the same episode.
AROUND: Final = timedelta(days=3)


def decide_effects(
    session: Session,
    patient: LockedPatient,
    report: SideEffectReport,
    earlier_versions: Sequence[SideEffectReport],
    treatment: Treatment,
) -> Findings:
    """Decide one report (its row may not be stored yet). A fault in the rules never stops it: then
    an emergency still pages, and the rest is reported as failed rules.

    Of an amendment only what no earlier version said already is new.
    """
    try:
        case = _case(session, patient, rule_report(report), treatment)
        decisions = effects_decisions(case)
        earlier = [replace(case, report=rule_report(version)) for version in earlier_versions]
        known = {
            word
            for version in earlier
            for decision in effects_decisions(version)
            if decision.fired
            for word in _reported(decision, version.report)
        }
        repeated = tuple(e for e in decisions if e.fired and _reported(e, case.report) <= known)
        kept = tuple(
            each.suppressed("earlier_version") if each in repeated else each for each in decisions
        )
        return Findings(kept, repeated=repeated)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault in these rules must not cost the answer
        log.error("effects_rules_failed", kind=type(error).__name__)
        return _by_fallback(report.effects)


def _case(
    session: Session, patient: LockedPatient, report: EffectsReport, treatment: Treatment
) -> EffectsCase:
    patient_id, root = patient.patient_id, UUID(report.id)
    since, until = shift(report.recorded_at, -AROUND), shift(report.recorded_at, AROUND)
    indications = session.execute(
        select(Patient.indications).where(Patient.id == patient_id)
    ).scalar_one()
    return EffectsCase(
        report=report,
        zone=find_zone(patient.timezone) or UTC,
        earlier=load_reports(session, patient_id, since, until, but=root),
        pressures=load_pressures(session, patient_id, since, until),
        treatment=treatment,
        indications=tuple(indications),
        seen_before=_codes_before(session, patient_id, root),
        alert_history=load_alert_history(session, patient_id, report.mood_day),
    )


def _codes_before(session: Session, patient_id: UUID, root: UUID) -> frozenset[str]:
    """The codes of every other report of the patient."""
    rows = session.scalars(
        select(func.jsonb_array_elements(SideEffectReport.effects).op("->>")("code"))
        .distinct()
        .where(
            SideEffectReport.patient_id == patient_id,
            SideEffectReport.root_id != root,
            ~SideEffectReport.superseded,
        )
    )
    return frozenset(rows)


def _reported(decision: Decision, report: EffectsReport) -> set[tuple[object, ...]]:
    """What a decision tells: the rule, how grave and what less grave, of which effects, in which
    grade and those below. What was told in full by earlier versions is no news.
    """
    rule, gravest = decision.rule, decision.tier or Tier.LOW
    words = {(rule, tier) for tier in Tier if tier <= gravest}
    codes = [str(decision.inputs.get(name) or "").split(",") for name in ("severe", "still_there")]
    effects = report.emergencies() if rule == "E1" else ()
    return {
        *words,
        *((rule, place, code) for place, listed in enumerate(codes) for code in listed),
        *((rule, one.code, grade) for one in effects for grade in range(one.grade + 1)),
    }


def _by_fallback(stored: list[dict[str, Any]]) -> Findings:
    if fallback_tier("side_effects", None, stored) is None:
        return Findings(failed=True)
    emergency = Decision.with_tier("E1", "fallback", Tier.CRITICAL, {"fallback": True})
    return Findings((emergency,), failed=True)
